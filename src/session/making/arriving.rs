//! Putting into a worktree what its session takes from the main checkout.

use crate::file;
use crate::git::Git;
use crate::session::Session;
use crate::session::loss::uncommitted;
use crate::session::records::taking::Taking;
use crate::store::atomic;
use anyhow::{Context, Result, bail};
use std::fs::{self, File};
use std::path::Path;
use tempfile::TempPath;

impl Taking {
    /// Puts it into the worktree. One that is not `new` may have it already, after a command that was cut short: then it is put
    /// there only if nothing was changed. Gives what there is to tell.
    ///
    /// # Errors
    /// If the branch has moved meanwhile, git fails, or a file can't be copied.
    pub fn arrive(&self, session: &Session<'_>, lock: &File, new: bool) -> Result<Option<String>> {
        let worktree = session.record.worktree();
        let git = Git::at(worktree).holding(lock);
        let is_at_start = git.object("HEAD", "commit")?.as_ref() == Some(&self.onto);
        if new && !is_at_start {
            bail!("the branch {} has moved meanwhile", session.record.branch());
        }
        if !new {
            sweep(worktree);
        }
        let is_to_be_put =
            new || is_at_start && uncommitted::status(session, "no")?.changes.is_empty();
        let put = if is_to_be_put { self.put(git) } else { Ok(()) };
        if new {
            put?;
            return self.complete(session).map(|()| None);
        }
        let left_over = self.left_over(session.project);
        Ok(Some(match put {
            Ok(()) => left_over,
            // The session is as good as another one without it.
            Err(error) => format!("{error:#}; {left_over}"),
        }))
    }

    fn put(&self, git: Git<'_>) -> Result<()> {
        git.go_to(&self.onto, &self.files)
            .context("cannot put the changes of the main checkout into the worktree")?;
        git.reset_index(&self.index)
    }

    /// Gives the worktree what git does not keep of a file: what a filter drops, how lines end, who may read it.
    fn complete(&self, session: &Session<'_>) -> Result<()> {
        let (main, worktree) = (&session.project.main, session.record.worktree());
        self.whole.iter().try_for_each(|path| {
            put_whole(main, worktree, path)
                .with_context(|| format!("cannot put {} into the worktree", path.display()))
        })
    }
}

/// Takes away what a command that was killed left of a file that it was copying.
fn sweep(worktree: &Path) {
    let is_part = |path: &Path| path.to_string_lossy().ends_with(atomic::UNFINISHED);
    for (part, _) in file::walk(worktree).filter(|(path, _)| is_part(path)) {
        let _ = fs::remove_file(part);
    }
}

/// Puts the main checkout's file in the place of the one that git has checked out, if they differ. It is written out, as no commit
/// has it.
fn put_whole(main: &Path, worktree: &Path, path: &Path) -> Result<()> {
    let to = worktree.join(path);
    let there = to.symlink_metadata()?;
    let is_folder = |above| fs::symlink_metadata(worktree.join(above)).is_ok_and(|it| it.is_dir());
    if !there.is_file() || !path.ancestors().skip(1).all(is_folder) {
        bail!("something else is in its place");
    }
    // One that is gone meanwhile is not taken out of there.
    let from = main.join(path);
    let Some(file) = file::open_if_there(&from)? else {
        return Ok(());
    };
    let here = file.metadata()?;
    let is_like = here.len() == there.len() && here.permissions() == there.permissions();
    if is_like && file::have_same_bytes(&file, &File::open(&to)?)? {
        return Ok(());
    }
    let part = TempPath::try_from_path(atomic::unfinished(&to))?;
    fs::copy(&from, &part)?;
    atomic::write_out(&File::open(&part)?)?;
    part.persist(&to)?;
    Ok(())
}
