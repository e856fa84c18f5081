//! Environments of Python that import the main checkout's code, in whatever folder they are used.

use crate::file::read_text_if_there;
use crate::finding::Finding;
use crate::process::quote;
use crate::session::belongings::environment;
use crate::session::doctor::reach::Scope;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

pub fn check(scope: &Scope<'_>) -> Vec<Finding> {
    let shared = scope.sessions.iter().find_map(environment::shared);
    let shared = shared.map(|(_, told)| Finding::fine("the virtual environment", told.what));
    let folders = environments(scope);
    let all = folders
        .iter()
        .flat_map(|folder| packages(folder).map(move |site| (folder, site)));
    let imports = all.flat_map(|(folder, site)| findings(scope, folder, &site));
    shared.into_iter().chain(imports).collect()
}

/// The environments of the windows, shared or not.
fn environments(scope: &Scope<'_>) -> BTreeSet<PathBuf> {
    let named = environment::folders(scope.project, scope.layout, &scope.sessions);
    let of_sessions = scope.sessions.iter().flat_map(|session| {
        let worktree = session.record.worktree();
        let windows = session.layout.windows.iter();
        let beside = windows.map(|window| worktree.join(&window.dir).join(".venv"));
        beside
            .chain(environment::activated(session))
            .collect::<Vec<_>>()
    });
    let folders = named.into_iter().chain(of_sessions);
    folders
        .filter_map(|folder| fs::canonicalize(folder).ok())
        .collect()
}

/// The folders of an environment's packages.
fn packages(environment: &Path) -> impl Iterator<Item = PathBuf> {
    let versions = fs::read_dir(environment.join("lib"))
        .into_iter()
        .flatten()
        .flatten();
    versions
        .filter(|version| {
            version
                .file_name()
                .as_encoded_bytes()
                .starts_with(b"python")
        })
        .map(|version| version.path().join("site-packages"))
}

/// A package that is imported from where it is developed.
struct Editable {
    name: String,
    /// The folder that it was installed from.
    project: PathBuf,
}

fn findings(scope: &Scope<'_>, environment: &Path, site: &Path) -> Vec<Finding> {
    let main = &scope.project.main;
    let mut files: Vec<_> = fs::read_dir(site)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .collect();
    files.sort();
    let in_main = |path: PathBuf| {
        fs::canonicalize(path)
            .ok()
            .filter(|path| path.starts_with(main))
    };
    let mut paths: Vec<(&PathBuf, PathBuf)> = files
        .iter()
        .filter(|file| file.extension().is_some_and(|end| end == "pth"))
        .flat_map(|file| lines(file).into_iter().map(move |line| (file, line)))
        .filter_map(|(file, line)| Some((file, in_main(site.join(line))?)))
        .collect();
    let mut findings = Vec::new();
    for Editable { name, project } in files.iter().filter_map(|file| editable(file)) {
        let Some(project) = in_main(project.clone()) else {
            findings.extend(astray(scope, environment, &name, &project));
            continue;
        };
        let of_it = |(_, path): &(&PathBuf, PathBuf)| path.starts_with(&project);
        let imported = paths
            .iter()
            .find(|path| of_it(path))
            .map_or(&project, |(_, path)| path);
        let finding = found(
            scope,
            environment,
            imported,
            &format!("imports {name} from"),
        );
        findings.push(
            cures(scope, environment, &name, &project)
                .into_iter()
                .fold(finding, Finding::cure),
        );
        paths.retain(|path| !of_it(path));
    }
    findings.extend(
        paths
            .iter()
            .map(|(file, path)| found(scope, environment, path, "imports what is in").edit(file)),
    );
    findings
}

/// A server that starts in the very folder finds its own modules first.
fn found(scope: &Scope<'_>, environment: &Path, imported: &Path, imports: &str) -> Finding {
    let main = &scope.project.main;
    let checked = format!("the virtual environment {}", environment.display());
    let below = imported.strip_prefix(main).unwrap_or(imported).display();
    let found = format!("{imports} the main checkout's {below}");
    let mut windows = scope.layout.windows.iter();
    if windows.any(|window| main.join(&window.dir) == imported) {
        let found = format!("{found}, but for what starts in that folder");
        Finding::warning(checked, found)
    } else {
        Finding::failed(checked, found)
    }
}

