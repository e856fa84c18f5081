//! What was taken away whole: a worktree's folder, what git keeps of it, its branch, and all that is needed to have them back.
//!
//! Nothing is deleted. What can be renamed is renamed into a folder of its own, and one ref holds every object that it leads to.
//! Each step can be done again, and undone: whichever command comes next after one that was cut short goes on, or back.

use super::trash;
use crate::file::read_if_there;
use crate::git::Git;
use crate::git::keep::{Change, names_in, objects_in};
use crate::git::worktrees::{self, Worktree};
use crate::hint::Hint;
use crate::name::SessionName;
use crate::process::quote;
use crate::project::Project;
use crate::session::{Session, hidden, placed};
use crate::store::atomic;
use crate::store::record::Record;
use anyhow::{Context, Result, anyhow, bail};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// The file that says what it is.
pub const ABOUT: &str = "removed.json";

/// The worktree's folder in it.
pub const FOLDER: &str = "worktree";

/// What git kept of the worktree, and of those inside it.
pub const ADMINS: &str = "git";

/// The branch's own reflog.
const LOG: &str = "branch.log";

/// Claude's entry of the worktree.
const CLAUDE: &str = "claude.json";

/// How often a branch may move while it is taken away.
const TRIES: usize = 5;

/// What is to be taken away, or was.
#[derive(Debug, Serialize, Deserialize)]
pub struct About {
    /// The session's name.
    pub name: SessionName,
    /// Where the worktree was.
    pub worktree: PathBuf,
    /// What the store knew of the session, if it was one.
    pub record: Option<Record>,
    /// The branch that goes, or stays.
    pub branch: Option<Branch>,
    /// The folders in which git keeps what it knows of the worktree, and of those inside it, by their names.
    pub admins: Vec<String>,
    /// What is in no commit, as the user is told.
    pub went: Vec<String>,
    /// The conversation that its Claude was in.
    pub conversation: Option<String>,
    /// The commits that are kept.
    pub commits: Vec<String>,
    /// Whether its time is over, and no more than its commits is kept.
    pub expired: bool,
}

/// A session's branch.
#[derive(Debug, Serialize, Deserialize)]
pub struct Branch {
    /// Its name.
    pub name: String,
    /// The commit at its tip.
    pub tip: String,
    /// Whether it goes too.
    pub goes: bool,
    /// What git's configuration says of it.
    #[serde(default)]
    config: Vec<(String, String)>,
}

impl Branch {
    /// A branch as it stands.
    pub fn new(name: &str, tip: String, goes: bool) -> Self {
        Self {
            name: name.to_owned(),
            tip,
            goes,
            config: Vec::new(),
        }
    }

    fn refname(&self) -> String {
        format!("refs/heads/{}", self.name)
    }

    /// Where git keeps its reflog, but where refs are kept in tables.
    fn log(&self, project: &Project) -> PathBuf {
        project.common.join("logs").join(self.refname())
    }
}

/// An index at one moment: whoever changes it makes another file, at another time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp(u64, i64, i64);

impl Stamp {
    /// The index in what git keeps of a worktree.
    pub fn of(admin: &Path) -> Option<Self> {
        let about = admin.join("index").metadata().ok()?;
        Some(Self(about.ino(), about.ctime(), about.ctime_nsec()))
    }
}

impl About {
    /// What git keeps of a worktree that is no session's.
    pub fn of_entry(name: SessionName, entry: &Worktree) -> Self {
        Self {
            name,
            worktree: entry.path.clone(),
            record: None,
            branch: None,
            admins: names_of([entry]),
            went: Vec::new(),
            conversation: None,
            commits: Vec::new(),
            expired: false,
        }
    }

    /// What there is of a session: what git keeps of its worktree, and of those inside it, and its branch.
    pub fn of(
        session: &Session<'_>,
        entry: Option<&Worktree>,
        worktrees: &[Worktree],
        branch: Option<Branch>,
    ) -> Self {
        let worktree = session.record.worktree();
        let inside = worktrees
            .iter()
            .filter(|other| other.path.starts_with(worktree) && other.path != worktree);
        Self {
            name: session.name.clone(),
            worktree: worktree.to_owned(),
            record: Some(session.record.clone()),
            branch,
            admins: names_of(entry.into_iter().chain(inside)),
            went: Vec::new(),
            conversation: None,
            commits: Vec::new(),
            expired: false,
        }
    }
}

/// The names of the folders in which git keeps what it knows of these.
fn names_of<'a>(entries: impl IntoIterator<Item = &'a Worktree>) -> Vec<String> {
    let names = entries
        .into_iter()
        .filter_map(|entry| entry.admin.file_name());
    names
        .map(|name| name.to_string_lossy().into_owned())
        .collect()
}

