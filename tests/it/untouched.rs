//! What the program sees of worktrees without git is what git would have said.

use crate::sandbox::{Sandbox, unset, write};
use serde_json::Value;
use std::fs;
use std::path::Path;

/// A line of what is done.
struct Done {
    name: &'static str,
    script: &'static str,
    is_asked: bool,
    can_be_removed: bool,
}

impl Done {
    fn parse(line: &'static str) -> Self {
        let (how, script) = line.split_once(':').unwrap();
        let how: Vec<_> = how.split_whitespace().collect();
        let [told @ ("seen" | "asked"), end @ ("goes" | "stays"), name] = how[..] else {
            panic!("{line}");
        };
        Self {
            name,
            script,
            is_asked: told == "asked",
            can_be_removed: end == "goes",
        }
    }
}

/// What is done in a worktree, a line each: whether the program sees by itself that no tracked file has changed (git may say
/// which others it ignores) or git is asked for its status, whether the session can be removed then, a name, and a script.
const DONE: &str = r#"
seen  goes  nothing:
seen  goes  an-ignored-file: echo 1 >other.sqlite3
seen  goes  an-ignored-folder: mkdir -p lib/node_modules/a && echo 1 >lib/node_modules/a/b
seen  goes  an-empty-folder: mkdir -p new/empty
seen  goes  its-own-settings: echo A=1 >>backend/.env && mkdir -p .claude/local && rm frontend/node_modules
seen  goes  packed-refs: git pack-refs --all
seen  stays a-commit: echo 1 >new && touch -t 202001010000 new && git add new && git commit -qm New
seen  goes  another-branch: git switch -qc another-one
asked goes  no-branch: git switch -q --detach
asked stays an-edit: echo 1 >>README.md
asked stays an-edit-below: echo 1 >>backend/manage.py
asked stays an-edit-of-the-same-size: echo '# Paints' >README.md
asked stays an-edit-with-the-same-time: cp -p README.md copy && echo '# Paints' >copy && touch -r README.md copy && mv copy README.md
asked goes  a-touch: touch README.md
seen  goes  a-look-with-finder: mkdir seen && touch .DS_Store backend/.DS_Store seen/.DS_Store
asked goes  a-touch-and-a-look-with-finder: mkdir seen && touch README.md .DS_Store seen/.DS_Store
asked stays a-mode: chmod +x README.md
asked stays a-deletion: rm README.md
asked stays a-folder-deleted: rm -r backend
asked goes  a-copy: cp README.md copy && mv copy README.md
seen  stays a-new-file: echo 1 >new
seen  stays a-new-file-below: mkdir new && echo 1 >new/new
seen  goes  many-ignored-files: for n in $(seq 200); do echo 1 >$n.sqlite3; done
seen  stays many-new-files: for n in $(seq 200); do echo 1 >$n; done
asked stays a-strange-file: touch "$(printf 'a\nb')"; touch "$(printf '\377')" || touch other
seen  stays new-beside-ignored: mkdir lib && echo 1 >lib/.env && echo 1 >lib/new
asked stays not-ignored-any-more: echo >.gitignore
asked stays a-file-for-a-folder: rm -r frontend && echo 1 >frontend
asked stays a-folder-for-a-file: rm README.md && mkdir README.md && echo 1 >README.md/new
asked stays a-link-for-a-file: mv README.md text.sqlite3 && ln -s text.sqlite3 README.md
asked stays a-link-for-a-folder: mv backend lib.sqlite3 && ln -s lib.sqlite3 backend
seen  goes  a-folder-of-settings: rm frontend/.env && mkdir frontend/.env && echo 1 >frontend/.env/ignored
asked stays staged: echo 1 >>README.md && git add README.md
asked stays staged-and-undone: echo 1 >>README.md && git add README.md && git show HEAD:README.md >README.md
asked stays staged-anew: echo 1 >new && git add new
asked stays staged-deletion: git rm -q --cached README.md
asked stays meant-to-be-added: echo 1 >new && git add -N new
asked stays an-older-commit: git commit -q --allow-empty -m One && echo 1 >new && git add new && git commit -qm New && git reset -q --soft HEAD^
asked stays a-conflict: echo 1 >README.md && git stash -q && echo 2 >README.md && git commit -qam Two && ! git stash pop -q
seen  stays a-repository: git init -q inner
asked stays a-repository-around-files: git init -q backend
asked stays taken-as-unchanged: git update-index --assume-unchanged README.md && echo 1 >>README.md
asked stays left-as-it-is: git update-index --skip-worktree README.md && echo 1 >>README.md
asked goes  hidden-and-unchanged: git update-index --assume-unchanged README.md link && git update-index --skip-worktree backend/manage.py folder
asked stays a-hidden-file-with-a-strange-name: git update-index --assume-unchanged caf* && echo 1 >>caf*
asked goes  a-hidden-link-to-something-else: git update-index --assume-unchanged folder && rm folder && mkdir folder
asked goes  another-version: git update-index --index-version 4
asked goes  two-parts: git update-index --split-index
"#;

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
    sandbox.lay_out("activate = \"\"\n[[window]]\nname = \"shell\"\n");
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
    let all: Vec<_> = DONE.trim().lines().map(Done::parse).collect();
    for done in &all {
        sandbox.run(["add", done.name]).succeeds();
        let worktree = sandbox.worktree(done.name);
        age_files(&sandbox, &worktree);
        sandbox.in_shell(&worktree, done.script);
    }

    let listed = sandbox.run("-v list --json");
    let sessions: Vec<Value> = serde_json::from_str(&listed.stdout).unwrap();
    for (done, session) in all.iter().zip(sessions) {
        let name = done.name;
        let worktree = sandbox.worktree(name);
        let is_asked =
            |line: &str| line.contains(" status ") && line.contains(&format!("tally-{name} "));
        let asked = listed.stderr.lines().filter(|line| is_asked(line)).count();
        assert_eq!(asked, usize::from(done.is_asked), "{name}: {listed}");
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

    for done in &all {
        let outcome = sandbox.run(["remove", done.name]);
        assert_eq!(outcome.code == Some(0), done.can_be_removed, "{outcome}");
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
        let (sandbox, worktree) = Sandbox::new().with_worktree("feat");
        fs::create_dir(worktree.join("lib")).unwrap();
        write(&worktree.join("lib/.env"), "ignored");
        age_files(&sandbox, &worktree);
        sandbox.run("-v list").says_nothing_of(" status ");
        sandbox.remove_and_restore_while(script);
        let outcome = sandbox.run("remove feat");
        assert_eq!(outcome.code, Some(1), "{script}: {outcome}");
    }
}

