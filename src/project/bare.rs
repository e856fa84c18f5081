//! Repositories without a main checkout, all of whose checkouts are worktrees.

use super::config;
use crate::hint::Hint;
use crate::process::quote_path;
use anyhow::{Result, anyhow};
use std::path::{Path, PathBuf};

/// Refuses the repository with this common git folder if git takes it for a bare one.
///
/// # Errors
/// If it is one.
pub fn refuse(common: &Path) -> Result<()> {
    let is_bare = |file: &str| config::switch(&common.join(file), "core", "bare");
    let settings = common.join("config");
    // What is there for the main checkout alone counts more than what is there for all.
    let has_own = config::switch(&settings, "extensions", "worktreeconfig") == Some(true);
    let own = has_own.then(|| is_bare("config.worktree")).flatten();
    if !own.or_else(|| is_bare("config")).unwrap_or_default() {
        return Ok(());
    }
    let error = anyhow!(
        "{} is a bare repository: it has no main checkout, which sessions get their files from",
        common.display()
    );
    // Files were staged once: it was made bare by mistake, which happens to programs that work with worktrees.
    if common.join("index").exists() {
        let scope = own.map_or("", |_| "--worktree ");
        let common = quote_path(common);
        return Err(error).hint(format!(
            "if it had one, make it that again: git --git-dir={common} config {scope}core.bare false"
        ));
    }
    let [common, clone] = [quote_path(common), quote_path(place(common))];
    Err(error).hint(format!(
        "make one, and go there: git clone {common} {clone}"
    ))
}

/// Where a main checkout can be made, of the repository's name: beside its worktrees, where they are all in one folder with it.
fn place(common: &Path) -> PathBuf {
    let name = common.file_name().unwrap_or_default();
    let is_hidden = name.as_encoded_bytes().starts_with(b".");
    let folder = common.parent().unwrap_or(common);
    let named = if is_hidden { folder } else { common };
    let name = named.file_stem().unwrap_or(common.as_os_str());
    let place = folder.join(name);
    if place.exists() {
        return folder.join(format!("{}-main", name.to_string_lossy()));
    }
    place
}
