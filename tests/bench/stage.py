"""What is measured on: throw-away projects, a home folder and a tmux server of their own."""

import glob
import json
import os
import random
import shutil
import sqlite3
import subprocess
import tempfile
import time

# The files are the same each time.
RANDOM = random.Random(1)

# An ordinary start-up file: history, prompt, colours and aliases, as Debian's; and a stand-in for virtualenvwrapper.
BASH_PROFILE = """\
HISTCONTROL=ignoreboth
HISTSIZE=1000
HISTFILESIZE=2000
shopt -s histappend checkwinsize
PS1='\\u@\\h:\\w\\$ '
if command -v dircolors >/dev/null; then
    eval "$(dircolors -b)"
fi
alias ls='ls --color=auto' ll='ls -alF' grep='grep --color=auto'
export PATH="{bin}:$PATH"
workon() {{ export VIRTUAL_ENV="$HOME/.virtualenvs/$1" && PS1="($1) $PS1"; }}
"""

GIT_CONFIG = """\
[user]
    name = bench
    email = bench@example.com
[init]
    defaultBranch = main
[maintenance]
    auto = false
"""

# They wait, as servers do, and cost as little as can be. Claude says that it runs, as Claude Code does.
STAND_IN = "#!/bin/sh\nexec sleep 100000\n"
CLAUDE = """\
#!/bin/sh
mkdir -p "$HOME/.claude/sessions"
echo "{\\"pid\\":$$,\\"cwd\\":\\"$PWD\\",\\"status\\":\\"idle\\"}" >"$HOME/.claude/sessions/$$.json"
exec sleep 100000
"""

# The same work for workmux.
WORKMUX = """\
mode: session
files:
  copy: [backend/db.sqlite3, backend/.env, frontend/.env]
  symlink: [frontend/node_modules]
windows:
  - {name: backend, panes: [{command: workon tally && cd backend && python manage.py runserver 8000}]}
  - {name: frontend, panes: [{command: workon tally && cd frontend && npm run dev -- --port 5000}]}
  - {name: claude, panes: [{command: workon tally && claude}]}
  - {name: shell, panes: [{command: workon tally}]}
  - {name: cli, panes: [{command: workon tally && cd backend}]}
"""


