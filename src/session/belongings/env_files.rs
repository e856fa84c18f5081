//! In which files a session's variables are set: where git tracks an `.env` file, a change in it keeps `git merge` and `git switch`
//! from working, hidden from git or not. And which the main checkout's have got since a session's were copied.

use crate::dotenv;
use crate::file::read_if_there;
use crate::finding::{Finding, named};
use crate::git::{Git, index};
use crate::layout::{FILE, Layout};
use crate::problem::Problem;
use crate::process::{quote, quote_path};
use crate::project::Project;
use crate::session::Session;
use crate::session::belongings::placed::variables_of;
use crate::session::belongings::placing::Placing;
use crate::session::belongings::{Belonging, hidden, inside, variables};
use anyhow::Result;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Beside an `.env` file: what is set here counts more to [`READERS`].
const LOCAL: &str = ".env.local";

/// The packages that read it, as their documentation says.
const READERS: [&str; 6] = [
    "vite",
    "next",
    "react-scripts",
    "@sveltejs/kit",
    "astro",
    "@vue/cli-service",
];

/// This one is built on one of those, and does not.
const NO_READER: &str = "nuxt";

/// Has variables set in a file that git ignores, where they would be in one that it tracks and the project reads both.
pub fn prefer_ignored(project: &Project, mut layout: Layout) -> Layout {
    let ignored = |path: &String| {
        let local = local(path).filter(|_| reads_local(&project.main, path))?;
        let files = &layout.files;
        let mut made_otherwise = files.link.iter().chain(&files.sqlite);
        let is_free = !layout.env.contains_key(&local) && made_otherwise.all(|path| *path != local);
        let is_better = is_free
            && index::lists(&project.common.join("index"), path)
            && Git::at(&project.main).ignores(&local).unwrap_or(false);
        is_better.then(|| (path.clone(), local))
    };
    layout.env_instead = layout.env.keys().filter_map(ignored).collect();
    let instead = &layout.env_instead;
    let env = layout.env.into_iter();
    let env = env.map(|(path, set)| (instead.get(&path).cloned().unwrap_or(path), set));
    layout.env = env.collect();
    layout
}

fn local(path: &str) -> Option<String> {
    let path = Path::new(path);
    let is_plain = path.file_name().is_some_and(|name| name == ".env");
    is_plain.then(|| path.with_file_name(LOCAL).to_string_lossy().into_owned())
}

/// Whether the package in the folder of an `.env` file asks for a tool that reads the other one too.
fn reads_local(checkout: &Path, path: &str) -> bool {
    let package = checkout.join(path).with_file_name("package.json");
    let text = read_if_there(&package).ok().flatten().unwrap_or_default();
    let package: Value = serde_json::from_slice(&text).unwrap_or_default();
    let asks_for = |name: &str| {
        let kinds = ["dependencies", "devDependencies"];
        kinds.iter().any(|kind| package[kind].get(name).is_some())
    };
    READERS.iter().any(|name| asks_for(name)) && !asks_for(NO_READER)
}

/// That no variables of the session's are set any more in a file that git tracks.
pub(super) struct Left<'a> {
    /// The file, from the worktree's root.
    pub path: &'a str,
    /// That in which they are set instead.
    pub instead: &'a String,
}

impl Belonging for Left<'_> {
    fn make(&self, placing: &mut Placing<'_>) -> Result<()> {
        let (session, worktree) = (placing.session, placing.worktree());
        let Ok(there) = inside::follow(worktree, self.path) else {
            return Ok(());
        };
        let text = read_if_there(&worktree.join(&there))?.unwrap_or_default();
        let set = &session.layout.env[self.instead];
        // git is asked only where they are set.
        if variables::with(session, text.clone(), set) == text
            && hidden::is_our_change(session, &there)?
        {
            Git::at(worktree).give_back(&[there])?;
            // There they are set now, also in a file that is there.
            placing.paths.push(self.instead.clone());
        }
        Ok(())
    }

    fn look(&self, placing: &Placing<'_>) -> Vec<Finding> {
        let found = "still has the session's variables, and is committed: git merge and git switch may refuse to overwrite it";
        let there = inside::follow(placing.worktree(), self.path).ok();
        let is_left =
            |there: &String| hidden::is_our_change(placing.session, there).unwrap_or(false);
        let finding =
            |there: String| placing.mendable(Finding::warning(placing.checked(&there), found));
        there.filter(is_left).map(finding).into_iter().collect()
    }
}

/// The command that has git look at files again, in whichever of two ways it was told not to.
pub fn show(worktree: &Path, paths: &[String]) -> String {
    let worktree = quote_path(worktree);
    let paths: Vec<_> = paths.iter().map(|path| quote(path)).collect();
    let paths = paths.join(" ");
    ["skip-worktree", "assume-unchanged"]
        .map(|way| format!("git -C {worktree} update-index --no-{way} {paths}"))
        .join(" && ")
}

