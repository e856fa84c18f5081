//! What was taken away whole: a worktree's folder, what git keeps of it, its branch, and all that is needed to have them back.
//!
//! It is kept in a folder of its own, with a file that says what it is, and one ref holds every object that it leads to.

use crate::file::{read_if_there, walk};
use crate::git::worktrees::{self, Worktree};
use crate::hint::with_hint;
use crate::name::SessionName;
use crate::process::quote_path;
use crate::project::Project;
use crate::session::Session;
use crate::session::belongings::{hidden, placed};
use crate::session::loss::branch::Branch;
use crate::session::loss::file_name::FileName;
use crate::session::loss::trash::{self, ABOUT, ADMINS};
use crate::store::atomic;
use crate::store::record::Record;
use crate::store::records::Records;
use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// The branch's own reflog.
pub const LOG: &str = "branch.log";

/// Claude's entry of the worktree.
const CLAUDE: &str = "claude.json";

/// What is to be taken away, or was.
#[derive(Debug, Serialize, Deserialize)]
pub struct About {
    /// The session's name.
    pub name: SessionName,
    /// The main checkout; older versions did not say.
    #[serde(default)]
    pub main: PathBuf,
    /// Where the worktree was; where it goes back to, if the main checkout was moved since.
    pub worktree: PathBuf,
    /// Where its folder is kept, if that is on another disk and the main checkout was moved since.
    pub beside: Option<PathBuf>,
    /// What the store knew of the session, if it was one.
    pub record: Option<Record>,
    /// The session's branch, which goes, or stays.
    pub branch: Option<Branch>,
    /// The other branches that are checked out in the worktrees, which stay.
    #[serde(default)]
    pub others: Vec<Branch>,
    /// The folders in which git keeps what it knows of the worktree, and of those inside it, by their names.
    pub admins: Vec<FileName>,
    /// What is in no commit, as the user is told.
    pub went: Vec<String>,
    /// The conversation that its Claude was in.
    pub conversation: Option<String>,
    /// Whether the project's own command is to be run for the worktree when it is back.
    #[serde(default)]
    pub is_new: bool,
    /// The commits that are kept.
    pub commits: Vec<String>,
    /// The tags that are kept, each by a ref of its own: a merge may be of the tag itself.
    #[serde(default)]
    pub tags: Vec<String>,
    /// Whether its time is over, and no more than its commits is kept.
    pub expired: bool,
}

impl About {
    /// What there is of a session: what git keeps of its worktree, and of those inside it, and its branch.
    pub fn of(
        session: &Session<'_>,
        entry: Option<&Worktree>,
        worktrees: &[Worktree],
        branch: Option<Branch>,
    ) -> Result<Self> {
        let worktree = session.record.worktree();
        let inside = worktrees
            .iter()
            .filter(|other| other.path.starts_with(worktree) && other.path != worktree);
        let entries: Vec<_> = entry.into_iter().chain(inside).collect();
        let name = session.name.clone();
        Ok(Self {
            record: Some(session.record.clone()),
            ..Self::of_worktrees(session.project, name, worktree, &entries, branch)?
        })
    }

    /// What git keeps of these worktrees, the one at this path and those inside it, and a branch.
    pub fn of_worktrees(
        project: &Project,
        name: SessionName,
        worktree: &Path,
        entries: &[&Worktree],
        branch: Option<Branch>,
    ) -> Result<Self> {
        let own = branch.as_ref().map(|branch| &branch.name);
        let checked_out = entries.iter().filter_map(|entry| entry.branch.as_ref());
        let others = checked_out
            .filter(|other| Some(*other) != own)
            .filter_map(|other| Branch::find(project, other).transpose())
            .collect::<Result<_>>()?;
        let admins = entries.iter().filter_map(|entry| entry.admin.file_name());
        Ok(Self {
            name,
            main: project.main.clone(),
            worktree: worktree.to_owned(),
            beside: None,
            record: None,
            commits: branch.iter().map(|branch| branch.tip.clone()).collect(),
            branch,
            others,
            admins: admins.map(FileName::of).collect(),
            went: Vec::new(),
            conversation: None,
            is_new: false,
            tags: Vec::new(),
            expired: false,
        })
    }

