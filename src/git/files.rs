//! What git thinks of files: which are changed, ignored, tracked or hidden from it.

use super::{Git, parts, paths};
use anyhow::Result;
use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// git sooner tells of all files than of more paths than these, and takes no list of any length.
pub(super) const FEW: usize = 50;

/// Whether a path ends with the name of the file that macOS leaves in each folder that somebody looks at: nobody's work, unless
/// git tracks it.
pub(super) fn is_finders(path: &[u8]) -> bool {
    let name = path.rsplit(|byte| b"/ ".contains(byte)).next();
    name == Some(b".DS_Store")
}

/// A line of `git status`.
#[derive(Debug, PartialEq, Eq)]
pub struct Change {
    /// Whether git does not know the file.
    pub untracked: bool,
    /// The path from the checkout's root.
    pub path: String,
}

/// What `git status` shows at one moment.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// The commit that is checked out; none in a repository without one.
    pub head: Option<String>,
    /// What differs from it.
    pub changes: Vec<Change>,
    /// Whether the index does.
    pub is_staged: bool,
    /// What git ignores, where that was asked for; a folder that is ignored as a whole with a slash at the end.
    pub ignored: Vec<String>,
}

impl Status {
    /// Reads the second version of git's porcelain format. Renames are not asked for.
    fn read(list: &[u8]) -> Self {
        /// How many fields stand before the path of a changed file, and of one with a conflict.
        const CHANGED: usize = 8;
        const CONFLICT: usize = 10;
        let mut status = Self::default();
        for line in &paths(list) {
            let path = |fields: usize| line.splitn(fields + 1, ' ').nth(fields);
            let (path, untracked) = match line.bytes().next() {
                Some(b'1') => (path(CHANGED), false),
                Some(b'u') => (path(CONFLICT), false),
                Some(b'?' | b'!') if is_finders(line.as_bytes()) => continue,
                Some(b'?') => (path(1), true),
                Some(b'!') => {
                    status.ignored.extend(path(1).map(ToOwned::to_owned));
                    continue;
                }
                _ => {
                    let head = line.strip_prefix("# branch.oid ");
                    let head = head.filter(|head| *head != "(initial)");
                    status.head = status.head.or(head.map(ToOwned::to_owned));
                    continue;
                }
            };
            status.is_staged |= !untracked && line.as_bytes().get(2) != Some(&b'.');
            status.changes.extend(path.map(|path| Change {
                untracked,
                path: path.to_owned(),
            }));
        }
        status
    }
}

