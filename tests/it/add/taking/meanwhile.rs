//! `add --take-changes`, and what happens in the main checkout before it is done.

use super::{change, kept, project, state, unset};
use crate::sandbox::{Sandbox, read, write};

/// Has the project's own command, which runs when the session has the changes and main still has them, do this in main.
pub fn meanwhile(sandbox: &Sandbox, script: &str) {
    let hook = sandbox.root.join("meanwhile");
    sandbox.write_script(&hook, &format!("cd '{}'\n{script}", sandbox.main.display()));
    sandbox.lay_out(format!("hooks.post_add = '{}'\n", hook.display()));
    sandbox.git_main("add .tally-session.toml");
    sandbox.git_main(["commit", "-q", "-m", "Add a layout"]);
}

#[test]
fn what_changes_in_main_meanwhile_stays_there() {
    let sandbox = project();
    meanwhile(
        &sandbox,
        "echo later >edited; echo later >new; echo back >gone; mkdir moved; echo mine >moved/mine.sqlite3",
    );
    let main = &sandbox.main;
    write(&main.join("edited"), "mine\n");
    write(&main.join("half"), "mine\n");
    write(&main.join("new"), "mine\n");
    unset(&main.join("gone"));
    unset(&main.join("moved"));
    let told = "warning: has changed in the main checkout meanwhile, and stays there too: edited, gone, moved, new\n";
    sandbox
        .run("add feat --take-changes")
        .is(0, "added feat\n[...]", told);
    for (file, here, there) in [
        ("edited", "later\n", "mine\n"),
        ("new", "later\n", "mine\n"),
    ] {
        assert_eq!(read(&main.join(file)), here);
        assert_eq!(read(&sandbox.worktree("feat").join(file)), there);
    }
    assert_eq!(read(&main.join("half")), "half\nsecond\nthird\n");
    assert_eq!(read(&main.join("gone")), "back\n");
    assert_eq!(read(&main.join("moved/mine.sqlite3")), "mine\n");
    assert_eq!(kept(&sandbox), "");
}

#[test]
fn a_database_that_is_opened_in_main_meanwhile_stays_there() {
    let sandbox = project();
    meanwhile(&sandbox, "touch new.db-wal");
    write(&sandbox.main.join("new.db"), "rows");
    let told = "warning: has changed in the main checkout meanwhile, and stays there too: new.db\n";
    sandbox
        .run("add feat --take-changes")
        .is(0, "added feat\n[...]", told);
    assert_eq!(sandbox.status(&sandbox.main), "?? new.db\n?? new.db-wal");
}

#[test]
fn what_is_committed_or_staged_in_main_meanwhile_leaves_main_as_it_is() {
    for script in ["git add edited", "git commit -q --allow-empty -m x"] {
        let sandbox = project();
        meanwhile(&sandbox, script);
        write(&sandbox.main.join("edited"), "mine\n");
        let told = "warning: the session has the changes, and the main checkout may still have them: something was staged or committed \
             there; all of them are kept in refs/tally-session/_taken/feat@[..]: git -C [ROOT]/tally show --first-parent refs/[..]\n";
        sandbox
            .run("add feat --take-changes")
            .is(0, "added feat\n[...]", told);
        for dir in [&sandbox.main, &sandbox.worktree("feat")] {
            assert_eq!(read(&dir.join("edited")), "mine\n");
        }
        let shown = sandbox.git_main(["show", "--first-parent", &kept(&sandbox)]);
        assert!(shown.contains("+mine"), "{shown}");
    }
}

#[test]
fn an_add_that_fails_leaves_main_as_it_was_and_keeps_nothing() {
    let sandbox = project();
    meanwhile(&sandbox, "exit 3");
    change(&sandbox);
    let before = state(&sandbox, &sandbox.main);
    let error = "error: [..]post_add[..]\n[...]";
    sandbox.run("add feat --take-changes").fails(error);
    assert_eq!(state(&sandbox, &sandbox.main), before);
    assert!(!sandbox.worktree("feat").exists());
    assert_eq!(kept(&sandbox), "");
    let told = "nothing was removed that can be had back\n";
    sandbox.run("list --removed").says(told);
}
