//! Making a new session.

use super::hold::{Hold, Unfinished};
use super::make::{self, Made};
use super::undo;
use super::{Session, hidden, owns, record, tmux_name, windows};
use crate::claude::Claude;
use crate::git::{Branch, Git, Start, case, refnames_to, worktrees};
use crate::hint::{Hint, with_hint};
use crate::layout::Layout;
use crate::name::SessionName;
use crate::parallel::joined;
use crate::process::quote;
use crate::project::Project;
use crate::store::records::Records;
use crate::tmux::{self, TmuxSession};
use anyhow::{Result, anyhow};
use std::path::Path;
use std::thread;

/// How many bytes a prompt may have: it is one variable, and one argument, for which Linux has room for 128 kB.
const LONGEST_PROMPT: usize = 100_000;

/// What the user asked for.
pub struct Wish<'a> {
    /// The session's name.
    pub name: SessionName,
    /// What a new branch starts from, as it is called in the folder `here`.
    pub from: Option<&'a str>,
    /// The folder that the user is in.
    pub here: &'a Path,
    /// The task that Claude starts on.
    pub prompt: Option<&'a str>,
}

/// A session that was made.
pub struct Added<'a> {
    /// The session.
    pub session: Session<'a>,
    /// What its branch started from.
    pub start: Start,
    /// What there is to tell about it.
    pub notes: Vec<String>,
}

/// Makes a session. If a step fails, all that was made is taken back.
///
/// # Errors
/// A refusal, which changes nothing, or the step that failed.
pub fn add<'a>(
    project: &'a Project,
    layout: &'a Layout,
    claude: &Claude,
    wish: &Wish<'_>,
) -> Result<Added<'a>> {
    let name = &wish.name;
    if let Some(prompt) = wish.prompt.filter(|prompt| prompt.len() > LONGEST_PROMPT) {
        return Err(anyhow!(
            "the prompt is {} bytes long, and a program takes {LONGEST_PROMPT}",
            prompt.len()
        ))
        .hint("write it to a file, and say where that is: --prompt \"Do what is in <file>\"");
    }
    let mut hold = Hold::take(project, name)?;
    record::check(project, name, &Records::read(&project.main)?)?;
    hold.refuse_moving(project)?;
    // Without a record, what an older add left to do is nobody's.
    hold.unfinished = None;
    let start = check_surroundings(project, wish)?;
    hidden::hide_our_own(project)?;
    let prompt = wish.prompt.map(ToOwned::to_owned);
    hold.begin(Unfinished::of_new(start.clone(), prompt))?;
    let record = match record::write(project, layout, name) {
        Ok(record) => record,
        Err(error) => {
            hold.finish();
            return Err(error);
        }
    };
    let mut made = Made::default();
    let session = Session::new(project, layout, name, &record);
    let result =
        make::make(&session, &start, &hold, claude, &mut made).and_then(|(waiting, mut notes)| {
            notes.extend(windows::fill(project, &waiting)?);
            Ok(notes)
        });
    match result {
        Ok(notes) => {
            hold.finish();
            Ok(Added {
                session,
                start,
                notes,
            })
        }
        Err(error) => Err(take_back(&session, &made, &start, claude, error, hold)),
    }
}

/// Undoes what was made, and gives the error that led to it.
fn take_back(
    session: &Session<'_>,
    made: &Made,
    start: &Start,
    claude: &Claude,
    error: anyhow::Error,
    mut hold: Hold,
) -> anyhow::Error {
    let mut notes = Vec::new();
    let mut failures = undo::undo(session, made, start, claude, &mut hold, &mut notes);
    if failures.is_empty() {
        failures.extend(session.take_out_record().err());
    }
    if failures.is_empty() {
        hold.finish();
        return notes.into_iter().fold(error, with_hint);
    }
    // The record stays: it leads to what could not be taken back.
    let left: Vec<_> = failures
        .iter()
        .map(|failure| format!("{failure:#}"))
        .collect();
    let error = anyhow!(
        "{error:#}; and not all of it could be undone: {}",
        left.join("; ")
    );
    with_hint(error, format!("tally-session remove {}", session.name))
}