impl Git<'_> {
    /// What `git ls-files` lists of these paths, or of all if none is named.
    fn listed<S: AsRef<OsStr>>(
        self,
        options: &'static str,
        wanted: impl IntoIterator<Item = S>,
    ) -> Result<Vec<String>> {
        let list = self.run("--literal-pathspecs ls-files -z");
        let list = list.args(options.split_whitespace());
        Ok(paths(&list.arg("--").args(wanted).insist()?))
    }

    /// What `git status` would show of these paths. Where they are many it tells of all others too.
    pub fn changes_of(self, wanted: &BTreeSet<String>) -> Result<Vec<Change>> {
        let few = Some(wanted).filter(|wanted| wanted.len() <= FEW);
        Ok(self.status(few.into_iter().flatten(), "no")?.changes)
    }

    /// What `git status` would show of the whole checkout.
    pub fn changes(self) -> Result<Vec<Change>> {
        Ok(self.status::<&str>([], "no")?.changes)
    }

    /// The same, or that of some paths, with the commit that it is compared with. What git ignores is told where `ignored` is
    /// `matching`, and not where it is `no`.
    pub fn status<S: AsRef<OsStr>>(
        self,
        paths: impl IntoIterator<Item = S>,
        ignored: &str,
    ) -> Result<Status> {
        let status = self
            .run("--no-optional-locks --literal-pathspecs status --porcelain=v2 --branch")
            .args(["--no-ahead-behind", "-z", "--untracked-files=all"])
            .args(["--ignore-submodules=none", "--no-renames"])
            .args([&format!("--ignored={ignored}"), "--"])
            .args(paths)
            .insist()?;
        Ok(Status::read(&status))
    }

    /// The files at these paths, or all if none is named, that git neither tracks nor ignores.
    pub fn untracked<S: AsRef<OsStr>>(
        self,
        wanted: impl IntoIterator<Item = S>,
    ) -> Result<Vec<String>> {
        let mut untracked = self.listed("--others --exclude-standard", wanted)?;
        untracked.retain(|path| !is_finders(path.as_bytes()));
        Ok(untracked)
    }

    /// The files at these paths that git does not track, and that no `.gitignore` of the project names.
    pub fn not_ignored_by_project<S: AsRef<OsStr>>(
        self,
        wanted: impl IntoIterator<Item = S>,
    ) -> Result<Vec<String>> {
        self.listed("--others --exclude-per-directory=.gitignore", wanted)
    }

    /// Whether git ignores a path.
    pub fn ignores(self, path: &str) -> Result<bool> {
        let check = self.run("check-ignore --quiet --").arg(path);
        Ok(check.output()?.status.success())
    }

    /// The files that git is told not to look at, in either way, and that are there and differ from what its index has.
    pub fn hidden_changes(self) -> Result<Vec<String>> {
        let list = self.run("ls-files -z -v --stage").insist()?;
        let hidden = parts(&list).filter_map(|line| {
            let tag = line.first()?;
            let (about, path) =
                line.split_at_checked(line.iter().position(|&byte| byte == b'\t')?)?;
            let path = OsStr::from_bytes(&path[1..]);
            let is_file = self.dir.join(path).symlink_metadata().ok()?.is_file();
            // A small letter tells of the second way.
            let is_hidden = *tag == b'S' || tag.is_ascii_lowercase();
            let name = str::from_utf8(about).ok()?.split(' ').nth(2)?;
            (is_hidden && is_file).then_some((name, path))
        });
        let hidden: Vec<_> = hidden.collect();
        let mut changed = Vec::new();
        for some in hidden.chunks(FEW) {
            let paths = some.iter().map(|(_, path)| path);
            let names = self.run("hash-object --").args(paths).text()?;
            let names = some.iter().zip(names.lines());
            let differ = names.filter(|((name, _), now)| name != now);
            changed.extend(differ.map(|((_, path), _)| path.to_string_lossy().into_owned()));
        }
        Ok(changed)
    }

    /// What HEAD has of a file; none if it does not have it.
    pub fn committed(self, path: &str) -> Result<Option<Vec<u8>>> {
        let blob = self.run("cat-file blob").arg(format!("HEAD:{path}"));
        let blob = blob.output()?;
        Ok(blob.status.success().then_some(blob.stdout))
    }

    /// Hides changes of files that git tracks from it, in this checkout.
    pub fn hide_changes<S: AsRef<OsStr>>(self, paths: impl IntoIterator<Item = S>) -> Result<()> {
        let hide = self.run("update-index --skip-worktree --").args(paths);
        Ok(hide.insist().map(drop)?)
    }

    /// Has git look at files again, and checks them out as its index has them.
    pub fn give_back<S: AsRef<OsStr>>(self, paths: &[S]) -> Result<()> {
        let show = self.run("update-index --no-skip-worktree --");
        show.args(paths).insist()?;
        let check_out = self.run("--literal-pathspecs checkout --quiet --");
        Ok(check_out.args(paths).insist().map(drop)?)
    }

    /// Whether git tracks a path, or something below it.
    pub fn tracks(self, path: &str) -> Result<bool> {
        Ok(!self.listed("", [path])?.is_empty())
    }

    /// The files below a folder that git does not track; where it tracks some of them, those that it ignores.
    pub fn local_files(self, folder: &str) -> Result<Vec<String>> {
        let options = if self.tracks(folder)? {
            "--others --ignored --exclude-standard"
        } else {
            "--others"
        };
        self.listed(options, [folder])
    }

    /// The files that git ignores and that a file of patterns names, in gitignore syntax.
    pub fn ignored_matches(self, patterns: &Path) -> Result<Vec<String>> {
        let mut from = OsString::from("--exclude-from=");
        from.push(patterns);
        let named = self.run("ls-files -z --others --ignored").arg(from);
        let named = named.insist()?;
        if named.is_empty() {
            return Ok(Vec::new());
        }
        let ignored = self.run("check-ignore -z --stdin").input(named);
        Ok(paths(&ignored.output()?.stdout))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_read_with_its_commit_and_each_path_whole() {
        let lines = [
            "# branch.oid 1f0c2d4",
            "# branch.head a b",
            "1 .M N... 100644 100644 100644 aaaa aaaa with two spaces",
            "1 D. N... 100644 000000 000000 aaaa 0000 gone",
            "u UU N... 100644 100644 100644 100644 a b c in conflict",
            "? new file",
            "! logs/",
            "",
        ];
        let change = |path: &str, untracked| Change {
            untracked,
            path: path.to_owned(),
        };
        assert_eq!(
            Status::read(lines.join("\0").as_bytes()),
            Status {
                head: Some("1f0c2d4".to_owned()),
                changes: vec![
                    change("with two spaces", false),
                    change("gone", false),
                    change("in conflict", false),
                    change("new file", true),
                ],
                is_staged: true,
                ignored: vec!["logs/".to_owned()],
            }
        );
        let initial = Status::read(b"# branch.oid (initial)\0");
        assert_eq!(initial, Status::default());
    }
}
