//! What state a session is in: derived each time, never stored.

use super::loss::uncommitted;
use super::{Session, claudes, problems};
use crate::claude::{Claude, Running};
use crate::git::Git;
use crate::git::untouched::Untouched;
use crate::git::work::Standing;
use crate::listeners;
use crate::parallel;
use crate::ports::Port;
use crate::problem::Problem;
use crate::project::Project;
use crate::tmux::{self, TmuxSession};
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
    /// The service's name.
    pub name: String,
    /// Its port, if the record has one.
    pub port: Option<Port>,
    /// Whether somebody listens there.
    pub up: bool,
}

impl Service {
    /// Where a browser finds it.
    pub fn url(&self) -> Option<String> {
        self.port.map(|port| format!("http://localhost:{port}"))
    }
}

/// How many commits a branch and the main checkout's have that the other has not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Distance {
    /// Commits of the branch alone.
    pub ahead: usize,
    /// Commits of the main checkout's branch alone.
    pub behind: usize,
}

/// What is known of a session at one moment.
#[derive(Debug)]
pub struct Status<'a> {
    /// The session.
    pub session: &'a Session<'a>,
    /// Its state.
    pub state: State,
    /// What its tmux session is called.
    pub tmux_session: String,
    /// Whether a terminal shows it.
    pub attached: bool,
    /// Its ports.
    pub services: Vec<Service>,
    /// How many files are changed, if that can be known.
    pub changes: Option<usize>,
    /// How far its branch is from the main checkout's, if that can be known.
    pub distance: Option<Distance>,
    /// What its Claude does, if it says so: `busy`, `idle` or `waiting`.
    pub claude: Option<String>,
    /// What is wrong, each with its cure.
    pub problems: Vec<Problem>,
}

/// What is asked once for all sessions.
struct Surroundings {
    tmux: Vec<TmuxSession>,
    /// The branches that are there, by their full names.
    branches: HashMap<String, Standing>,
    claudes: Vec<Running>,
}

impl Surroundings {
    fn look(project: &Project, claude: &Claude, sessions: &[Session<'_>]) -> Result<Self> {
        Ok(Self {
            tmux: tmux::sessions()?,
            branches: branches(project, sessions)?,
            claudes: claudes::living(
                claude,
                &sessions
                    .iter()
                    .map(|session| session.record.worktree())
                    .collect(),
            ),
        })
    }
}

/// What is asked about each session by itself: git needs the most time by far.
struct Finding {
    has_worktree: bool,
    changes: Changes,
    services: Vec<Service>,
}

/// What there is to tell of a worktree's files.
enum Changes {
    /// So many are changed, if that can be known.
    Counted(Option<usize>),
    /// The tracked files are what the index has, which may be another tree than the branch's.
    Untouched(Untouched),
}

impl Changes {
    fn look(session: &Session<'_>) -> Self {
        match uncommitted::untouched(session) {
            Ok(Some(untouched)) => Self::Untouched(untouched),
            _ => Self::Counted(Self::count(session)),
        }
    }

    fn count(session: &Session<'_>) -> Option<usize> {
        let status = uncommitted::status(session, "no").ok()?;
        Some(status.changes.len())
    }

    /// How many there are, where the branches stand so.
    fn counted(
        &self,
        session: &Session<'_>,
        branches: &HashMap<String, Standing>,
    ) -> Option<usize> {
        match self {
            Self::Counted(count) => *count,
            Self::Untouched(untouched) => {
                let refname = untouched.refname.as_ref();
                let standing = refname.and_then(|refname| branches.get(refname));
                let tree = standing.and_then(|standing| standing.tree.as_ref());
                let is_committed = tree == Some(&untouched.tree);
                if is_committed {
                    Some(untouched.new.len())
                } else {
                    Self::count(session)
                }
            }
        }
    }
}

impl Finding {
    fn look(session: &Session<'_>) -> Self {
        let has_worktree = session.project.owns_worktree(session.record.worktree());
        Self {
            has_worktree,
            changes: if has_worktree {
                Changes::look(session)
            } else {
                Changes::Counted(None)
            },
            services: session
                .layout
                .ports
                .keys()
                .map(|name| service(session, name))
                .collect(),
        }
    }
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
    let mut findings = Vec::new();
    let around = thread::scope(|scope| {
        scope.spawn(|| findings = parallel::map(sessions, Finding::look));
        Surroundings::look(project, claude, sessions)
    })?;
    let both: Vec<_> = sessions.iter().zip(findings).collect();
    // Where something is staged, or another branch checked out, git has to be asked after all.
    let counts = parallel::map(&both, |(session, finding)| {
        finding.changes.counted(session, &around.branches)
    });
    let judged = both.into_iter().zip(counts);
    Ok(judged
        .map(|((session, finding), changes)| judge_one(session, finding, changes, &around))
        .collect())
}

/// The sessions' branches that are there.
fn branches(project: &Project, sessions: &[Session<'_>]) -> Result<HashMap<String, Standing>> {
    let refname = |session: &Session<'_>| format!("refs/heads/{}", session.record.branch());
    let refnames: Vec<_> = sessions.iter().map(refname).collect();
    let standings = Git::at(&project.main).standings(&refnames)?;
    let by_name = |standing: Standing| (standing.refname.clone(), standing);
    Ok(standings.into_iter().map(by_name).collect())
}

fn service(session: &Session<'_>, name: &str) -> Service {
    let port = session.record.port(name);
    Service {
        name: name.to_owned(),
        port,
        up: port.is_some_and(|port| !listeners::is_free(port)),
    }
}

fn judge_one<'a>(
    session: &'a Session<'a>,
    finding: Finding,
    changes: Option<usize>,
    around: &Surroundings,
) -> Status<'a> {
    let (worktree, branch) = (session.record.worktree(), session.record.branch());
    let ours = around.tmux.iter().find(|tmux| session.owns(tmux));
    let found = around.branches.get(&format!("refs/heads/{branch}"));
    Status {
        session,
        state: match (finding.has_worktree, ours) {
            (false, _) => State::Broken,
            (true, Some(_)) => State::Running,
            (true, None) => State::Stopped,
        },
        tmux_session: ours.map_or_else(|| session.tmux_name(), |tmux| tmux.name.clone()),
        attached: ours.is_some_and(|tmux| tmux.attached > 0),
        services: finding.services,
        changes,
        distance: found
            .and_then(|standing| standing.distance)
            .map(|(ahead, behind)| Distance { ahead, behind }),
        claude: around
            .claudes
            .iter()
            .find(|running| running.cwd == worktree)
            .and_then(|running| running.status.clone())
            .filter(|status| ["busy", "idle", "waiting"].contains(&status.as_str())),
        problems: problems::of(session, &around.tmux, found.is_some()),
    }
}
