//! Locks and a store that no command can have.

use super::{assert_fine, assert_left, stopped};
use crate::sandbox::{make_link, unset, write};
use std::fs;

#[test]
fn a_lock_that_cannot_be_opened_is_named_by_add_and_doctor_with_the_cure() {
    let sandbox = stopped();
    let locks = sandbox.main.join(".git/tally-session");
    for lock in ["store.lock", "windows.lock"] {
        let path = locks.join(lock);
        unset(&path);
        fs::create_dir(&path).unwrap();
        let error =
            format!("cannot lock [ROOT]/tally/.git/tally-session/{lock}: [..]directory[..]\n");
        let cure = format!("mv {0} {0}.old", path.to_str().unwrap());
        let told = cure.replace(sandbox.root.to_str().unwrap(), "[ROOT]");
        let told = format!("move away what is in its place: {told}");
        sandbox
            .run_changes_nothing_but_excludes("add new")
            .fails(&format!("error: {error}hint: {told}\n"));
        let found = format!("failed   the locks: {error}         {told}");
        assert_left(&sandbox, &found);
        assert_eq!(sandbox.type_line(&cure).code, Some(0));
        assert_fine(&sandbox);
    }
}

#[test]
fn a_file_where_the_locks_of_sessions_belong_is_named() {
    let sandbox = stopped();
    let locks = sandbox.main.join(".git/tally-session/sessions");
    let _ = fs::remove_dir(&locks);
    write(&locks, "");
    let error = "cannot lock [ROOT]/tally/.git/tally-session/sessions/[..]\n";
    sandbox
        .run_changes_nothing_but_excludes("add new")
        .fails(&format!("error: {error}hint: [..]"));
    let told = "failed   the locks: cannot lock [ROOT]/tally/.git/tally-session/sessions/.lock: ";
    sandbox.run("doctor").tells(told);
}

#[test]
fn a_lock_that_another_command_holds_is_not_waited_for() {
    let sandbox = stopped();
    let lock = fs::File::open(sandbox.main.join(".git/tally-session/store.lock")).unwrap();
    lock.lock().unwrap();
    assert_fine(&sandbox);
}

#[test]
fn a_store_that_links_into_a_folder_that_is_not_there_is_named_with_the_cure() {
    let sandbox = stopped();
    let store = sandbox.main.join(".tally-sessions");
    let records = sandbox.root.join("records");
    make_link(records.join("tally"), &sandbox.root.join("link"));
    fs::rename(&store, sandbox.root.join("kept")).unwrap();
    make_link(sandbox.root.join("link"), &store);
    let error = "cannot write [ROOT]/records/tally: No such file or directory[..]\n";
    let cure = "make its folder: mkdir -p [ROOT]/records";
    let refused = format!("error: {error}hint: {cure}\n");
    sandbox.run_changes_nothing("add new").fails(&refused);
    let outcome = sandbox.run("doctor");
    let found = format!("         {cure}\n");
    assert!(outcome.stdout.contains(&found), "{outcome}");
    fs::create_dir(&records).unwrap();
    fs::rename(sandbox.root.join("kept"), records.join("tally")).unwrap();
    assert_fine(&sandbox);
}
