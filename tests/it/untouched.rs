//! What the program sees of worktrees without git is what git would have said.

use crate::sandbox::{Sandbox, write};
use serde_json::Value;
use std::fs;
use std::path::Path;

/// Who tells whether something has changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Told {
    /// The program sees by itself that no tracked file has; git may say which others it ignores.
    Seen,
    /// git is asked for its status.
    Asked,
}
use Told::{Asked, Seen};

/// What is done in a worktree, who tells of it, and whether the session can be removed then.
const DONE: [(&str, &str, Told, bool); 48] = [
    ("nothing", "", Seen, true),
    ("an-ignored-file", "echo 1 >other.sqlite3", Seen, true),
    (
        "an-ignored-folder",
        "mkdir -p lib/node_modules/a && echo 1 >lib/node_modules/a/b",
        Seen,
        true,
    ),
    ("an-empty-folder", "mkdir -p new/empty", Seen, true),
    (
        "its-own-settings",
        "echo A=1 >>backend/.env && mkdir -p .claude/local && rm frontend/node_modules",
        Seen,
        true,
    ),
    ("packed-refs", "git pack-refs --all", Seen, true),
    (
        "a-commit",
        "echo 1 >new && touch -t 202001010000 new && git add new && git commit -qm New",
        Seen,
        false,
    ),
    ("another-branch", "git switch -qc another-one", Seen, true),
    ("no-branch", "git switch -q --detach", Asked, true),
    ("an-edit", "echo 1 >>README.md", Asked, false),
    ("an-edit-below", "echo 1 >>backend/manage.py", Asked, false),
    (
        "an-edit-of-the-same-size",
        "echo '# Paints' >README.md",
        Asked,
        false,
    ),
    (
        "an-edit-with-the-same-time",
        "cp -p README.md copy && echo '# Paints' >copy && touch -r README.md copy && mv copy README.md",
        Asked,
        false,
    ),
    ("a-touch", "touch README.md", Asked, true),
    (
        "a-look-with-finder",
        "mkdir seen && touch .DS_Store backend/.DS_Store seen/.DS_Store",
        Seen,
        true,
    ),
    (
        "a-touch-and-a-look-with-finder",
        "mkdir seen && touch README.md .DS_Store seen/.DS_Store",
        Asked,
        true,
    ),
    ("a-mode", "chmod +x README.md", Asked, false),
    ("a-deletion", "rm README.md", Asked, false),
    ("a-folder-deleted", "rm -r backend", Asked, false),
    (
        "a-copy",
        "cp README.md copy && mv copy README.md",
        Asked,
        true,
    ),
    ("a-new-file", "echo 1 >new", Seen, false),
    (
        "a-new-file-below",
        "mkdir new && echo 1 >new/new",
        Seen,
        false,
    ),
    (
        "many-ignored-files",
        "for n in $(seq 200); do echo 1 >$n.sqlite3; done",
        Seen,
        true,
    ),
    (
        "many-new-files",
        "for n in $(seq 200); do echo 1 >$n; done",
        Seen,
        false,
    ),
    (
        "a-strange-file",
        "touch \"$(printf 'a\\nb')\"; touch \"$(printf '\\377')\" || touch other",
        Asked,
        false,
    ),
    (
        "new-beside-ignored",
        "mkdir lib && echo 1 >lib/.env && echo 1 >lib/new",
        Seen,
        false,
    ),
    ("not-ignored-any-more", "echo >.gitignore", Asked, false),
    (
        "a-file-for-a-folder",
        "rm -r frontend && echo 1 >frontend",
        Asked,
        false,
    ),
    (
        "a-folder-for-a-file",
        "rm README.md && mkdir README.md && echo 1 >README.md/new",
        Asked,
        false,
    ),
    (
        "a-link-for-a-file",
        "mv README.md text.sqlite3 && ln -s text.sqlite3 README.md",
        Asked,
        false,
    ),
    (
        "a-link-for-a-folder",
        "mv backend lib.sqlite3 && ln -s lib.sqlite3 backend",
        Asked,
        false,
    ),
    (
        "a-folder-of-settings",
        "rm frontend/.env && mkdir frontend/.env && echo 1 >frontend/.env/ignored",
        Seen,
        true,
    ),
    (
        "staged",
        "echo 1 >>README.md && git add README.md",
        Asked,
        false,
    ),
    (
        "staged-and-undone",
        "echo 1 >>README.md && git add README.md && git show HEAD:README.md >README.md",
        Asked,
        false,
    ),
    ("staged-anew", "echo 1 >new && git add new", Asked, false),
    (
        "staged-deletion",
        "git rm -q --cached README.md",
        Asked,
        false,
    ),
    (
        "meant-to-be-added",
        "echo 1 >new && git add -N new",
        Asked,
        false,
    ),
    (
        "an-older-commit",
        "git commit -q --allow-empty -m One && echo 1 >new && git add new && git commit -qm New && git reset -q --soft HEAD^",
        Asked,
        false,
    ),
    (
        "a-conflict",
        "echo 1 >README.md && git stash -q && echo 2 >README.md && git commit -qam Two && ! git stash pop -q",
        Asked,
        false,
    ),
    ("a-repository", "git init -q inner", Seen, false),
    (
        "a-repository-around-files",
        "git init -q backend",
        Asked,
        false,
    ),
    (
        "taken-as-unchanged",
        "git update-index --assume-unchanged README.md && echo 1 >>README.md",
        Asked,
        false,
    ),
    (
        "left-as-it-is",
        "git update-index --skip-worktree README.md && echo 1 >>README.md",
        Asked,
        false,
    ),
    (
        "hidden-and-unchanged",
        "git update-index --assume-unchanged README.md link && git update-index --skip-worktree backend/manage.py folder",
        Asked,
        true,
    ),
    (
        "a-hidden-file-with-a-strange-name",
        "git update-index --assume-unchanged caf* && echo 1 >>caf*",
        Asked,
        false,
    ),
    (
        "a-hidden-link-to-something-else",
        "git update-index --assume-unchanged folder && rm folder && mkdir folder",
        Asked,
        true,
    ),
    (
        "another-version",
        "git update-index --index-version 4",
        Asked,
        true,
    ),
    ("two-parts", "git update-index --split-index", Asked, true),
];

