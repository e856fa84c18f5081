//! Packages that a session shares with the main checkout.

use crate::file::{read_if_there, read_text_if_there};
use crate::finding::Finding;
use crate::layout;
use crate::package_manager::PACKAGE_MANAGERS;
use crate::problem::Problem;
use crate::process::{quote, quote_path};
use crate::project::Project;
use crate::session::Session;
use crate::session::belongings::placing::Placing;
use crate::session::belongings::{Belonging, inside};
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

/// That the packages which the session shares are those that its lock files ask for.
pub(super) struct Versions;

impl Belonging for Versions {
    fn look(&self, placing: &Placing<'_>) -> Vec<Finding> {
        let others = other_versions(placing.session).into_iter();
        others.map(|problem| placing.warning(problem)).collect()
    }
}

/// The lock files that ask for other versions than those of the main checkout, whose packages the session has.
pub fn other_versions(session: &Session<'_>) -> Vec<Problem> {
    let (project, worktree) = (session.project, session.record.worktree());
    let files = &session.layout.files;
    let mut problems = Vec::new();
    for path in files.link.iter().chain(&files.clone) {
        let Ok(there) = inside::reach(worktree, path).map(|there| worktree.join(there)) else {
            continue;
        };
        if !is_main_s(&project.main.join(path), &there) {
            continue;
        }
        let beside = there.with_file_name("");
        let managers = PACKAGE_MANAGERS.iter();
        let lock_files = managers.flat_map(|manager| manager.lock_files);
        for name in lock_files.chain(&OTHER_LOCK_FILES) {
            let lock_file = Path::new(path).with_file_name(name);
            let own = inside::follow(worktree, &lock_file.to_string_lossy());
            if !own.is_ok_and(|own| differ(&project.main.join(&lock_file), &worktree.join(own))) {
                continue;
            }
            let (has, cure) = if there.is_symlink() {
                let (link, beside) = (there.display(), beside.display());
                let cure =
                    format!("if it needs its own, remove the link {link} and install in {beside}");
                (format!("whose {path} it shares"), cure)
            } else {
                let install = Asked::of(project, path).map(|asked| asked.install(worktree));
                let cure = install.unwrap_or_else(|| format!("install in {}", beside.display()));
                (format!("of whose {path} it has a clone"), cure)
            };
            let lock_file = lock_file.display();
            let what = format!("{lock_file} differs from the main checkout's, {has}");
            problems.push(Problem::new(what, cure));
        }
    }
    problems
}

/// Whether what is there are the main checkout's packages: by a link, or in a clone in which nothing was installed since.
fn is_main_s(main: &Path, there: &Path) -> bool {
    let is_same = |mark: &str| {
        let [here, there] = [main, there].map(|folder| folder.join(mark));
        here.exists() && there.exists() && !differ(&here, &there)
    };
    there.is_symlink() || MARKS.iter().any(|mark| is_same(mark))
}

/// Whether both are there, and not the same.
fn differ(one: &Path, other: &Path) -> bool {
    match (read_if_there(one), read_if_there(other)) {
        (Ok(Some(one)), Ok(Some(other))) => one != other,
        _ => false,
    }
}
