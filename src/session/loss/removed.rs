//! What was taken away whole: a worktree's folder, what git keeps of it, its branch, and all that is needed to have them back.
//!
//! It is kept in a folder of its own, with a file that says what it is, and one ref holds every object that it leads to.

use crate::file::read_if_there;
use crate::git::Git;
use crate::git::keep::Change;
use crate::git::worktrees::Worktree;
use crate::name::SessionName;
use crate::project::Project;
use crate::session::Session;
use crate::session::belongings::{hidden, placed};
use crate::session::loss::branch::Branch;
use crate::session::loss::trash::{self, ABOUT, ADMINS, FOLDER};
use crate::store::atomic;
use crate::store::record::Record;
use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use std::fs;
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
    /// Where the worktree was; where it goes back to, if the main checkout was moved since.
    pub worktree: PathBuf,
    /// Where its folder is kept, if that is on another disk and the main checkout was moved since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub beside: Option<PathBuf>,
    /// What the store knew of the session, if it was one.
    pub record: Option<Record>,
    /// The session's branch, which goes, or stays.
    pub branch: Option<Branch>,
    /// The other branches that are checked out in the worktrees, which stay.
    #[serde(default)]
    pub others: Vec<Branch>,
    /// The folders in which git keeps what it knows of the worktree, and of those inside it, by their names.
    pub admins: Vec<String>,
    /// What is in no commit, as the user is told.
    pub went: Vec<String>,
    /// The conversation that its Claude was in.
    pub conversation: Option<String>,
    /// Whether the project's own command is to be run for the worktree when it is back.
    #[serde(default)]
    pub is_new: bool,
    /// The commits that are kept.
    pub commits: Vec<String>,
    /// Whether its time is over, and no more than its commits is kept.
    pub expired: bool,
}

impl About {
    /// What git keeps of a worktree that is no session's.
    ///
    /// # Errors
    /// If git fails.
    pub fn of_entry(project: &Project, name: SessionName, entry: &Worktree) -> Result<Self> {
        Self::of_worktrees(project, name, &entry.path, &[entry], None)
    }

    /// What there is of a session: what git keeps of its worktree, and of those inside it, and its branch.
    ///
    /// # Errors
    /// If git fails.
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

    fn of_worktrees(
        project: &Project,
        name: SessionName,
        worktree: &Path,
        entries: &[&Worktree],
        branch: Option<Branch>,
    ) -> Result<Self> {
        let git = Git::at(&project.main);
        let mut others = Vec::new();
        for other in entries.iter().filter_map(|entry| entry.branch.as_ref()) {
            let mut other = Branch::new(other, String::new(), false);
            let is_own = branch.as_ref().is_some_and(|own| own.name == other.name);
            // One without a commit has nothing.
            if !is_own && let Some(tip) = git.tip(&project.common, &other.refname())? {
                other.tip = tip;
                others.push(other);
            }
        }
        let admins = entries.iter().filter_map(|entry| entry.admin.file_name());
        Ok(Self {
            name,
            worktree: worktree.to_owned(),
            beside: None,
            record: None,
            commits: branch.iter().map(|branch| branch.tip.clone()).collect(),
            branch,
            others,
            admins: admins
                .map(|admin| admin.to_string_lossy().into_owned())
                .collect(),
            went: Vec::new(),
            conversation: None,
            is_new: false,
            expired: false,
        })
    }

    /// The session's branch and the others.
    pub fn branches(&self) -> impl Iterator<Item = &Branch> {
        self.branch.iter().chain(&self.others)
    }
}

/// A time by the clock of the files: seconds, and nanoseconds.
type Moment = (i64, i64);

