# The work of `restore` where nothing was kept, but for the files: restore.sh <name> <backend port> <frontend port>
set -e
. "${0%/*}/windows.sh"
worktree=${PWD%/*}/tally-$1
git worktree add --quiet -b "$1" "$worktree"
open_windows "$1" "$worktree" "$2" "$3"
echo "$2 $3" >".sessions/$1"
