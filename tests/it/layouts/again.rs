//! Hooks that are run again: when they have failed, and when the session is back.

use super::hooks::{hints, with_hook};
use crate::sandbox::{Sandbox, read, write};

#[test]
fn a_failed_add_names_the_whole_command_and_what_it_left_is_a_session_that_the_hook_is_run_for() {
    let sandbox = with_hook("post_add", "echo half >made; test -e \"$SANDBOX/mended\"");
    sandbox.git_main(["tag", "v1.2"]);
    let mut add = sandbox.program(&["add", "feat"], &sandbox.main);
    add.args(["--prompt", "it's so", "--from", "v1.2"]);
    let typed = "add feat --from v1.2 --prompt \"it's so\"";
    let error = "error: the hook post_add of .tally-session.toml failed: it ended with status 1";
    sandbox.outcome(&mut add).fails(&format!(
        "{error}\n{}hint: what was written in its worktree meanwhile is kept: tally-session restore feat\n",
        hints(typed)
    ));
    let failed = format!("{error}\n{}", hints("resume feat"));
    sandbox
        .run(["restore", "feat"])
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
    sandbox.remove_and_restore([]);
    assert_eq!(read(&database), "mine");
    // Also when the remove is cut short behind the hook, and the session stays.
    write(&sandbox.root.join("kill"), "");
    sandbox.wrap(
        "git",
        r#"cd "$SANDBOX"; if [ -e kill ] && [ ! -e database ]; then rm kill; kill -9 $PPID; exit 1; fi
cd - >/dev/null; exec "$REAL" "$@""#,
    );
    assert_eq!(sandbox.run(["remove", "feat"]).code, None);
    assert!(!database.exists());
    sandbox.run(["resume", "feat"]).succeeds();
    assert_eq!(read(&database), "mine");
    sandbox.unwrap("git");
    // Where it was left out, nothing is to be made again.
    sandbox.lay_out(hooks.replace("post_add = \"\"\"\n", "post_add = \"\"\"\nfalse\n"));
    sandbox.remove_and_restore(["--no-hooks"]);
    assert_eq!(read(&database), "mine");
}
