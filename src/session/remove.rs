//! Clearing a session away.

use super::make::own_tmux_session;
use super::servers::{self, Until};
use super::{Hold, Session, files, lock_store};
use crate::claude::Claude;
use crate::git::{Git, Worktree};
use crate::hint::{Hint, with_hint};
use crate::layout::Layout;
use crate::name::SessionName;
use crate::process::quote;
use crate::project::{self, Project};
use crate::store::claude_json;
use crate::store::records::Records;
use crate::tmux;
use anyhow::{Context, Result, anyhow, bail};
use std::fs;
use std::path::Path;

/// How the user wants it done.
#[derive(Clone, Copy)]
pub struct Wish {
    /// Remove work that is nowhere else, after saving it.
    pub force: bool,
    /// Leave the branch.
    pub keep_branch: bool,
}

/// What became of a session.
#[derive(Debug, Default)]
pub struct Removed {
    /// Where the work was saved that was nowhere else.
    pub saved: Option<Saved>,
    /// What there is to tell.
    pub notes: Vec<String>,
}

/// Work that was saved.
#[derive(Debug)]
pub struct Saved {
    /// The commit.
    pub commit: String,
    /// The ref that keeps it.
    pub refname: String,
}

/// What git has of a session.
struct Found {
    /// Its worktree, whose folder may be gone.
    worktree: Option<Worktree>,
    /// Whether the branch is there.
    branch: bool,
}

/// Clears a session away completely: its windows and servers, worktree, branch, Claude entry, and last its record.
/// It also works on what is left of one.
///
/// # Errors
/// A refusal, which changes nothing, or the step that failed; the record is there then, and the rest can be removed again.
pub fn remove(
    project: &Project,
    layout: &Layout,
    claude: &Claude,
    name: &SessionName,
    wish: Wish,
) -> Result<Removed> {
    let hold = Hold::take(project, name)?;
    let session = Session::find(project, layout, name)?;
    let git = Git::at(&project.main);
    let mut removed = Removed::default();
    let found = find(&session, git, &mut removed)?;
    let work = own_work(&session, git, &found, wish)?;
    let tmux = own_tmux_session(&session)?;
    if !work.is_empty() {
        if !wish.force {
            return Err(work.refusal(&session));
        }
        removed.saved = Some(save(&session, git, &found, &work)?);
    }

    if let Some(tmux) = &tmux {
        tmux::kill(tmux)?;
    }
    let left = servers::end(&session, Until::AllEnded)?;
    removed
        .notes
        .extend(left.strangers.iter().map(|(port, holder)| {
            let who = holder.as_ref().map_or_else(
                || "a process of another user".to_owned(),
                ToString::to_string,
            );
            format!("port {port} is not free: {who} listens there, and is not this session's")
        }));
    if !left.others.is_empty() {
        let others: Vec<_> = left.others.iter().map(ToString::to_string).collect();
        let note = "this was started in its windows and still runs";
        removed.notes.push(format!("{note}: {}", others.join(", ")));
    }
    if let Err(error) = claude_json::forget(&claude.json, session.record.worktree()) {
        removed
            .notes
            .push(format!("Claude's entry of the worktree stays: {error:#}"));
    }
    if let Some(worktree) = &found.worktree {
        files::unlink(&session)?;
        git.remove_worktree(&worktree.path)?;
    }
    if found.branch && !wish.keep_branch {
        let _lock = lock_store(project)?;
        git.delete_branch(session.record.branch())?;
    }
    let _lock = lock_store(project)?;
    let mut records = Records::read(&project.main)?;
    records.take_out(name);
    records.write(&project.main)?;
    hold.finish();
    Ok(removed)
}

