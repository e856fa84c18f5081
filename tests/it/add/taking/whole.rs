//! `add --take-changes`, and what git does not keep of a file.

use super::killed::is_killed_at;
use super::meanwhile::meanwhile;
use super::{kept, project, state};
use crate::sandbox::{Sandbox, mode_of, read, set_mode, write};
use std::path::Path;

const CODE: &str = "code\nsecond\nthird\n";
const WITH_OUTPUT: &str = "code\nsecond\nmine\nOUTPUT of hours\n";

/// A project whose notebooks git keeps without their output, with a notebook.
fn with_notebook() -> Sandbox {
    let sandbox = project();
    sandbox.git_main(["config", "filter.output.clean", "grep -v OUTPUT"]);
    sandbox.git_main("config filter.output.smudge cat");
    write(
        &sandbox.main.join(".gitattributes"),
        "*.ipynb filter=output\n*.csv text=auto\n",
    );
    write(&sandbox.main.join("old.ipynb"), CODE);
    sandbox.commit_all();
    sandbox
}

/// Changes of which git keeps half.
fn change(main: &Path) {
    for notebook in ["old.ipynb", "folder/new.ipynb"] {
        write(&main.join(notebook), WITH_OUTPUT);
    }
    write(&main.join("table.csv"), "a;b\r\n");
    write(&main.join("key"), "key\n");
    set_mode(&main.join("key"), 0o600);
    set_mode(&main.join("tool"), 0o700);
}

fn has_all(dir: &Path) -> bool {
    let text = |file| dir.join(file).exists().then(|| read(&dir.join(file)));
    let mode = |file| dir.join(file).exists().then(|| mode_of(&dir.join(file)));
    text("old.ipynb").as_deref() == Some(WITH_OUTPUT)
        && text("folder/new.ipynb").as_deref() == Some(WITH_OUTPUT)
        && text("table.csv").as_deref() == Some("a;b\r\n")
        && mode("key") == Some(0o600)
        && mode("tool") == Some(0o700)
}

#[test]
fn what_git_does_not_keep_of_a_file_moves_too() {
    for from in ["main", "older"] {
        let sandbox = with_notebook();
        sandbox.git_main("branch older");
        sandbox.commit(&sandbox.main, "more", "more\n");
        let clean = state(&sandbox, &sandbox.main);
        change(&sandbox.main);
        let before = sandbox.status(&sandbox.main);
        sandbox
            .run(["add", "feat", "--take-changes", "--from", from])
            .says("added feat\n[...]\n  changes   5 files, [..]\n[...]");
        let worktree = sandbox.worktree("feat");
        assert!(has_all(&worktree), "{}", state(&sandbox, &worktree));
        assert_eq!(sandbox.status(&worktree), before);
        assert_eq!(state(&sandbox, &sandbox.main), clean);
        assert_eq!(kept(&sandbox), "");
    }
}

#[test]
fn a_merge_that_would_have_half_of_a_file_is_a_conflict() {
    let sandbox = with_notebook();
    let main = &sandbox.main;
    sandbox.git(main, "switch -q -c theirs");
    sandbox.commit(main, "old.ipynb", &format!("theirs\n{CODE}"));
    sandbox.git(main, "switch -q main");
    change(main);
    sandbox
        .run_changes_nothing_but_excludes("add feat --take-changes --from theirs")
        .fails("error: [..] do not fit onto theirs: old.ipynb\nhint: [..]\nhint: [..]\n");
    // Without the output git has all of it.
    write(&main.join("old.ipynb"), format!("{CODE}mine\n"));
    let add = "add feat --take-changes --from theirs";
    sandbox.run(add).succeeds();
    let merged = read(&sandbox.worktree("feat").join("old.ipynb"));
    assert_eq!(merged, format!("theirs\n{CODE}mine\n"));
}

#[test]
fn output_that_is_written_meanwhile_stays_in_main() {
    let sandbox = with_notebook();
    // As long as the one before.
    meanwhile(&sandbox, "printf 'mine\nOUTPUT 2\n' >old.ipynb");
    write(&sandbox.main.join("old.ipynb"), "mine\nOUTPUT 1\n");
    let told =
        "warning: has changed in the main checkout meanwhile, and stays there too: old.ipynb\n";
    sandbox
        .run("add feat --take-changes")
        .is(0, "added feat\n[...]", told);
    let text = read(&sandbox.main.join("old.ipynb"));
    assert_eq!(text, "mine\nOUTPUT 2\n");
}

#[test]
fn an_add_that_fails_leaves_it_in_main_alone() {
    let sandbox = with_notebook();
    meanwhile(&sandbox, "exit 3");
    change(&sandbox.main);
    let error = "error: [..]post_add[..]\n[...]";
    sandbox.run("add feat --take-changes").fails(error);
    assert!(has_all(&sandbox.main));
    let told = "nothing was removed that can be had back\n";
    sandbox.run("list --removed").says(told);
}

#[test]
fn killed_at_some_moments_main_or_the_session_has_all_of_a_file() {
    for nth in (2..).step_by(6) {
        let sandbox = with_notebook();
        change(&sandbox.main);
        let is_killed = is_killed_at(&sandbox, nth);
        let dirs = [&sandbox.main, &sandbox.worktree("feat")];
        assert!(dirs.into_iter().any(|dir| has_all(dir)), "killed at {nth}");
        if !is_killed {
            assert!(nth > 20, "{nth}");
            break;
        }
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_copy_that_was_cut_short_is_swept() {
    use crate::killed::aftermath::parts;
    use crate::killed::steps::{Step, strace_is_there};
    if !strace_is_there() {
        return;
    }
    let changed = || {
        let sandbox = with_notebook();
        change(&sandbox.main);
        sandbox
    };
    let line = "add feat --take-changes";
    let steps = changed().steps_of(line).into_iter();
    let steps = steps.filter(|step| step.to_string().starts_with("fsync "));
    let was_cut_short = |step: &Step| {
        let sandbox = changed();
        sandbox.is_killed_at(step, line);
        let parts = || parts(&sandbox.worktree("feat"));
        let is_left = !parts().is_empty();
        if is_left {
            sandbox.run("resume feat").goes_well();
            assert_eq!(parts(), Vec::<std::path::PathBuf>::new());
        }
        is_left
    };
    assert_ne!(steps.filter(was_cut_short).count(), 0);
}
