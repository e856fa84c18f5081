//! Taking what is uncommitted in the main checkout to a new session: it is saved as a commit first, put into the worktree then
//! (see [`crate::session::records::taking`]), and taken out of the main checkout last. So at any moment one of them has it, and mostly two.

use crate::file::{self, Stamp};
use crate::git::files::Status;
use crate::git::keep::Change;
use crate::git::snapshot::{Difference, Scratch};
use crate::git::{Git, Start};
use crate::hint::{Hint, with_hint};
use crate::layout::{self, Layout};
use crate::name::SessionName;
use crate::project::Project;
use crate::session::belongings::{database, files};
use crate::session::loss::named::named;
use crate::session::loss::uncommitted;
use crate::session::making::start::Begin;
use crate::session::records::taking::Taking;
use crate::store::lock::Lock;
use crate::store::records;
use anyhow::{Context, Result, anyhow, bail};
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::slice;
use std::time::{SystemTime, UNIX_EPOCH};

/// This tool's own files of the main checkout.
const OWN: [&str; 2] = [records::FILE, layout::FILE];

/// What there is to take, and what is needed to take it out of the main checkout. No other command takes anything meanwhile.
pub struct Saved {
    /// What the session gets.
    pub taking: Taking,
    /// The commit that is checked out in the main checkout.
    base: String,
    /// The tree of its index.
    staged: String,
    /// The commit that has all that is taken.
    commit: String,
    /// What is taken.
    taken: Vec<Difference>,
    /// What each of them was like, if it was there.
    stamps: Vec<Option<Stamp>>,
    /// The index of these files.
    scratch: Scratch,
    _lock: Lock,
}

/// Saves what is uncommitted in the main checkout, as it will be on the branch; nothing leads to it yet. None if there is
/// nothing. Gives what there is to tell, too.
///
/// # Errors
/// If the main checkout is in the middle of something, if a change conflicts with what the branch starts from, or if git fails.
pub fn save(
    project: &Project,
    layout: &Layout,
    name: &SessionName,
    begin: &Begin,
) -> Result<(Option<Saved>, Vec<String>)> {
    let lock = Lock::take(&project.common.join("tally-session/taking.lock"))?;
    let git = Git::at(&project.main);
    let hint = format!("look at it with: {} status", project.git());
    if let Some(unfinished) = uncommitted::unfinished(&project.common) {
        let error = anyhow!("the main checkout is in the middle of {unfinished}");
        return Err(with_hint(error, hint));
    }
    let status = git.status::<&str>([], "no")?;
    let base = status
        .head
        .clone()
        .context("the repository has no commit yet")?;
    let scratch = Scratch::of(&project.common)?;
    let index = scratch.index();
    let own = git.with_index(&index);
    let staged = own
        .write_tree()
        .context("the index of the main checkout can't be saved")
        .hint(hint)?;
    own.add_all(&not_to_be_taken(project, layout, &status))
        .context("what is in the main checkout can't be saved")?;
    let taken = that_goes(project, git.differences(&base, &own.write_tree()?)?);
    let mut notes = Vec::from_iter(that_stays(project, &status, &taken));
    if taken.is_empty() {
        notes.push("the main checkout has no changes to take".to_owned());
        return Ok((None, notes));
    }
    let stamps = taken.iter().map(|one| stamp(project, one)).collect();
    let saved = git.tree_with(&base, &taken)?;
    let kept_staged = that_goes(project, git.differences(&base, &staged)?);
    let kept_staged = git.tree_with(&base, &kept_staged)?;
    let message = format!("What {name} takes from the main checkout");
    let index_commit = git.commit(&kept_staged, slice::from_ref(&base), &message)?;
    let commit = git.commit(&saved, &[base.clone(), index_commit], &message)?;
    let conflicting = |paths| conflicting(project, name, &begin.start, paths);
    let (files, index) = if begin.commit == base {
        (saved.clone(), kept_staged)
    } else {
        let ported = git.ported(&base, &saved, &begin.commit)?;
        (ported.map_err(conflicting)?, begin.commit.clone())
    };
    let whole = whole(project, &taken, &saved, &files)?.map_err(conflicting)?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    let taking = Taking {
        refname: format!("refs/tally-session/_taken/{}@{now}", name.slug()),
        onto: begin.commit.clone(),
        files,
        index,
        whole,
    };
    let saved = Saved {
        taking,
        base,
        staged,
        commit,
        taken,
        stamps,
        scratch,
        _lock: lock,
    };
    Ok((Some(saved), notes))
}

