//! The files that a session has from the main checkout, and its Claude's entry.

use crate::dotenv;
use crate::file::read_if_there;
use crate::git::crypt;
use crate::problem::Problem;
use crate::process::quote;
use crate::project::is_same;
use crate::session::Session;
use crate::session::belongings::files::{self, Included, Kind};
use crate::session::belongings::fitting;
use crate::session::belongings::look::{Look, look};
use crate::session::belongings::placed::{self, Placed};
use crate::session::belongings::{database, env_files, hidden, packages};
use crate::session::doctor::finding::{FIX, Finding, Mend, State, named};
use crate::session::doctor::reach;
use crate::store::claude_json::Entries;
use anyhow::Result;
use std::collections::HashSet;
use std::path::{Path, PathBuf};

/// One session's files.
pub struct Belongings<'a> {
    session: &'a Session<'a>,
    placed: Placed,
}

impl<'a> Belongings<'a> {
    pub fn of(session: &'a Session<'a>) -> Self {
        let placed = placed::read(session);
        Self { session, placed }
    }

    /// Each path that the layout or the project's own list gives it, and the layout's variables.
    pub fn check_files(&self, included: &[Included]) -> Vec<Finding> {
        let (project, layout) = (self.session.project, self.session.layout);
        let mut parts: Vec<_> = files::parts(project, layout).collect();
        let is_known = |path: &str| {
            parts
                .iter()
                .any(|(known, _)| Path::new(path).starts_with(known))
        };
        let included = included.iter().map(|(path, kind)| (path.as_str(), *kind));
        let (databases, copies): (Vec<_>, Vec<_>) =
            included.partition(|(_, kind)| *kind == Kind::Database);
        let copies: Vec<_> = copies.into_iter().map(|(path, _)| path).collect();
        let extra: Vec<_> = copies
            .iter()
            .copied()
            .filter(|path| !is_known(path))
            .collect();
        parts.extend(databases);
        let mut findings: Vec<_> = parts
            .iter()
            // Those with variables of the session's are made where the main checkout has none.
            .filter(|(path, kind)| !files::is_made_by_variables(layout, path, *kind))
            .filter_map(|(path, kind)| self.part(path, *kind, &copies))
            .collect();
        findings.extend(self.listed(&extra));
        let checkouts = [&*project.main, self.session.record.worktree()];
        let env = layout.env.keys();
        for path in env.filter(|path| !fitting::follows(layout, &checkouts, path)) {
            match self.variables(path) {
                Ok(found) => findings.extend(found),
                Err(error) => findings.push(Finding::error(self.checked(path), &error)),
            }
        }
        findings.extend(env_files::left(self.session).unwrap_or_default().iter().map(|path| {
            let instead = "still has the session's variables, and is committed: git merge and git switch may refuse to overwrite it";
            self.mendable(Finding::warning(self.checked(path), instead))
        }));
        let tracked = layout
            .env
            .keys()
            .filter_map(|path| env_files::tracked(self.session, path).ok()?);
        findings.extend(tracked.map(|problem| self.warning(problem)));
        // Several paths may lead through one link.
        let mut told = HashSet::new();
        findings.retain(|finding| told.insert(finding.text()));
        let versions = packages::other_versions(self.session).into_iter();
        findings.extend(versions.map(|problem| self.warning(problem)));
        findings
    }

    /// Whether git shows what was placed, which it can't tell where git-crypt fails.
    pub fn check_hidden(&self) -> Finding {
        let checked = self.checked("git status");
        let common = &self.session.project.common;
        let lacks_keys = |admin: PathBuf| crypt::lacks_keys(common, &admin);
        if self.session.admin().is_ok_and(lacks_keys) {
            let fails =
                "fails in its worktree, where git-crypt does not find the repository's keys";
            return self.mendable(Finding::failed(checked, fails));
        }
        let shown = match hidden::shown(self.session, &self.placed) {
            Ok(shown) => shown,
            Err(error) => return Finding::error(checked, &error),
        };
        let paths: Vec<_> = shown.untracked.into_iter().chain(shown.tracked).collect();
        if paths.is_empty() {
            return Finding::fine(checked, "shows nothing that was put there");
        }
        self.mendable(Finding::failed(
            checked,
            format!("shows what was put there: {}", named(&paths)),
        ))
    }

