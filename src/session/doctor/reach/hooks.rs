//! Hooks of git that are made in each checkout, as husky makes them: where they are not, git runs none and says nothing.

use crate::finding::{FIX, Finding};
use crate::git::Git;
use crate::process::quote;
use crate::session::belongings::files::WORKTREE_INCLUDE;
use crate::session::doctor::reach::Scope;
use std::fs::{self, DirEntry};

pub fn check(scope: &Scope<'_>) -> Vec<Finding> {
    if scope.sessions.is_empty() {
        return Vec::new();
    }
    let main = &scope.project.main;
    let git = Git::at(main);
    // That git can't be asked is said elsewhere.
    let Ok(Some(path)) = git.hooks_in_each_checkout() else {
        return Vec::new();
    };
    let sessions = scope.sessions.iter();
    let lacking = sessions.filter(|session| !session.record.worktree().join(&path).is_dir());
    let names: Vec<_> = lacking.map(|session| session.name.as_str()).collect();
    // What git has is a matter of the branch.
    let made = fs::read_dir(main.join(&path));
    let first = made.into_iter().flatten().flatten().next();
    let is_made = |file: DirEntry| git.ignores(&file.path().to_string_lossy()).unwrap_or(false);
    if names.is_empty() || !first.is_some_and(is_made) {
        return Vec::new();
    }
    let list = main.join(WORKTREE_INCLUDE);
    let list = quote(&list.to_string_lossy());
    let line = quote(&format!("/{}/", path.trim_matches('/')));
    vec![
        Finding::failed(
            format!("git runs no hooks in {}:", names.join(", ")),
            format!("{path} (core.hooksPath) is in the main checkout alone"),
        )
        .cure(format!("printf '\\n%s\\n' {line} >>{list} && {FIX}")),
    ]
}
