//! What was put into a worktree does not show up in git.

use crate::sandbox::{Sandbox, read, write};

const NOTHING_IGNORED: &str = "# nothing\n";

#[test]
fn add_leaves_nothing_that_git_status_shows() {
    let sandbox = Sandbox::new();
    for (name, ignored) in [
        ("one", "node_modules/\n.env\n*.sqlite3\n"),
        ("two", NOTHING_IGNORED),
    ] {
        sandbox.commit(&sandbox.main, ".gitignore", &format!("# {name}\n{ignored}"));
        let worktree = sandbox.add(name);
        assert_eq!(sandbox.git(&worktree, ["status", "--porcelain"]), "");
    }
    assert!(
        !sandbox
            .git(&sandbox.main, ["status", "--porcelain", "--ignored"])
            .contains("?? .tally-sessions")
    );
}

#[test]
fn add_excludes_each_path_once_and_only_those_that_git_does_not_ignore() {
    let sandbox = Sandbox::new();
    let exclude = sandbox.main.join(".git/info/exclude");
    write(&exclude, "# mine\n*.log");
    for name in ["one", "two"] {
        sandbox.add(name);
    }
    let text = read(&exclude);
    let mut lines: Vec<_> = text.lines().collect();
    assert_eq!(lines[..2], ["# mine", "*.log"]);
    lines.sort_unstable();
    let mut once = lines.clone();
    once.dedup();
    assert_eq!(lines, once);
    assert!(
        lines.contains(&"/.tally-sessions") && lines.contains(&"/frontend/node_modules"),
        "{text}"
    );
    assert!(
        !text.contains(".env") && !text.contains("sqlite3"),
        "{text}"
    );
}

#[test]
fn add_hides_that_it_changed_an_env_file_that_git_tracks() {
    let sandbox = Sandbox::new();
    sandbox.git(&sandbox.main, ["add", "-f", "frontend/.env"]);
    sandbox.git(&sandbox.main, ["commit", "-q", "-m", "Track it"]);
    let worktree = sandbox.add("feat");
    let url = format!(
        "VITE_API_URL=http://localhost:{}\n",
        sandbox.ports("feat").0
    );
    assert!(read(&worktree.join("frontend/.env")).ends_with(&url));
    assert_eq!(sandbox.git(&worktree, ["status", "--porcelain"]), "");
}

#[test]
fn the_store_is_hidden_in_the_main_checkout() {
    let sandbox = Sandbox::new();
    sandbox.add("feat");
    assert_eq!(sandbox.git(&sandbox.main, ["status", "--porcelain"]), "");
}
