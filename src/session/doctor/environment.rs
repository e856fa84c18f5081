//! The virtual environment that `workon` activates.

use super::finding::Finding;
use crate::layout::{Layout, placeholders};
use crate::process::quote;
use crate::project::Project;
use crate::session::Session;
use std::collections::BTreeSet;
use std::path::PathBuf;

/// Whether each environment that the sessions' windows work on is there. A layout that activates in another way is not
/// looked at.
pub fn check(project: &Project, layout: &Layout, sessions: &[Session<'_>]) -> Vec<Finding> {
    let names = names(project, layout, sessions);
    names.iter().map(|name| environment(name)).collect()
}

/// The environments that `workon` activates.
fn names(project: &Project, layout: &Layout, sessions: &[Session<'_>]) -> Vec<String> {
    let Some(wanted) = layout.activate.strip_prefix("workon ") else {
        return Vec::new();
    };
    let of_project = |word: &str| (word == "project").then(|| quote(&project.name));
    let commands: BTreeSet<String> = sessions
        .iter()
        .filter_map(|session| session.expand_command(wanted, "").ok())
        .chain(placeholders::expand(wanted, of_project).ok())
        .collect();
    let names = commands.iter().filter_map(|command| {
        shlex::split(command)?
            .into_iter()
            .find(|word| !word.starts_with('-'))
    });
    names.collect()
}

/// The folders of those, whether they are there or not.
pub fn folders(project: &Project, layout: &Layout, sessions: &[Session<'_>]) -> Vec<PathBuf> {
    let names = names(project, layout, sessions).into_iter();
    names.filter_map(|name| Some(home()?.join(name))).collect()
}

/// virtualenvwrapper's own rule of where they are.
fn home() -> Option<PathBuf> {
    std::env::var_os("WORKON_HOME")
        .filter(|home| !home.is_empty())
        .map(PathBuf::from)
        .or_else(|| Some(dirs::home_dir()?.join(".virtualenvs")))
}

fn environment(name: &str) -> Finding {
    let checked = format!("the virtual environment {name}");
    let Some(home) = home() else {
        return Finding::failed(checked, "can't be looked for: HOME is not set");
    };
    if home.join(name).join("bin/activate").is_file() {
        return Finding::fine(checked, format!("is in {}", home.display()));
    }
    Finding::failed(
        checked,
        format!("is not in {} (WORKON_HOME)", home.display()),
    )
    .cure(format!("mkvirtualenv {}", quote(name)))
    .cure("if yours are elsewhere, export WORKON_HOME in your shell's start-up file")
}
