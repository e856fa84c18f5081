//! The virtual environment that the windows activate.

use crate::layout::{self, Layout, placeholders};
use crate::problem::Problem;
use crate::process::{quote, quote_path};
use crate::project::Project;
use crate::session::Session;
use crate::shell;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Files whose manager makes an environment by itself.
const MANAGED: [&str; 4] = ["uv.lock", "poetry.lock", "Pipfile.lock", "Pipfile"];

/// Files of a program in Python.
const PYTHON: [&str; 3] = ["manage.py", "requirements.txt", "pyproject.toml"];

/// The environments that the sessions' windows work on; without a session, the one that a new one would. A layout that
/// activates in another way has none.
pub fn wanted(project: &Project, layout: &Layout, sessions: &[Session<'_>]) -> BTreeSet<String> {
    let Some(wanted) = layout.activate.strip_prefix("workon ") else {
        return BTreeSet::new();
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
    let names = wanted(project, layout, sessions).into_iter();
    names.filter_map(|name| Some(home()?.join(name))).collect()
}

/// Where they are, by virtualenvwrapper's own rule.
pub fn home() -> Option<PathBuf> {
    let named = std::env::var_os("WORKON_HOME").filter(|home| !home.is_empty());
    named.map_or_else(
        || Some(shell::home()?.join(".virtualenvs")),
        |home| Some(home.into()),
    )
}

/// Whether there is one of this name.
pub fn is_there(name: &str) -> bool {
    home().is_some_and(|home| home.join(name).join("bin/activate").is_file())
}

/// That of a line like `source {main}/.venv/bin/activate`, typed in the worktree.
pub fn activated(session: &Session<'_>) -> Option<PathBuf> {
    let line = session.expand_command(&session.layout.activate, "").ok()?;
    let words = shlex::split(&line)?;
    let mut scripts = words.iter().map(Path::new);
    let script = scripts.find(|word| {
        let file = word.file_name().and_then(|name| name.to_str());
        file.is_some_and(|name| name.starts_with("activate"))
            && word.parent().is_some_and(|bin| bin.ends_with("bin"))
    })?;
    let folder = script.parent()?.parent()?;
    match folder.strip_prefix("~") {
        Ok(below) => Some(shell::home()?.join(below)),
        Err(_) => Some(session.record.worktree().join(folder)),
    }
}

/// The activated environment, from the root, if it is in the main checkout; and what that means.
pub fn shared(session: &Session<'_>) -> Option<(String, Problem)> {
    let project = session.project;
    let folder = fs::canonicalize(activated(session)?).ok()?;
    let below = folder.strip_prefix(&project.main).ok()?.to_str()?;
    let beside = Path::new(below).with_file_name("requirements.txt");
    let install = if project.main.join(&beside).exists() {
        format!("install -r {}", quote_path(&beside))
    } else {
        "install …".to_owned()
    };
    let what = format!("{below} is the main checkout's: pip install in a session changes it there");
    let cure = own_instead(project, below, &install);
    Some((below.to_owned(), Problem::new(what, cure)))
}

/// What to write for an environment of each session's own, in a folder from the root, into which `pip` does this.
pub fn own_instead(project: &Project, folder: &str, pip: &str) -> String {
    let folder = quote(folder);
    format!(
        "for one of each session's own, have this in {}: activate = \". {folder}/bin/activate\", and under [hooks] post_add = \"python3 -m venv {folder} && {folder}/bin/pip {pip}\"",
        project.main.join(layout::FILE).display()
    )
}

/// That an environment is missing, with the line that mends it for this project, if it is; then every window stops at its
/// first command.
pub fn lacking(project: &Project, layout: &Layout, name: &str) -> Option<Problem> {
    let home = home().filter(|_| !is_there(name))?;
    let home = home.display();
    let what = format!("the virtual environment {name} is not in {home} (WORKON_HOME)");
    Some(Problem::new(what, cure(project, layout, name)))
}

fn cure(project: &Project, layout: &Layout, name: &str) -> String {
    let file = project.main.join(layout::FILE);
    let quoted = quote_path(&file);
    let folders = layout.windows.iter().map(|window| window.dir.as_str());
    let folders: BTreeSet<_> = folders.chain([""]).collect();
    let has = |names: &[&str]| {
        let mut folders = folders.iter().map(|folder| project.main.join(folder));
        folders.any(|folder| names.iter().any(|name| folder.join(name).exists()))
    };
    let line = |activate: &str| format!("as the first line of {quoted}: activate = \"{activate}\"");
    let mut own = folders
        .iter()
        .flat_map(|folder| [".venv", "venv"].map(|name| format!("{folder}/{name}/bin/activate")));
    let own = own.find(|path| project.main.join(path.trim_start_matches('/')).is_file());
    if has(&MANAGED) && !file.exists() {
        format!("tally-session layout --detect >{quoted}")
    } else if let Some(own) = own {
        line(&format!("source {{main}}/{}", own.trim_start_matches('/')))
    } else if has(&MANAGED) || !has(&PYTHON) {
        line("")
    } else {
        let others = others();
        let Some(first) = others.first() else {
            return format!("mkvirtualenv {}", quote(name));
        };
        let activate = line(&format!("workon {}", quote(first)));
        format!("{activate}; there are {}", others.join(", "))
    }
}

/// Some of those that are there.
fn others() -> Vec<String> {
    const NAMED: usize = 5;
    let entries = home().and_then(|home| home.read_dir().ok());
    let names = entries.into_iter().flatten().flatten();
    let names = names.filter_map(|entry| entry.file_name().into_string().ok());
    let mut names: Vec<_> = names.filter(|name| is_there(name)).collect();
    names.sort_unstable();
    names.truncate(NAMED);
    names
}
