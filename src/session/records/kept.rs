//! A copy of each session's record, in git's folder of its worktree: for when the store is lost.

use crate::file::read_if_there;
use crate::name::SessionName;
use crate::session::Session;
use crate::store::atomic;
use crate::store::record::Record;
use anyhow::Result;
use serde::{Deserialize, Serialize};
use std::path::Path;

const FILE: &str = "tally-session-record.json";

/// What the store knew of a session.
#[derive(Serialize, Deserialize)]
pub struct Kept {
    /// Its name.
    pub name: SessionName,
    /// The rest.
    pub record: Record,
}

impl Kept {
    /// What git's folder of a worktree has. It is advice: what can't be read is as good as none.
    pub fn read(admin: &Path) -> Option<Self> {
        let text = read_if_there(&admin.join(FILE)).ok()??;
        serde_json::from_slice(&text).ok()
    }
}

/// Keeps a copy of a session's record, if there is none, or another one.
pub fn keep(session: &Session<'_>) -> Result<()> {
    let file = session.admin()?.join(FILE);
    let text = serde_json::to_vec(&Kept {
        name: session.name.clone(),
        record: session.record.clone(),
    })?;
    if read_if_there(&file).ok().flatten().as_ref() == Some(&text) {
        return Ok(());
    }
    atomic::replace_soon(&file, &text, 0o600)
}
