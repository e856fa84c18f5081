//! The database of a session.

use super::{assert_fine, assert_left, stopped};
use crate::sandbox::{make_link, points, read, serve_with_wal, unset, write};
use std::fs;

#[test]
fn a_database_that_is_the_main_checkout_s_own_is_left_and_the_cure_copies_it() {
    let sandbox = stopped();
    let [main, ours] =
        [&sandbox.main, &sandbox.worktree("feat")].map(|dir| dir.join("backend/db.sqlite3"));
    make_link(&main, &ours);
    let found = assert_left(
        &sandbox,
        "warning  feat: backend/db.sqlite3 is the main checkout's own: both write to it\n         [..]",
    );
    sandbox.follow(&found, "for the session's own: ").succeeds();
    assert_fine(&sandbox);
    assert!(!ours.is_symlink());
    assert_eq!(points(&main), ["a", "b", "c"]);
}

#[test]
fn a_database_that_is_none_or_has_no_tables_is_left_and_the_cure_keeps_it_aside() {
    let sandbox = stopped();
    let ours = sandbox.worktree("feat").join("backend/db.sqlite3");
    for (text, found) in [
        (
            "not a database".repeat(60),
            "failed   feat: backend/db.sqlite3 can't be read: [..]not a database[..]",
        ),
        (
            String::new(),
            "warning  feat: backend/db.sqlite3 has no tables",
        ),
    ] {
        write(&ours, &text);
        let outcome = assert_left(&sandbox, &format!("{found}\n         [..]"));
        sandbox
            .follow(&outcome, "for a new copy of the main checkout's: ")
            .succeeds();
        assert_eq!(points(&ours), ["a", "b", "c"]);
        let aside = ours.with_extension("sqlite3.old1");
        assert_eq!(read(&aside), text);
        unset(&aside);
    }
}

#[test]
fn a_database_that_a_server_writes_to_is_looked_at_without_waiting_or_leaving_a_file() {
    let sandbox = stopped();
    let ours = sandbox.worktree("feat").join("backend/db.sqlite3");
    let writer = serve_with_wal(&ours);
    let change = "BEGIN EXCLUSIVE; INSERT INTO point VALUES ('e');";
    writer.execute_batch(change).unwrap();
    assert_fine(&sandbox);
}

#[test]
fn a_database_that_was_deleted_without_its_journal_is_not_made_under_that() {
    let sandbox = stopped();
    let ours = sandbox.worktree("feat").join("backend/db.sqlite3");
    let journal = ours.with_extension("sqlite3-wal");
    // As after the end of a server: SQLite itself takes the journal away.
    let writer = serve_with_wal(&ours);
    let text = fs::read(&journal).unwrap();
    drop(writer);
    write(&journal, text);
    unset(&ours);
    let found = assert_left(
        &sandbox,
        "failed   feat: backend/db.sqlite3 is missing, and its journal is left\n         move that away: [..]",
    );
    sandbox.run("resume").fails(
        "error: [..]backend/db.sqlite3-wal is left of a database [..]\nhint: move it away: mv [..]\n",
    );
    sandbox.follow(&found, "move that away: ").succeeds();
    assert_eq!(points(&ours), ["a", "b", "c"]);
    assert_fine(&sandbox);
}
