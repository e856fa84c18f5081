//! What was removed, and of which a part is missing or can't be read.

use crate::sandbox::{Sandbox, eventually, only_in, read, unset, write};
use std::path::PathBuf;

/// A sandbox in which a session with work was removed; and where that is kept.
fn removed() -> (Sandbox, PathBuf) {
    let (sandbox, worktree) = Sandbox::new().with_worktree("feat/pay");
    write(&worktree.join("work"), "precious");
    sandbox.force_remove("feat/pay");
    let kept = only_in(&sandbox.main.join(".git/tally-session/trash"));
    (sandbox, kept)
}

#[test]
fn work_of_which_nothing_is_written_down_stays_and_is_named() {
    for text in [None, Some("{")] {
        let (sandbox, kept) = removed();
        let about = kept.join("removed.json");
        unset(&about);
        let what = "there is no [ROOT][..]/removed.json";
        let what = text.map_or(what, |text| {
            write(&about, text);
            "[ROOT][..]/removed.json does not parse: [..]"
        });
        sandbox.run("sweep").succeeds();
        assert_eq!(read(&kept.join("worktree/work")), "precious");
        let look = "what was removed is there still: ls [ROOT]/tally/.git/tally-session/trash/feat-pay@[..]\n";
        sandbox.run("list --removed").is(
            0,
            "nothing was removed that can be had back\n",
            &format!("warning: feat-pay@[..] can't be had back: {what}: {look}"),
        );
        let error = format!("error: {what}\nhint: {look}");
        sandbox.run("restore feat/pay").fails(&error);
        let found = sandbox
            .run("doctor")
            .tells("warning  what was removed as feat-pay@");
        found.tells("/removed.json").tells("is there still: ls ");
    }
}

#[test]
fn a_folder_in_which_nothing_is_kept_is_deleted() {
    let sandbox = Sandbox::new();
    let blank = sandbox.main.join(".git/tally-session/trash/feat@1");
    write(&blank.join("over"), "");
    sandbox.run("list").succeeds();
    eventually("it is deleted", || (!blank.exists()).then_some(()));
}

#[test]
fn restore_says_what_is_missing_where_the_folder_is_not_kept() {
    let (sandbox, kept) = removed();
    unset(&kept.join("worktree"));
    let told = "warning: the folder of feat/pay is not kept: its worktree comes back as it was committed, without work\n";
    sandbox.restore_telling("feat/pay", told);
}
