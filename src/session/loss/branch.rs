//! The branches of what is taken away.

use crate::file::read_if_there;
use crate::git::Git;
use crate::git::worktrees::Worktree;
use crate::hint::Hint;
use crate::process::quote_path;
use crate::project::Project;
use anyhow::{Result, anyhow};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// A branch.
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
    pub config: Vec<(String, String)>,
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

    /// One that stays, if it is there: one without a commit is not.
    pub fn find(project: &Project, name: &str) -> Result<Option<Self>> {
        let tip = Self::new(name, String::new(), false).tip_now(project)?;
        Ok(tip.map(|tip| Self::new(name, tip, false)))
    }

    pub fn refname(&self) -> String {
        format!("refs/heads/{}", self.name)
    }

    /// The commit at its tip by now, if it is there.
    pub fn tip_now(&self, project: &Project) -> Result<Option<String>> {
        Git::at(&project.main).tip(&project.common, &self.refname())
    }

    pub fn is_there(&self, project: &Project) -> Result<bool> {
        Ok(self.tip_now(project)?.is_some())
    }

    /// Refuses to touch it while one of these has it checked out.
    pub fn refuse_checked_out(&self, worktrees: &[Worktree]) -> Result<()> {
        let mut holders = worktrees.iter().filter(|it| it.holds(&self.name));
        let Some(Worktree { path, .. }) = holders.next() else {
            return Ok(());
        };
        let (name, quoted) = (&self.name, quote_path(path));
        let path = path.display();
        Err(anyhow!("the branch {name} is checked out at {path} by now")).hint(format!(
            "leave it there: git -C {quoted} switch <another branch>"
        ))
    }

    /// Where git keeps its reflog, but where refs are kept in tables.
    pub fn log(&self, project: &Project) -> PathBuf {
        project.common.join("logs").join(self.refname())
    }

    /// Whether the repository's configuration has something of it.
    pub fn is_configured(&self, project: &Project) -> Result<bool> {
        let text = read_if_there(&project.common.join("config"))?.unwrap_or_default();
        let section = format!("[branch \"{}\"]", self.name);
        Ok(String::from_utf8_lossy(&text).contains(&section))
    }
}
