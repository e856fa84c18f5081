//! Checking a branch out in a new worktree.

use super::{Git, crypt, progress};
use crate::process::Failure;
use crate::ui;
use std::fs;
use std::path::Path;

impl Git<'_> {
    /// Checks a branch out in a new worktree of the repository with this common git folder; with a commit it is a new branch, which
    /// starts there. When it fails, the words may be those of a hook, and the worktree be complete.
    pub fn add_worktree(
        self,
        common: &Path,
        path: &Path,
        branch: &str,
        commit: Option<&str>,
    ) -> Result<(), Failure> {
        let many = self.way_of_many_files();
        let options = many.map_or("", |_| "-c checkout.workers=0");
        let quiet = (!ui::shows_progress()).then_some("--quiet");
        let is_encrypted = crypt::has_keys(common);
        let unfinished = is_encrypted.then_some(crypt::UNFINISHED);
        let run = self.run(options).args(["worktree", "add"]).args(quiet);
        let run = run.args(unfinished.into_iter().flatten());
        let new = commit.map(|_| ["--no-track", "-b", branch]);
        let run = run.args(new.into_iter().flatten()).arg("--").arg(path);
        let run = run.arg(commit.unwrap_or(branch));
        let run = run.by_way_of(many.unwrap_or_default());
        progress::shown("checking out the files", run)?;
        if is_encrypted {
            let there = Git { dir: path, ..self };
            return there.check_out_unlocked(common, options, branch);
        }
        Ok(())
    }

    /// How git is started to check out so many files that several of its processes do it faster than one; none if they are
    /// few, or the user has decided on that. From about 4,000 files on, whose entries take some 75 bytes each in the index,
    /// it saves up to two fifths: half of that because the processes, which tell each other of every file, run on for
    /// a while where the kernel can be told so.
    fn way_of_many_files(self) -> Option<&'static [&'static str]> {
        const MANY: u64 = 300_000;
        const WAYS: [&[&str]; 2] = [&["chrt", "-b", "0"], &[]];
        let index = fs::metadata(self.dir.join(".git/index"));
        if index.map_or(0, |index| index.len()) < MANY {
            return None;
        }
        for way in WAYS {
            let set = self.run("config --get checkout.workers");
            match set.by_way_of(way).output() {
                Ok(set) if set.status.success() => return None,
                Ok(set) if set.status.code() == Some(1) && set.stderr.is_empty() => {
                    return Some(way);
                }
                // The way is not open here.
                _ => {}
            }
        }
        None
    }
}