    /// The session's branch and the others.
    pub fn branches(&self) -> impl Iterator<Item = &Branch> {
        self.branch.iter().chain(&self.others)
    }

    /// The branch that goes too.
    pub fn doomed(&self) -> Option<&Branch> {
        self.branch.as_ref().filter(|branch| branch.goes)
    }
}

/// A time by the clock of the files: seconds, and nanoseconds.
type Moment = (i64, i64);

fn changed_at(about: &Metadata) -> Moment {
    (about.ctime(), about.ctime_nsec())
}

/// Something that was taken away, or is about to be.
#[derive(Debug)]
pub struct Removed {
    /// What it is called among all that were: the session's slug and a time, `name@1795838301`.
    pub id: String,
    /// What it is.
    pub about: About,
    /// The folder of all that is kept of it, but for what had to stay on another disk.
    pub dir: PathBuf,
    /// Where the worktree was, if the main checkout was moved since.
    pub moved_from: Option<PathBuf>,
}

impl Removed {
    fn new(project: &Project, id: String, about: About) -> Self {
        Self {
            dir: trash::folder(project, &id),
            id,
            about,
            moved_from: None,
        }
    }

    /// Writes down what is about to be taken away, behind a `note` of its id; nothing is taken yet.
    pub fn begin(
        project: &Project,
        about: About,
        note: impl FnOnce(&str) -> Result<()>,
    ) -> Result<Self> {
        let id = trash::make_folder(project, &about.name)?;
        note(&id)?;
        let removed = Self::new(project, id, about);
        removed.write()?;
        Ok(removed)
    }

    /// What would be taken away; nothing of it is written down, and no folder is of its id.
    pub fn planned(project: &Project, about: About) -> Self {
        Self::new(project, format!("{}@", about.name.slug()), about)
    }

    /// All that is kept and can be read, the newest first; but not what a command that was killed had only noted of a session
    /// that is there.
    pub fn all(project: &Project) -> Vec<Self> {
        let records = Records::read(&project.main).unwrap_or_default();
        let is_away = |removed: &Self| {
            removed.has_taken(project) || records.find(&removed.about.name).is_none()
        };
        Self::noted(project).filter(is_away).collect()
    }

    /// All that is written down and can be read, the newest first.
    pub fn noted(project: &Project) -> impl Iterator<Item = Self> {
        let ids = trash::ids(project).into_iter();
        ids.filter_map(|id| Self::open(project, &id).ok())
    }

    /// The ids of those that can't be read, and why not; what is in their folders stays.
    pub fn unreadable(project: &Project) -> impl Iterator<Item = (String, anyhow::Error)> {
        let ids = trash::ids(project).into_iter();
        let all = ids.filter(|id| !trash::is_blank(project, id));
        all.filter_map(|id| {
            let error = Self::open(project, &id).err()?;
            let folder = quote_path(trash::folder(project, &id));
            let look = format!("what was removed is there still: ls {folder}");
            Some((id, with_hint(error, look)))
        })
    }

    /// The one of this id. It goes to the place that its name leads to now, if the main checkout was moved.
    ///
    /// # Errors
    /// If it can't be read, or is not there.
    pub fn open(project: &Project, id: &str) -> Result<Self> {
        let path = trash::folder(project, id).join(ABOUT);
        let text =
            read_if_there(&path)?.with_context(|| format!("there is no {}", path.display()))?;
        let about: About = serde_json::from_slice(&text)
            .with_context(|| format!("{} does not parse", path.display()))?;
        let mut removed = Self::new(project, id.to_owned(), about);
        let place = project.worktree_path(&removed.about.name);
        let from = removed.about.worktree.clone();
        let has_moved = removed.about.main != project.main && from != place;
        if has_moved && !removed.is_named_by(project, &from) {
            let beside = removed.beside();
            if let Some(record) = &mut removed.about.record {
                record.set_worktree(place.clone());
            }
            removed.about.main.clone_from(&project.main);
            removed.about.worktree = place;
            removed.about.beside = beside;
            removed.moved_from = Some(from);
        }
        Ok(removed)
    }