/// Something that was taken away, or is about to be.
#[derive(Debug)]
pub struct Removed {
    /// What it is called among all that were: the session's slug and a time, `name@1795838301`.
    pub id: String,
    /// What it is.
    pub about: About,
    dir: PathBuf,
}

impl Removed {
    /// Writes down what is about to be taken away; nothing is yet.
    ///
    /// # Errors
    /// If it can't be written.
    pub fn begin(project: &Project, mut about: About) -> Result<Self> {
        let (id, dir) = trash::make_folder(project, &about.name)?;
        about.commits = about
            .branch
            .iter()
            .map(|branch| branch.tip.clone())
            .collect();
        let removed = Self { id, about, dir };
        removed.write()?;
        Ok(removed)
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
        Ok(Self {
            about: about.with_context(|| format!("{} does not parse", path.display()))?,
            id: id.to_owned(),
            dir,
        })
    }

    pub(super) fn write(&self) -> Result<()> {
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

    /// The folder of all that is kept of it, but for what had to stay on another disk.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Where the worktree's folder is kept, if it was there.
    pub fn folder(&self) -> Option<PathBuf> {
        [self.dir.join(FOLDER), self.beside()]
            .into_iter()
            .find(|folder| folder.symlink_metadata().is_ok())
    }

    /// Where a folder is kept that can't be renamed into another file system.
    fn beside(&self) -> PathBuf {
        trash::beside(&self.about.worktree, &self.id)
    }

    /// Where git keeps what it knows of each worktree, and where that is kept while it is away.
    fn admins(&self, project: &Project) -> Vec<(PathBuf, PathBuf)> {
        let at = |admin: &String| {
            (
                project.common.join("worktrees").join(admin),
                self.dir.join(ADMINS).join(admin),
            )
        };
        self.about.admins.iter().map(at).collect()
    }

    /// Takes all of it away that still is where it was: the folder in one moment, and then what git knows of it, and the branch.
    /// While the index is the `plain` one it leads to nothing but the commit that is checked out.
    ///
    /// # Errors
    /// The first step that fails; it can be done again.
    pub fn take(&mut self, project: &Project, lock: &File, plain: Option<Stamp>) -> Result<()> {
        let is_plain = self.is_still(project, plain);
        let tip = self.about.branch.as_ref().map(|branch| branch.tip.clone());
        let mut kept = self.names(project)?;
        // Until it goes the branch holds all that there is, and the ref can be made when it goes.
        let mut has_ref =
            !is_plain || tip.is_none() || kept.iter().any(|name| Some(name) != tip.as_ref());
        if has_ref {
            self.keep(project, &kept, is_plain)?;
        }
        self.take_folders(project)?;
        // What came in the last moment is there now, and no more can come.
        let last = self.names(project)?;
        if !last.is_subset(&kept) || is_plain && !self.is_still(project, plain) {
            kept.extend(last);
            self.keep(project, &kept, false)?;
            has_ref = true;
        }
        self.take_branch(project, lock, kept, has_ref)
    }

    /// Whether there is one index, and it is as it was.
    fn is_still(&self, project: &Project, seen: Option<Stamp>) -> bool {
        let admins = self.admins(project);
        let now = admins
            .first()
            .and_then(|(origin, kept)| Stamp::of(kept).or_else(|| Stamp::of(origin)));
        seen.is_some() && now == seen && admins.len() == 1
    }

    /// Every name of an object in what git keeps of the worktrees and in the branch's reflog, and the branch's own commit.
    fn names(&self, project: &Project) -> Result<BTreeSet<String>> {
        let mut names = BTreeSet::new();
        for (origin, kept) in self.admins(project) {
            let admin = if kept.exists() { kept } else { origin };
            if !admin.exists() {
                continue;
            }
            names.extend(objects_in(&admin)?);
            if project.common.join("reftable").exists() {
                names.extend(Git::of(&admin, &project.common).objects_in_tables()?);
            }
        }
        if let Some(branch) = &self.about.branch {
            names.insert(branch.tip.clone());
            let logs = [branch.log(project), self.dir.join(LOG)];
            for log in logs {
                names.extend(names_in(&read_if_there(&log)?.unwrap_or_default()));
            }
        }
        Ok(names)
    }

    /// Has the ref lead to these objects, and, but where that is `plain`, to all that the indexes do.
    fn keep(&mut self, project: &Project, names: &BTreeSet<String>, is_plain: bool) -> Result<()> {
        let mut staged = Vec::new();
        for (origin, kept) in self.admins(project).iter().filter(|_| !is_plain) {
            let mut there = [kept, origin].into_iter();
            if let Some(admin) = there.find(|admin| admin.join("index").exists()) {
                staged.extend(Git::of(admin, &project.common).staged()?);
            }
        }
        let git = Git::at(&project.main);
        let first = self.about.branch.as_ref().map(|branch| branch.tip.as_str());
        let message = format!("All that the removed session {} leads to", self.about.name);
        if let Some(keeper) = git.keeper(first, names, &staged, &message)? {
            let refname = self.refname();
            git.change_refs(&[Change::Update(&refname, &keeper.commit)])
                .with_context(|| format!("cannot make the ref {refname}"))?;
            self.about.commits = keeper.commits;
            self.write()?;
        }
        Ok(())
    }

    fn take_folders(&self, project: &Project) -> Result<()> {
        let worktree = &self.about.worktree;
        if self.folder().is_none() && project.owns_worktree(worktree) {
            match fs::rename(worktree, self.dir.join(FOLDER)) {
                Err(error) if error.kind() == ErrorKind::CrossesDevices => {
                    fs::rename(worktree, self.beside())
                }
                result => result,
            }
            .with_context(|| format!("cannot move the folder {} away", worktree.display()))?;
        }
        for (origin, kept) in self.admins(project) {
            if !kept.exists() && origin.exists() {
                fs::create_dir_all(self.dir.join(ADMINS))?;
                fs::rename(&origin, &kept)
                    .with_context(|| format!("cannot move {} away", origin.display()))?;
            }
        }
        // git has no such folder while it has no worktree; one that was only just made keeps it.
        let _ = fs::remove_dir(project.common.join("worktrees"));
        Ok(())
    }

    /// Takes the branch away, if it goes, at whatever commit it is by now, and has the ref hold that.
    fn take_branch(
        &mut self,
        project: &Project,
        lock: &File,
        mut kept: BTreeSet<String>,
        mut has_ref: bool,
    ) -> Result<()> {
        let git = Git::at(&project.main).holding(lock);
        let refname = self.refname();
        let mut failure = None;
        for _ in 0..TRIES {
            let mut changes = Vec::new();
            let commit = self.about.commits.first().cloned();
            if let (Some(commit), false) = (&commit, has_ref) {
                changes.push(Change::Update(&refname, commit));
            }
            let Some(branch) = self.about.branch.as_mut().filter(|branch| branch.goes) else {
                return Ok(git.change_refs(&changes)?);
            };
            let name = branch.refname();
            let Some(tip) = git.tip(&project.common, &name)? else {
                return Ok(git.change_refs(&changes)?);
            };
            if branch.tip != tip || is_configured(project, branch)? && branch.config.is_empty() {
                branch.config = git.branch_config(&branch.name)?;
                branch.tip.clone_from(&tip);
                self.write()?;
            }
            if kept.insert(tip.clone()) {
                // Somebody has only just moved it.
                self.keep(project, &kept, false)?;
                has_ref = true;
                continue;
            }
            let Some(branch) = &self.about.branch else {
                continue;
            };
            if let Some(log) = read_if_there(&branch.log(project))? {
                fs::write(self.dir.join(LOG), log)?;
            }
            let worktrees = worktrees::list(&project.common)?;
            let other = worktrees
                .iter()
                .find(|other| other.branch.as_ref() == Some(&branch.name));
            if let Some(other) = other {
                bail!(
                    "the branch {} is checked out at {} by now",
                    branch.name,
                    other.path.display()
                );
            }
            changes.push(Change::Delete(&name, &tip));
            match git.change_refs(&changes) {
                // It may have moved in this very moment.
                Err(error) => failure = Some(error),
                Ok(()) if is_configured(project, branch)? => {
                    return git.forget_branch_config(&branch.name);
                }
                Ok(()) => return Ok(()),
            }
        }
        let failed = || format!("cannot take the branch of {} away", self.about.name);
        match failure {
            Some(error) => Err(error).with_context(failed),
            None => bail!("{}: it changes all the time", failed()),
        }
    }

    /// Puts all of it where it was, as far as it is not there already. The session's record and what Claude knew of it are for
    /// the caller.
    ///
    /// # Errors
    /// The first step that fails, also because something else is in its place by now; it can be done again.
    pub fn put_back(&self, project: &Project) -> Result<()> {
        let git = Git::at(&project.main);
        if let Some(branch) = self.about.branch.as_ref().filter(|branch| branch.goes) {
            let name = branch.refname();
            if git.tip(&project.common, &name)?.is_none() {
                git.change_refs(&[Change::Create(&name, &branch.tip)])
                    .with_context(|| format!("cannot make the branch {}", branch.name))?;
                if let Some(log) = read_if_there(&self.dir.join(LOG))? {
                    let path = branch.log(project);
                    fs::write(&path, log)
                        .with_context(|| format!("cannot write {}", path.display()))?;
                }
            }
            if !is_configured(project, branch)? {
                for (key, value) in &branch.config {
                    git.add_config(key, value)?;
                }
            }
        }
        hidden::exclude(project, self.lines(project))?;
        for (origin, kept) in self.admins(project) {
            fs::create_dir_all(project.common.join("worktrees"))?;
            move_back(&kept, &origin)?;
        }
        if let Some(folder) = self.folder() {
            move_back(&folder, &self.about.worktree)?;
        }
        Ok(())
    }

    /// Takes the lines out of git's list that kept what the session had put into the worktree out of its sight.
    ///
    /// # Errors
    /// If the list can't be written.
    pub fn unhide(&self, project: &Project) -> Result<()> {
        hidden::unhide(project, &self.lines(project))
    }

    fn lines(&self, project: &Project) -> Vec<String> {
        let admins = self.admins(project).into_iter();
        let there = admins.flat_map(|(origin, kept)| [origin, kept]);
        there
            .flat_map(|admin| placed::of_admin(&admin).lines)
            .collect()
    }

    /// What keeps it from being put back, if anything does: what is to go to a place that something else has.
    ///
    /// # Errors
    /// That, with what to type.
    pub fn check_places(&self, project: &Project) -> Result<()> {
        let name = &self.about.name;
        let worktree = &self.about.worktree;
        if worktree.symlink_metadata().is_ok() {
            return Err(anyhow!(
                "there is something at {}, where the worktree of {name} was",
                worktree.display()
            ))
            .hint("move it away, then try again");
        }
        for (origin, kept) in self.admins(project) {
            if kept.exists() && origin.exists() {
                let worktrees = worktrees::list(&project.common)?;
                let other = worktrees.iter().find(|other| other.admin == origin);
                let other = other.map_or(&origin, |other| &other.path).display();
                return Err(anyhow!(
                    "git has given the name that it had for the worktree of {name} to another one: {other}"
                ))
                .hint(format!("remove that one first: {} worktree remove {other}", project.git()));
            }
        }
        let Some(branch) = &self.about.branch else {
            return Ok(());
        };
        let quoted = quote(&branch.name);
        let tip = Git::at(&project.main).tip(&project.common, &branch.refname())?;
        let is_as_it_was = if branch.goes {
            tip.is_none()
        } else {
            tip.as_ref() == Some(&branch.tip)
        };
        if is_as_it_was || tip.is_none() {
            return Ok(());
        }
        let cure = format!(
            "give that one another name: {} branch -m {quoted} <another name>",
            project.git()
        );
        Err(anyhow!("there is a branch {} by now", branch.name)).hint(cure)
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
    pub(super) fn drop_ref(&self, project: &Project) -> Result<()> {
        Git::at(&project.main).change_refs(&[Change::Drop(&self.refname())])?;
        // git leaves the folder, which it makes again when it needs it.
        let _ = fs::remove_dir(project.common.join("refs/tally-session"));
        Ok(())
    }

    /// Forgets all about it, when it is where it was.
    ///
    /// # Errors
    /// If git fails, or what is left can't be deleted.
    pub fn forget(self, project: &Project) -> Result<()> {
        if self.folder().is_some() {
            bail!(
                "{} still has the worktree of {}",
                self.dir.display(),
                self.about.name
            );
        }
        self.drop_ref(project)?;
        fs::remove_dir_all(&self.dir)
            .with_context(|| format!("cannot delete {}", self.dir.display()))
    }
}

/// Whether the repository's configuration has something of a branch.
fn is_configured(project: &Project, branch: &Branch) -> Result<bool> {
    let text = read_if_there(&project.common.join("config"))?.unwrap_or_default();
    let section = format!("[branch \"{}\"]", branch.name);
    Ok(String::from_utf8_lossy(&text).contains(&section))
}

/// Renames what is there to where nothing is.
fn move_back(from: &Path, to: &Path) -> Result<()> {
    if from.symlink_metadata().is_err() {
        return Ok(());
    }
    if to.symlink_metadata().is_ok() {
        bail!("{} is in the way of what was there", to.display());
    }
    fs::rename(from, to).with_context(|| format!("cannot move {} back", to.display()))
}
