//! What leads from the sessions to the main checkout, or is in git's way, and can't be kept from it: said once in a project.

use crate::file::read_if_there;
use crate::problem::Problem;
use crate::session::Session;
use crate::session::belongings::{env_files, environment, packages, reaching};
use crate::store::atomic;

/// What is to be said of it now; it is noted that it was.
pub fn once(session: &Session<'_>) -> Vec<Problem> {
    let file = session.project.common.join("tally-session/told");
    let Ok(told) = read_if_there(&file) else {
        return Vec::new();
    };
    let told = told.unwrap_or_default();
    let told = String::from_utf8_lossy(&told);
    let is_new = |key: &str| !told.lines().any(|line| line == key);
    let links = packages::through_links(session, is_new);
    let others = environment::shared(session).into_iter();
    let others = others.chain(reaching::all(session));
    let others = others.chain(env_files::committed(session));
    let others = others.filter(|(key, _)| is_new(key));
    let others = others.map(|(key, problem)| (vec![key], problem));
    let new: Vec<_> = links.into_iter().chain(others).collect();
    if !new.is_empty() {
        let mut noted = told.to_string();
        for key in new.iter().flat_map(|(keys, _)| keys) {
            noted = noted + key + "\n";
        }
        // If it can't be noted it is said again.
        let _ = atomic::replace_soon(&file, noted.as_bytes(), 0o600);
    }
    new.into_iter().map(|(_, problem)| problem).collect()
}
