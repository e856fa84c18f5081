#!/bin/sh
# Shows tally-session's main job on a throw-away project: two sessions side by side, a restart, and the way back.
# Needs Rust, git, tmux, python3 and node. Nothing of yours is touched: the project, the home folder and the tmux server
# are the demo's own, and gone when it ends. With --keep all of it stays, and the last lines say how to look at it.
set -eu

keep=no
case "${1:-}" in
    "") ;;
    --keep) keep=yes ;;
    *) echo "usage: sh tests/demo.sh [--keep]" >&2; exit 2 ;;
esac

for program in cargo git tmux python3 node bash; do
    command -v "$program" >/dev/null || { echo "the demo needs $program" >&2; exit 1; }
done

source=$(cd "$(dirname "$0")/.." && pwd)
cargo build --quiet --manifest-path "$source/Cargo.toml"
target=${CARGO_TARGET_DIR:-$source/target}
case "$target" in /*) ;; *) target=$PWD/$target ;; esac

# The path of a tmux socket must be short.
demo=$(cd "$(mktemp -d /tmp/tally-demo.XXXXXX)" && pwd -P)
mkdir -p "$demo/home" "$demo/bin" "$demo/tmux" "$demo/dev/tally"
ln -s "$target/debug/tally-session" "$demo/bin/tally-session"
real_home=$HOME
export HOME="$demo/home" TMUX_TMPDIR="$demo/tmux" PATH="$demo/bin:$PATH"
unset TMUX TMUX_PANE CLAUDE_CONFIG_DIR

clean_up() {
    status=$?
    trap - EXIT
    if [ "$keep" = no ] || [ "$status" -ne 0 ]; then
        tmux kill-server 2>/dev/null || true
        rm -rf "$demo"
    fi
    exit "$status"
}
trap clean_up EXIT
trap 'exit 1' INT TERM

# --- the throw-away project: small stand-ins for Django, Vite, virtualenvwrapper and Claude Code -----------------------
cat >"$HOME/.tmux.conf" <<EOF
set -g default-shell $(command -v bash)
EOF
# A login shell may set PATH anew, so it is set in its start-up file.
cat >"$HOME/.bash_profile" <<EOF
export PATH="$demo/bin:$PATH" CARGO_HOME="${CARGO_HOME:-$real_home/.cargo}"
workon() { cd "$demo/dev/\$1" && PS1="(\$1) \\w \\\$ "; }
EOF
ln -s "$(command -v python3)" "$demo/bin/python"
cat >"$demo/bin/npm" <<'EOF'
#!/bin/sh
exec node server.mjs "$@"
EOF
cat >"$demo/bin/claude" <<'EOF'
#!/bin/sh
[ "$*" != --version ] || exec echo "2.1.330 (a stand-in)"
echo "Claude Code would start here: claude $*"
exec cat
EOF
chmod +x "$demo/bin/npm" "$demo/bin/claude"
mkdir -p "$HOME/.virtualenvs/tally/bin"
: >"$HOME/.virtualenvs/tally/bin/activate"

project=$demo/dev/tally
cd "$project"
mkdir -p backend frontend/node_modules/svelte
cat >backend/manage.py <<'EOF'
import http.server, sqlite3, sys

class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        rows = sqlite3.connect("db.sqlite3").execute("select count(*) from point").fetchone()[0]
        self.send_response(200)
        self.end_headers()
        self.wfile.write(f"backend with {rows} points in its own database\n".encode())

if sys.argv[1] == "runserver":
    print("serving on", sys.argv[2], flush=True)
    http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[2])), Page).serve_forever()
EOF
cat >frontend/server.mjs <<'EOF'
import { createServer } from "node:http";
const port = Number(process.argv.at(-1));
createServer((_, answer) => answer.end(`frontend that asks ${process.env.VITE_API_URL}\n`)).listen(port, "127.0.0.1");
console.log(`serving on ${port}`);
EOF
echo 'SECRET_KEY=demo' >backend/.env
echo 'VITE_API_URL=http://localhost:8000' >frontend/.env
printf 'node_modules/\n.env\n*.sqlite3\n' >.gitignore
python3 -c '
import sqlite3
db = sqlite3.connect("backend/db.sqlite3")
db.execute("create table point (x)")
db.executemany("insert into point values (?)", [(1,), (2,), (3,)])
db.commit()'
git init --quiet
git add .
git -c user.name=demo -c user.email=demo@example.com commit --quiet --message "The project"

# --- the demo ----------------------------------------------------------------------------------------------------------
show() {
    echo
    echo "\$ $*"
    "$@"
}

# Fetches a page as soon as its server answers.
page() {
    python3 - "$1" <<'EOF'
import sys, time, urllib.request
deadline = time.monotonic() + 30
while True:
    try:
        print(sys.argv[1], "->", urllib.request.urlopen(sys.argv[1], timeout=5).read().decode().strip())
        break
    except OSError as error:
        if time.monotonic() > deadline:
            sys.exit(f"no answer from {sys.argv[1]}: {error}")
        time.sleep(0.05)
EOF
}

fetch_pages() {
    echo
    echo "the pages of both sessions:"
    tally-session list --json | python3 -c '
import json, sys
for session in json.load(sys.stdin):
    print(session["backend_url"])
    print(session["frontend_url"])' >"$demo/urls"
    while read -r url; do page "$url"; done <"$demo/urls"
}

show tally-session add feature-payment
show tally-session add bugfix-ui
fetch_pages
show tally-session list

echo
echo "a restart of the machine ends the tmux server, and all that ran in it:"
tmux kill-server
show tally-session list
show tally-session resume
fetch_pages
show tally-session doctor

if [ "$keep" = yes ]; then
    echo
    echo "all of it stays. To look at it:"
    echo "  export HOME=$HOME TMUX_TMPDIR=$TMUX_TMPDIR PATH=$demo/bin:\$PATH; unset TMUX; cd $project"
    echo "  tally-session attach feature-payment"
    echo "To end it:"
    echo "  TMUX_TMPDIR=$TMUX_TMPDIR tmux kill-server; rm -rf $demo"
    exit 0
fi

echo 'print("new")' >"$demo/dev/tally-bugfix-ui/backend/idea.py"
echo
echo "a session with work in it is not removed by mistake:"
echo "\$ tally-session remove bugfix-ui"
if tally-session remove bugfix-ui; then
    echo "the session was removed with work in it" >&2
    exit 1
fi
show tally-session remove --force bugfix-ui
show tally-session restore bugfix-ui
show cat ../tally-bugfix-ui/backend/idea.py
show tally-session remove --force bugfix-ui
show tally-session remove feature-payment
show tally-session list
show git status --short
echo "nothing is left but the project itself: $(ls "$demo/dev")"
