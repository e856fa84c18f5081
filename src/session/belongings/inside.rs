//! The way to a path in a worktree, part by part: what is behind a link that leads out of it is not the session's.

use crate::finding::FIX;
use crate::problem::Problem;
use crate::process::quote_path;
use std::fs;
use std::path::{Component, Path, PathBuf};

/// A link in a worktree that leads out of it, or nowhere.
#[derive(Debug, PartialEq, Eq)]
pub struct Outside {
    /// Its path from the worktree's root.
    part: String,
    /// The link itself.
    pub link: PathBuf,
    target: PathBuf,
}

impl Outside {
    /// That it is left as it is, with what to type for something of the session's own.
    pub fn problem(&self) -> Problem {
        let (part, target) = (&self.part, self.target.display());
        let what = format!(
            "{part} is a link out of the worktree, to {target}: nothing is read or written through it"
        );
        Problem::new(what, own_instead(&self.link))
    }
}

/// What to type for something of the session's own in a link's place.
pub fn own_instead(link: &Path) -> String {
    let link = quote_path(link);
    format!("for the session's own: rm {link} && {FIX}")
}

/// Where a path of a worktree leads: a path from its root without links, whether anything is there or not.
///
/// # Errors
/// The first part of it that leads out of the worktree.
pub fn follow(worktree: &Path, path: &str) -> Result<String, Outside> {
    let mut parts = path.split('/').filter(|part| !part.is_empty());
    parts.try_fold(String::new(), |here, part| {
        let next = join(here, part);
        let link = worktree.join(&next);
        let Ok(target) = fs::read_link(&link) else {
            return Ok(next);
        };
        behind(worktree, &link, &target).ok_or(Outside {
            part: next,
            link,
            target,
        })
    })
}

/// The same for a path whose last part may be a link itself, which is not followed.
///
/// # Errors
/// The first part above it that leads out of the worktree.
pub fn reach(worktree: &Path, path: &str) -> Result<String, Outside> {
    let (above, name) = path.rsplit_once('/').unwrap_or(("", path));
    Ok(join(follow(worktree, above)?, name))
}

fn join(mut above: String, name: &str) -> String {
    if !above.is_empty() {
        above.push('/');
    }
    above.push_str(name);
    above
}

/// Where a link leads, if that is in the worktree.
fn behind(worktree: &Path, link: &Path, target: &Path) -> Option<String> {
    /// As many links as Linux follows.
    const LINKS: u32 = 40;
    let root = fs::canonicalize(worktree).ok()?;
    let folder = root.join(link.parent()?.strip_prefix(worktree).ok()?);
    let there = walk(folder, target, &mut LINKS.clone())?;
    Some(there.strip_prefix(root).ok()?.to_str()?.to_owned())
}

/// Where a path from a folder leads that may be gone from somewhere on; none for links that lead to each other.
fn walk(mut here: PathBuf, path: &Path, links: &mut u32) -> Option<PathBuf> {
    for part in path.components() {
        match part {
            Component::ParentDir => {
                here.pop();
            }
            Component::Normal(name) => match fs::read_link(here.join(name)) {
                Ok(target) => {
                    *links = links.checked_sub(1)?;
                    here = walk(here, &target, links)?;
                }
                Err(_) => here.push(name),
            },
            Component::CurDir => {}
            Component::RootDir | Component::Prefix(_) => here = PathBuf::from("/"),
        }
    }
    Some(here)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn a_link_is_followed_as_long_as_it_stays_inside() {
        let dir = tempfile::tempdir().unwrap();
        let outside = dir.path().join("outside");
        let worktree = dir.path().join("worktree");
        fs::create_dir_all(worktree.join("apps/web")).unwrap();
        fs::create_dir(&outside).unwrap();
        symlink(&worktree, dir.path().join("alias")).unwrap();
        let absolute = dir.path().join("alias/apps");
        for (link, target) in [
            ("frontend", "apps/web"),
            ("again", "./frontend/../web"),
            ("root", "."),
            ("apps/up", ".."),
            ("around", "../worktree/apps"),
            ("absolute", absolute.to_str().unwrap()),
            ("apps/web/.env", "../.env.local"),
            ("out", "../outside"),
            ("far", outside.to_str().unwrap()),
            ("beside", "../worktree-2"),
            ("indirect", "out"),
            ("nowhere", "/run/secrets/x"),
            ("round", "round"),
        ] {
            symlink(target, worktree.join(link)).unwrap();
        }
        for (path, expected) in [
            ("a", Ok("a")),
            ("apps/web/new/file", Ok("apps/web/new/file")),
            ("frontend", Ok("apps/web")),
            ("frontend/.env", Ok("apps/.env.local")),
            ("again/x", Ok("apps/web/x")),
            ("root/apps/up/root/b", Ok("b")),
            ("around/web/x", Ok("apps/web/x")),
            ("absolute/x", Ok("apps/x")),
            ("out", Err("out")),
            ("out/a/b", Err("out")),
            ("far/a", Err("far")),
            ("beside/a", Err("beside")),
            ("indirect/a", Err("indirect")),
            ("root/apps/up/out/a", Err("out")),
            ("nowhere", Err("nowhere")),
            ("round", Err("round")),
        ] {
            let followed = follow(&worktree, path).map_err(|outside| outside.part);
            let followed = followed.as_deref().map_err(String::as_str);
            assert_eq!(followed, expected, "{path}");
        }
        for (path, there) in [
            ("frontend/.env", "apps/web/.env"),
            ("out", "out"),
            ("frontend", "frontend"),
        ] {
            assert_eq!(reach(&worktree, path).as_deref(), Ok(there), "{path}");
        }
        assert!(reach(&worktree, "out/a").is_err());
    }
}
