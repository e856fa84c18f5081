//! What state a session is in: derived each time, never stored.

use crate::claude::{Claude, Running};
use crate::git::Git;
use crate::git::untouched::Untouched;
use crate::git::work::Standing;
use crate::listeners;
use crate::parallel;
use crate::ports::Port;
use crate::problem::Problem;
use crate::processes::panes::Stopped;
use crate::project::Project;
use crate::session::loss::uncommitted;
use crate::session::truth::{commits, problems};
use crate::session::windows::claudes::{self, Doing};
use crate::session::windows::living::{self, Life, Living};
use crate::session::windows::open;
use crate::session::{Head, Session};
use crate::tmux::TmuxSession;
use anyhow::Result;
use serde::Serialize;
use std::collections::HashMap;
use std::thread;

/// Whether a session can be worked in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Its windows are open.
    Running,
    /// Its windows are closed.
    Stopped,
    /// Its worktree is gone.
    Broken,
}

/// A service of a session.
#[derive(Debug)]
pub struct Service {
    pub name: String,
    /// Its port, if the record has one.
    pub port: Option<Port>,
    /// Where a browser finds it.
    pub url: Option<String>,
    /// Whether somebody listens there.
    pub up: bool,
    /// Whether its command was typed only a moment ago.
    pub is_starting: bool,
    /// Whether who listens is known not to be the session's.
    pub is_taken: bool,
}

/// What is known of a session at one moment.
#[derive(Debug)]
pub struct Status<'a> {
    pub session: &'a Session<'a>,
    pub state: State,
    /// What its tmux session is called.
    pub tmux_session: String,
    /// Whether a terminal shows it.
    pub attached: bool,
    pub services: Vec<Service>,
    /// What has become of each window of the layout, by its key; nothing where that can't be known.
    pub windows: Vec<(String, Life)>,
    /// The branch of its worktree, or of its record where that can't be known; none where a commit alone is checked out.
    pub branch: Option<String>,
    /// Whether it has had commits, and the main checkout's branch has all that is in them, and it has nothing else.
    pub is_merged: bool,
    /// How many files are changed, if that can be known.
    pub changes: Option<usize>,
    /// How many commits its branch has that the main checkout's has not, and the other way round, if that can be known.
    pub distance: Option<(usize, usize)>,
    /// What its Claude does, if it says so.
    pub claude: Option<Doing>,
    /// What is wrong, each with its cure.
    pub problems: Vec<Problem>,
}

/// What is asked once for all sessions.
struct Surroundings {
    tmux: Vec<TmuxSession>,
    stopped: Stopped,
    branches: HashMap<String, Standing>,
    claudes: Vec<Running>,
}

/// How many files are changed, or why git can't tell.
type Count = Result<usize, String>;

/// What there is to tell of a worktree's files.
enum Changes {
    /// So many are changed.
    Counted(Count),
    /// The tracked files are what the index has, which may be another tree than the branch's.
    Untouched(Untouched),
}

impl Changes {
    /// What can be known of each session by itself; git needs the most time by far. None without a worktree.
    fn look(session: &Session<'_>) -> Option<Self> {
        let has_worktree = session.project.owns_worktree(session.record.worktree());
        has_worktree.then(|| match uncommitted::untouched(session) {
            Ok(Some(untouched)) => Self::Untouched(untouched),
            _ => Self::Counted(count(session)),
        })
    }

    /// How many there are. Where something is staged, or another branch checked out, git has to be asked after all.
    fn counted(&self, session: &Session<'_>, around: &Surroundings) -> Count {
        match self {
            Self::Counted(count) => count.clone(),
            Self::Untouched(untouched) => {
                let refname = untouched.refname.as_ref();
                let standing = refname.and_then(|refname| around.branches.get(refname));
                let tree = standing.and_then(|standing| standing.tree.as_ref());
                let is_committed = tree == Some(&untouched.tree);
                if is_committed {
                    return Ok(untouched.new.len());
                }
                count(session)
            }
        }
    }
}

/// How many files are changed, as git says.
fn count(session: &Session<'_>) -> Count {
    let status = uncommitted::status(session, "no");
    let counted = status.map(|status| status.changes.len());
    counted.map_err(|error| uncommitted::why_unseen(&error))
}

