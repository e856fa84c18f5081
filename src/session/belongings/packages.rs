//! Packages that a session shares with the main checkout.

use crate::file::{read_if_there, read_text_if_there};
use crate::finding::Finding;
use crate::layout;
use crate::package_manager::PACKAGE_MANAGERS;
use crate::problem::Problem;
use crate::process::{quote, quote_path};
use crate::project::{Project, is_same};
use crate::session::Session;
use crate::session::belongings::placing::Placing;
use crate::session::belongings::{Belonging, inside, installed};
use serde_json::Value;
use std::fs::{self, DirEntry};
use std::path::{Path, PathBuf};

/// The files in which other package managers note the exact versions of what they install beside them.
const OTHER_LOCK_FILES: [&str; 4] = ["Gemfile.lock", "composer.lock", "uv.lock", "poetry.lock"];

/// What npm, pnpm and yarn leave in a folder of packages that they have installed to its end.
const MARKS: [&str; 4] = [
    ".package-lock.json",
    ".modules.yaml",
    ".yarn-integrity",
    ".yarn-state.yml",
];

/// What is to be thought of where no lock file names a package manager.
const ANY_DOES: &str = "rm -rf in a session, with a slash behind it, would empty it there";

/// How the packages are installed then: the words before the folder and behind it.
const ANY_INSTALLS_IN: [&str; 2] = ["npm --prefix", " install"];

/// What is asked for in a folder of the project.
pub struct Asked {
    /// What a package manager does in a session to the main checkout's packages.
    does: &'static str,
    /// The words of installing them, before the folder and behind it.
    installs_in: [&'static str; 2],
    /// The folder of the `package.json`, from the root.
    pub folder: PathBuf,
    /// Whether the lock file is that of a folder above it.
    pub is_locked_above: bool,
}

impl Asked {
    /// What asks for the packages in a `node_modules` of the project, if something does.
    pub fn of(project: &Project, node_modules: &str) -> Option<Self> {
        const KEYS: [&str; 4] = [
            "dependencies",
            "devDependencies",
            "optionalDependencies",
            "workspaces",
        ];
        let path = Path::new(node_modules);
        let folder = path.parent().filter(|_| path.ends_with("node_modules"))?;
        let text = read_if_there(&project.main.join(folder).join("package.json")).ok()??;
        let json: Value = serde_json::from_slice(&text).ok()?;
        let is_filled = |value: &Value| {
            let fields = value.as_object().map(serde_json::Map::len);
            fields.or(value.as_array().map(Vec::len)).unwrap_or(0) > 0
        };
        if !KEYS.iter().filter_map(|key| json.get(key)).any(is_filled) {
            return None;
        }
        let locked_in = |above: &Path| {
            let is_there = |lock_file: &&str| project.main.join(above).join(lock_file).exists();
            let mut managers = PACKAGE_MANAGERS.iter();
            managers.find(|manager| manager.lock_files.iter().any(&is_there))
        };
        let mut above = folder.ancestors();
        let locked = above.find_map(|above| Some((above, locked_in(above)?)));
        Some(Self {
            does: locked.map_or(ANY_DOES, |(_, manager)| manager.does),
            installs_in: locked.map_or(ANY_INSTALLS_IN, |(_, manager)| manager.installs_in),
            folder: folder.to_owned(),
            is_locked_above: locked.is_some_and(|(above, _)| above != folder),
        })
    }