/// That a file in which variables are set is none that git tracks.
pub(super) struct Tracked<'a> {
    /// The file, from the worktree's root.
    pub path: &'a str,
}

impl Belonging for Tracked<'_> {
    fn look(&self, placing: &Placing<'_>) -> Vec<Finding> {
        let problem = self.problem(placing);
        Vec::from_iter(problem.map(|problem| placing.warning(problem)))
    }
}

impl Tracked<'_> {
    /// That the variables alone differ from what is committed, or that the user has changed it, and git does not show that.
    fn problem(&self, placing: &Placing<'_>) -> Option<Problem> {
        let (path, worktree) = (self.path, placing.worktree());
        let there = inside::follow(worktree, path).ok()?;
        match hidden::change(placing.session, &there).ok()?? {
            hidden::Change::Ours => Some(tracked(placing.session, path)),
            hidden::Change::Users => {
                let is_hidden = Git::at(worktree).hidden_changes().ok()?.contains(&there);
                let what =
                    format!("{path} has changes of your own, and git is told not to look at it");
                is_hidden.then(|| Problem::new(what, show(worktree, &[there])))
            }
        }
    }
}

/// That git tracks files in which variables are set: each with what the user can do for the sessions to come.
pub fn committed(session: &Session<'_>) -> Vec<(String, Problem)> {
    let index = session.project.common.join("index");
    let paths = session.layout.env.keys();
    let tracked = paths.filter(|path| index::lists(&index, path));
    tracked
        .map(|path| {
            let problem = Problem::new(in_the_way(path), set_elsewhere(session, path));
            (format!("tracked {path}"), problem)
        })
        .collect()
}

fn in_the_way(path: &str) -> String {
    format!(
        "{path} is committed, and has variables of the session's: git merge and git switch may refuse to overwrite it"
    )
}

/// How they are set in another file.
fn set_elsewhere(session: &Session<'_>, path: &str) -> String {
    let main = &session.project.main;
    match local(path).filter(|_| reads_local(main, path)) {
        Some(local) => {
            let (line, list) = (
                quote(&format!("/{local}")),
                quote_path(main.join(".gitignore")),
            );
            format!("echo {line} >>{list}")
        }
        None => format!(
            "have them set in a file that git ignores and the project reads: [env.\"{path}.local\"] for [env.\"{path}\"] in {}",
            main.join(FILE).display()
        ),
    }
}

/// That git tracks a file in which variables are set.
fn tracked(session: &Session<'_>, path: &str) -> Problem {
    let (worktree, other) = (session.record.worktree(), set_elsewhere(session, path));
    let (git, file) = (format!("git -C {}", quote_path(worktree)), quote(path));
    Problem::new(
        in_the_way(path),
        format!(
            "{other}; then {git} update-index --no-skip-worktree {file} && {git} checkout -- {file} && tally-session doctor --fix"
        ),
    )
}

/// That no file of the main checkout has got variables since it was copied. What the session's had then and has no more the user has
/// taken out.
pub(super) struct New;

impl Belonging for New {
    fn look(&self, placing: &Placing<'_>) -> Vec<Finding> {
        let copied = placing.placed.variables.iter();
        let new = copied.filter_map(|(path, had)| new_in(placing, path, had));
        new.map(|problem| placing.warning(problem)).collect()
    }
}

/// By name alone: values may be secrets.
fn new_in(placing: &Placing<'_>, path: &str, had: &BTreeSet<String>) -> Option<Problem> {
    let worktree = placing.worktree();
    let from = placing.session.project.main.join(path);
    let to = worktree.join(inside::follow(worktree, path).ok()?);
    let (text, has) = (read_if_there(&from).ok()??, variables_of(&to));
    let mut new: BTreeMap<_, _> = dotenv::all(&text).collect();
    new.retain(|name, _| to.exists() && !had.contains(*name) && !has.contains(*name));
    let names: Vec<_> = new.keys().copied().collect();
    let of_many_lines = new.values().any(|value| value.contains(['\n', '\r']));
    let [from, to] = [from, to].map(quote_path);
    let cure = if of_many_lines {
        format!("copy by hand what has several lines: ${{EDITOR:-vi}} {from} {to}")
    } else {
        let lines = quote(&format!("^ *(export +)?({}) *=", names.join("|")));
        // The last line there may have no end.
        format!("echo >>{to} && grep -E {lines} {from} >>{to}")
    };
    let what = format!(
        "{path} lacks {}, which the main checkout's has by now",
        named(&names)
    );
    (!names.is_empty()).then(|| Problem::new(what, cure))
}
