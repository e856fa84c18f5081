//! What sessions have from the main checkout that is the same for all of them.

use crate::claude::Claude;
use crate::hint;
use crate::layout::Layout;
use crate::project::Project;
use crate::session::belongings::{Part, files};
use crate::store::claude_json::{self, Before};
use anyhow::Result;
use std::path::Path;

/// What was found there once, for all sessions of one command.
#[derive(Default)]
pub struct Inheritance {
    /// The files that folders and the project's own list add to those that the layout names.
    pub files: Vec<Part>,
    /// What there is to tell.
    pub notes: Vec<String>,
}

impl Inheritance {
    /// Finds it, and gives the Claude entries of these worktrees what the main checkout's has been allowed. `before` tells what
    /// the entries were, also when this fails, and stays none if nothing was done about them.
    ///
    /// # Errors
    /// If git fails, or somebody else holds Claude's file for long.
    pub fn pass_on(
        project: &Project,
        layout: &Layout,
        claude: &Claude,
        worktrees: &[&Path],
        before: &mut Option<Before>,
    ) -> Result<Self> {
        let mut inheritance = Self::default();
        if worktrees.is_empty() {
            return Ok(inheritance);
        }
        inheritance.files = files::included(project, layout)?;
        match claude_json::inherit(&claude.json, &project.main, worktrees, before) {
            Err(error) if hint::is::<claude_json::Busy>(&error) => return Err(error),
            // What it may do with tools newer versions of Claude Code read from another file.
            Err(error) => inheritance.notes.push(format!(
                "Claude may ask again for what it was allowed in the main checkout: {error:#}"
            )),
            Ok(()) => {}
        }
        Ok(inheritance)
    }
}
