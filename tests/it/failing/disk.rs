//! A disk that is full.
#![cfg(target_os = "linux")]

use super::{has_strace, is_passed_over};
use crate::sandbox::{PROGRAM, Sandbox, make_link, write};
use rusqlite::Connection;
use std::path::Path;
use std::process::Stdio;

/// Fills the database of the main checkout with some million bytes.
fn fill_database(sandbox: &Sandbox, millions: usize) {
    Connection::open(sandbox.main.join("backend/db.sqlite3"))
        .unwrap()
        .execute_batch(&format!(
            "PRAGMA synchronous = off; CREATE TABLE large (padding BLOB); INSERT INTO large VALUES (zeroblob({millions} * 1000000));"
        ))
        .unwrap();
}

#[test]
fn a_disk_that_is_full_for_the_database_is_named_and_all_is_undone() {
    let sandbox = Sandbox::new();
    if is_passed_over("strace", has_strace(&sandbox)) {
        return;
    }
    sandbox.add("keep");
    fill_database(&sandbox, 1);
    let before = sandbox.snapshot();
    let mut strace = sandbox.command("strace", &sandbox.main);
    strace.args([
        "-qq",
        "-o",
        "/dev/null",
        "-e",
        "trace=pwrite64",
        "-e",
        "inject=pwrite64:error=ENOSPC:when=50+",
    ]);
    strace.args([PROGRAM, "add", "feat"]);
    sandbox.outcome(&mut strace).fails(
        "error: cannot make [ROOT]/tally-feat/backend/db.sqlite3: [..][ROOT]/tally/backend/db.sqlite3 [..]disk is full\n",
    );
    sandbox.assert_unchanged_since(&before);
}

#[test]
fn a_store_that_links_to_a_disk_that_is_read_only_refuses_remove_before_anything_is_changed() {
    let sandbox = Sandbox::new();
    let records = sandbox.root.join("records");
    write(&records.join("tally"), "");
    make_link(records.join("tally"), &sandbox.main.join(".tally-sessions"));
    sandbox.add("feat");
    let mut remove = sandbox.command("unshare", &sandbox.main);
    let script = r#"mount -o bind "$1" "$1" && mount -o bind,remount,ro "$1" "$1" || exit 7; exec "$2" remove feat"#;
    remove
        .args(["--mount", "--map-root-user", "sh", "-c", script, "sh"])
        .args([&records, Path::new(PROGRAM)]);
    let before = sandbox.snapshot();
    let outcome = sandbox.outcome(&mut remove);
    if is_passed_over(
        "the right to mount a disk",
        outcome.stderr.starts_with("error: "),
    ) {
        return;
    }
    outcome.fails("error: cannot write [ROOT]/records/tally: Read-only file system[..]\nhint: see who may write there: ls -ld [ROOT]/records\n");
    sandbox.assert_unchanged_since(&before);
}

/// A project on a disk of its own, which has room for a worktree and not for a database: mounted where only these commands
/// see it, and gone with them. It prints what is there before and after.
const ON_A_SMALL_DISK: &str = r#"
set -e
mkdir "$SANDBOX/disk"
mount -t tmpfs -o size=3m tmpfs "$SANDBOX/disk"
git clone -q "$SANDBOX/tally" "$SANDBOX/disk/tally"
cd "$SANDBOX/disk/tally"
cp "$SANDBOX/tally/backend/db.sqlite3" "$SANDBOX/tally/backend/.env" backend/
cp "$SANDBOX/tally/frontend/.env" frontend/
echo '{}' > .tally-sessions
look() {
    echo; echo "--- $1"
    (cd ..; find . -path '*/.git/tally-session' -prune -o -type f -not -name exclude -not -path '*/objects/*' -exec md5sum {} + | sort)
    git -C . branch; git worktree list
}
look before
status=0
"$PROGRAM" add feat || status=$?
echo "status $status" >&2
look after
"#;

#[test]
fn a_real_disk_that_is_full_is_named_and_all_is_undone() {
    let sandbox = Sandbox::new();
    let unshare = |args: &[&str]| {
        let mut unshare = sandbox.command("unshare", &sandbox.root);
        unshare.args(["--mount", "--map-root-user"]).args(args);
        unshare.env("PROGRAM", PROGRAM);
        unshare
    };
    let mount = unshare(&["mount", "-t", "tmpfs", "tmpfs", "/mnt"])
        .stderr(Stdio::null())
        .status();
    if is_passed_over(
        "the right to mount a disk",
        mount.is_ok_and(|status| status.success()),
    ) {
        return;
    }
    fill_database(&sandbox, 2);
    let script = sandbox.root.join("on-a-small-disk");
    write(&script, ON_A_SMALL_DISK);
    let outcome = sandbox.outcome(&mut unshare(&["bash", script.to_str().unwrap()]));
    let outcome = outcome.is(
        0,
        "[...]",
        "error: cannot make [ROOT]/disk/tally-feat/backend/db.sqlite3: [..] disk is full\nstatus 1\n",
    );
    let (before, after) = outcome.stdout.split_once("\n--- after\n").unwrap();
    let before = before.split_once("--- before\n").unwrap().1;
    assert!(before.contains("backend/db.sqlite3"), "{before}");
    assert_eq!(before.trim(), after.trim());
}