    /// What to type to have them installed in a checkout.
    pub fn install(&self, checkout: &Path) -> String {
        let [before, behind] = self.installs_in;
        let folder = checkout.join(&self.folder);
        let folder = folder.to_string_lossy();
        format!("{before} {}{behind}", quote(folder.trim_end_matches('/')))
    }
}

/// What to write for folders of each session's own in the place of links.
pub fn clone_instead(project: &Project, links: &[&str]) -> String {
    format!(
        "for one of each session's own, have this under [files] in {}, and no link: clone = {links:?}",
        project.main.join(layout::FILE).display()
    )
}

/// What would reach the main checkout through those of the session's links that are `new`, and these links.
pub fn through_links(
    session: &Session<'_>,
    is_new: impl Fn(&str) -> bool,
) -> Option<(Vec<String>, Problem)> {
    let (project, worktree) = (session.project, session.record.worktree());
    let links = session.layout.files.link.iter().map(String::as_str);
    let new: Vec<_> = links
        .filter(|link| worktree.join(link).is_symlink() && is_new(link))
        .filter_map(|link| Some((link, Asked::of(project, link)?)))
        .collect();
    let (_, asked) = new.first()?;
    let links: Vec<_> = new.iter().map(|(link, _)| *link).collect();
    let lead = match links[..] {
        [_] => "leads",
        _ => "each lead",
    };
    let (named, does) = (links.join(" and "), asked.does);
    let what = format!("{named} {lead} to the main checkout's: {does}");
    let problem = Problem::new(what, clone_instead(project, &links));
    Some((links.into_iter().map(ToOwned::to_owned).collect(), problem))
}

/// What is wrong with packages of the main checkout that are there.
pub fn fault(project: &Project, link: &str) -> Option<Finding> {
    let asked = Asked::of(project, link)?;
    let shared = project.main.join(link);
    let about = shared.symlink_metadata().ok()?;
    let install = asked.install(&project.main);
    let checked = format!("the main checkout's {link}");
    let leads_to = fs::canonicalize(&shared).ok()?;
    let is_session_s = |path: &Path| path.ancestors().any(|above| project.owns_worktree(above));
    let broken = if about.is_symlink() && is_session_s(&leads_to) {
        Some(format!("is a link to a session's: {}", leads_to.display()))
    } else {
        (!leads_to.is_dir()).then(|| "is no folder".to_owned())
    };
    if let Some(found) = broken {
        let cure = format!("rm {} && {install}", quote_path(&shared));
        return Some(Finding::failed(checked, found).cure(cure));
    }
    let is_marked = MARKS.iter().any(|mark| shared.join(mark).exists());
    // Packages that a lock file above is for may all be above, too.
    if is_marked || asked.is_locked_above {
        return None;
    }
    if entries(&shared).next().is_none() {
        let found = "is empty, though its package.json asks for packages";
        return Some(Finding::failed(checked, found).cure(install));
    }
    leaves_a_mark(&project.main.join(&asked.folder))
        .then(|| Finding::warning(checked, "was not installed to its end").cure(install))
}

/// Whether the program whose lock file is in a folder leaves a mark: npm has since version 7, bun never has.
fn leaves_a_mark(folder: &Path) -> bool {
    let is_there = |file| folder.join(file).is_file();
    let lock_file = read_text_if_there(&folder.join("package-lock.json"));
    match lock_file {
        Ok(Some(text)) => ["\"lockfileVersion\": 2", "\"lockfileVersion\": 3"]
            .iter()
            .any(|version| text.contains(version)),
        _ => (is_there("pnpm-lock.yaml") || is_there("yarn.lock")) && !is_there("bun.lock"),
    }
}

/// The packages and scopes in a `node_modules`, or the packages of a scope.
pub fn entries(folder: &Path) -> impl Iterator<Item = DirEntry> + use<> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter(|entry| !entry.file_name().as_encoded_bytes().starts_with(b"."))
}

/// That the packages which the session uses are those that its lock files ask for.
pub(super) struct Versions;

impl Belonging for Versions {
    /// What the main checkout's own lack is told with these.
    fn look(&self, placing: &Placing<'_>) -> Vec<Finding> {
        let lacking = lacking(placing.session).into_iter();
        lacking.map(|problem| placing.warning(problem)).collect()
    }
}

/// What lock files ask for and the packages that the session uses lack, its own or the main checkout's.
pub fn other_versions(session: &Session<'_>) -> Vec<Problem> {
    let (project, worktree) = (session.project, session.record.worktree());
    let links = session.layout.files.link.iter();
    let shared = links.filter(|link| is_same(&project.main.join(link), &worktree.join(link)));
    let behind = shared.filter_map(|link| behind(project, link));
    let behind = behind.map(|finding| finding.problem());
    behind.chain(lacking(session)).collect()
}