class Stage:
    """A root folder with all of it; `with` takes it down again."""

    def __init__(self, binary, folder=None):
        memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
        # Else in /tmp: the path of a tmux socket must be short.
        self.root = os.path.realpath(tempfile.mkdtemp(prefix="tally-bench.", dir=folder or memory or "/tmp"))
        self.place = "on tmpfs" if memory and not folder else f"in {os.path.dirname(self.root)}"
        home = f"{self.root}/home"
        self.env = {
            "HOME": home,
            "LANG": "C.UTF-8",
            "PATH": f"{self.root}/bin:{os.environ['PATH']}",
            "TERM": "xterm-256color",
            "TMUX_TMPDIR": f"{self.root}/tmux",
        }
        for folder in ["bin", "home", "tmux"]:
            os.mkdir(f"{self.root}/{folder}")
        # In here, so that `settle` knows its processes.
        shutil.copy(binary, f"{self.root}/bin/tally-session")
        for name, text in {"python": STAND_IN, "npm": STAND_IN, "claude": CLAUDE}.items():
            write(f"{self.root}/bin/{name}", text, 0o755)
        write(f"{home}/.bash_profile", BASH_PROFILE.format(bin=f"{self.root}/bin"))
        write(f"{home}/.gitconfig", GIT_CONFIG)
        write(f"{home}/.tmux.conf", f"set -g default-shell {shutil.which('bash')}\n")

    def __enter__(self):
        # Measured commands find a server, so that none of its processes is theirs.
        self.tmux("new-session", "-d", "-s", "keep", "exec sleep 100000")
        return self

    def __exit__(self, *_):
        self.run("tmux", "kill-server", check=False)
        while os.path.exists(self.root):
            # A command that was cut short may still be writing.
            shutil.rmtree(self.root, ignore_errors=True)

    def run(self, *command, cwd=None, check=True):
        """Runs a command to its end, and gives what it printed."""
        done = subprocess.run(command, cwd=cwd or self.root, env=self.env, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if check and done.returncode:
            raise SystemExit(f"{' '.join(command)} ended with {done.returncode}: {done.stderr}")
        return done.stdout

    def tmux(self, *command):
        return self.run("tmux", *command)

    def sessions(self):
        """The tmux sessions that are not the benchmark's own."""
        names = self.tmux("list-sessions", "-F", "#{session_name}").split()
        return [name for name in names if name != "keep"]

    def kill_sessions(self):
        for name in self.sessions():
            self.tmux("kill-session", "-t", f"={name}")
        self.settle()

    def settle(self):
        """Waits until all that a measured command has started or left behind has come to rest: the shells of the windows, the
        three programs of each session, and what deletes files in the background."""
        deadline = time.monotonic() + 60
        while True:
            panes = self.tmux("list-panes", "-a", "-F", "#{session_name}/#{window_name}/#{pane_current_command}").split()
            is_started = sum(pane.endswith("/sleep") for pane in panes) >= 3 * len(self.sessions()) + 1
            busy = [line for line in self.run("ps", "-axo", "args=").splitlines() if self.root in line]
            if is_started and not busy:
                break
            if time.monotonic() > deadline:
                raise SystemExit(f"not at rest after a minute: {panes} {busy}")
            time.sleep(0.02)
        time.sleep(0.05)

    def age_checkouts(self, main):
        """Makes worktrees look as if they had been there for a while: they are on the disk, if there is one, where deleting takes
        longer. git reads files again that are no older than its index, until a `git status` finds them so."""
        os.sync()
        for index in glob.glob(f"{main}/.git/worktrees/*/index"):
            in_a_while = time.time() + 10
            os.utime(index, (in_a_while, in_a_while))

    def forget_ended_claudes(self):
        """Takes away what Claude Code itself takes away when it ends, and its stand-in does not."""
        for path in glob.glob(f"{self.env['HOME']}/.claude/sessions/*.json"):
            try:
                os.kill(int(os.path.basename(path).removesuffix(".json")), 0)
            except ProcessLookupError:
                os.remove(path)

    def write_claude_json(self, main, size):
        """Claude Code's file, of about so many bytes, with what the user allowed in a main checkout."""
        history = [{"display": text(400), "pastedContents": {}} for _ in range(5)]
        projects = {f"/home/you/project-{number}": {"allowedTools": [], "history": history}
                    for number in range(size // 2500)}
        projects[main] = {"allowedTools": ["Bash(npm test:*)", "Bash(git diff:*)"], "hasTrustDialogAccepted": True}
        write(f"{self.env['HOME']}/.claude.json", json.dumps({"numStartups": 100, "projects": projects}, indent=2))

    def project(self, folder, files, database, cloned):
        """Makes the project `tally` with so many files in git, a database of so many bytes and so many files to be cloned, and
        gives its main checkout."""
        main = f"{self.root}/{folder}/tally"
        for number in range(files - 2):
            half = ["backend", "frontend/src"][number % 2]
            write(f"{main}/{half}/part{number // 100}/file{number}.txt", f"{number}\n{text(RANDOM.randrange(500, 6000))}")
        write(f"{main}/backend/manage.py", "")
        write(f"{main}/.gitignore", "node_modules/\n.env\n*.sqlite3\n.sessions\n.claude/\n.workmux.yaml\n")
        self.run("git", "init", "--quiet", main)
        self.run("git", "-C", main, "add", ".")
        self.run("git", "-C", main, "commit", "--quiet", "--message", "The project")
        # As in a clone.
        self.run("git", "-C", main, "gc", "--quiet")
        write(f"{main}/frontend/node_modules/svelte/package.json", "{}")
        for number in range(cloned):
            package = f"{main}/frontend/node_modules/package{number // 60}"
            write(f"{package}/{number // 10 % 6}/file{number}.js", text(RANDOM.randrange(500, 6000)))
        if cloned:
            write(f"{main}/.tally-session.toml", '[files]\nclone = ["frontend/node_modules"]\n')
        write(f"{main}/.workmux.yaml", WORKMUX)
        write(f"{main}/backend/.env", "SECRET_KEY=bench\n")
        write(f"{main}/frontend/.env", "VITE_API_URL=http://localhost:8000\n")
        write(f"{main}/.claude/settings.local.json", '{"permissions": {"allow": ["Bash(npm test:*)"]}}')
        os.mkdir(f"{main}/.sessions")
        with sqlite3.connect(f"{main}/backend/db.sqlite3") as made:
            made.execute("create table point (text)")
            made.executemany("insert into point values (?)", ((text(3900),) for _ in range(database // 4096)))
        made.close()
        return main


POOL = " ".join("".join(RANDOM.choices("abcdefghijklmnopqrstuvwxyz", k=RANDOM.randrange(2, 10))) for _ in range(50_000))


def text(length):
    start = RANDOM.randrange(len(POOL) - length)
    return POOL[start:start + length]


def write(path, content, mode=0o644):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as file:
        file.write(content)
    os.chmod(path, mode)
