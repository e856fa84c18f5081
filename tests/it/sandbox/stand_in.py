# Stands in for servers and for `claude`, by the name that it is called by: says how it was started, then acts the part.
import json
import os
import signal
import sys
import time

SANDBOX = os.environ["SANDBOX"]
PROGRAM = os.path.basename(sys.argv[0])
ARGS = sys.argv[1:]


def log(event, **more):
    env = {name: value for name, value in os.environ.items()
           if name.startswith(("TALLY_", "VITE_", "CLAUDE", "GIT_", "VIRTUAL_", "TMUX")) or name.endswith("PORT")}
    line = {"event": event, "program": PROGRAM, "args": ARGS, "cwd": os.getcwd(), "env": env, "pid": os.getpid(), **more}
    with open(SANDBOX + "/log", "ab", buffering=0) as file:
        file.write(json.dumps(line).encode() + b"\n")


def is_told(what):
    """Whether the test asked for a special behaviour."""
    return os.path.exists(f"{SANDBOX}/told/{what}")


def port_to_serve():
    """What a server is told by its arguments, its environment or its folder; none for any other program."""
    for word in ("runserver", "--port", "-p"):
        if word in ARGS:
            return int(ARGS[ARGS.index(word) + 1])
    if PROGRAM == "vite":
        return int(os.environ["VITE_RUBY_PORT"])
    if PROGRAM == "pnpm" and ARGS == ["dev"]:
        with open(".env") as file:
            return int(dict(line.strip().split("=", 1) for line in file)["PORT"])
    return None


def serve(port):
    if is_told("stubborn"):
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if not is_told("listen"):
        log("started")
        while True:
            signal.pause()
    import socket
    log("started")
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    listener.listen()
    log("listening", port=port)
    while True:
        client, _ = listener.accept()
        client.recv(4096)
        client.sendall(f"HTTP/1.0 200 OK\r\n\r\n{PROGRAM} in {os.getcwd()}".encode())
        client.close()


class Claude:
    """Keeps the files that Claude Code keeps, runs the hooks of its settings, and answers nothing."""

    def __init__(self):
        self.home = os.environ.get("CLAUDE_CONFIG_DIR") or os.environ["HOME"] + "/.claude"
        units = os.getcwd().encode("utf-16-le")
        units = [int.from_bytes(units[at:at + 2], "little") for at in range(0, len(units), 2)]
        folder = "".join(chr(unit) if unit < 128 and chr(unit).isalnum() else "-" for unit in units)
        self.project = f"{self.home}/projects/{folder}"
        self.sessions = f"{self.home}/sessions"
        self.name = None
        self.hooks = {}
        prompts = []
        resumed = None
        if "--settings" in ARGS:
            at = ARGS.index("--settings")
            self.settle(ARGS[at + 1])
            # What it is started with beside these.
            del ARGS[at:at + 2]
        words = iter(ARGS)
        for word in words:
            if word == "--name":
                self.name = next(words)
            elif word == "--resume":
                resumed = next(words)
            else:
                prompts.append(word)
        if resumed:
            import glob
            found = glob.glob(glob.escape(f"{self.home}/projects") + f"/*/{resumed}.jsonl")
            if not found:
                log("refused")
                sys.exit(f"No conversation found with session ID: {resumed}")
            self.project = os.path.dirname(found[0])
        self.id = resumed or self.new_id()
        if resumed:
            os.utime(self.transcript())
        os.makedirs(self.sessions, exist_ok=True)
        self.tell("idle")
        signal.signal(signal.SIGHUP, self.end)
        context = self.hear("SessionStart")
        for prompt in prompts:
            self.say(prompt)
        log("started", id=self.id, context=context)

    def settle(self, path):
        with open(path) as file:
            settings = json.load(file)
        log("settled", path=path, inherited=dict(os.environ))
        os.environ.update(settings["env"])
        self.hooks = settings["hooks"]

    def hear(self, event):
        """What the hooks say of an event; Claude gives them a text, and shows what goes wrong in them."""
        import subprocess
        about = json.dumps({"session_id": self.id, "cwd": os.getcwd(), "hook_event_name": event})
        said = ""
        for group in self.hooks.get(event, []):
            for hook in group["hooks"]:
                ran = subprocess.run(["/bin/sh", "-c", hook["command"]], input=about, capture_output=True, text=True)
                if ran.returncode or ran.stderr:
                    log("hook failed", hook=hook["command"], code=ran.returncode, stderr=ran.stderr)
                said += ran.stdout
        return said

    def new_id(self):
        digits = os.urandom(16).hex()
        return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))

    def transcript(self):
        return f"{self.project}/{self.id}.jsonl"

    def tell(self, status):
        with open(f"/proc/{os.getpid()}/stat") if os.path.exists("/proc/self/stat") else open(os.devnull) as stat:
            start = stat.read().rpartition(")")[2].split()[19:20]
        about = {"pid": os.getpid(), "sessionId": self.id, "cwd": os.getcwd(), "startedAt": int(time.time() * 1000),
                 "procStart": start[0] if start else "", "version": "2.1.330", "kind": "interactive", "entrypoint": "cli",
                 "name": self.name, "status": status}
        if pane := os.environ.get("TMUX_PANE"):
            import subprocess
            place = ["tmux", "display-message", "-p", "-t", pane, "#{session_name}:#{window_id}.#{pane_id}"]
            about["tmux"] = subprocess.run(place, capture_output=True, text=True).stdout.strip()
        path = f"{self.sessions}/{os.getpid()}.json"
        with open(path + ".new", "w") as file:
            json.dump(about, file)
        os.rename(path + ".new", path)

    def write(self, **line):
        os.makedirs(self.project, exist_ok=True)
        now = time.time()
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now)) + f".{int(now % 1 * 1000):03}Z"
        line = {"sessionId": self.id, "timestamp": stamp, **line}
        with open(self.transcript(), "a") as file:
            file.write(json.dumps(line) + "\n")

    def say(self, text):
        if not os.path.exists(self.transcript()):
            self.write(type="custom-title", customTitle=self.name)
        self.write(type="user", isSidechain=False, entrypoint="cli", cwd=os.getcwd(), message={"role": "user", "content": text})

    def end(self, *_):
        if os.path.exists(self.transcript()):
            self.write(type="last-prompt")
        try:
            os.unlink(f"{self.sessions}/{os.getpid()}.json")
        finally:
            os._exit(0)

    def talk(self):
        try:
            self.read()
        except (OSError, KeyboardInterrupt):
            pass
        self.end()

    def read(self):
        for line in sys.stdin:
            line = line.rstrip("\n")
            if line == "/clear":
                self.id = self.new_id()
                self.say("<command-name>/clear</command-name>")
                self.tell("idle")
            elif line == "/exit":
                self.end()
            else:
                self.hear("UserPromptSubmit")
                self.say(line)
                self.hear("Stop")
            log("said", text=line, id=self.id)


if ARGS == ["--version"]:
    print("2.1.330 (Claude Code)")
elif PROGRAM == "claude":
    Claude().talk()
elif port := port_to_serve():
    serve(port)
else:
    log("started")