/// Refuses what git and tmux have already, and decides what the branch starts from.
fn check_surroundings(project: &Project, wish: &Wish<'_>) -> Result<Start> {
    let name = &wish.name;
    let path = project.worktree_path(name);
    if path.symlink_metadata().is_ok() {
        return Err(anyhow!(
            "there is something at {} already, where the worktree would go",
            path.display()
        ))
        .hint("move it away, or choose another name");
    }
    let tmux_name = tmux_name(project, name);
    let worktrees = worktrees::list(&project.common)?;
    let main = worktrees.first().and_then(|main| main.branch.as_deref());
    let in_any_case = case::is_ignored(&project.common);
    let refnames = refnames(name, main, in_any_case);
    // Two processes that do not need each other's answers.
    let (sessions, branches) = thread::scope(|scope| {
        let sessions = scope.spawn(tmux::sessions);
        let branches = Git::at(&project.main).branches(&refnames);
        (joined(sessions), branches)
    });
    let (sessions, branches) = (sessions?, branches?);
    let is_in_the_way = |tmux: &&TmuxSession| tmux.name == tmux_name || owns(project, name, tmux);
    if let Some(TmuxSession { name, .. }) = sessions.iter().find(is_in_the_way) {
        return Err(anyhow!("there is a tmux session {name} already"))
            .hint(format!("look at it with: {}", tmux::attach_command(name)));
    }
    if worktrees.iter().any(|worktree| worktree.path == path) {
        return Err(anyhow!(
            "git still lists a worktree at {}, whose folder is gone",
            path.display()
        ))
        .hint(format!("{} worktree prune", project.git()));
    }
    match existing_branch(&branches, name, in_any_case)? {
        Some(Start::Existing) if wish.from.is_some() => Err(anyhow!(
            "the branch {name} is there already, so that --from has no meaning"
        ))
        .hint("leave --from out to work on that branch, or choose another name"),
        // What the user says counts for more than what origin has.
        Some(start) if wish.from.is_none() => Ok(start),
        _ => new_branch(project, wish, main, &branches),
    }
}

/// The refs that decide what a branch of this name starts from: its own, origin's, those that it can't be beside, and the
/// main checkout's. `in_any_case` tells whether git takes names for one that differ in case alone.
fn refnames(name: &SessionName, main: Option<&str>, in_any_case: bool) -> Vec<String> {
    let mut others: Vec<_> = main.into_iter().map(ToOwned::to_owned).collect();
    if in_any_case {
        others.push(case::any(name.as_str()));
    }
    let others = others.iter().map(|branch| format!("refs/heads/{branch}"));
    refnames_to(name.as_str())
        .chain(others)
        .chain([format!("refs/remotes/origin/{name}")])
        .collect()
}

/// What there is of a branch of this name: a local one, or one of origin's.
fn existing_branch(
    branches: &[Branch],
    name: &SessionName,
    in_any_case: bool,
) -> Result<Option<Start>> {
    let local = format!("refs/heads/{name}");
    let remote = format!("refs/remotes/origin/{name}");
    let find = |refname: &str| branches.iter().find(|branch| branch.refname == refname);
    if let Some(branch) = find(&local) {
        return match &branch.worktree {
            Some(path) => Err(anyhow!(
                "the branch {name} is checked out at {} already",
                path.display()
            ))
            .hint(format!(
                "choose another name, or leave the branch there: git -C {} switch <another branch>",
                quote(&path.to_string_lossy())
            )),
            None => Ok(Some(Start::Existing)),
        };
    }
    let mut names = branches.iter().map(Branch::name);
    if let Some(other) = names.find(|other| in_any_case && name.differs_in_case(other)) {
        return Err(anyhow!(
            "there is a branch {other} already, which git takes for {name} here: they differ in case alone"
        ))
        .hint(format!("work on that one: tally-session add {other}"))
        .hint("choose another name");
    }
    let mut others = branches.iter();
    if let Some(branch) = others.find(|branch| branch.is_in_the_way_of(&local)) {
        let other = branch.name();
        return Err(anyhow!(
            "git cannot have a branch {name} beside the branch {other}"
        ))
        .hint("choose another name");
    }
    Ok(find(&remote).map(|_| Start::Tracking {
        remote: format!("origin/{name}"),
    }))
}

/// A new branch starts from the commit that the user names, or from the main checkout's, which is on the branch `main` or on
/// none.
fn new_branch(
    project: &Project,
    wish: &Wish<'_>,
    main: Option<&str>,
    branches: &[Branch],
) -> Result<Start> {
    if let Some(from) = wish.from {
        let commit = Git::at(wish.here).object(from, "commit")?;
        let commit = commit
            .ok_or_else(|| anyhow!("--from {from} names no commit"))
            .hint(format!("see what there is: {} branch --all", project.git()))?;
        return Ok(Start::New {
            commit,
            from: from.to_owned(),
        });
    }
    let commit = match main {
        None => Git::at(&project.main).object("HEAD", "commit")?,
        Some(main) => branches
            .iter()
            .find(|branch| branch.refname == format!("refs/heads/{main}"))
            .map(|branch| branch.commit.clone()),
    };
    let commit = commit
        .ok_or_else(|| {
            anyhow!("the repository has no commit yet, so that a branch has nothing to start from")
        })
        .hint(format!(
            "{} commit --allow-empty --message \"First commit\"",
            project.git()
        ))?;
    Ok(Start::New {
        commit,
        from: main.unwrap_or("a detached HEAD").to_owned(),
    })
}