/// git tells of another repository by a slash.
fn is_repository(path: &str) -> bool {
    path.ends_with('/')
}

/// The paths that stay: other repositories, open databases, and, if they are untracked, what the session gets its own of, as the
/// main checkout needs it.
fn not_to_be_taken(project: &Project, layout: &Layout, status: &Status) -> Vec<String> {
    let untracked = status.changes.iter().filter(|change| change.untracked);
    let untracked: Vec<_> = untracked.map(|change| change.path.as_str()).collect();
    let alone = status.changes.iter().map(|change| &change.path);
    let alone = alone
        .filter(|path| is_repository(path) || database::is_of_open_one(&project.main.join(path)));
    let others = files::belongings(project, layout).chain(OWN.map(ToOwned::to_owned));
    // What is ignored can't be left out once more.
    let is_shown = |own: &String| {
        let mut below = untracked.iter().filter_map(|path| path.strip_prefix(own));
        below.any(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    alone.cloned().chain(others.filter(is_shown)).collect()
}

/// What is uncommitted and stays, in words, if something does.
fn that_stays(project: &Project, status: &Status, taken: &[Difference]) -> Option<String> {
    let names: BTreeSet<_> = taken.iter().map(Difference::name).collect();
    let stays = status.changes.iter().filter(|change| match &change.path {
        path if path == records::FILE => false,
        path if change.untracked => {
            is_repository(path)
                || path == layout::FILE
                || database::is_of_open_one(&project.main.join(path))
        }
        path => !names.contains(path),
    });
    let stays: Vec<_> = stays.map(|change| change.path.clone()).collect();
    (!stays.is_empty()).then(|| format!("stays in the main checkout: {}", named(&stays)))
}

/// What goes: a link to another repository's commit says nothing of what is in there, and this tool's own files are for the main
/// checkout. A database may have been opened just now.
fn that_goes(project: &Project, mut all: Vec<Difference>) -> Vec<Difference> {
    all.retain(|one| {
        !one.is_repository
            && OWN.iter().all(|own| one.path() != Path::new(own))
            && !database::is_of_open_one(&project.main.join(one.path()))
    });
    all
}

/// What a file is like, if it is there.
fn stamp(project: &Project, one: &Difference) -> Option<Stamp> {
    let about = project.main.join(one.path()).symlink_metadata();
    about.ok().map(|about| Stamp::of(&about))
}

/// The files of which the session can get all that the main checkout has: those that git did not merge. Gives the paths of merged
/// ones of which git does not keep all, if there are some.
fn whole(
    project: &Project,
    taken: &[Difference],
    saved: &str,
    files: &str,
) -> Result<Result<Vec<PathBuf>, BTreeSet<String>>> {
    let git = Git::at(&project.main);
    let mut merged = BTreeSet::new();
    if saved != files {
        let differences = git.differences(saved, files)?;
        merged.extend(differences.into_iter().map(|one| one.path));
    }
    let (mut whole, mut halves) = (Vec::new(), BTreeSet::new());
    for one in taken.iter().filter(|one| one.is_there) {
        let path = project.main.join(one.path());
        if path.is_symlink() {
            continue;
        }
        if !merged.contains(&one.path) {
            whole.push(one.path().to_owned());
        } else if Some(git.checked_out(saved, one.path())?) != file::read_if_there(&path)? {
            halves.insert(one.name());
        }
    }
    Ok(if halves.is_empty() {
        Ok(whole)
    } else {
        Err(halves)
    })
}

fn conflicting(
    project: &Project,
    name: &SessionName,
    start: &Start,
    paths: BTreeSet<String>,
) -> anyhow::Error {
    let (onto, instead) = match start {
        Start::New { from, .. } => (
            from.as_str(),
            format!("tally-session add {name} --take-changes"),
        ),
        Start::Tracking { remote } => (remote.as_str(), "choose another name".to_owned()),
        Start::Existing => (name.as_str(), "choose another name".to_owned()),
    };
    let paths: Vec<_> = paths.into_iter().collect();
    let error = anyhow!(
        "the changes of the main checkout do not fit onto {onto}: {}",
        named(&paths)
    );
    let error = with_hint(
        error,
        format!("look at them with: {} diff HEAD", project.git()),
    );
    with_hint(
        error,
        format!("take them to a new branch that starts where they are: {instead}"),
    )
}

impl Saved {
    /// Has a ref keep it.
    ///
    /// # Errors
    /// If git fails.
    pub fn keep(&self, project: &Project) -> Result<()> {
        let create = Change::Create(&self.taking.refname, &self.commit);
        Ok(Git::at(&project.main).change_refs(&[create])?)
    }

    /// Takes the ref away: all that it keeps is in the main checkout, or all in the session.
    ///
    /// # Errors
    /// If git fails.
    pub fn forget(&self, project: &Project) -> Result<()> {
        let delete = Change::Delete(&self.taking.refname, &self.commit);
        Ok(Git::at(&project.main).change_refs(&[delete])?)
    }

    /// Takes what the session has got out of the main checkout, but for what somebody has changed there since it was saved. If that
    /// fails the ref stays. Gives how many files the session has got, and what there is to tell.
    pub fn take_out(&self, project: &Project, lock: &File) -> (usize, Option<String>) {
        let taken_out = self.take_out_of(project, lock);
        let taken_out = taken_out.and_then(|kept| self.forget(project).map(|()| kept));
        let note = match taken_out {
            Ok(kept) if kept.is_empty() => None,
            Ok(kept) => Some(format!(
                "has changed in the main checkout meanwhile, and stays there too: {}",
                named(&kept)
            )),
            Err(error) => Some(format!(
                "the session has the changes, and the main checkout may still have them: {error:#}; {}",
                self.taking.whereabouts(project)
            )),
        };
        (self.taken.len(), note)
    }

    /// Gives the paths that stay.
    fn take_out_of(&self, project: &Project, lock: &File) -> Result<Vec<String>> {
        let git = Git::at(&project.main);
        let now = Scratch::of(&project.common)?;
        if git.object("HEAD", "commit")?.as_ref() != Some(&self.base)
            || git.with_index(&now.index()).write_tree()? != self.staged
        {
            bail!("something was staged or committed there");
        }
        let index = self.scratch.index();
        let own = git.with_index(&index);
        own.refresh()?;
        let mut changed = own.changed_files()?;
        // What git does not keep of a file may have changed too.
        let now = self.taken.iter().zip(&self.stamps).filter(|(one, was)| {
            one.is_there && stamp(project, one) != **was
                || database::is_of_open_one(&project.main.join(one.path()))
        });
        changed.extend(now.map(|(one, _)| one.path.clone()));
        let untouched = |one: &&Difference| !changed.contains(&one.path);
        let there = self.taken.iter().filter(untouched);
        let there = there.filter(|one| one.is_there).map(Difference::path);
        let there: BTreeSet<_> = there.collect();
        let (out, kept): (Vec<_>, Vec<_>) = self.taken.iter().partition(|one| {
            untouched(one) && (one.is_there || is_free(&project.main, one.path(), &there))
        });
        let saved = &self.commit;
        let rest = git.tree_with(&self.base, kept.iter().copied())?;
        let back: Vec<_> = git.differences(saved, &rest)?;
        debug_assert_eq!(back.len(), out.len());
        // Were it cut short behind this, the changes would be there as ones that are not staged.
        git.stage(&back)?;
        own.holding(lock).go_to(saved, &rest)?;
        git.refresh()?;
        Ok(kept.into_iter().map(Difference::name).collect())
    }
}

/// Whether a file can come back to a path where it was taken away: nothing is in its way but what goes.
fn is_free(main: &Path, path: &Path, goes: &BTreeSet<&Path>) -> bool {
    let mut above: Vec<_> = path.ancestors().skip(1).collect();
    above.pop();
    for folder in above.into_iter().rev() {
        match main.join(folder).symlink_metadata() {
            Err(_) => return true,
            Ok(about) if !about.is_dir() => return goes.contains(folder),
            Ok(_) => {}
        }
    }
    goes_whole(main, path, goes)
}

/// Whether all that is at a path goes.
fn goes_whole(main: &Path, path: &Path, goes: &BTreeSet<&Path>) -> bool {
    let whole = main.join(path);
    match whole.symlink_metadata() {
        Err(_) => true,
        Ok(about) if about.is_dir() => fs::read_dir(&whole).is_ok_and(|mut entries| {
            entries.all(|entry| {
                entry.is_ok_and(|entry| goes_whole(main, &path.join(entry.file_name()), goes))
            })
        }),
        Ok(_) => goes.contains(path),
    }
}