/// What git shows of what was put there where it ignores nothing. Nor does what Finder leaves count.
const PUT_THERE: [&[u8]; 3] = [
    b"?? backend/.env\0",
    b"?? backend/db.sqlite3\0",
    b"?? frontend/.env\0",
];

#[test]
fn what_is_seen_of_a_worktree_without_git_is_what_git_says() {
    let sandbox = Sandbox::new();
    // Enough for this, and quicker than five windows.
    write(
        &sandbox.main.join(".tally-session.toml"),
        "activate = \"\"\n[[window]]\nname = \"shell\"\n",
    );
    // macOS takes no name that is no text.
    let letter = if cfg!(target_os = "linux") {
        "351"
    } else {
        "303\\251"
    };
    let links = "ln -s README.md link && ln -s backend folder";
    let files = format!("{links} && echo 1 >\"$(printf 'caf\\{letter}')\"");
    sandbox.in_shell(&sandbox.main, &files);
    sandbox.commit_all();
    for (name, script, _, _) in DONE {
        sandbox.run(["add", name]).succeeds();
        let worktree = sandbox.worktree(name);
        age_files(&sandbox, &worktree);
        sandbox.in_shell(&worktree, script);
    }

    let listed = sandbox.run(["-v", "list", "--json"]);
    let sessions: Vec<Value> = serde_json::from_str(&listed.stdout).unwrap();
    for ((name, _, told, _), session) in DONE.into_iter().zip(sessions) {
        let worktree = sandbox.worktree(name);
        let is_asked =
            |line: &str| line.contains(" status ") && line.contains(&format!("tally-{name} "));
        let asked = listed.stderr.lines().filter(|line| is_asked(line)).count();
        assert_eq!(asked, usize::from(told == Asked), "{name}: {listed}");
        let mut status = sandbox.command("git", &worktree);
        status.args(["status", "--porcelain", "-z", "-uall", "--no-renames"]);
        let status = status.output().unwrap().stdout;
        let changes = status.split_inclusive(|&byte| byte == 0);
        let counts = |line: &&[u8]| !PUT_THERE.contains(line) && !line.ends_with(b".DS_Store\0");
        let changes = changes.filter(counts).count();
        assert_eq!(
            session["changes"],
            changes,
            "{name}: {}",
            String::from_utf8_lossy(&status)
        );
    }

    for (name, _, _, can_be_removed) in DONE {
        let outcome = sandbox.run(["remove", name]);
        assert_eq!(outcome.code == Some(0), can_be_removed, "{name}: {outcome}");
    }
}

