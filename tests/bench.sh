#!/bin/sh
# Compares tally-session's speed with that of the shortest shell scripts that do the same work; `--help` says what can be
# chosen. Ends non-zero if a command is slower than it may be. workmux and worktrunk join in where they are on the PATH.
# Needs Rust, git, tmux, bash, python3 and ps; strace, where it is there, counts the processes. TALLY_SESSION=<path> measures
# another binary than the one it builds. Nothing of yours is touched: the projects, the home folder and the tmux server are
# the benchmark's own, and gone at its end.
set -eu

tests=$(cd "$(dirname "$0")" && pwd)
for program in git tmux bash python3 ps; do
    command -v "$program" >/dev/null || { echo "the benchmark needs $program" >&2; exit 1; }
done
if [ -z "${TALLY_SESSION:-}" ]; then
    cargo build --quiet --release --locked --manifest-path "$tests/../Cargo.toml"
    TALLY_SESSION=${CARGO_TARGET_DIR:-$tests/../target}/release/tally-session
fi
export TALLY_SESSION
# -B: no compiled files are left in the source tree.
exec python3 -B "$tests/bench/bench.py" "$@"