#[test]
fn what_was_put_there_and_git_shows_is_counted_neither_way() {
    let (sandbox, worktree) = Sandbox::new().with_worktree("feat");
    age_files(&sandbox, &worktree);
    write(&sandbox.main.join(".git/info/exclude"), "");
    let status = sandbox.status(&worktree);
    assert!(status.contains("?? frontend/node_modules"), "{status}");
    assert_eq!(sandbox.list()[0]["changes"], 0);
    write(&worktree.join("README.md"), "changed");
    assert_eq!(sandbox.list()[0]["changes"], 1);
}

#[test]
fn a_repository_with_other_hashes_or_other_refs_is_left_to_git() {
    for format in ["--object-format=sha256", "--ref-format=reftable"] {
        let sandbox = Sandbox::new();
        unset(&sandbox.main.join(".git"));
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
        let listed = sandbox.run("-v list");
        assert!(listed.stderr.contains(" status "), "{format}: {listed}");
        write(&worktree.join("new"), "new");
        let error = "error: the session feat has changes that are not committed: new\n[...]";
        sandbox.run("remove feat").fails(error);
        sandbox.git(&worktree, "branch -m renamed");
        let listed = &sandbox.list()[0];
        assert_eq!(listed["branch"], "renamed", "{listed}");
        sandbox.git(&worktree, "switch -q --detach");
        assert_eq!(sandbox.list()[0]["branch"], Value::Null);
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
