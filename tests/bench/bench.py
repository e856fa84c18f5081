"""The rows of the comparison, and its table."""

import argparse
import os
import platform
import shutil
import signal
import sys
from collections import defaultdict
from dataclasses import dataclass

import measure
from stage import Stage

# The first rounds fill caches, and are not counted.
WARM_UP = 2

# A row that is over its bound is measured again, with so many times the rounds: they tell a slow program from a busy machine.
MORE = 3


@dataclass
class Row:
    """A line of the table: what is measured, on what, and how often. The bounds are of the program's median as a ratio to the
    script's; a row without them only shows how things grow."""

    name: str
    work: str
    rounds: int
    at_most: float | None = None
    aim: float | None = None
    # The bounds on a disk, where those are others: deleting costs more there.
    on_disk: tuple[float, float] | None = None
    files: int = 200
    # As many files in node_modules, which each session gets a clone of; without them it gets a link.
    cloned: int = 0
    database: int = 5_000_000
    claude_json: int = 50_000
    sessions: int = 0

    @property
    def verb(self):
        return self.name.split("-")[0]


ROWS = [
    Row("add-200", "add, 200 files, 5 MB database", 20, 1.35, 1.15),
    Row("remove-200", "remove, 200 files", 20, 1.15, 1.0),
    Row("add-12000", "add, 12,000 files", 8, 0.75, 0.65, files=12_000),
    Row("remove-12000", "remove, 12,000 files, until it returns", 8, 0.5, 0.3, (0.15, 0.05), files=12_000),
    Row("restore-12000", "restore, 12,000 files", 8, 0.3, 0.15, files=12_000),
    Row("add-clone", "add, clone of 20,000 files", 8, 1.1, 0.8, cloned=20_000),
    Row("resume-10", "resume of 10", 10, 1.0, 0.9, sessions=10),
    Row("list-60", "list of 60", 15, 1.1, 0.9, sessions=60),
]

SCALE = [
    Row("add-claude", "add, ~/.claude.json of 5 MB", 5, claude_json=5_000_000),
    Row("remove-claude", "remove, ~/.claude.json of 5 MB", 5, claude_json=5_000_000),
    Row("add-50000", "add, 50,000 files", 3, files=50_000),
    Row("remove-50000", "remove, 50,000 files, until it returns", 3, files=50_000),
    Row("add-1gb", "add, 1 GB database", 3, database=1_000_000_000),
    Row("remove-1gb", "remove, 1 GB database", 3, database=1_000_000_000),
    Row("resume-claude", "resume of 10, ~/.claude.json of 5 MB", 5, claude_json=5_000_000, sessions=10),
    Row("list-200", "list of 200", 5, sessions=200),
    Row("add-beside-200", "add beside 200 sessions", 5, sessions=200),
    Row("remove-beside-200", "remove beside 200 sessions", 5, sessions=200),
    Row("resume-200", "resume of 200", 2, sessions=200),
]


class Bench:
    """Measures on a stage, whose projects are made when they are needed."""

    def __init__(self, stage):
        self.stage = stage
        self.projects = {}
        self.sides = {"program": program, "script": script}
        self.sides.update({name: command for name, command in OTHERS.items() if shutil.which(name)})

    def prepare(self, row):
        """Makes what the row is measured on, and gives the project's main checkout."""
        kind = (row.files, row.database, row.cloned)
        if kind not in self.projects:
            self.projects[kind] = self.stage.project("-".join(map(str, kind)), *kind)
        main = self.projects[kind]
        self.stage.write_claude_json(main, row.claude_json)
        for number in range(len(self.stage.sessions()), row.sessions):
            name, backend, frontend = f"session-{number:03}", 8000 + number, 5000 + number
            self.stage.run(*program("add", name), cwd=main)
            # For the script, too.
            with open(f"{main}/.sessions/{name}", "w") as record:
                record.write(f"{backend} {frontend}\n")
        self.stage.settle()
        self.stage.age_checkouts(main)
        self.stage.forget_ended_claudes()
        return main

    def measure(self, row, rounds):
        """What each side took, by the command: `add` and `remove` are measured in one go."""
        main = self.prepare(row)
        sides = [side for side in self.sides if side not in OTHERS or row.verb not in ["resume", "restore"]]
        times = defaultdict(lambda: defaultdict(list))
        for number in range(WARM_UP + rounds):
            # In turn, so that a busy moment of the machine meets all; each goes first as often as last.
            for side in sides if number % 2 == 0 else reversed(sides):
                for verb, took in self.once(row, side, main, measure.seconds):
                    if number >= WARM_UP:
                        times[verb][side].append(took)
        started = defaultdict(dict)
        for side in sides:
            for verb, programs in self.once(row, side, main, measure.programs):
                started[verb][side] = programs
        return {verb: Result(times[verb], started[verb]) for verb in times}

    def once(self, row, side, main, how):
        """Has one side do the work once, and puts the state back; gives each command with what was measured of it."""
        command = self.sides[side]
        if row.verb == "list":
            return [("list", how(command("list"), main, self.stage.env))]
        measured = []
        if row.verb == "resume":
            self.stage.kill_sessions()
            steps = [("resume", [])]
        else:
            name = f"cycle-{side}"
            steps = [("add", [name]), ("remove", [name])]
            if row.verb == "restore":
                steps += [("restore", [name]), ("remove", [name])]
        for verb, names in steps:
            took = how(command(verb, *names), main, self.stage.env)
            if verb == "restore" or row.verb != "restore":
                measured.append((verb, took))
            self.stage.settle()
            self.stage.age_checkouts(main)
        if side == "program":
            # What is kept would fill the memory.
            self.stage.run(*program("purge", "--yes"), cwd=main)
        return measured


