//! Folders of which neither git nor the program can tell what is in them.

use crate::sandbox::{Outcome, PROGRAM, Sandbox, set_mode, write};
use rustix::process::geteuid;
use std::fs;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;

/// A sandbox with a stopped session, in which this file is new.
fn with_new(file: &str) -> (Sandbox, PathBuf) {
    let (sandbox, worktree) = Sandbox::new().with_worktree("feat");
    sandbox.restart();
    write(&worktree.join(file), "precious");
    (sandbox, worktree)
}

/// Closes a folder of the session, which may be root's, and removes the session as a user to whom modes matter.
fn remove_with_closed(sandbox: &Sandbox, folder: &str, mode: u32, is_root_s: bool) -> Outcome {
    /// A user who is not the one that runs the tests.
    const OTHER: u32 = 65534;
    let path = sandbox.worktree("feat").join(folder);
    set_mode(&path, mode);
    let removed = if geteuid().is_root() {
        let program = sandbox.root.join("tally-session");
        fs::copy(PROGRAM, &program).unwrap();
        let mut give = sandbox.command("chown", &sandbox.root);
        let given = give.args(["-R", &OTHER.to_string(), "."]).status();
        assert!(given.unwrap().success());
        if is_root_s {
            chown(&path, Some(0), Some(0)).unwrap();
        }
        let mut remove = sandbox.command(&program, &sandbox.main);
        sandbox.outcome(remove.args(["remove", "feat"]).uid(OTHER).gid(OTHER))
    } else {
        sandbox.run("remove feat")
    };
    if path.exists() {
        // Else it could not be cleared up.
        set_mode(&path, 0o755);
    }
    removed
}

#[test]
fn changed_and_new_files_in_a_folder_that_can_t_be_read_are_work() {
    for mode in [0o000, 0o444] {
        let (sandbox, worktree) = with_new("backend/new.py");
        write(&worktree.join("backend/manage.py"), "changed");
        let refused = "error: the session feat has [..]can't be looked into: backend\n[...]";
        remove_with_closed(&sandbox, "backend", mode, false).fails(refused);
    }
}

#[test]
fn so_are_a_new_folder_and_one_that_git_ignores_unless_it_is_another_user_s() {
    for folder in ["new", "frontend/ignored.sqlite3"] {
        let (sandbox, _) = with_new(&format!("{folder}/work"));
        remove_with_closed(&sandbox, folder, 0o000, false).fails(&format!(
            "error: the session feat has what can't be looked into: {folder}\n\
             hint: see who may: ls -ld [ROOT]/tally-feat/{folder}\n\
             hint: remove it all the same: tally-session remove --force feat\n"
        ));
        if geteuid().is_root() {
            let removed = remove_with_closed(&sandbox, folder, 0o700, true);
            assert_eq!(removed.code == Some(0), folder != "new", "{removed}");
        }
    }
}
