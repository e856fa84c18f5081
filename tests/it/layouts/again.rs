//! Hooks that are run again: when they have failed, and when the session is back.

use super::hooks::{hints, with_hook};
use crate::sandbox::{Sandbox, read, write};
use serde_json::json;

#[test]
fn a_failed_add_names_the_whole_command_and_what_it_left_is_a_session_that_the_hook_is_run_for() {
    let sandbox = with_hook("post_add", "echo half >made; test -e \"$SANDBOX/mended\"");
    sandbox.git_main("tag v1.2");
    let mut add = sandbox.program("add feat");
    add.args(["--prompt", "it's so", "--from", "v1.2"]);
    let typed = "add feat --from v1.2 --prompt \"it's so\"";
    let error = "error: the hook post_add of .tally-session.toml failed: it ended with status 1";
    sandbox.outcome(&mut add).fails(&format!(
        "{error}\n{}hint: what was written in its worktree meanwhile is kept: tally-session restore feat\n",
        hints(typed)
    ));
    let failed = format!("{error}\n{}", hints("resume feat"));
    sandbox
        .run("restore feat")
        .is(1, "restored feat\n", &failed);
    assert_eq!(read(&sandbox.worktree("feat").join("made")), "half\n");
    write(&sandbox.root.join("mended"), "");
    sandbox.resume("feat");
}

#[test]
fn what_pre_remove_took_away_post_add_makes_again_when_the_session_is_back() {
    let sandbox = Sandbox::new();
    // A database elsewhere, which a dump in git's folder of the worktree brings back.
    let hooks = r#"[hooks]
post_add = """
dump=$(git rev-parse --git-path dump)
if [ -e "$SANDBOX/database" ]; then exit; fi
if [ -e "$dump" ]; then cp "$dump" "$SANDBOX/database"; else echo new >"$SANDBOX/database"; fi
"""
pre_remove = """
cp "$SANDBOX/database" "$(git rev-parse --git-path dump)"
rm "$SANDBOX/database"
"""
"#;
    sandbox.lay_out(hooks);
    sandbox.add("feat");
    let database = sandbox.root.join("database");
    write(&database, "mine");
    sandbox.remove_and_restore("");
    assert_eq!(read(&database), "mine");
    // Also when the remove is cut short behind the hook, and the session stays.
    write(&sandbox.root.join("kill"), "");
    sandbox.wrap(
        "git",
        r#"cd "$SANDBOX"; if [ -e kill ] && [ ! -e database ]; then rm kill; kill -9 $PPID; exit 1; fi
cd - >/dev/null; exec "$REAL" "$@""#,
    );
    assert_eq!(sandbox.run("remove feat").code, None);
    assert!(!database.exists());
    sandbox.run("resume feat").succeeds();
    assert_eq!(read(&database), "mine");
    sandbox.unwrap("git");
    // Where it was left out, nothing is to be made again.
    sandbox.lay_out(hooks.replace("post_add = \"\"\"\n", "post_add = \"\"\"\nfalse\n"));
    sandbox.remove_and_restore("--no-hooks");
    assert_eq!(read(&database), "mine");
}

#[test]
fn what_a_pre_remove_that_was_cut_short_took_away_post_add_makes_again() {
    let sandbox = Sandbox::new();
    let hooks = r#"[hooks]
post_add = "touch \"$SANDBOX/database\""
pre_remove = "rm -f \"$SANDBOX/database\"; eval \"$(cat \"$SANDBOX/then\")\""
"#;
    sandbox.lay_out(hooks);
    sandbox.add("feat");
    let [database, then] = ["database", "then"].map(|name| sandbox.root.join(name));
    let cut_short = "feat: a command on it was cut short: tally-session resume feat";
    let is_resumed = || {
        assert!(!database.exists());
        sandbox.run("list").succeeds().tells(cut_short);
        sandbox.resume("feat");
        assert!(database.exists());
        assert_eq!(sandbox.list()[0]["problems"], json!([]));
    };
    for cut in ["exit 3", "kill -9 $$"] {
        write(&then, cut);
        let refused = "[...]\nerror: [..]\n[...]";
        sandbox.run("remove feat").fails(refused);
        is_resumed();
    }
    // With all that leads to it, as by Ctrl-C.
    write(&then, "kill -9 $(ps -o ppid= -p $PPID) $PPID $$");
    assert_eq!(sandbox.run("remove feat").code, None);
    is_resumed();
    // Also where it goes in spite of that.
    write(&then, "false");
    sandbox.force_remove_telling("feat", "warning: [..]\n");
    assert!(!database.exists());
    sandbox.restore("feat");
    assert!(database.exists());
    sandbox.run("remove feat").fails("error: [..]\n[...]");
    let told = "removed feat\n[...]";
    sandbox.run("remove --no-hooks feat").says(told);
    sandbox.restore("feat");
    assert!(database.exists());
}

#[test]
fn a_session_that_is_gone_behind_a_failed_pre_remove_has_nothing_to_come_back_to() {
    let sandbox = with_hook("pre_remove", "false");
    let worktree = sandbox.add("feat");
    sandbox.run("remove feat").fails("error: [..]\n[...]");
    sandbox.git_main(["worktree", "remove", "--force", worktree.to_str().unwrap()]);
    sandbox.git_main("branch -D feat");
    sandbox.run("resume feat").fails(
        "error: the session feat has nothing to come back to: [..]\nhint: clear away what is left: tally-session remove feat\n",
    );
}

#[test]
fn what_pre_remove_keeps_in_git_s_folder_of_the_worktree_is_named_where_it_goes() {
    let keep = "head -c 2500000 /dev/zero >\"$(git rev-parse --git-path database.dump)\"";
    let sandbox = with_hook("pre_remove", keep);
    let worktree = sandbox.add("feat");
    // What git has there of its own goes without saying.
    sandbox.commit(&worktree, "file", "work");
    sandbox.git(&worktree, "reset -q --hard HEAD~");
    sandbox.git(&worktree, "fetch -q .");
    sandbox.git(&worktree, "bisect start");
    let told = "git/database.dump (3 MB)";
    let answer = format!("removed feat\n  with it went: {told}\n[...]");
    sandbox.run("remove --force feat").is(0, &answer, "[...]");
    let list = sandbox.run("list --removed --json").succeeds();
    let list: serde_json::Value = serde_json::from_str(&list.stdout).unwrap();
    assert_eq!(list[0]["not_committed"], serde_json::json!([told]));
    let purge = sandbox.run("purge feat");
    let named = format!("\n  in no commit: {told}\n");
    assert!(purge.stderr.contains(&named), "{purge}");
    sandbox.restore("feat");
    sandbox.run("remove --force --purge feat").remarks(&named);
}