def program(verb, *names):
    return ["tally-session", verb, *names]


def script(verb, *names):
    more = {"add": ["8900", "5900"], "restore": ["8900", "5900"], "list": [str(os.cpu_count())]}
    return ["sh", f"{os.path.dirname(os.path.abspath(__file__))}/{verb}.sh", *names, *more.get(verb, [])]


def workmux(verb, *names):
    return ["workmux", verb, *{"add": ["--background"], "remove": ["--force"]}.get(verb, []), *names]


def worktrunk(verb, *names):
    command = {"add": ["switch", "--no-cd", "--create"], "remove": ["remove", "--force", "--force-delete"]}
    return ["wt", *command.get(verb, [verb]), *names]


# Tools of the same kind, measured if they are on the PATH. worktrunk makes a worktree and no windows; nobody resumes or restores
# sessions.
OTHERS = {"workmux": workmux, "wt": worktrunk}


class Result:
    """What was measured of a row."""

    def __init__(self, times, started):
        self.samples = {side: measure.Sample(values) for side, values in times.items()}
        self.started = started
        self.ratio = self.ratio_of("program")

    def ratio_of(self, side):
        return self.samples[side].median / self.samples["script"].median


def show(line):
    print(line, flush=True)


def show_machine(stage):
    def version(*command):
        return stage.run(*command).strip()

    show(f"{os.cpu_count()} processors, {platform.system()} {platform.release()} {platform.machine()}, "
         f"{version('git', '--version')}, {version('tmux', '-V')}, {stage.place}, "
         f"load {os.getloadavg()[0]:.1f}, {version('tally-session', '--version')}")
    show("milliseconds: the median, and the middle half of the rounds")
    show("")


def show_rows(bench, rows, rounds, on_disk):
    """Measures and shows rows; gives the names of those that are over what they may be."""
    for row in rows:
        if on_disk and row.on_disk:
            row.at_most, row.aim = row.on_disk
    line = "{:17} {:39} {:26} {:26} {:>5} {:>7} {:>5}  {}"
    show(line.format("row", "work", "program", "script", "ratio", "at most", "aim", "programs started (by the script)"))
    measured = {}
    missed = []
    for row in rows:
        place = (row.files, row.database, row.cloned, row.claude_json, row.sessions)
        if (row.verb, place) not in measured:
            measured.update({(verb, place): result for verb, result in bench.measure(row, rounds or row.rounds).items()})
        result = measured[row.verb, place]
        if row.at_most and result.ratio > row.at_most:
            result = bench.measure(row, MORE * (rounds or row.rounds))[row.verb]
        is_missed = row.at_most is not None and result.ratio > row.at_most
        if is_missed:
            missed.append(row.name)
        show(line.format(row.name, row.work, str(result.samples["program"]), str(result.samples["script"]),
                         f"{result.ratio:.2f}", row.at_most or "", row.aim or "",
                         f"{result.started['program']} ({result.started['script']}){' MISSED' if is_missed else ''}"))
        for side in [side for side in result.samples if side in OTHERS]:
            show(line.format("", side, str(result.samples[side]), "", f"{result.ratio_of(side):.2f}", "", "",
                             result.started[side]))
    return missed


def main():
    parser = argparse.ArgumentParser(prog="bench.sh", description="Compares tally-session with plain scripts.")
    parser.add_argument("--rounds", type=int, help="how often each command is measured; each row has a number of its own")
    parser.add_argument("--only", choices=[row.name for row in ROWS + SCALE], help="one row")
    parser.add_argument("--scale", action="store_true",
                        help="show how things grow instead: takes ten minutes, and 5 GB of memory or disk")
    parser.add_argument("--in", dest="folder", metavar="FOLDER",
                        help="measure in this folder, on a disk for example, instead of on tmpfs")
    parser.add_argument("--no-check", action="store_true", help="end with 0 also if a row is slower than it may be")
    args = parser.parse_args()
    rows = [row for row in ROWS + SCALE if row.name == args.only] or (SCALE if args.scale else ROWS)
    # The stage is taken down then, too.
    for ending in [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]:
        signal.signal(ending, lambda number, _: sys.exit(f"ended by {signal.Signals(number).name}"))
    with Stage(os.environ["TALLY_SESSION"], args.folder) as stage:
        show_machine(stage)
        missed = show_rows(Bench(stage), rows, args.rounds, args.folder is not None)
    if missed and not args.no_check:
        sys.exit(f"slower than they may be: {', '.join(missed)}")


main()
