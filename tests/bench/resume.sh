# The work of `resume` for all sessions, none of which runs.
set -e
. "${0%/*}/windows.sh"
for record in .sessions/*; do
    read -r backend frontend <"$record"
    open_windows "${record#.sessions/}" "${PWD%/*}/tally-${record#.sessions/}" "$backend" "$frontend"
done
