# The work of `add`, without a check: add.sh <name> <backend port> <frontend port>
set -e
. "${0%/*}/windows.sh"
worktree=${PWD%/*}/tally-$1
git worktree add --quiet -b "$1" "$worktree"
if [ -e .tally-session.toml ]; then
    cp -al frontend/node_modules "$worktree/frontend/node_modules"
else
    ln -s "$PWD/frontend/node_modules" "$worktree/frontend/node_modules"
fi
cp backend/db.sqlite3 backend/.env "$worktree/backend"
sed "s|^VITE_API_URL=.*|VITE_API_URL=http://localhost:$2|" frontend/.env >"$worktree/frontend/.env"
open_windows "$1" "$worktree" "$2" "$3"
echo "$2 $3" >".sessions/$1"
