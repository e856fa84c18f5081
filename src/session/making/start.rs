//! What a new session's branch starts from.

use crate::git::remotes::Upstream;
use crate::git::{Branch, Git, Start, case, refnames_to};
use crate::hint::{Hint, with_hint};
use crate::name::SessionName;
use crate::process::{quote, quote_path};
use crate::project::Project;
use anyhow::{Result, anyhow};
use std::path::Path;

/// The remote that git itself makes, and that counts before all others.
const ORIGIN: &str = "origin";

/// What the user wants a branch for.
pub struct Wanted<'a> {
    /// The session's name, which is the branch's too.
    pub name: SessionName,
    /// What a new branch starts from, as it is called in the folder `here`.
    pub from: Option<&'a str>,
    /// The folder that the user is in.
    pub here: &'a Path,
}

/// What a branch starts from.
pub struct Begin {
    /// As git has to be told.
    pub start: Start,
    /// The commit.
    pub commit: String,
    /// What there is to tell of it.
    pub notes: Vec<String>,
}

/// What it is decided by.
pub struct Choice<'a> {
    project: &'a Project,
    wanted: &'a Wanted<'a>,
    /// The branch that the main checkout is on.
    main: Option<&'a str>,
    /// Whether git takes names for one that differ in case alone.
    in_any_case: bool,
    branches: Vec<Branch>,
}

impl<'a> Choice<'a> {
    /// Asks git for all branches that count, once.
    ///
    /// # Errors
    /// If git fails.
    pub fn read(
        project: &'a Project,
        wanted: &'a Wanted<'a>,
        main: Option<&'a str>,
    ) -> Result<Self> {
        let name = &wanted.name;
        let base = wanted.from.filter(|from| !from.is_empty()).or(main);
        let in_any_case = case::is_ignored(&project.common);
        let in_another_case = in_any_case.then(|| local(&case::any(name.as_str())));
        let refnames = refnames_to(name.as_str())
            .chain(base.map(local))
            .chain(in_another_case)
            // A remote may have slashes in its name.
            .chain([format!("refs/remotes/**/{name}"), remote(name.as_str())]);
        let branches = Git::at(&project.main).branches_with(refnames, Upstream::FIELDS)?;
        Ok(Self {
            project,
            wanted,
            main,
            in_any_case,
            branches,
        })
    }

    /// Fetches from the remotes that may have what the branch starts from, and reads anew. A failure is no more than a note.
    ///
    /// # Errors
    /// If git can't tell its remotes or branches.
    pub fn fetch(self) -> Result<(Self, Option<String>)> {
        let git = Git::at(&self.project.main);
        let all = git.remotes()?;
        let remotes = self.remotes_of_interest(&all);
        if remotes.is_empty() {
            return Ok((self, Some("there is no remote to fetch from".to_owned())));
        }
        let note = git.fetch(&remotes).err().map(|failure| {
            let (remotes, reason) = (remotes.join(", "), failure.reason());
            format!("could not fetch from {remotes}, and goes on with what git knows: {reason}")
        });
        Ok((Self::read(self.project, self.wanted, self.main)?, note))
    }

