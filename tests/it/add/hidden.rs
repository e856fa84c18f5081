//! What was put into a worktree does not show up in git.

use crate::sandbox::{Sandbox, read, write};

#[test]
fn add_leaves_nothing_that_git_status_shows() {
    let sandbox = Sandbox::new();
    for (name, ignored) in [
        ("one", "node_modules/\n.env\n*.sqlite3\n"),
        ("two", "# nothing\n"),
    ] {
        sandbox.commit(&sandbox.main, ".gitignore", &format!("# {name}\n{ignored}"));
        sandbox.assert_clean(&sandbox.add(name));
        assert!(!sandbox.status(&sandbox.main).contains(".tally-sessions"));
    }
}

#[test]
fn add_excludes_each_path_once_and_only_those_that_git_does_not_ignore() {
    let sandbox = Sandbox::new();
    let exclude = sandbox.main.join(".git/info/exclude");
    write(&exclude, "# mine\n*.log");
    for name in ["one", "two"] {
        sandbox.add(name);
    }
    sandbox.assert_clean(&sandbox.main);
    let text = read(&exclude);
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines[..2], ["# mine", "*.log"]);
    for (at, line) in lines.iter().enumerate() {
        assert!(!lines[..at].contains(line), "{text}");
    }
    for (line, is_there) in [
        ("/.tally-sessions", true),
        ("/frontend/node_modules", true),
        (".env", false),
        ("sqlite3", false),
    ] {
        assert_eq!(text.contains(line), is_there, "{line} in {text}");
    }
}

/// What the first add in a project says of a file that git tracks.
const COMMITTED: &str = "warning: frontend/.env is committed, and has variables of the session's: \
    git merge and git switch may refuse to overwrite it: have them set in a file [..]\n";

#[test]
fn add_hides_that_it_changed_an_env_file_that_git_tracks() {
    let sandbox = Sandbox::new();
    sandbox.git_main("add -f frontend/.env");
    sandbox.git_main("commit -q -m Track");
    sandbox.add_telling("feat", COMMITTED);
    let worktree = sandbox.worktree("feat");
    let set = format!("VITE_API_URL={}\n", sandbox.url("feat"));
    assert!(read(&worktree.join("frontend/.env")).ends_with(&set));
    sandbox.assert_clean(&worktree);
}

/// Lets git track `frontend/.env`, where it is read by a tool.
fn track_env(sandbox: &Sandbox, tool: &str, ignored: &str) {
    let package = format!("{{ \"devDependencies\": {{ \"{tool}\": \"1\" }} }}\n");
    write(&sandbox.main.join("frontend/package.json"), package);
    // What is told of links once a project is another matter.
    sandbox.lay_out("files.link = []\n");
    let patterns = format!("node_modules/\n*.sqlite3\n/backend/.env\n{ignored}\n");
    write(&sandbox.main.join(".gitignore"), patterns);
    sandbox.commit_all();
}

#[test]
fn a_file_that_git_tracks_stays_as_it_is_where_the_project_reads_one_beside_it_that_git_ignores() {
    let sandbox = Sandbox::alone();
    track_env(&sandbox, "vite", "*.local");
    let local = "A=1\nVITE_API_URL=old\n";
    write(&sandbox.main.join("frontend/.env.local"), local);
    let worktree = sandbox.add("feat");
    let file = worktree.join("frontend/.env.local");
    let assert_is_set = || {
        let text = format!("A=1\nVITE_API_URL={}\n", sandbox.url("feat"));
        assert_eq!(read(&file), text);
    };
    assert_is_set();
    let tracked = "VITE_TITLE=Points\nVITE_API_URL=http://localhost:8000\n";
    assert_eq!(read(&worktree.join("frontend/.env")), tracked);
    sandbox.commit(&sandbox.main, "frontend/.env", "VITE_TITLE=New\n");
    sandbox.git(&worktree, "merge -q main");
    sandbox.git(&worktree, "switch -q -c other HEAD~1");
    sandbox.git(&worktree, "switch -q feat");
    sandbox.restart();
    let stranger = sandbox.stranger_on(sandbox.ports("feat").0);
    sandbox.resume_telling("warning: the backend of feat moved[..]\n");
    assert_is_set();
    assert_eq!(read(&worktree.join("frontend/.env")), "VITE_TITLE=New\n");
    drop(stranger);
    sandbox.run("doctor feat").says_nothing_of("committed");
}

#[test]
fn what_the_user_writes_into_a_file_that_is_hidden_from_git_is_told_with_how_to_show_it() {
    let sandbox = Sandbox::new();
    track_env(&sandbox, "nothing", "#");
    sandbox.add_telling("first", COMMITTED);
    let worktree = sandbox.add("feat");
    let env = worktree.join("frontend/.env");
    write(&env, read(&env) + "VITE_NEW=1\n");
    sandbox.assert_clean(&worktree);
    let what = "feat: frontend/.env has changes of your own, and git is told not to look at it\n         git ";
    let show = sandbox
        .run("doctor feat")
        .tells(what)
        .command_after("         git ");
    sandbox.type_line(&format!("git {show}")).succeeds();
    assert_eq!(sandbox.status(&worktree), " M frontend/.env");
}

#[test]
fn what_was_set_in_a_file_that_git_tracks_is_set_beside_it_from_when_that_can_be() {
    let sandbox = Sandbox::new();
    track_env(&sandbox, "nothing", "#");
    sandbox.add_telling("first", COMMITTED);
    let worktree = sandbox.add("feat");
    sandbox.add("other");
    let committed = "warning  feat: frontend/.env is committed, and has variables of the session's: \
        git merge and git switch may refuse to overwrite it\n         ";
    let cure = "; then git -C [ROOT]/tally-feat update-index --no-skip-worktree frontend/.env && \
        git -C [ROOT]/tally-feat checkout -- frontend/.env && tally-session doctor --fix\n";
    let name = "have them set in a file that git ignores and the project reads: \
        [env.\"frontend/.env.local\"] for [env.\"frontend/.env\"] in [ROOT]/tally/.tally-session.toml";
    let told = format!("{committed}{name}{cure}");
    sandbox.run("doctor feat").tells(&told);
    track_env(&sandbox, "vite", "#");
    let ignore = "echo /frontend/.env.local >>[ROOT]/tally/.gitignore";
    let words = format!("{committed}{ignore}{cure}");
    sandbox.run("doctor feat").tells(&words);

    track_env(&sandbox, "vite", "*.local");
    let still = "feat: frontend/.env still has the session's variables, and is committed";
    sandbox.run("doctor feat").tells(still);
    sandbox.remove("other");
    let set = format!("VITE_API_URL={}\n", sandbox.url("feat"));
    sandbox.run("doctor --fix feat").tells("fixed");
    let committed = sandbox.git(&worktree, "show HEAD:frontend/.env");
    assert_eq!(read(&worktree.join("frontend/.env")).trim(), committed);
    assert_eq!(read(&worktree.join("frontend/.env.local")), set);
    let tags = sandbox.git(&worktree, "ls-files -t frontend/.env");
    assert_eq!(tags, "H frontend/.env");
    sandbox.assert_clean(&worktree);
    sandbox.run("doctor feat").says_nothing_of("committed");
}
