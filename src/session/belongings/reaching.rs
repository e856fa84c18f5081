//! Variables that were copied with their file, and lead a session to files of the main checkout.

use crate::dotenv;
use crate::file::read_if_there;
use crate::finding::{Finding, named};
use crate::layout::FILE;
use crate::problem::Problem;
use crate::session::Session;
use crate::session::belongings::placing::Placing;
use crate::session::belongings::{Belonging, inside, placed};
use std::path::Path;

/// That none of the `.env` files that were put there names something in the main checkout, but where the layout has it so.
pub(super) struct Reaching;

impl Belonging for Reaching {
    fn look(&self, placing: &Placing<'_>) -> Vec<Finding> {
        let files = placing.placed.variables.keys();
        let problems = files.filter_map(|path| problem(placing.session, path));
        problems.map(|problem| placing.warning(problem)).collect()
    }
}

/// What of them does.
pub fn all(session: &Session<'_>) -> Vec<(String, Problem)> {
    let placed = placed::read(session);
    let files = placed.variables.keys();
    let problems = files.filter_map(|path| problem(session, path));
    problems
        .map(|problem| (problem.what.clone(), problem))
        .collect()
}

/// By name alone: values may be secrets.
fn problem(session: &Session<'_>, path: &str) -> Option<Problem> {
    let worktree = session.record.worktree();
    let there = inside::follow(worktree, path).ok()?;
    let text = read_if_there(&worktree.join(there)).ok()??;
    let main = &*session.project.main.to_string_lossy();
    let set = session.layout.env.get(path);
    let is_meant = |name: &str| set.is_some_and(|set| set.contains_key(name));
    let all = dotenv::all(&text);
    let leading = all.filter(|(name, value)| !is_meant(name) && leads_to(value, main));
    let names: Vec<_> = leading.map(|(name, _)| name).collect();
    let layout = session.project.main.join(FILE);
    (!names.is_empty()).then(|| {
        Problem::new(
            format!(
                "{path} leads to the main checkout's own files: {}",
                named(&names)
            ),
            format!(
                "have it name the session's: [env.\"{path}\"] with {{worktree}} in {}",
                layout.display()
            ),
        )
    })
}

/// Whether a value names a folder, or something in it, and not another one whose path begins or ends so. A virtual environment there
/// and packages there are all sessions', where they are no other.
fn leads_to(value: &str, folder: &str) -> bool {
    let is_of_name = |letter: char| letter.is_alphanumeric() || "-_.".contains(letter);
    let is_shared =
        |above: &Path| above.join("pyvenv.cfg").exists() || above.ends_with("node_modules");
    let mut places = value.match_indices(folder);
    places.any(|(at, _)| {
        let (before, behind) = (&value[..at], &value[at + folder.len()..]);
        let path =
            value[at..].split(|letter: char| letter.is_whitespace() || "?:;,'\"".contains(letter));
        let mut above = path.take(1).flat_map(|path| Path::new(path).ancestors());
        !before.ends_with(is_of_name) && !behind.starts_with(is_of_name) && !above.any(is_shared)
    })
}