/// That something was installed from the checkout of another session, which may be gone by now.
fn astray(scope: &Scope<'_>, environment: &Path, name: &str, project: &Path) -> Option<Finding> {
    let is_session_s = |above: &&Path| {
        let mut sessions = scope.sessions.iter();
        scope.project.name_at(above).is_some()
            || sessions.any(|session| session.record.worktree() == *above)
    };
    let there = fs::canonicalize(project).unwrap_or_else(|_| project.to_owned());
    let checkout = there.ancestors().find(is_session_s)?;
    if environment.starts_with(checkout) {
        return None;
    }
    let what = if there.exists() {
        "which is a session's"
    } else {
        "where nothing is"
    };
    let checked = format!("the virtual environment {}", environment.display());
    let found = format!("imports {name} from {}, {what}", there.display());
    let own = own_checkout(scope, environment).unwrap_or(&scope.project.main);
    let again = install(own, there.strip_prefix(checkout).ok()?);
    Some(Finding::failed(checked, found).cure(pip(environment, &again)))
}

/// The session's checkout that an environment is in.
fn own_checkout<'a>(scope: &'a Scope<'_>, environment: &Path) -> Option<&'a Path> {
    let sessions = scope.sessions.iter();
    let mut worktrees = sessions.map(|session| session.record.worktree());
    worktrees.find(|worktree| environment.starts_with(worktree))
}

/// The command that has an environment's `pip` do something.
fn pip(environment: &Path, work: &str) -> String {
    let folder = quote(&environment.to_string_lossy());
    if environment.join("bin/pip").exists() {
        format!("{folder}/bin/python -m pip {work}")
    } else {
        format!("uv pip {work} --python {folder}")
    }
}

/// The work of installing what is below a checkout.
fn install(checkout: &Path, below: &Path) -> String {
    format!(
        "install -e {}",
        quote(&checkout.join(below).to_string_lossy())
    )
}

/// What ends it: in an environment of the session's own, an installation of the session's own.
fn cures(scope: &Scope<'_>, environment: &Path, name: &str, project: &Path) -> Vec<String> {
    let below = project.strip_prefix(&scope.project.main).unwrap_or(project);
    if let Some(own) = own_checkout(scope, environment) {
        return vec![pip(environment, &install(own, below))];
    }
    let of_each = install(Path::new("."), below);
    let own = environment::own_instead(scope.project, ".venv", &of_each);
    let uninstall = pip(environment, &format!("uninstall {}", quote(name)));
    vec![uninstall, format!("or {own}")]
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

/// What a file among the packages says of one that was installed as editable: `direct_url.json` of today's installers, and the
/// link of `setup.py develop`.
fn editable(file: &Path) -> Option<Editable> {
    let stem = file.file_stem()?.to_str()?;
    match file.extension()?.to_str()? {
        "dist-info" => {
            let text = read_text_if_there(&file.join("direct_url.json")).ok()??;
            let json: Value = serde_json::from_str(&text).ok()?;
            let url = json["url"].as_str()?.strip_prefix("file://")?;
            let name = stem.split('-').next()?.to_owned();
            let project = PathBuf::from(decoded(url)?);
            (json["dir_info"]["editable"] == true).then_some(Editable { name, project })
        }
        "egg-link" => Some(Editable {
            name: stem.to_owned(),
            project: lines(file).first()?.into(),
        }),
        _ => None,
    }
}

/// The path of a URL.
fn decoded(url: &str) -> Option<String> {
    let mut parts = url.split('%');
    let mut bytes = parts.next()?.as_bytes().to_vec();
    for part in parts {
        bytes.push(u8::from_str_radix(part.get(..2)?, 16).ok()?);
        bytes.extend(&part.as_bytes()[2..]);
    }
    String::from_utf8(bytes).ok()
}