#[test]
fn what_is_written_while_the_windows_close_comes_back_where_nothing_was_changed_before() {
    let scripts = [
        "echo 1 >>README.md",
        "echo 1 >new",
        "mkdir -p lib && echo 1 >lib/new",
        "echo 1 >late && git add late && git commit -q -m Late",
        "cp README.md copy && echo '# Paints' >copy && touch -r README.md copy && mv copy README.md",
    ];
    for script in scripts {
        let sandbox = Sandbox::new();
        let worktree = sandbox.add("feat");
        fs::create_dir(worktree.join("lib")).unwrap();
        write(&worktree.join("lib/.env"), "ignored");
        age_files(&sandbox, &worktree);
        let quiet = sandbox.run(["-v", "list"]);
        assert!(!quiet.stderr.contains(" status "), "{quiet}");
        sandbox.remove_and_restore_while(script);
        let outcome = sandbox.run(["remove", "feat"]);
        assert_eq!(outcome.code, Some(1), "{script}: {outcome}");
    }
}

#[test]
fn what_was_put_there_and_git_shows_is_counted_neither_way() {
    let sandbox = Sandbox::new();
    let worktree = sandbox.add("feat");
    age_files(&sandbox, &worktree);
    write(&sandbox.main.join(".git/info/exclude"), "");
    let status = sandbox.git(&worktree, ["status", "--porcelain"]);
    assert!(status.contains("?? frontend/node_modules"), "{status}");
    assert_eq!(sandbox.list()[0]["changes"], 0);
    write(&worktree.join("README.md"), "changed");
    assert_eq!(sandbox.list()[0]["changes"], 1);
}

#[test]
fn a_repository_with_other_hashes_or_other_refs_is_left_to_git() {
    for format in ["--object-format=sha256", "--ref-format=reftable"] {
        let sandbox = Sandbox::new();
        fs::remove_dir_all(sandbox.main.join(".git")).unwrap();
        let mut init = sandbox.command("git", &sandbox.main);
        if !init
            .args(["init", "-q", format])
            .status()
            .unwrap()
            .success()
        {
            // An older git has neither.
            continue;
        }
        sandbox.commit_all();
        let worktree = sandbox.add("feat");
        age_files(&sandbox, &worktree);
        let listed = sandbox.run(["-v", "list"]);
        assert!(listed.stderr.contains(" status "), "{format}: {listed}");
        write(&worktree.join("new"), "new");
        sandbox
            .run(["remove", "feat"])
            .fails("error: the session feat has changes that are not committed: new\n[...]");
    }
}

/// Makes the files look old, and has git see them so: what was changed in the second in which the index was written git reads
/// again.
fn age_files(sandbox: &Sandbox, worktree: &Path) {
    sandbox.in_shell(
        worktree,
        "git ls-files -z | xargs -0 touch -h -t 202001010000 && git update-index --refresh",
    );
}

impl Sandbox {
    /// Runs a script, which must not fail.
    fn in_shell(&self, dir: &Path, script: &str) {
        let done = self
            .command("sh", dir)
            .args(["-ec", script])
            .output()
            .unwrap();
        assert!(done.status.success(), "{script}: {done:?}");
    }
}
