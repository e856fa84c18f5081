//! Projects that are not as usual.

use crate::sandbox::{PROGRAM, Sandbox, make_link, read, unset, write};
use std::fs;

#[test]
fn a_detached_head_is_a_base_like_any_other() {
    let sandbox = Sandbox::new();
    sandbox.git_main("switch -q --detach");
    let told = "added feat\n  branch [..](new, from a detached HEAD at [..])\n[...]";
    sandbox.run("add feat").says(told);
    sandbox.run("list").says("[...]\nfeat [..]\n");
    sandbox.remove("feat");
    assert_eq!(sandbox.git_main("branch --show-current"), "");
}

#[test]
fn a_bare_repository_and_its_worktrees_have_no_main_checkout() {
    let sandbox = Sandbox::new();
    let proj = &sandbox.root.join("proj");
    for folder in ["bare.git", "proj/.git", "other/.bare"] {
        sandbox.git(&sandbox.root, ["clone", "-q", "--bare", "tally", folder]);
    }
    write(&sandbox.root.join("other/.git"), "gitdir: ./.bare\n");
    for (folder, worktree) in [
        ("bare.git", "../checkout"),
        ("proj", "main"),
        ("other", "main"),
    ] {
        let folder = sandbox.root.join(folder);
        sandbox.git(&folder, ["worktree", "add", "-q", worktree, "main"]);
    }
    // Where worktrees have settings of their own, git keeps this one with those of none.
    sandbox.git(proj, "config extensions.worktreeConfig true");
    sandbox.git(proj, "config --worktree core.bare true");
    sandbox.git(proj, "config --unset core.bare");
    let before = sandbox.snapshot();
    for (common, clone, dirs) in [
        (
            "bare.git",
            "bare",
            ["bare.git", "bare.git/refs", "checkout"],
        ),
        (
            "proj/.git",
            "proj/proj",
            ["proj", "proj/.git", "proj/main/backend"],
        ),
        (
            "other/.bare",
            "other/other",
            ["other", "other/.bare", "other/main"],
        ),
    ] {
        for dir in dirs {
            for args in ["add feat", "list --json", "resume feat"] {
                sandbox.run_in(&sandbox.root.join(dir), args).fails(&format!(
                    "error: [ROOT]/{common} is a bare repository: it has no main checkout, which sessions get their files from\n\
                     hint: make one, and go there: git clone [ROOT]/{common} [ROOT]/{clone}\n",
                ));
            }
        }
    }
    sandbox.assert_unchanged_since(&before);
    sandbox.git(&sandbox.root, "clone -q proj/.git proj/proj");
    sandbox
        .run_in(&proj.join("proj"), "add feat")
        .is(0, "added feat\n[...]", "[...]");
    assert!(proj.join("proj-feat/README.md").exists());
}

#[test]
fn a_main_checkout_that_was_made_bare_by_mistake_is_made_one_again() {
    let sandbox = Sandbox::new();
    let config = |name: &str, value: &str| sandbox.git_main(["config", name, value]);
    let is_mended_by_the_hint = || {
        let error = "error: [ROOT]/tally/.git is a bare repository[..]\nhint: if it had one[..]\n";
        let outcome = sandbox.run("list").fails(error);
        let cure = outcome.stderr.rsplit(": ").next().unwrap();
        sandbox.type_line(cure).succeeds();
        sandbox.run("list").succeeds();
    };
    config("core.bare", "true");
    is_mended_by_the_hint();
    config("extensions.worktreeConfig", "true");
    sandbox.git_main("config --worktree core.bare true");
    is_mended_by_the_hint();
}

#[test]
fn a_submodule_and_a_git_folder_elsewhere_are_refused_by_name() {
    let sandbox = Sandbox::new();
    sandbox.git(&sandbox.root, "clone -q tally library");
    sandbox.add_submodule("../library", "lib");
    sandbox.git(&sandbox.root, "init -q --separate-git-dir=elsewhere split");
    let before = sandbox.snapshot();
    for (dir, shown) in [("tally/lib", "tally/lib"), ("split", "split")] {
        sandbox
            .run_in(&sandbox.root.join(dir), "add feat")
            .fails(&format!(
                "error: [ROOT]/{shown} is a submodule, or has its git folder elsewhere[..]\n[...]"
            ));
    }
    sandbox.assert_unchanged_since(&before);
}

#[test]
fn a_main_checkout_that_is_reached_through_symlinks_is_the_same_project() {
    let sandbox = Sandbox::new();
    let link = sandbox.root.join("link");
    make_link(&sandbox.main, &link);
    sandbox.run_in(&link, "add feat").succeeds();
    let worktree = sandbox.worktree("feat");
    assert!(worktree.join("README.md").exists());
    let through = sandbox.root.join("through");
    make_link(&worktree, &through);
    let told = "[...]\nfeat [..]\n";
    sandbox.run_in(&through.join("backend"), "list").says(told);
    let words = "removed feat\n[...]";
    sandbox.run_in(&link, "remove feat").says(words);
    assert!(!worktree.exists());
}

#[test]
fn a_git_folder_behind_a_symlink_is_a_main_checkout_too() {
    let sandbox = Sandbox::new();
    let real = sandbox.root.join("real-git");
    fs::rename(sandbox.main.join(".git"), &real).unwrap();
    make_link(&real, &sandbox.main.join(".git"));
    let worktree = sandbox.add("feat");
    sandbox.run("list").says("[..]\nfeat  running [..]\n");
    sandbox.restart();
    sandbox.resume("feat");
    sandbox.remove("feat");
    assert!(!worktree.exists() && real.join("HEAD").exists());
}

