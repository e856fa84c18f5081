//! The store: `.tally-sessions`.

use crate::sandbox::{Sandbox, files_in, mode_of, read, set_mode, until, write};
use serde_json::{Value, json};
use std::fs::{self, File};
use std::path::PathBuf;
use std::thread;

fn store(sandbox: &Sandbox) -> PathBuf {
    sandbox.main.join(".tally-sessions")
}

#[test]
fn a_record_has_exactly_the_shape_that_the_old_script_reads() {
    let (sandbox, worktree) = Sandbox::new().with_worktree("feat/auth");
    let (backend, frontend) = sandbox.ports("feat/auth");
    let expected = json!({
        "feat/auth": { "backend_port": backend, "frontend_port": frontend, "worktree": worktree, "branch": "feat/auth" }
    });
    assert_eq!(sandbox.store().to_string(), expected.to_string());
}

#[test]
fn the_order_of_records_and_unknown_fields_are_kept() {
    let sandbox = Sandbox::new();
    let record = |name: &str, port: u16| {
        json!({
            "note": { "z": 1, "a": [null] }, "backend_port": port, "frontend_port": port - 3000,
            "worktree": sandbox.worktree(name), "branch": name,
        })
    };
    let before = json!({ "zebra": record("zebra", 8900), "ape": record("ape", 8901) });
    // A number that a program would write in another way.
    let text = before.to_string().replace("[null]", "[1.50]");
    write(&store(&sandbox), &text);
    sandbox.add("feat");
    let after = read(&store(&sandbox));
    assert!(after.contains("1.50"), "{after}");
    let mut after: Value = after.parse().unwrap();
    let names: Vec<_> = after.as_object().unwrap().keys().cloned().collect();
    assert_eq!(names, ["zebra", "ape", "feat"]);
    sandbox.remove("feat");
    after.as_object_mut().unwrap().remove("feat");
    assert_eq!(sandbox.store().to_string(), after.to_string());
    let found = after.to_string();
    assert_eq!(found, text.parse::<Value>().unwrap().to_string());
}

#[test]
fn an_empty_or_missing_file_is_an_empty_store() {
    let sandbox = Sandbox::new();
    for text in [None, Some(""), Some(" \n"), Some("{}")] {
        let _ = fs::remove_file(store(&sandbox));
        if let Some(text) = text {
            write(&store(&sandbox), text);
        }
        sandbox.run_changes_nothing("list --json").says("[]\n");
    }
    write(&store(&sandbox), "");
    sandbox.add("feat");
    assert_eq!(sandbox.names(), ["feat"]);
}

#[test]
fn the_store_is_written_whole_with_nothing_left_beside_it() {
    let sandbox = Sandbox::new().with("one");
    // A second link shows whether the file was written over or replaced.
    let link = sandbox.root.join("link");
    fs::hard_link(store(&sandbox), &link).unwrap();
    let before = read(&link);
    set_mode(&link, 0o600);
    sandbox.add("two");
    assert_eq!(read(&link), before);
    assert_eq!(mode_of(&store(&sandbox)), 0o600);
    let mut beside = files_in(&sandbox.main);
    beside.retain(|path| path.to_string_lossy().contains(".tally-session"));
    assert_eq!(beside, [store(&sandbox)]);
}

#[test]
fn whoever_changes_the_store_waits_for_its_lock_with_a_message() {
    let sandbox = Sandbox::new().with("one");
    let locks = sandbox.main.join(".git/tally-session");
    let lock = File::options()
        .append(true)
        .open(locks.join("store.lock"))
        .unwrap();
    lock.lock().unwrap();
    let before = read(&store(&sandbox));
    thread::scope(|scope| {
        let mut add = sandbox.program("add two");
        let stderr = sandbox.root.join("stderr");
        let child = add
            .stderr(File::create(&stderr).unwrap())
            .stdout(File::create(sandbox.root.join("stdout")).unwrap())
            .spawn();
        let adding = scope.spawn(|| child.unwrap().wait().unwrap());
        until("it says what it waits for", || {
            read(&stderr).contains("store.lock")
        });
        assert_eq!(read(&store(&sandbox)), before);
        assert!(!sandbox.worktree("two").exists());
        // Who only looks does not wait.
        sandbox.run("list").succeeds();
        lock.unlock().unwrap();
        assert!(adding.join().unwrap().success());
    });
    assert_eq!(sandbox.names(), ["one", "two"]);
}

#[test]
fn a_session_may_be_called_store_or_trash_as_what_belongs_to_the_program() {
    let sandbox = Sandbox::new();
    for name in ["store", "trash"] {
        sandbox.add(name);
        sandbox.run(["remove", name]).succeeds();
    }
}

#[test]
fn a_record_that_lacks_a_port_is_named_by_list_and_gets_one_from_resume() {
    let sandbox = Sandbox::new().with("feat");
    let lose_port = || {
        let mut records = sandbox.store();
        let record = records["feat"].as_object_mut().unwrap();
        record.remove("frontend_port").unwrap();
        write(&store(&sandbox), records.to_string());
    };
    lose_port();
    sandbox.restart();
    sandbox
        .run("list")
        .succeeds()
        .tells("feat: its record has no frontend_port: tally-session resume feat");
    assert_eq!(sandbox.list()[0]["frontend_port"], Value::Null);
    sandbox.resume_telling("warning: the frontend of feat had no port, and has [..] now\n");
    let port = sandbox.store()["feat"]["frontend_port"].as_u64().unwrap();
    assert!(port >= 5000);
    assert_eq!(sandbox.list()[0]["problems"], json!([]));
    lose_port();
    sandbox.run("attach feat").does_not_crash();
    sandbox.remove_with_remarks("feat");
}