    /// Whether its Claude has what that of the main checkout was allowed.
    pub fn check_claude(&self, entries: &Entries) -> Finding {
        let (main, worktree) = (&self.session.project.main, self.session.record.worktree());
        let checked = self.checked("Claude");
        if entries.lacks(main, worktree) {
            let lacks = "lacks what it was allowed in the main checkout";
            return self.mendable(Finding::warning(checked, lacks));
        }
        Finding::fine(checked, "has what it was allowed in the main checkout")
    }

    fn checked(&self, what: &str) -> String {
        format!("{}: {what}", self.session.name)
    }

    fn mendable(&self, finding: Finding) -> Finding {
        finding.mended_by(Mend::Files(self.session.name.clone()))
    }

    fn warning(&self, problem: Problem) -> Finding {
        Finding::of(&self.session.name, State::Warning, problem)
    }

    fn look(&self, path: &str, kind: Kind) -> Look {
        look(self.session, &self.placed, path, kind)
    }

    /// What the project's own list names, in one line; what stands in the way of a file is told of each.
    fn listed(&self, paths: &[&str]) -> Vec<Finding> {
        let mut findings = Vec::new();
        let mut lacking = Vec::new();
        for path in paths {
            match self.look(path, Kind::AsItIs) {
                Look::There(_) | Look::Follows => {}
                Look::Lacking(_) => lacking.push(*path),
                Look::Blocked(problem) => findings.push(self.warning(problem)),
            }
        }
        let checked = self.checked(&format!("what {} names", files::WORKTREE_INCLUDE));
        if !lacking.is_empty() {
            let found = format!("is not all there: {}", named(&lacking));
            findings.push(self.mendable(Finding::failed(checked, found)));
        } else if findings.is_empty() && !paths.is_empty() {
            findings.push(Finding::fine(checked, "is there"));
        }
        findings
    }

    fn part(&self, path: &str, kind: Kind, included: &[&str]) -> Option<Finding> {
        let worktree = self.session.record.worktree();
        let (from, checked) = (self.session.project.main.join(path), self.checked(path));
        Some(match self.look(path, kind) {
            Look::Follows => return None,
            Look::There(there) => {
                let to = worktree.join(there);
                match kind {
                    Kind::Link if is_same(&from, &to) => {
                        let fault = reach::fault(self.session.project, path);
                        fault.unwrap_or_else(|| link(checked, &from, &to))
                    }
                    Kind::Link => link(checked, &from, &to),
                    Kind::Clone => Finding::fine(checked, "is a folder of its own"),
                    Kind::Database => own_database(checked, &from, &to),
                    Kind::Folder => self.folder(checked, path, included),
                    Kind::Copy | Kind::AsItIs => Finding::fine(checked, "is there"),
                }
            }
            Look::Lacking(there) => self.lacking(checked, &worktree.join(there), kind),
            Look::Blocked(problem) => match files::way(self.session, path, kind) {
                Err(outside) if kind == Kind::Database && is_same(&from, &worktree.join(path)) => {
                    let remove = format!("rm {}", quote(&outside.link.to_string_lossy()));
                    Finding::warning(checked, "is the main checkout's own: both write to it")
                        .cure(copy_again(&remove))
                }
                _ => self.warning(problem),
            },
        })
    }

    fn lacking(&self, checked: String, to: &Path, kind: Kind) -> Finding {
        let target = std::fs::read_link(to);
        let found = match target.map(|target| target.display().to_string()) {
            Ok(target) if to.exists() => {
                format!("is a link to {target}, and not a folder of its own")
            }
            Ok(target) => format!("leads to {target}, where nothing is"),
            Err(_) => "is missing".to_owned(),
        };
        if kind == Kind::Database && !database::journals(to).is_empty() {
            return Finding::failed(checked, format!("{found}, and its journal is left"))
                .cure(format!("move that away: {} && {FIX}", move_aside(to)));
        }
        self.mendable(Finding::failed(checked, found))
    }