#[test]
fn without_a_home_there_is_a_session_or_a_word() {
    let sandbox = Sandbox::new();
    let before = read(&sandbox.home.join(".claude.json"));
    for home in [None, Some(""), Some("/nowhere")] {
        for line in ["add feat", "list --json", "remove feat"] {
            let mut program = sandbox.program(line);
            program.env_remove("HOME");
            // The user's real home, which the system knows, is not the tests' to look at.
            program.env("CLAUDE_CONFIG_DIR", sandbox.root.join("claude"));
            program.envs(home.map(|home| ("HOME", home)));
            program.env("GIT_AUTHOR_NAME", "Ada");
            sandbox.outcome(&mut program).goes_well();
        }
    }
    assert_eq!(read(&sandbox.home.join(".claude.json")), before);
}

#[test]
fn a_project_that_is_not_like_the_built_in_layout_is_told_how_to_say_what_it_is_like() {
    let sandbox = Sandbox::new();
    sandbox.git_main("rm -rq backend frontend");
    sandbox.git_main(["commit", "-qm", "Another project"]);
    unset(&sandbox.main.join("backend"));
    unset(&sandbox.main.join("frontend"));
    write(&sandbox.main.join("api/manage.py"), "# Django\n");
    let told =
        "there is no folder backend and no frontend, where windows start, but manage.py is in api/";
    let cure = "tally-session layout --detect >[ROOT]/tally/.tally-session.toml";
    // What follows from it is not told: what is missing in these folders, and which environment there is for them.
    unset(&sandbox.virtualenv());
    sandbox.add_telling("feat", &format!("warning: {told}: {cure}\n"));
    let with_session = sandbox.run("doctor");
    with_session.says_nothing_of("is not in the main checkout");
    sandbox.run("remove feat").succeeds();
    sandbox.run("doctor").says(&format!(
        "[...]\nwarning  {told}\n         {cure}\n1 problem\n"
    ));
}

#[test]
fn a_virtual_environment_that_is_missing_is_told_with_the_line_that_mends_it() {
    let sandbox = Sandbox::new();
    unset(&sandbox.virtualenv());
    let told = "the virtual environment tally is not in [ROOT]/home/.virtualenvs (WORKON_HOME)";
    let assert_cured_by = |cure: &str| {
        sandbox.add_telling("feat", &format!("warning: {told}: {cure}\n"));
        sandbox.run("remove feat").succeeds();
        let failed = format!("failed   {told}\n         {cure}\n         [..] WORKON_HOME [..]");
        sandbox
            .run("doctor")
            .is(1, &format!("[...]\n{failed}\n1 problem\n"), "");
    };
    assert_cured_by("mkvirtualenv tally");
    for name in ["again", "more"] {
        sandbox.add_telling(name, "[...]");
        sandbox.kill_windows(name);
    }
    let resumed = "resumed again[..]\nresumed more[..]\n";
    let warning = format!("warning: {told}: mkvirtualenv tally\n");
    sandbox.run("resume").is(0, resumed, &warning);
    sandbox.run("remove again more").succeeds();
    let file = "[ROOT]/tally/.tally-session.toml";
    let line = format!("as the first line of {file}: activate = ");
    write(&sandbox.main.join(".venv/bin/activate"), "");
    assert_cured_by(&format!("{line}\"source {{main}}/.venv/bin/activate\""));
    write(&sandbox.main.join("backend/uv.lock"), "");
    assert_cured_by(&format!("tally-session layout --detect >{file}"));
    unset(&sandbox.main.join(".venv"));
    sandbox.lay_out("");
    assert_cured_by(&format!("{line}\"\""));
}

#[test]
fn a_folder_for_temporary_files_that_is_not_there_is_named() {
    let sandbox = Sandbox::new();
    let mut add = sandbox.program("add feat");
    sandbox.outcome(add.env("TMPDIR", "/nonexistent")).fails(
        "error: [..] could not be run: no file can be made in /nonexistent (TMPDIR): No such file or directory [..]\n",
    );
    assert!(sandbox.names().is_empty());
}

#[test]
fn a_folder_that_is_gone_is_named() {
    let sandbox = Sandbox::new();
    sandbox
        .type_line(&format!(
            "mkdir gone; cd gone; rmdir ../gone; {PROGRAM} list"
        ))
        .fails("error: the folder you are in is gone\nhint: [..]tally-session -C <folder>[..]\n");
    let error = "error: cannot open the folder nowhere: [..]\n";
    sandbox.run("-C nowhere list").fails(error);
}

#[test]
fn in_a_removed_worktree_the_way_to_the_project_is_told() {
    let sandbox = Sandbox::of_project("my tally");
    let error = "error: the folder you are in is gone\nhint: go to the project's folder: cd '[ROOT]/my tally'\n";
    sandbox.add("feat");
    let go_on = |remove: &str| {
        let line =
            format!("cd '../my tally-feat/backend' && {PROGRAM} -q {remove} && {PROGRAM} list");
        sandbox.type_line(&line)
    };
    // It is there until it is deleted.
    let cure = go_on("remove feat").fails(error).command_after("folder: ");
    sandbox
        .type_line(&format!("{cure} && {PROGRAM} restore feat"))
        .succeeds();
    let outcome = go_on("remove --purge --yes feat");
    if cfg!(target_os = "linux") {
        outcome.fails(error);
    } else {
        outcome.fails("error: the folder you are in is gone\nhint: [..]\n");
    }
}
