//! git's remotes: which there are, fetching from them, and the branches there that local ones follow.

use super::{Git, lines_of};
use crate::process::Failure;
use crate::ui;
use anyhow::Result;

/// The branch that another one follows, mostly one of a remote.
#[derive(Debug, PartialEq, Eq)]
pub struct Upstream {
    /// What git calls it: `origin/main`.
    pub name: String,
    /// The remote that it is of; `.` for this repository itself.
    pub remote: String,
    /// How many commits it has that the other one has not, as far as git knows.
    pub behind: usize,
}

impl Upstream {
    /// What `git for-each-ref` is asked for it: three fields.
    pub const FIELDS: &str =
        "%00%(upstream:short)%00%(upstream:remotename)%00%(upstream:track,nobracket)";

    /// Reads these fields; none if there is no upstream.
    pub(super) fn read<'a>(mut fields: impl Iterator<Item = &'a str>) -> Option<Self> {
        let mut next = || fields.next().filter(|field| !field.is_empty());
        let (name, remote) = (next()?, next()?);
        let counts = next().unwrap_or_default().split(", ");
        let mut behind = counts.filter_map(|count| count.strip_prefix("behind "));
        Some(Self {
            name: name.to_owned(),
            remote: remote.to_owned(),
            behind: behind.next().map_or(Ok(0), str::parse).unwrap_or_default(),
        })
    }
}

impl Git<'_> {
    /// The names of all remotes.
    pub fn remotes(self) -> Result<Vec<String>> {
        Ok(lines_of(&self.run("remote").text()?))
    }

    /// Fetches from these remotes. Where somebody can be asked for a password, git has the terminal; elsewhere nothing is asked,
    /// and what needs an answer fails.
    pub fn fetch(self, remotes: &[&str]) -> Result<(), Failure> {
        let fetch = self.run("fetch --multiple --no-recurse-submodules");
        if ui::can_ask() {
            let quiet = (!ui::narrates()).then_some("--quiet");
            return fetch.args(quiet).arg("--").args(remotes).foreground();
        }
        let fetch = fetch
            .args(["--quiet", "--"])
            .args(remotes)
            .env("GIT_TERMINAL_PROMPT", "0")
            // ssh would ask on a terminal that nobody looks at; an older one than 8.4 still does.
            .env("SSH_ASKPASS_REQUIRE", "force");
        let asks_otherwise = std::env::var_os("SSH_ASKPASS").is_some();
        let no_answer = (!asks_otherwise).then_some(("SSH_ASKPASS", "false"));
        fetch.envs(no_answer).stdout().map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_upstream_is_read_with_the_commits_that_it_is_ahead_by() {
        for (track, behind) in [
            ("", 0),
            ("gone", 0),
            ("ahead 3", 0),
            ("behind 2", 2),
            ("ahead 3, behind 12", 12),
        ] {
            let read = Upstream::read(["origin/main", "origin", track].into_iter());
            assert_eq!(
                read.map(|upstream| upstream.behind),
                Some(behind),
                "{track}"
            );
        }
        assert_eq!(Upstream::read(["", "", ""].into_iter()), None);
    }
}
