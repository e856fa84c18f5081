# The work of `remove`, without a check: remove.sh <name>
set -e
tmux kill-session -t "=tally-$1"
git worktree remove --force "../tally-$1"
git branch --quiet -D "$1"
rm ".sessions/$1"
