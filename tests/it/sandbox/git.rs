//! What a user does with git.

use super::{Sandbox, Words, write};
use std::path::{Path, PathBuf};
use std::process::Stdio;

impl Sandbox {
    /// Runs git, which must not fail, and gives what it says without the last line end.
    #[track_caller]
    pub fn git(&self, dir: &Path, words: impl Words) -> String {
        let words = words.words();
        let output = self.command("git", dir).args(&words).output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "git {words:?}: {told}");
        let said = String::from_utf8(output.stdout).unwrap();
        said.trim_end().to_owned()
    }

    /// Runs git in the main checkout.
    #[track_caller]
    pub fn git_main(&self, words: impl Words) -> String {
        self.git(&self.main, words)
    }

    /// As [`Sandbox::git`], with a path as the last argument.
    #[track_caller]
    pub fn git_at(&self, dir: &Path, words: impl Words, path: &Path) -> String {
        let mut words = words.words();
        words.push(path.to_str().unwrap().to_owned());
        self.git(dir, words)
    }

    /// The commit that a checkout is on.
    #[track_caller]
    pub fn head(&self, dir: &Path) -> String {
        self.git(dir, "rev-parse HEAD")
    }

    /// What git shows of a checkout, a line for each file.
    #[track_caller]
    pub fn status(&self, dir: &Path) -> String {
        self.git(dir, "status --porcelain --untracked-files=all")
    }

    /// git shows nothing of a checkout.
    #[track_caller]
    pub fn assert_clean(&self, dir: &Path) {
        assert_eq!(self.status(dir), "", "{}", dir.display());
    }

    /// Writes a file and commits it; gives the commit.
    pub fn commit(&self, dir: &Path, file: &str, text: &str) -> String {
        write(&dir.join(file), text);
        self.git(dir, ["add", "--", file]);
        self.git(dir, ["commit", "-q", "-m", &format!("Change {file}")]);
        self.head(dir)
    }

    /// Commits a repository inside a checkout as a link to its commit.
    pub fn commit_link(&self, dir: &Path, path: &str) {
        self.git(
            dir,
            ["-c", "advice.addEmbeddedRepo=false", "add", "--", path],
        );
        self.git(dir, "commit -q -m Link");
    }

    /// Commits all that git does not ignore.
    pub fn commit_all(&self) {
        self.git_main("add --all");
        self.git_main("commit -q -m All");
    }

    /// Makes a remote `origin` with the main branch.
    pub fn make_origin(&self) {
        self.git(&self.root, "init -q --bare origin.git");
        let origin = self.root.join("origin.git");
        self.git_at(&self.main, "remote add origin", &origin);
        self.git_main("push -q -u origin main");
    }

    /// Makes another repository beside the project, with a commit; gives its folder.
    pub fn make_repository(&self, name: &str) -> PathBuf {
        let folder = self.root.join(name);
        self.git_at(&self.root, "init -q", &folder);
        self.commit(&folder, "file", "text");
        folder
    }

    /// Commits a submodule of the main checkout.
    pub fn add_submodule(&self, from: &str, path: &str) {
        self.git(&self.root, "config --global protocol.file.allow always");
        self.git_main(["submodule", "--quiet", "add", from, path]);
        self.git_main(["commit", "-q", "-m", "Add a submodule"]);
    }

    /// Has a script run as a hook of git's, whenever it has checked something out.
    pub fn hook_checkout(&self, script: &str) {
        self.write_script(&self.main.join(".git/hooks/post-checkout"), script);
    }

    /// Whether the repository has an object.
    pub fn has_object(&self, name: &str) -> bool {
        let mut git = self.command("git", &self.main);
        let git = git.args(["cat-file", "-e", name]).stderr(Stdio::null());
        git.status().unwrap().success()
    }
}