    fn folder(&self, checked: String, path: &str, included: &[&str]) -> Finding {
        let included = included.iter().copied();
        let below = included.filter(|file| Path::new(file).starts_with(path));
        let is_lacking = |file: &&str| matches!(self.look(file, Kind::AsItIs), Look::Lacking(_));
        let lacking: Vec<_> = below.filter(is_lacking).collect();
        if lacking.is_empty() {
            return Finding::fine(checked, "is there");
        }
        self.mendable(Finding::failed(
            checked,
            format!("lacks {}", named(&lacking)),
        ))
    }

    /// A file and its variables, but for those that need a port which it does not have yet.
    fn variables(&self, path: &str) -> Result<Vec<Finding>> {
        let session = self.session;
        let worktree = session.record.worktree();
        let file = match files::way(session, path, Kind::Copy) {
            Ok(there) => worktree.join(there),
            Err(outside) => return Ok(vec![self.warning(outside.problem())]),
        };
        let Some(text) = read_if_there(&file)? else {
            let finding = Finding::failed(self.checked(path), "is missing");
            return Ok(vec![self.mendable(finding)]);
        };
        let variables = session.layout.env.get(path).into_iter().flatten();
        let there = Finding::fine(self.checked(path), "is there");
        let set = variables.filter_map(|(name, value)| {
            let wanted = session.expand(value).ok()?;
            let checked = self.checked(&format!("{name} in {path}"));
            let found = dotenv::value(&text, name).map(String::from_utf8_lossy);
            Some(match found {
                Some(found) if found == wanted => Finding::fine(checked, format!("is {wanted}")),
                Some(found) => self.mendable(Finding::failed(
                    checked,
                    format!("is {found}, not {wanted}"),
                )),
                None => self.mendable(Finding::failed(checked, format!("is not set to {wanted}"))),
            })
        });
        Ok([there].into_iter().chain(set).collect())
    }
}

fn link(checked: String, from: &Path, to: &Path) -> Finding {
    if !to.is_symlink() {
        return Finding::fine(checked, "is the session's own");
    }
    if !to.exists() {
        let found = format!("leads to {}, where nothing is", target(to).display());
        let install = format!(
            "install what belongs there in {}",
            from.with_file_name("").display()
        );
        return Finding::failed(checked, found).cure(install);
    }
    if is_same(from, to) {
        return Finding::fine(checked, "leads to the main checkout's");
    }
    let found = format!(
        "leads to {}, not to the main checkout's",
        target(to).display()
    );
    Finding::warning(checked, found).cure(format!(
        "for a link to the main checkout's: rm {} && {FIX}",
        quote(&to.to_string_lossy())
    ))
}

fn own_database(checked: String, from: &Path, to: &Path) -> Finding {
    let has_tables = database::has_tables;
    match has_tables(to) {
        Err(error) => Finding::failed(checked, format!("can't be read: {error:#}"))
            .cure(copy_again(&move_aside(to))),
        Ok(false) if has_tables(from).unwrap_or(false) => {
            Finding::warning(checked, "has no tables").cure(copy_again(&move_aside(to)))
        }
        Ok(_) => Finding::fine(checked, "is a database of its own"),
    }
}

fn copy_again(way: &str) -> String {
    format!("for a new copy of the main checkout's: {way} && {FIX}")
}

/// The command that moves a database away, with its journals: `SQLite` would play them into another one in its place.
fn move_aside(database: &Path) -> String {
    let journals = database::journals(database);
    let there = database.exists().then(|| database.to_owned());
    let moves = there.into_iter().chain(journals).map(|path| {
        let path = path.to_string_lossy();
        let aside = (1..).map(|number| format!("{path}.old{number}"));
        let free = aside.into_iter().find(|aside| !Path::new(aside).exists());
        format!("mv {} {}", quote(&path), quote(&free.unwrap_or_default()))
    });
    moves.collect::<Vec<_>>().join(" && ")
}

fn target(link: &Path) -> PathBuf {
    std::fs::read_link(link).unwrap_or_default()
}