/// What git has of the session. A folder that git does not list as its worktree is nobody's to delete.
fn find(session: &Session<'_>, git: Git<'_>, removed: &mut Removed) -> Result<Found> {
    let (path, branch) = (session.record.worktree(), session.record.branch());
    let mut worktrees = git.worktrees()?;
    let is_at = |worktree: &Worktree| worktree.path == path || is_same(&worktree.path, path);
    let worktree = worktrees.iter().position(is_at);
    if worktree == Some(0) {
        bail!(
            "the record of {} names the main checkout {} as its worktree",
            session.name,
            path.display()
        );
    }
    let worktree = worktree.map(|at| worktrees.swap_remove(at));
    if let Some(reason) = worktree
        .as_ref()
        .and_then(|worktree| worktree.locked.as_deref())
        && reason != "initializing"
    {
        let reason = if reason.is_empty() {
            "without a reason"
        } else {
            reason
        };
        return Err(anyhow!(
            "the worktree {} is locked: {reason}",
            path.display()
        ))
        .hint(format!(
            "git worktree unlock {}",
            quote(&path.to_string_lossy())
        ));
    }
    if let Some(elsewhere) = worktrees
        .iter()
        .find(|worktree| worktree.branch.as_deref() == Some(branch))
    {
        return Err(anyhow!(
            "the branch {branch} of {} is checked out at {}, and its record says {}",
            session.name,
            elsewhere.path.display(),
            path.display()
        ))
        .hint(format!(
            "git worktree move {} {}",
            quote(&elsewhere.path.to_string_lossy()),
            quote(&path.to_string_lossy())
        ));
    }
    if worktree.is_none() && path.exists() {
        removed.notes.push(format!(
            "{} is no worktree of this repository, and stays as it is",
            path.display()
        ));
    }
    let refname = format!("refs/heads/{branch}");
    let branch = git
        .branches([&refname])?
        .iter()
        .any(|found| found.refname == refname);
    Ok(Found { worktree, branch })
}

fn is_same(one: &Path, other: &Path) -> bool {
    fs::canonicalize(one)
        .ok()
        .zip(fs::canonicalize(other).ok())
        .is_some_and(|(one, other)| one == other)
}

/// Work that is nowhere but in the session.
#[derive(Default)]
struct Work {
    /// Files that are not committed.
    files: Vec<String>,
    /// Commits that no other branch and no remote holds, as a person counts them.
    commits: Option<crate::git::Commits>,
    /// The tips that hold them: the worktree's commit, and the branch's.
    tips: Vec<String>,
}

impl Work {
    fn is_empty(&self) -> bool {
        self.files.is_empty() && self.commits.is_none()
    }

    fn refusal(&self, session: &Session<'_>) -> anyhow::Error {
        const SHOWN: usize = 10;
        let name = &session.name;
        let worktree = quote(&session.record.worktree().to_string_lossy());
        let mut reasons = Vec::new();
        if !self.files.is_empty() {
            let more = self.files.len().saturating_sub(SHOWN);
            let more = if more > 0 {
                format!(" and {more} more")
            } else {
                String::new()
            };
            let files = self
                .files
                .iter()
                .take(SHOWN)
                .map(String::as_str)
                .collect::<Vec<_>>()
                .join(", ");
            reasons.push(format!("has changes that are not committed: {files}{more}"));
        }
        let mut look = format!("git -C {worktree} status");
        if let Some(commits) = &self.commits {
            let plural = if commits.count == 1 { "" } else { "s" };
            reasons.push(format!(
                "has {} commit{plural} that no other branch and no remote has, the newest: {}",
                commits.count, commits.newest
            ));
            if self.files.is_empty() {
                let main = quote(&session.project.main.to_string_lossy());
                look = format!(
                    "git -C {main} log {} --not --exclude={1} --branches --remotes",
                    self.tips.join(" "),
                    session.record.branch()
                );
            }
        }
        let error = anyhow!("the session {name} {}", reasons.join(", and "));
        let error = with_hint(error, format!("look at it with: {look}"));
        let save = "save it under refs/tally-session/ and remove the session";
        with_hint(
            error,
            format!("{save}: tally-session remove --force {name}"),
        )
    }
}