fn changed_at(path: &Path) -> Result<Moment> {
    let about = path.symlink_metadata();
    let about = about.with_context(|| format!("cannot look at {}", path.display()))?;
    Ok((about.ctime(), about.ctime_nsec()))
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
    /// Writes down what is about to be taken away; nothing is yet.
    ///
    /// # Errors
    /// If it can't be written.
    pub fn begin(project: &Project, about: About) -> Result<Self> {
        let (id, dir) = trash::make_folder(project, &about.name)?;
        let removed = Self {
            id,
            about,
            dir,
            moved_from: None,
        };
        removed.write()?;
        Ok(removed)
    }

    /// What would be taken away; nothing of it is written down.
    pub fn planned(project: &Project, about: About) -> Self {
        let id = String::new();
        let dir = trash::folder(project, &id);
        Self {
            id,
            about,
            dir,
            moved_from: None,
        }
    }

    /// All that is kept and can be read, the newest first.
    pub fn all(project: &Project) -> Vec<Self> {
        let ids = trash::ids(project);
        let all = ids.iter().filter_map(|id| Self::open(project, id).ok());
        all.filter(|removed| removed.counts(project)).collect()
    }

    /// The one of this id.
    ///
    /// # Errors
    /// If it can't be read, or is not there.
    pub fn open(project: &Project, id: &str) -> Result<Self> {
        let dir = trash::folder(project, id);
        let path = dir.join(ABOUT);
        let text =
            read_if_there(&path)?.with_context(|| format!("there is no {}", path.display()))?;
        let about = serde_json::from_slice(&text);
        let removed = Self {
            about: about.with_context(|| format!("{} does not parse", path.display()))?,
            id: id.to_owned(),
            dir,
            moved_from: None,
        };
        Ok(removed.follow(project))
    }

    pub fn write(&self) -> Result<()> {
        let text = serde_json::to_vec_pretty(&self.about)?;
        atomic::replace(&self.dir.join(ABOUT), &text, 0o600)
    }

    /// When it was taken away, in seconds since 1970.
    pub fn since(&self) -> u64 {
        trash::since(&self.id).unwrap_or_default()
    }

    /// The ref that keeps what it leads to.
    pub fn refname(&self) -> String {
        format!("refs/tally-session/_removed/{}", self.id)
    }

    /// Where the worktree's folder is kept, if it was there.
    pub fn folder(&self) -> Option<PathBuf> {
        [self.dir.join(FOLDER), self.beside()]
            .into_iter()
            .find(|folder| folder.symlink_metadata().is_ok())
    }

    /// Where git keeps what it knows of each worktree, and where that is kept while it is away.
    pub fn admins(&self, project: &Project) -> Vec<(PathBuf, PathBuf)> {
        let at = |admin: &String| {
            (
                project.common.join("worktrees").join(admin),
                self.dir.join(ADMINS).join(admin),
            )
        };
        self.about.admins.iter().map(at).collect()
    }

    /// Whether some of it is taken away already.
    ///
    /// # Errors
    /// If git fails.
    pub fn is_begun(&self, project: &Project) -> Result<bool> {
        let has_admin = self.admins(project).iter().any(|(_, kept)| kept.exists());
        Ok(has_admin || self.folder().is_some() || self.has_branch(project)? == Some(false))
    }

    /// When it was last written down, by the clock of the files.
    ///
    /// # Errors
    /// If it is not there.
    pub fn moment(&self) -> Result<Moment> {
        changed_at(&self.dir.join(ABOUT))
    }

    /// Whether something in the folder has changed after this moment.
    ///
    /// # Errors
    /// If the folder can't be read.
    pub fn has_changed_since(&self, moment: Moment) -> Result<bool> {
        let mut left: Vec<_> = self.folder().into_iter().collect();
        while let Some(folder) = left.pop() {
            let failed = || format!("cannot read {}", folder.display());
            for entry in fs::read_dir(&folder).with_context(failed)? {
                let path = entry?.path();
                if changed_at(&path)? > moment {
                    return Ok(true);
                }
                if path.symlink_metadata()?.is_dir() {
                    left.push(path);
                }
            }
        }
        Ok(false)
    }

    /// Whether nothing of it is at its place.
    ///
    /// # Errors
    /// If git fails.
    pub fn is_away(&self, project: &Project) -> Result<bool> {
        let mut admins = self.admins(project).into_iter();
        let has_admin = admins.any(|(origin, kept)| origin.exists() && !kept.exists());
        let has_folder = self.folder().is_none() && self.about.worktree.symlink_metadata().is_ok();
        Ok(!has_admin && !has_folder && self.has_branch(project)? != Some(true))
    }

    /// Whether the branch that goes is there.
    fn has_branch(&self, project: &Project) -> Result<Option<bool>> {
        let Some(branch) = self.about.branch.as_ref().filter(|branch| branch.goes) else {
            return Ok(None);
        };
        let tip = Git::at(&project.main).tip(&project.common, &branch.refname())?;
        Ok(Some(tip.is_some()))
    }

    /// Takes the lines out of git's list that kept what the session had put into the worktree out of its sight.
    ///
    /// # Errors
    /// If the list can't be written.
    pub fn unhide(&self, project: &Project) -> Result<()> {
        hidden::unhide(project, &self.lines(project))
    }

    pub fn lines(&self, project: &Project) -> Vec<String> {
        let admins = self.admins(project).into_iter();
        let there = admins.flat_map(|(origin, kept)| [origin, kept]);
        there
            .flat_map(|admin| placed::of_admin(&admin).lines)
            .collect()
    }

    /// Keeps what Claude knew of the worktree.
    ///
    /// # Errors
    /// If it can't be written.
    pub fn keep_claude_entry(&self, entry: &str) -> Result<()> {
        atomic::replace(&self.dir.join(CLAUDE), entry.as_bytes(), 0o600)
    }

    /// What Claude knew of the worktree.
    ///
    /// # Errors
    /// If it can't be read.
    pub fn claude_entry(&self) -> Result<Option<String>> {
        let entry = read_if_there(&self.dir.join(CLAUDE))?;
        Ok(entry.map(|entry| String::from_utf8_lossy(&entry).into_owned()))
    }

    /// Lets go of what it leads to.
    pub fn drop_ref(&self, project: &Project) -> Result<()> {
        Git::at(&project.main).change_refs(&[Change::Drop(&self.refname())])?;
        // git leaves the folder, which it makes again when it needs it.
        let _ = fs::remove_dir(project.common.join("refs/tally-session"));
        Ok(())
    }
}