/// That the main checkout's own packages lack what its lock file asks for, if they do.
pub fn behind(project: &Project, path: &str) -> Option<Finding> {
    let asked = Asked::of(project, path)?;
    let packages = project.main.join(path);
    let asks_for_more = |lock_file: &PathBuf| {
        let text = read_if_there(&project.main.join(lock_file)).ok().flatten();
        text.and_then(|text| installed::lacks(&packages, lock_file, &text)) == Some(true)
    };
    let lock_file = lock_files(path).find(asks_for_more)?;
    let found = format!("lacks what {} asks for", lock_file.display());
    let finding = Finding::warning(format!("the main checkout's {path}"), found);
    Some(finding.cure(asked.install(&project.main)))
}

/// The files, from the root, that may be the lock file of a folder of packages.
fn lock_files(path: &str) -> impl Iterator<Item = PathBuf> {
    let managers = PACKAGE_MANAGERS.iter();
    let names = managers.flat_map(|manager| manager.lock_files);
    let names = names.chain(&OTHER_LOCK_FILES);
    names.map(move |name| Path::new(path).with_file_name(name))
}

/// What the session's lock files ask for and the packages that it uses lack. Of a lock file that is the main checkout's too, as the
/// packages are, [`behind`] tells.
fn lacking(session: &Session<'_>) -> Vec<Problem> {
    let (main, worktree) = (&session.project.main, session.record.worktree());
    let files = &session.layout.files;
    let mut problems = Vec::new();
    for path in files.link.iter().chain(&files.clone) {
        let Ok(there) = inside::reach(worktree, path).map(|there| worktree.join(there)) else {
            continue;
        };
        if there.is_symlink() && !is_same(&main.join(path), &there) {
            continue;
        }
        let lacks = lock_files(path).filter_map(|file| lacks(session, path, &there, &file));
        problems.extend(lacks.map(|what| Problem::new(what, install_own(session, path, &there))));
    }
    problems
}

/// That the packages at a path lack what a lock file of the session's asks for, if they do. Where no note says what was installed,
/// the main checkout's lock file does.
fn lacks(session: &Session<'_>, path: &str, there: &Path, lock_file: &Path) -> Option<String> {
    let (main, worktree) = (&session.project.main, session.record.worktree());
    let own = inside::follow(worktree, &lock_file.to_string_lossy()).ok()?;
    let own = read_if_there(&worktree.join(own)).ok()??;
    let others = || read_if_there(&main.join(lock_file)).ok().flatten();
    let is_other = || others().is_some_and(|others| others != own);
    let (main_s, is_shared) = (&main.join(path), there.is_symlink());
    if is_shared && !is_other() {
        return None;
    }
    let packages = if is_shared { main_s } else { there };
    let lacks = installed::lacks(packages, lock_file, &own);
    let file = lock_file.display();
    let what = match (lacks, is_shared) {
        (Some(true), true) => {
            format!("{path} is the main checkout's, and lacks what {file} asks for")
        }
        (Some(true), false) => format!("{path} lacks what {file} asks for"),
        (None, true) => format!("{file} differs from the main checkout's, whose {path} it shares"),
        (None, false) if is_as_cloned(main_s, there) && is_other() => {
            format!("{file} differs from the main checkout's, of whose {path} it has a clone")
        }
        _ => return None,
    };
    Some(what)
}

/// How a session gets packages of its own, or those that it lacks.
fn install_own(session: &Session<'_>, path: &str, there: &Path) -> String {
    let beside = there.with_file_name("");
    let (link, beside) = (there.display(), beside.display());
    if there.is_symlink() {
        return format!("if it needs its own, remove the link {link} and install in {beside}");
    }
    let asked = Asked::of(session.project, path);
    let install = asked.map(|asked| asked.install(session.record.worktree()));
    install.unwrap_or_else(|| format!("install in {beside}"))
}

/// Whether nothing was installed in a clone of the main checkout's packages, nor in those, since it was made.
fn is_as_cloned(main: &Path, clone: &Path) -> bool {
    MARKS.iter().any(|mark| {
        let [main, clone] = [main, clone].map(|folder| read_if_there(&folder.join(mark)));
        matches!((main, clone), (Ok(Some(main)), Ok(Some(clone))) if main == clone)
    })
}