/// What would be lost with the session.
fn own_work(session: &Session<'_>, git: Git<'_>, found: &Found, wish: Wish) -> Result<Work> {
    let mut work = Work::default();
    let branch = session.record.branch();
    if let Some(worktree) = &found.worktree
        && worktree.path.join(".git").exists()
    {
        let belongings: Vec<_> = files::belongings(session).collect();
        let changes = Git::at(&worktree.path).changes::<&str>([])?;
        work.files = changes
            .into_iter()
            .map(|change| change.path)
            .filter(|path| !belongings.contains(path))
            .collect();
    }
    let mut tips: Vec<String> = Vec::new();
    // A branch that stays keeps its commits; a commit that is checked out without one is kept by nobody.
    let deleted = (found.branch && !wish.keep_branch).then(|| format!("refs/heads/{branch}"));
    let head = found
        .worktree
        .as_ref()
        .filter(|worktree| worktree.branch.is_none())
        .and_then(|worktree| worktree.head.clone());
    for tip in deleted.into_iter().chain(head) {
        tips.extend(git.object(&tip, "commit")?);
    }
    tips.dedup();
    if tips.is_empty() {
        return Ok(work);
    }
    let spared = if wish.keep_branch { "" } else { branch };
    let Some(commits) = git.own_commits(spared, &tips)? else {
        return Ok(work);
    };
    for tip in tips {
        if !is_in_main(git, &tip)? {
            work.tips.push(tip);
        }
    }
    if !work.tips.is_empty() {
        work.commits = Some(commits);
    }
    Ok(work)
}

/// Whether the main checkout's branch, or what it tracks, has all that the commit has: also rebased, or squashed into one.
fn is_in_main(git: Git<'_>, tip: &str) -> Result<bool> {
    for target in ["HEAD", "@{upstream}"] {
        if git.is_contained(tip, target)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Saves the work as one commit under `refs/tally-session/`: the files on top of the commits.
fn save(session: &Session<'_>, git: Git<'_>, found: &Found, work: &Work) -> Result<Saved> {
    let failed = || {
        format!(
            "cannot save the work of {}, so nothing was removed",
            session.name
        )
    };
    let commit = match (&found.worktree, work.tips.as_slice()) {
        (Some(worktree), tips) if !work.files.is_empty() || tips.len() > 1 => {
            save_files(session, worktree, tips).with_context(failed)?
        }
        (_, [tip, ..]) => tip.clone(),
        _ => bail!("{}: it has no commit", failed()),
    };
    let name = &session.name;
    let numbered = (2..100).map(|number| format!("{}-{number}", name.slug()));
    for candidate in [name.to_string()].into_iter().chain(numbered) {
        let refname = format!("refs/tally-session/{candidate}");
        if git.create_ref(&refname, &commit).with_context(failed)? {
            return Ok(Saved { commit, refname });
        }
    }
    Err(anyhow!("refs/tally-session/ takes no other save of {name}")).with_context(failed)
}

fn save_files(session: &Session<'_>, worktree: &Worktree, tips: &[String]) -> Result<String> {
    let admin = project::admin_folder(&worktree.path)?.context("the worktree has no git folder")?;
    let index = admin.join("tally-session-index");
    if admin.join("index").exists() {
        fs::copy(admin.join("index"), &index)
            .with_context(|| format!("cannot write {}", index.display()))?;
    }
    let mut parents: Vec<String> = worktree.head.iter().cloned().collect();
    parents.extend(
        tips.iter()
            .filter(|tip| worktree.head.as_ref() != Some(*tip))
            .cloned(),
    );
    let message = format!("Uncommitted work of the session {}", session.name);
    let commit = Git::at(&worktree.path).commit_all(&index, &parents, &message);
    // A leftover of git's own folder goes with the worktree.
    let _ = fs::remove_file(&index);
    commit
}
