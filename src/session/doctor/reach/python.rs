//! Environments of Python that import the main checkout's code, in whatever folder they are used.

use crate::file::read_text_if_there;
use crate::finding::Finding;
use crate::process::{quote, quote_path};
use crate::session::belongings::environment;
use crate::session::doctor::reach::Scope;
use crate::url::decoded;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

pub fn check(scope: &Scope<'_>) -> Vec<Finding> {
    let shared = scope.sessions.iter().find_map(environment::shared);
    let shared = shared.map(|(_, told)| Finding::fine("the virtual environment", told.what));
    let mut findings: Vec<_> = shared.into_iter().collect();
    for folder in folders(scope) {
        let environment = Environment { scope, folder };
        for version in entries(&environment.folder.join("lib")) {
            if version
                .file_name()
                .is_some_and(|name| name.as_encoded_bytes().starts_with(b"python"))
            {
                findings.extend(environment.findings(&version.join("site-packages")));
            }
        }
    }
    findings
}

/// The environments of the windows, shared or not.
fn folders(scope: &Scope<'_>) -> BTreeSet<PathBuf> {
    let mut folders = environment::folders(scope.project, scope.layout, &scope.sessions);
    for session in &scope.sessions {
        let worktree = session.record.worktree();
        let windows = session.layout.windows.iter();
        folders.extend(windows.map(|window| worktree.join(&window.dir).join(".venv")));
        folders.extend(environment::activated(session));
    }
    let folders = folders.into_iter();
    folders
        .filter_map(|folder| fs::canonicalize(folder).ok())
        .collect()
}

/// What is in a folder, in the order of the names.
fn entries(folder: &Path) -> BTreeSet<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).collect()
}

struct Environment<'a> {
    scope: &'a Scope<'a>,
    folder: PathBuf,
}

impl Environment<'_> {
    /// What is wrong with its packages, which are in this folder.
    fn findings(&self, site: &Path) -> Vec<Finding> {
        let main = &self.scope.project.main;
        let files = entries(site);
        let in_main = |path: &Path| {
            fs::canonicalize(path)
                .ok()
                .filter(|path| path.starts_with(main))
        };
        let named = files
            .iter()
            .filter(|file| file.extension().is_some_and(|end| end == "pth"));
        let lines = named.flat_map(|file| lines(file).into_iter().map(move |line| (file, line)));
        let paths = lines.filter_map(|(file, line)| Some((file, in_main(&site.join(line))?)));
        let mut paths: Vec<_> = paths.collect();
        let mut findings = Vec::new();
        for (name, project) in files.iter().filter_map(|file| editable(file)) {
            let Some(project) = in_main(&project) else {
                findings.extend(self.astray(&name, &project));
                continue;
            };
            let mut of_it = paths.extract_if(.., |(_, path)| path.starts_with(&project));
            let imported = of_it
                .next()
                .map_or_else(|| project.clone(), |(_, path)| path);
            of_it.for_each(drop);
            let finding = self.found(&imported, &format!("imports {name} from"));
            let cures = self.cures(&name, &project).into_iter();
            findings.push(cures.fold(finding, Finding::cure));
        }
        let others = paths.iter();
        findings
            .extend(others.map(|(file, path)| self.found(path, "imports what is in").edit(file)));
        findings
    }

    fn checked(&self) -> String {
        format!("the virtual environment {}", self.folder.display())
    }

    /// A server that starts in the very folder finds its own modules first.
    fn found(&self, imported: &Path, imports: &str) -> Finding {
        let main = &self.scope.project.main;
        let below = imported.strip_prefix(main).unwrap_or(imported).display();
        let found = format!("{imports} the main checkout's {below}");
        let mut windows = self.scope.layout.windows.iter();
        if windows.any(|window| main.join(&window.dir) == imported) {
            let found = format!("{found}, but for what starts in that folder");
            Finding::warning(self.checked(), found)
        } else {
            Finding::failed(self.checked(), found)
        }
    }

    /// That something was installed from the checkout of another session, which may be gone by now.
    fn astray(&self, name: &str, project: &Path) -> Option<Finding> {
        let is_session_s = |above: &&Path| {
            let mut sessions = self.scope.sessions.iter();
            self.scope.project.name_at(above).is_some()
                || sessions.any(|session| session.record.worktree() == *above)
        };
        let there = fs::canonicalize(project).unwrap_or_else(|_| project.to_owned());
        let checkout = there.ancestors().find(is_session_s)?;
        if self.folder.starts_with(checkout) {
            return None;
        }
        let what = if there.exists() {
            "which is a session's"
        } else {
            "where nothing is"
        };
        let found = format!("imports {name} from {}, {what}", there.display());
        let own = self.own_checkout().unwrap_or(&self.scope.project.main);
        let again = install(own, there.strip_prefix(checkout).ok()?);
        Some(Finding::failed(self.checked(), found).cure(self.pip(&again)))
    }

    /// The session's checkout that it is in.
    fn own_checkout(&self) -> Option<&Path> {
        let sessions = self.scope.sessions.iter();
        let mut worktrees = sessions.map(|session| session.record.worktree());
        worktrees.find(|worktree| self.folder.starts_with(worktree))
    }

    /// The command that has its `pip` do something.
    fn pip(&self, work: &str) -> String {
        let folder = quote_path(&self.folder);
        if self.folder.join("bin/pip").exists() {
            format!("{folder}/bin/python -m pip {work}")
        } else {
            format!("uv pip {work} --python {folder}")
        }
    }

    /// What ends it: in an environment of the session's own, an installation of the session's own.
    fn cures(&self, name: &str, project: &Path) -> Vec<String> {
        let main = &self.scope.project.main;
        let below = project.strip_prefix(main).unwrap_or(project);
        if let Some(own) = self.own_checkout() {
            return vec![self.pip(&install(own, below))];
        }
        let of_each = install(Path::new("."), below);
        let own = environment::own_instead(self.scope.project, ".venv", &of_each);
        let uninstall = self.pip(&format!("uninstall {}", quote(name)));
        vec![uninstall, format!("or {own}")]
    }
}

/// The work of installing what is below a checkout.
fn install(checkout: &Path, below: &Path) -> String {
    let project = checkout.join(below);
    format!("install -e {}", quote_path(&project))
}

/// The lines of a `.pth` file that are folders; what it imports is not known.
fn lines(file: &Path) -> Vec<String> {
    let text = read_text_if_there(file).ok().flatten().unwrap_or_default();
    let is_code = |line: &str| {
        ["#", "import ", "import\t"]
            .iter()
            .any(|start| line.starts_with(start))
    };
    let lines = text.lines().map(str::trim_end);
    let folders = lines.filter(|line| !line.is_empty() && !is_code(line));
    folders.map(ToOwned::to_owned).collect()
}

/// The name of a package that a file among the packages says was installed as editable, and the folder that it was installed
/// from: `direct_url.json` of today's installers, and the link of `setup.py develop`.
fn editable(file: &Path) -> Option<(String, PathBuf)> {
    let stem = file.file_stem()?.to_str()?;
    match file.extension()?.to_str()? {
        "dist-info" => {
            let text = read_text_if_there(&file.join("direct_url.json")).ok()??;
            let json: Value = serde_json::from_str(&text).ok()?;
            let url = json["url"].as_str()?.strip_prefix("file://")?;
            let name = stem.split('-').next()?.to_owned();
            (json["dir_info"]["editable"] == true).then(|| (name, decoded(url).into()))
        }
        "egg-link" => Some((stem.to_owned(), lines(file).first()?.into())),
        _ => None,
    }
}
