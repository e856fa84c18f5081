//! What a user does with git.

use super::{Sandbox, write};
use std::path::Path;
use std::process::Stdio;

impl Sandbox {
    /// Runs git, which must not fail, and gives what it says without the last line end.
    #[track_caller]
    pub fn git<const N: usize>(&self, dir: &Path, args: [&str; N]) -> String {
        self.git_words(dir, &args)
    }

    /// Runs git in the main checkout.
    #[track_caller]
    pub fn git_main<const N: usize>(&self, args: [&str; N]) -> String {
        self.git(&self.main, args)
    }

    #[track_caller]
    fn git_words(&self, dir: &Path, args: &[&str]) -> String {
        let output = self.command("git", dir).args(args).output().unwrap();
        let words = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "git {args:?}: {words}");
        let said = String::from_utf8(output.stdout).unwrap();
        said.trim_end().to_owned()
    }

    /// Writes a file and commits it; gives the commit.
    pub fn commit(&self, dir: &Path, file: &str, text: &str) -> String {
        write(&dir.join(file), text);
        self.git(dir, ["add", "--", file]);
        self.git(dir, ["commit", "-q", "-m", &format!("Change {file}")]);
        self.git(dir, ["rev-parse", "HEAD"])
    }

    /// Commits a repository inside a checkout as a link to its commit.
    pub fn commit_link(&self, dir: &Path, path: &str) {
        self.git(
            dir,
            ["-c", "advice.addEmbeddedRepo=false", "add", "--", path],
        );
        self.git(dir, ["commit", "-q", "-m", &format!("Add {path}")]);
    }

    /// Whether the repository has an object.
    pub fn has_object(&self, name: &str) -> bool {
        let mut git = self.command("git", &self.main);
        let status = git
            .args(["cat-file", "-e", name])
            .stderr(Stdio::null())
            .status();
        status.unwrap().success()
    }

    /// As [`Sandbox::git`], with a path as the last argument.
    #[track_caller]
    pub fn git_at<const N: usize>(&self, dir: &Path, args: [&str; N], path: &Path) -> String {
        let args = args.into_iter().chain([path.to_str().unwrap()]);
        self.git_words(dir, &args.collect::<Vec<_>>())
    }
}
