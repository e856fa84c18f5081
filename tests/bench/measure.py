"""How long a command takes, and which programs it starts."""

import collections
import glob
import os
import re
import shutil
import statistics
import subprocess
import time


def seconds(command, main, env):
    """Runs a command, and gives the time until it has returned."""
    start = time.perf_counter()
    done = subprocess.run(command, cwd=main, env=env, stdin=subprocess.DEVNULL,
                          stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    took = time.perf_counter() - start
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {done.returncode}: {done.stderr.decode()}")
    return took


def programs(command, main, env):
    """The programs that a command starts, and those that they start, as in `git 5 tmux 3`; the command itself is not counted.
    None without strace. What the tmux server starts is not the command's."""
    if not shutil.which("strace"):
        return None
    # One file a process.
    trace = f"{env['HOME']}/trace"
    seconds(["strace", "-ff", "-o", trace, "-e", "trace=execve", *command], main, env)
    started = collections.Counter()
    for path in glob.glob(f"{trace}.*"):
        with open(path, errors="replace") as file:
            started.update(os.path.basename(name) for name in re.findall(r'execve\("([^"]+)".*= 0\n', file.read()))
        os.remove(path)
    started[os.path.basename(command[0])] -= 1
    return " ".join(f"{name} {count}" for name, count in started.most_common() if count > 0) or "none"


class Sample:
    """The times of one command, in seconds."""

    def __init__(self, times):
        self.median = statistics.median(times)
        self.low, _, self.high = statistics.quantiles(times, n=4) if len(times) > 1 else times * 3

    def __str__(self):
        """The median and the middle half, in milliseconds."""
        return f"{self.median * 1000:.1f} ({self.low * 1000:.1f} to {self.high * 1000:.1f})"