/// Judges sessions. All that is asked is asked at once: tmux and git once about all of them, and git in each worktree.
///
/// # Errors
/// If tmux or git can't be asked about all of them.
pub fn judge<'a>(
    project: &Project,
    claude: &Claude,
    sessions: &'a [Session<'a>],
) -> Result<Vec<Status<'a>>> {
    if sessions.is_empty() {
        return Ok(Vec::new());
    }
    let mut changes = Vec::new();
    let around = thread::scope(|scope| {
        scope.spawn(|| changes = parallel::map(sessions, Changes::look));
        anyhow::Ok(Surroundings {
            tmux: open::all(project)?,
            stopped: Stopped::default(),
            branches: branches(project, sessions)?,
            claudes: claude.running(),
        })
    })?;
    let both: Vec<_> = sessions.iter().zip(changes).collect();
    Ok(parallel::map(&both, |&(session, ref changes)| {
        judge_one(session, changes.as_ref(), &around)
    }))
}

/// The branch that a session is on, if it is on one.
fn branch(session: &Session<'_>) -> Option<String> {
    match session.head() {
        None => Some(session.record.branch().to_owned()),
        Some(Head::Branch(branch)) => Some(branch),
        Some(Head::Commit) => None,
    }
}

fn refname(branch: &str) -> String {
    format!("refs/heads/{branch}")
}

/// Whether a session without changes has had commits, and the main checkout's branch has all that is in them. Of one that is
/// not behind it, that can't be.
fn is_merged(session: &Session<'_>, standing: &Standing) -> bool {
    let commits = commits(session);
    let has_moved = commits.iter().any(|commit| *commit != commits[0]);
    let Some(admin) = session.admin().ok().filter(|_| has_moved) else {
        return false;
    };
    let git = Git::at(&session.project.main);
    uncommitted::unfinished(&admin).is_none()
        && match standing.distance {
            Some((0, _)) => true,
            None | Some((_, 0)) => false,
            // What can't be known is no reason to say so.
            Some(_) => git
                .has_all_of(&standing.refname, "HEAD")
                .unwrap_or_default(),
        }
}

/// The sessions' branches that are there, by their full names.
fn branches(project: &Project, sessions: &[Session<'_>]) -> Result<HashMap<String, Standing>> {
    let own = |session: &Session<'_>| session.record.branch().to_owned();
    let refname = |session| refname(&branch(session).unwrap_or_else(|| own(session)));
    let refnames: Vec<_> = sessions.iter().map(refname).collect();
    let standings = Git::at(&project.main).standings(&refnames)?;
    let by_name = |standing: Standing| (standing.refname.clone(), standing);
    Ok(standings.into_iter().map(by_name).collect())
}

fn service(session: &Session<'_>, name: &str, living: &[Living<'_>]) -> Service {
    let port = session.record.port(name);
    let mut serving = living.iter().filter(|living| living.window.serves(name));
    Service {
        name: name.to_owned(),
        port,
        url: port.map(|port| session.url(port)),
        up: port.is_some_and(|port| !listeners::is_free(port)),
        is_starting: serving.clone().any(Living::is_starting),
        is_taken: serving
            .next()
            .is_some_and(|living| living.taken_by.is_some()),
    }
}

fn judge_one<'a>(
    session: &'a Session<'a>,
    changes: Option<&Changes>,
    around: &Surroundings,
) -> Status<'a> {
    let tmux = &around.tmux;
    let ours = living::shown_in(session, tmux);
    let living = living::look(session, tmux, &around.stopped);
    let branch = branch(session);
    let standing = |branch: &str| around.branches.get(&refname(branch));
    let found = branch.as_deref().and_then(standing);
    let has_branch = standing(branch.as_deref().unwrap_or(session.record.branch())).is_some();
    let mut problems = problems::of(session, tmux, &living, has_branch);
    problems.extend(problems::switched(session));
    let count = changes.map(|changes| changes.counted(session, around));
    let unseen = count.as_ref().and_then(|count| count.as_ref().err());
    problems.extend(unseen.and_then(|why| problems::unseen(session, why)));
    let count = count.and_then(Result::ok);
    let services = session.layout.ports.keys();
    let windows = living.iter();
    Status {
        session,
        state: match (changes, ours) {
            (None, _) => State::Broken,
            (Some(_), None) => State::Stopped,
            (Some(_), Some(_)) => State::Running,
        },
        tmux_session: ours.map_or_else(|| session.tmux_name(), |tmux| tmux.name.clone()),
        attached: ours.is_some_and(|tmux| tmux.attached > 0),
        services: services
            .map(|name| service(session, name, &living))
            .collect(),
        windows: windows
            .map(|living| (living.window.key.clone(), living.life))
            .collect(),
        changes: count,
        is_merged: count == Some(0) && found.is_some_and(|found| is_merged(session, found)),
        distance: found.and_then(|found| found.distance),
        claude: claudes::doing(session, &around.claudes, &living::panes(session, tmux)),
        problems,
        branch,
    }
}
