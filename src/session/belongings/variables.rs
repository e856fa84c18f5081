//! The session's variables in a file that servers read.

use crate::dotenv;
use crate::file::read_if_there;
use crate::finding::Finding;
use crate::session::Session;
use crate::session::belongings::placing::{Placing, make_parent};
use crate::session::belongings::{Belonging, inside};
use crate::store::atomic;
use anyhow::Result;
use indexmap::IndexMap;

pub(super) struct Variables<'a> {
    /// The file, from the worktree's root.
    pub path: &'a str,
    /// What is set there: names, and values with placeholders.
    pub set: &'a IndexMap<String, String>,
}

impl Belonging for Variables<'_> {
    /// They are set in a file that is new, and in full in one that is there.
    fn make(&self, placing: &mut Placing<'_>) -> Result<()> {
        let worktree = placing.worktree();
        if placing.follows(self.path) {
            return Ok(());
        }
        let there = match inside::follow(worktree, self.path) {
            Ok(there) => there,
            Err(outside) => {
                placing.tell(&outside.problem());
                return Ok(());
            }
        };
        let file = worktree.join(&there);
        let is_new = placing.paths.iter().any(|path| path == self.path) || !file.exists();
        if !placing.in_full && !is_new {
            return Ok(());
        }
        let before = read_if_there(&file)?.unwrap_or_default();
        let text = with(placing.session, before.clone(), self.set);
        if text == before {
            return Ok(());
        }
        let placed = &mut placing.placed;
        if placed.is_changed(worktree, &there) {
            // What the user has written there is kept nowhere else.
            placing.notes.extend(self.replaced(&before, &text));
        }
        // What somebody else has put there or changed stays theirs.
        let is_ours = !file.exists() || placed.is_as_placed(worktree, &there);
        make_parent(&file)?;
        atomic::replace(&file, &text, 0o600)?;
        if is_ours {
            placed.add(worktree, &there);
        }
        placing.paths.push(self.path.to_owned());
        Ok(())
    }

    /// The file and each variable.
    fn look(&self, placing: &Placing<'_>) -> Vec<Finding> {
        if placing.follows(self.path) {
            return Vec::new();
        }
        self.are_set(placing)
            .unwrap_or_else(|error| vec![Finding::error(placing.checked(self.path), &error)])
    }
}

impl Variables<'_> {
    /// The values that are others in a new text of the file, and differ by more than a port.
    fn replaced(&self, before: &[u8], text: &[u8]) -> Vec<String> {
        let replaced = |name: &String| {
            let [was, is] = [before, text].map(|text| dotenv::value(text, name));
            let [was, is] = [was?, is?].map(String::from_utf8_lossy);
            let [was_shown, is_shown] = [&was, &is].map(|value| shown(name, value));
            let path = self.path;
            let without_port = |value: &str| value.replace(|it: char| it.is_ascii_digit(), "");
            (without_port(&was) != without_port(&is))
                .then(|| format!("{name} in {path} was {was_shown}, and is {is_shown} now"))
        };
        self.set.keys().filter_map(replaced).collect()
    }

    /// The same, but for those that need a port which the session does not have yet.
    fn are_set(&self, placing: &Placing<'_>) -> Result<Vec<Finding>> {
        let file = match inside::follow(placing.worktree(), self.path) {
            Ok(there) => placing.worktree().join(there),
            Err(outside) => return Ok(vec![placing.warning(outside.problem())]),
        };
        let Some(text) = read_if_there(&file)? else {
            // None is made for no variables.
            let is_wanted = !with(placing.session, Vec::new(), self.set).is_empty();
            let missing = is_wanted.then(|| placing.failed(self.path, "is missing"));
            return Ok(Vec::from_iter(missing));
        };
        let there = placing.fine(self.path, "is there");
        let set = self.set.iter().filter_map(|(name, value)| {
            let wanted = placing.session.expand(value).ok()?;
            let what = format!("{name} in {}", self.path);
            let should = shown(name, &wanted);
            let found = dotenv::value(&text, name).map(String::from_utf8_lossy);
            Some(match found {
                Some(found) if found == wanted => placing.fine(&what, format!("is {should}")),
                Some(found) => {
                    let found = shown(name, &found);
                    placing.failed(&what, format!("is {found}, not {should}"))
                }
                None => placing.failed(&what, format!("is not set to {should}")),
            })
        });
        Ok([there].into_iter().chain(set).collect())
    }
}

/// A variable's value as anybody may see it: without its password, or nothing of one that is a secret by its name.
fn shown(name: &str, value: &str) -> String {
    const SECRETS: [&str; 5] = ["PASSWORD", "PASS", "SECRET", "TOKEN", "KEY"];
    const HIDDEN: &str = "…";
    let name = name.to_uppercase();
    if SECRETS.iter().any(|secret| name.ends_with(secret)) {
        return HIDDEN.to_owned();
    }
    let password = || {
        let (scheme, rest) = value.split_once("://")?;
        let (login, host) = rest.split_once('@')?;
        let (user, _) = login.split_once(':')?;
        Some(format!("{scheme}://{user}:{HIDDEN}@{host}"))
    };
    password().unwrap_or_else(|| value.to_owned())
}

/// A file's text with these variables set in it, but for those that need a port which a record of another layout lacks.
pub(super) fn with(
    session: &Session<'_>,
    mut text: Vec<u8>,
    variables: &IndexMap<String, String>,
) -> Vec<u8> {
    for (name, value) in variables {
        let Ok(value) = session.expand(value) else {
            continue;
        };
        if dotenv::value(&text, name) != Some(value.as_bytes()) {
            text = dotenv::set(&text, name, &value);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_not_shown() {
        let address = "postgres://me:a/b@localhost:5432/points?x=a@b";
        for (name, value, expected) in [
            (
                "DATABASE_URL",
                address,
                "postgres://me:…@localhost:5432/points?x=a@b",
            ),
            (
                "VITE_API_URL",
                "http://localhost:8000",
                "http://localhost:8000",
            ),
            (
                "URL",
                "http://me@localhost:8000",
                "http://me@localhost:8000",
            ),
            ("PGPASSWORD", "secret", "…"),
            ("api_key", "secret", "…"),
            ("MODE", "dev", "dev"),
        ] {
            assert_eq!(shown(name, value), expected, "{name}");
        }
    }
}
