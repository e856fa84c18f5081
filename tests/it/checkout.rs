//! Checkouts that take long.

use crate::sandbox::{GATE, Sandbox, read, unset, until, write};

#[test]
fn a_long_checkout_shows_on_a_terminal_that_it_goes_on() {
    let sandbox = Sandbox::new();
    let filter = sandbox.root.join("bin/slow-filter");
    sandbox.write_script(&filter, &format!("{GATE}; exec cat"));
    sandbox.open_gate();
    sandbox.commit(&sandbox.main, ".gitattributes", "*.slow filter=slow\n");
    sandbox.commit(&sandbox.main, "z.slow", "slow\n");
    sandbox.git_at(&sandbox.main, "config filter.slow.smudge", &filter);
    unset(&sandbox.root.join("gate"));
    let terminal = sandbox.terminal(&sandbox.main);
    terminal.run("add feat");
    terminal.await_text("checking out the files");
    sandbox.open_gate();
    let (status, screen) = terminal.await_status();
    assert_eq!(status, 0, "{screen}");
    // What is typed early shows twice.
    let told = screen.lines().filter(|line| !line.contains("echo status"));
    let told: Vec<_> = told.take(2).collect();
    assert!(told[0].contains("added feat"), "{screen}");
    assert!(told[1].contains("branch"), "{screen}");
    until("the worktree is whole", || {
        sandbox.worktree("feat").join("z.slow").exists()
    });
}

#[test]
fn a_checkout_that_fails_is_told_on_a_terminal_as_elsewhere_and_not_tried_again() {
    let sandbox = Sandbox::quick();
    let main = &sandbox.main;
    sandbox.commit(main, ".gitattributes", "*.large filter=store\n");
    sandbox.commit(main, "m.large", "where the file is\n");
    let smudge = "echo run >>\"$SANDBOX/runs\"; echo no network >&2; false";
    sandbox.git(main, ["config", "filter.store.smudge", smudge]);
    sandbox.git(main, "config filter.store.required true");
    sandbox.git(main, "branch old");
    for name in ["new", "old"] {
        let failed = sandbox.run(["add", name]);
        failed
            .clone()
            .remarks("smudge filter store failed")
            .remarks("no network");
        failed.fails(&format!(
            "error: cannot make the worktree [ROOT]/tally-{name}: [..]\n[...]"
        ));
    }
    assert_eq!(sandbox.git(main, "branch"), "* main\n  old");
    assert!(sandbox.names().is_empty() && !sandbox.worktree("new").exists());
    let (status, screen) = sandbox.on_terminal("add feat");
    assert_eq!(status, 1, "{screen}");
    assert!(screen.contains("cannot make the worktree"), "{screen}");
    assert!(screen.contains("no network"), "{screen}");
    assert!(!screen.contains("Preparing"), "{screen}");
    assert!(!screen.contains("Updating files"), "{screen}");
    assert_eq!(read(&sandbox.root.join("runs")), "run\nrun\nrun\n");
}

#[test]
fn a_worktree_is_tried_again_that_another_git_is_in_the_way_of() {
    let sandbox = Sandbox::new();
    let lock = sandbox.main.join(".git/refs/heads/feat.lock");
    let tried = sandbox.root.join("tried");
    // The first time somebody holds the lock of the branch, until git has given up.
    let script = format!(
        r#"case " $* " in *' worktree add '*)
            echo try >>'{tried}'
            [ "$(wc -l <'{tried}')" -gt 1 ] || {{ : >'{lock}'; "$REAL" "$@"; status=$?; rm '{lock}'; exit $status; }};;
        esac; exec "$REAL" "$@""#,
        tried = tried.display(),
        lock = lock.display(),
    );
    sandbox.wrap("git", &script);
    sandbox.run("add feat").succeeds();
    assert_eq!(read(&tried), "try\ntry\n");
    let worktree = sandbox.worktree("feat");
    let status = sandbox.git(&worktree, "status --porcelain --branch");
    assert_eq!(status, "## feat");
}

#[test]
fn many_files_are_checked_out_side_by_side_unless_the_user_has_decided_on_that() {
    let sandbox = Sandbox::new();
    let main = &sandbox.main;
    for number in 0..6000 {
        write(
            &main.join(format!("src/{}/{number}.txt", number / 100)),
            "x",
        );
    }
    sandbox.git(main, "add src");
    sandbox.git(main, ["commit", "-q", "-m", "Add many files"]);
    let parallel = "checkout.workers=0";
    sandbox.run("-v add one").remarks(parallel);
    // Where the kernel, or what is called so, does not let git's processes run on.
    sandbox.write_script(&sandbox.root.join("bin/chrt"), "echo not here >&2; exit 1");
    let outcome = sandbox.run("-v add two");
    let plain = format!("\n+ LC_ALL=C git -C [ROOT]/tally -c '{parallel}' worktree add ");
    assert!(outcome.stderr.contains(&plain), "{outcome}");
    sandbox.git(main, "config checkout.workers 1");
    sandbox.run("-v add three").says_nothing_of(parallel);
    for name in ["one", "two", "three"] {
        sandbox.assert_clean(&sandbox.worktree(name));
    }
}
