//! Hooks of git that are made in each checkout, as husky makes them: where they are not, git runs none and says nothing.

use crate::finding::{FIX, Finding};
use crate::git::Git;
use crate::process::{quote, quote_path};
use crate::session::belongings::files::WORKTREE_INCLUDE;
use crate::session::doctor::reach::Scope;
use std::fs;

pub fn check(scope: &Scope<'_>) -> Option<Finding> {
    let main = &scope.project.main;
    let git = Git::at(main);
    scope.sessions.first()?;
    // That git can't be asked is said elsewhere.
    let path = git.hooks_in_each_checkout().ok()??;
    let sessions = scope.sessions.iter();
    let lacking = sessions.filter(|session| !session.record.worktree().join(&path).is_dir());
    let names: Vec<_> = lacking.map(|session| session.name.as_str()).collect();
    // What git has is a matter of the branch.
    let first = fs::read_dir(main.join(&path)).ok()?.flatten().next()?;
    let first = first.path();
    let is_made = || git.ignores(&first.to_string_lossy()).unwrap_or(false);
    if names.is_empty() || !is_made() {
        return None;
    }
    let list = main.join(WORKTREE_INCLUDE);
    let list = quote_path(&list);
    let line = quote(&format!("/{}/", path.trim_matches('/')));
    let checked = format!("git runs no hooks in {}:", names.join(", "));
    let found = format!("{path} (core.hooksPath) is in the main checkout alone");
    let cure = format!("printf '\\n%s\\n' {line} >>{list} && {FIX}");
    Some(Finding::failed(checked, found).cure(cure))
}