    /// Of all remotes that which `--from` names, or that which the branch follows; for a new branch also those in which one of its
    /// name counts.
    fn remotes_of_interest<'r>(&self, all: &'r [String]) -> Vec<&'r str> {
        let all = || all.iter().map(String::as_str);
        let named = self.wanted.from.and_then(|from| {
            let is_in = |remote: &&str| {
                let rest = from.strip_prefix(remote);
                rest.is_some_and(|rest| rest.starts_with('/'))
            };
            all().filter(is_in).max_by_key(|remote| remote.len())
        });
        if let Some(named) = named {
            return vec![named];
        }
        let counting: Vec<_> = match all().find(|remote| *remote == ORIGIN) {
            Some(origin) => vec![origin],
            None => all().collect(),
        };
        let own = self.own().filter(|_| self.wanted.from.is_none());
        let upstream = own
            .or_else(|| self.base())
            .and_then(|branch| branch.upstream.as_ref());
        let followed = upstream.and_then(|it| all().find(|remote| *remote == it.remote));
        let is_known = own.is_some() || self.wanted.from.is_some();
        let mut remotes: Vec<_> = followed.into_iter().collect();
        if remotes.is_empty() || !is_known {
            remotes.extend(counting.iter().filter(|remote| Some(**remote) != followed));
        }
        remotes
    }

    /// Decides it.
    ///
    /// # Errors
    /// The refusal, or if git fails.
    pub fn decide(&self) -> Result<Begin> {
        let name = &self.wanted.name;
        if let Some(own) = self.own() {
            return self.existing(own);
        }
        if self.find(&remote(name.as_str())).is_some() {
            let error = anyhow!(
                "{name} is a remote's branch, and one of yours that is called so would pass for it"
            );
            let (_, own) = name.as_str().split_once('/').unwrap_or_default();
            return Err(error).hint(format!("work on it: tally-session add {own}"));
        }
        let mut names = self.branches.iter().map(Branch::name);
        if let Some(other) = names.find(|other| self.in_any_case && name.differs_in_case(other)) {
            return Err(anyhow!(
                "there is a branch {other} already, which git takes for {name} here: they differ in case alone"
            ))
            .hint(format!("work on that one: tally-session add {other}"))
            .hint("choose another name");
        }
        let own = local(name.as_str());
        let mut others = self.branches.iter();
        if let Some(branch) = others.find(|branch| branch.is_in_the_way_of(&own)) {
            let other = branch.name();
            return Err(anyhow!(
                "git cannot have a branch {name} beside the branch {other}"
            ))
            .hint("choose another name");
        }
        // What the user says counts for more than what a remote has.
        if self.wanted.from.is_none()
            && let Some((remote, branch)) = self.of_a_remote()?
        {
            return Ok(Begin {
                start: Start::Tracking { remote },
                commit: branch.commit.clone(),
                notes: Vec::new(),
            });
        }
        self.new_branch()
    }

    fn find(&self, refname: &str) -> Option<&Branch> {
        let mut branches = self.branches.iter();
        branches.find(|branch| branch.refname == refname)
    }

    /// The local branch of the session's name.
    fn own(&self) -> Option<&Branch> {
        self.find(&local(self.wanted.name.as_str()))
    }

    /// The local branch that a new one starts from, if it is one.
    fn base(&self) -> Option<&Branch> {
        self.find(&local(self.wanted.from.or(self.main)?))
    }

    /// The local branch is used as it stands, if nobody else does.
    fn existing(&self, own: &Branch) -> Result<Begin> {
        let name = &self.wanted.name;
        if let Some(path) = &own.worktree {
            return Err(anyhow!(
                "the branch {name} is checked out at {} already",
                path.display()
            ))
            .hint(format!(
                "choose another name, or leave the branch there: git -C {} switch <another branch>",
                quote_path(path)
            ));
        }
        if self.wanted.from.is_some() {
            return Err(anyhow!(
                "the branch {name} is there already, so that --from has no meaning"
            ))
            .hint("leave --from out to work on that branch, or choose another name");
        }
        let note = self.behind(own).map(|(count, upstream, merge)| {
            format!("{name} is {count} behind {upstream}: bring it up to date: {merge}")
        });
        Ok(Begin {
            start: Start::Existing,
            commit: own.commit.clone(),
            notes: note.into_iter().collect(),
        })
    }

    /// The branch of this name that a remote has, and what to call it: origin's, or that of the only remote that has one.
    fn of_a_remote(&self) -> Result<Option<(String, &Branch)>> {
        let name = &self.wanted.name;
        let of = |remote: &str| {
            let branch = self.find(&format!("refs/remotes/{remote}/{name}"))?;
            Some((format!("{remote}/{name}"), branch))
        };
        if let Some(origins) = of(ORIGIN) {
            return Ok(Some(origins));
        }
        let mut names = self.branches.iter().map(|branch| &branch.refname);
        if !names.any(|refname| refname.starts_with("refs/remotes/")) {
            return Ok(None);
        }
        // Where a remote's name ends and a branch's begins is known by the list alone.
        let remotes = Git::at(&self.project.main).remotes()?;
        let mut found: Vec<_> = remotes.iter().filter_map(|remote| of(remote)).collect();
        if found.len() > 1 {
            let all: Vec<_> = found.iter().map(|(name, _)| name.as_str()).collect();
            let error = anyhow!("several remotes have a branch {name}: {}", all.join(", "));
            let choices = all
                .iter()
                .map(|from| format!("tally-session add {name} --from {}", quote(from)));
            return Err(choices.fold(error, with_hint));
        }
        Ok(found.pop())
    }

    /// A new branch starts from the commit that the user names, or from the main checkout's, which may be on no branch.
    fn new_branch(&self) -> Result<Begin> {
        let (project, name) = (self.project, &self.wanted.name);
        let base = self.base();
        let (commit, from) = if let Some(from) = self.wanted.from {
            let commit = Git::at(self.wanted.here).object(from, "commit")?;
            let commit = commit
                .ok_or_else(|| anyhow!("--from {from} names no commit"))
                .hint(format!(
                    "see what there is: {} for-each-ref refs/heads refs/remotes refs/tags",
                    project.git()
                ))?;
            (commit, from)
        } else {
            let commit = match self.main {
                None => Git::at(&project.main).object("HEAD", "commit")?,
                Some(_) => base.map(|main| main.commit.clone()),
            };
            let commit = commit
                .ok_or_else(|| {
                    anyhow!("the repository has no commit yet, so that a branch has nothing to start from")
                })
                .hint(format!(
                    "{} commit --allow-empty --message \"First commit\"",
                    project.git()
                ))?;
            (commit, self.main.unwrap_or("a detached HEAD"))
        };
        // A tag of that name counts for more than the branch.
        let base = base.filter(|base| base.commit == commit);
        let note = base.and_then(|base| {
            let (count, upstream, merge) = self.behind(base)?;
            let base = base.name();
            Some(format!(
                "{base}, which {name} starts from, is {count} behind {upstream}: --from {upstream} starts there, and this goes there now: {merge}"
            ))
        });
        Ok(Begin {
            start: Start::New {
                commit: commit.clone(),
                from: from.to_owned(),
            },
            commit,
            notes: note.into_iter().collect(),
        })
    }

    /// If a branch is behind that which it follows: by how much, what that is called, and what brings the session there.
    fn behind(&self, branch: &Branch) -> Option<(String, String, String)> {
        let Upstream { name, behind, .. } = branch.upstream.as_ref()?;
        let count = match behind {
            0 => return None,
            1 => "1 commit".to_owned(),
            _ => format!("{behind} commits"),
        };
        let worktree = self.project.worktree_path(&self.wanted.name);
        let (name, worktree) = (quote(name), quote_path(&worktree));
        let merge = format!("git -C {worktree} merge {name}");
        Some((count, name, merge))
    }
}

fn remote(branch: &str) -> String {
    format!("refs/remotes/{branch}")
}

fn local(branch: &str) -> String {
    format!("refs/heads/{branch}")
}
