//! What state a session is in: derived each time, never stored.

use crate::claude::{Claude, Running};
use crate::file::read_if_there;
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
use crate::session::truth::problems;
use crate::session::windows::claudes::{self, Doing};
use crate::session::windows::living::{self, Life};
use crate::session::{Head, Session};
use crate::tmux::{self, TmuxSession};
use anyhow::Result;
use serde::Serialize;
use std::collections::HashMap;
use std::path::Path;
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
    /// Where a browser finds it.
    pub url: Option<String>,
    /// Whether somebody listens there.
    pub up: bool,
    /// Whether its command was typed only a moment ago.
    pub is_starting: bool,
    /// Whether who listens is known not to be the session's.
    pub is_taken: bool,
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
    /// What has become of each window of the layout, by its key; nothing where that can't be known.
    pub windows: Vec<(String, Life)>,
    /// The branch of its worktree, or of its record where that can't be known; none where a commit alone is checked out.
    pub branch: Option<String>,
    /// Whether it has had commits, and the main checkout's branch has all that is in them, and it has nothing else.
    pub is_merged: bool,
    /// How many files are changed, if that can be known.
    pub changes: Option<usize>,
    /// How far its branch is from the main checkout's, if that can be known.
    pub distance: Option<Distance>,
    /// What its Claude does, if it says so.
    pub claude: Option<Doing>,
    /// What is wrong, each with its cure.
    pub problems: Vec<Problem>,
}

/// What is asked once for all sessions.
struct Surroundings {
    tmux: Vec<TmuxSession>,
    stopped: Stopped,
    /// The branches that are there, by their full names.
    branches: HashMap<String, Standing>,
    claudes: Vec<Running>,
}

impl Surroundings {
    fn look(project: &Project, claude: &Claude, sessions: &[Session<'_>]) -> Result<Self> {
        Ok(Self {
            tmux: tmux::sessions()?,
            stopped: Stopped::default(),
            branches: branches(project, sessions)?,
            claudes: claude.running(),
        })
    }
}

impl Surroundings {
    /// How a session's branch stands, if it is there.
    fn standing(&self, branch: Option<&String>) -> Option<&Standing> {
        self.branches.get(&refname(branch?))
    }
}

/// What is asked about each session by itself: git needs the most time by far.
struct Finding {
    has_worktree: bool,
    branch: Option<String>,
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
            branch: branch(session),
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
        let changes = finding.changes.counted(session, &around.branches);
        let standing = around.standing(finding.branch.as_ref());
        let is_clean = changes == Some(0);
        (
            changes,
            is_clean && standing.is_some_and(|standing| is_merged(session, standing)),
        )
    });
    let judged = both.into_iter().zip(counts);
    Ok(judged
        .map(|((session, finding), (changes, is_merged))| Status {
            is_merged,
            changes,
            ..judge_one(session, finding, &around)
        })
        .collect())
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
    let Some(admin) = session.admin().ok().filter(|admin| has_moved(admin)) else {
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

/// Whether a worktree has been at more than one commit, as its reflog says.
fn has_moved(admin: &Path) -> bool {
    let log = read_if_there(&admin.join("logs/HEAD")).ok().flatten();
    let log = log.unwrap_or_default();
    let log = String::from_utf8_lossy(&log);
    let commits = log.lines().filter_map(|line| line.split(' ').nth(1));
    // A branch that is renamed is nowhere for a moment.
    let mut commits = commits.filter(|commit| commit.bytes().any(|digit| digit != b'0'));
    let first = commits.next();
    commits.any(|commit| Some(commit) != first)
}

/// The sessions' branches that are there.
fn branches(project: &Project, sessions: &[Session<'_>]) -> Result<HashMap<String, Standing>> {
    let own = |session: &Session<'_>| session.record.branch().to_owned();
    let refname = |session| refname(&branch(session).unwrap_or_else(|| own(session)));
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
        url: port.map(|port| session.url(port)),
        up: port.is_some_and(|port| !listeners::is_free(port)),
        is_starting: false,
        is_taken: false,
    }
}

fn judge_one<'a>(session: &'a Session<'a>, finding: Finding, around: &Surroundings) -> Status<'a> {
    let ours = living::shown_in(session, &around.tmux);
    let found = around.standing(finding.branch.as_ref());
    let recorded = session.record.branch().to_owned();
    let has_branch = around.standing(finding.branch.as_ref().or(Some(&recorded)));
    let living = living::look(session, &around.tmux, &around.stopped);
    let mut services = finding.services;
    for service in &mut services {
        let starting = living.iter().filter(|living| living.is_starting());
        let mut serving = starting.filter(|living| living.window.serves(&service.name));
        service.is_starting = serving.next().is_some();
        let serves = |living: &&living::Living<'_>| living.window.serves(&service.name);
        let serving = living.iter().find(serves);
        service.is_taken = serving.is_some_and(|living| living.taken_by.is_some());
    }
    Status {
        session,
        state: match (finding.has_worktree, ours) {
            (false, _) => State::Broken,
            (true, None) => State::Stopped,
            (true, Some(_)) => State::Running,
        },
        tmux_session: ours.map_or_else(|| session.tmux_name(), |tmux| tmux.name.clone()),
        attached: ours.is_some_and(|tmux| tmux.attached > 0),
        services,
        windows: living
            .iter()
            .map(|living| (living.window.key.clone(), living.life))
            .collect(),
        changes: None,
        is_merged: false,
        distance: found
            .and_then(|standing| standing.distance)
            .map(|(ahead, behind)| Distance { ahead, behind }),
        claude: claudes::doing(
            session,
            &around.claudes,
            &living::panes(session, &around.tmux),
        ),
        problems: problems::of(session, &around.tmux, &living, has_branch.is_some())
            .into_iter()
            .chain(problems::switched(session))
            .collect(),
        branch: finding.branch,
    }
}
