# What `list` can't do without: the store, one tmux call, and one `git status` in every worktree, as many at once as there are
# processors: list.sh <processors>
set -e
cat .tally-sessions
tmux list-sessions
printf '%s\0' ../tally-* | xargs -0 -P "$1" -I {} git -C {} status --porcelain