    pub fn write(&self) -> Result<()> {
        let text = serde_json::to_vec_pretty(&self.about)?;
        atomic::replace(&self.dir.join(ABOUT), &text, 0o600)
    }

    /// When it was taken away, in seconds since 1970.
    pub fn since(&self) -> u64 {
        trash::since(&self.id).unwrap_or_default()
    }

    /// Where git keeps what it knows of each worktree, and where that is kept while it is away.
    pub fn admins(&self, project: &Project) -> Vec<(PathBuf, PathBuf)> {
        let origins = project.common.join("worktrees");
        let kept = self.dir.join(ADMINS);
        let admins = self.about.admins.iter();
        let admins = admins.map(FileName::path);
        admins
            .map(|admin| (origins.join(admin), kept.join(admin)))
            .collect()
    }

    /// Where that is now, as far as it is there.
    pub fn admins_there(&self, project: &Project) -> Vec<PathBuf> {
        // When its files are deleted another session may have that place.
        let is_kept = |kept: &Path| kept.exists() || self.about.expired;
        let admins = self.admins(project).into_iter();
        let there = admins.map(|(origin, kept)| if is_kept(&kept) { kept } else { origin });
        there.filter(|admin| admin.exists()).collect()
    }

    /// Whether a folder's `.git` file names what git keeps, or kept, of the worktree.
    pub fn is_named_by(&self, project: &Project, folder: &Path) -> bool {
        let admins = self.admins(project);
        let own = admins.first();
        own.is_some_and(|(origin, _)| worktrees::is_named_by(origin, folder))
    }

    /// Whether something of it was taken away and is not back; of a branch alone that can't be seen.
    pub fn has_taken(&self, project: &Project) -> bool {
        let mut admins = self.admins(project).into_iter();
        self.about.expired
            || self.about.admins.is_empty()
            || admins.any(|(_, kept)| kept.exists())
            || self.folder().is_some()
    }

    /// Whether something of it is at its place.
    pub fn is_there(&self, project: &Project) -> Result<bool> {
        let mut admins = self.admins(project).into_iter();
        let has_admin = admins.any(|(origin, kept)| origin.exists() && !kept.exists());
        let has_folder = self.folder().is_none() && self.about.worktree.symlink_metadata().is_ok();
        let doomed = self.about.doomed();
        let has_branch = || doomed.map_or(Ok(false), |branch| branch.is_there(project));
        Ok(has_admin || has_folder || has_branch()?)
    }

    /// When it was last written down, by the clock of the files.
    pub fn moment(&self) -> Result<Moment> {
        let path = self.dir.join(ABOUT);
        let about = path.symlink_metadata();
        let about = about.with_context(|| format!("cannot look at {}", path.display()))?;
        Ok(changed_at(&about))
    }

    /// Whether something in the folder has changed after this moment.
    pub fn has_changed_since(&self, moment: Moment) -> bool {
        let folder = self.folder();
        let mut all = folder.iter().flat_map(|folder| walk(folder).skip(1));
        all.any(|(_, about)| changed_at(&about) > moment)
    }

    /// The lines of git's list that keep what the session had put into the worktree out of its sight.
    pub fn lines(&self, project: &Project) -> Vec<String> {
        let admins = self.admins_there(project).into_iter();
        admins
            .flat_map(|admin| placed::of_admin(&admin).lines)
            .collect()
    }

    /// Takes them out.
    pub fn unhide(&self, project: &Project) -> Result<()> {
        hidden::unhide(project, &self.lines(project))
    }

    /// Keeps what Claude knew of the worktree.
    pub fn keep_claude_entry(&self, entry: &str) -> Result<()> {
        atomic::replace(&self.dir.join(CLAUDE), entry.as_bytes(), 0o600)
    }

    /// What Claude knew of the worktree.
    pub fn claude_entry(&self) -> Result<Option<String>> {
        let entry = read_if_there(&self.dir.join(CLAUDE))?;
        Ok(entry.map(|entry| String::from_utf8_lossy(&entry).into_owned()))
    }
}
