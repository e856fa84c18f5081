//! Putting right what can be put right without a risk.

use crate::finding::{Finding, Mend};
use crate::git::keep::Changing;
use crate::git::{Start, worktrees};
use crate::name::SessionName;
use crate::project::Project;
use crate::session::belongings::hidden;
use crate::session::doctor::Subject;
use crate::session::loss::removed::{About, Removed};
use crate::session::making::{self, Task, Windows};
use crate::session::records::hold::{self, Hold, Unfinished};
use crate::session::resume::{self, Back};
use crate::session::{Session, lock_store};
use crate::store::lock::Lock;
use crate::store::records::Records;
use crate::store::{atomic, claude_json};
use anyhow::{Context, Result, bail};
use std::path::Path;
use std::slice;

/// What there is to tell of a mending.
#[derive(Default)]
pub struct Mended {
    /// What did not go well.
    pub failures: Vec<Finding>,
    /// What else there is to tell.
    pub notes: Vec<String>,
    /// The sessions whose servers were only just started.
    pub started: Vec<SessionName>,
}

/// Mends all that these findings can be mended by, each once.
pub fn mend(subject: &Subject<'_>, findings: &[Finding]) -> Mended {
    let mut mended = Mended::default();
    let mut done: Vec<&Mend> = Vec::new();
    for finding in findings {
        let Some(mend) = finding.mend.as_ref().filter(|mend| !done.contains(mend)) else {
            continue;
        };
        done.push(mend);
        if let Err(error) = one(subject, mend, &mut mended) {
            let failure = Finding::error(format!("can't mend {}:", finding.checked), &error);
            mended.failures.push(failure);
        }
    }
    mended
}

fn one(subject: &Subject<'_>, mend: &Mend, mended: &mut Mended) -> Result<()> {
    let project = subject.project;
    match mend {
        Mend::Files(name) => {
            mended.notes.extend(prepare(subject, name)?);
        }
        Mend::Finish(name) => {
            let (layout, claude) = subject.means()?;
            let wanted = Some(slice::from_ref(name));
            let results = resume::resume(project, layout, claude, wanted)?;
            for (name, result) in results {
                let resumed = result?;
                if resumed.back != Back::Nothing {
                    mended.notes.extend(resumed.notes);
                    mended.started.push(name);
                }
            }
        }
        Mend::Hide => hidden::hide_our_own(project)?,
        Mend::Entry(path) => {
            let lock = hold_stray(project, path)?;
            let removed = take_entry(project, path, &lock)?;
            drop(lock);
            removed.unhide(project)?;
        }
        Mend::ClaudeEntry(path) => {
            let (_, claude) = subject.means()?;
            let _lock = hold_stray(project, path)?;
            claude_json::forget_inherited(&claude.json, &project.main, path)?;
        }
        Mend::Lock(path) => hold::clear(path)?,
        Mend::Parts(path) => atomic::sweep(path),
    }
    Ok(())
}

/// Makes all of a session true but its windows. Nothing is done about a worktree that is gone: that takes a resume.
fn prepare(subject: &Subject<'_>, name: &SessionName) -> Result<Vec<String>> {
    let (project, (layout, claude)) = (subject.project, subject.means()?);
    let mut hold = Hold::take(project, name)?;
    let records = Records::read(&project.main)?;
    let session = Session::find(project, layout, &records, name, "resume")?;
    if hold.unfinished.is_some() || !project.owns_worktree(session.record.worktree()) {
        bail!("the session {name} has changed meanwhile");
    }
    // For this command alone: if it is cut short, nothing is half made that was not before.
    hold.unfinished = Some(Unfinished::of_existing());
    let task = Task {
        session,
        hold,
        start: Start::Existing,
        windows: Windows::LeftAlone,
        notes: Vec::new(),
    };
    let (made, _) = making::make(project, layout, claude, &[&task]);
    task.hold.finish();
    let made = made.into_iter().next().context("nothing was made")?;
    made.failure.map_or(Ok(made.notes), Err)
}

/// Takes git's entry of a worktree away that is gone. It is kept as what was removed is.
fn take_entry(project: &Project, path: &Path, lock: &Lock) -> Result<Removed> {
    let worktrees = worktrees::list(&project.common)?;
    let entry = worktrees.iter().find(|worktree| worktree.path == path);
    let entry = entry.with_context(|| format!("{} has changed meanwhile", path.display()))?;
    let name = project
        .name_at(path)
        .with_context(|| format!("{} is no session's", path.display()))?;
    let about = About::of_worktrees(project, name, path, &[entry], None)?;
    let mut removed = Removed::begin(project, about, |_| Ok(()))?;
    removed.take(project, lock.file(), Changing::default(), None)?;
    Ok(removed)
}

/// Keeps every add from making a session in this place, if none has it and nothing is there.
fn hold_stray(project: &Project, path: &Path) -> Result<Lock> {
    let lock = lock_store(project)?;
    let records = Records::read(&project.main)?;
    let is_owned = records.iter().any(|(_, record)| record.worktree() == path);
    if is_owned || path.symlink_metadata().is_ok() {
        bail!("{} has changed meanwhile", path.display());
    }
    Ok(lock)
}
