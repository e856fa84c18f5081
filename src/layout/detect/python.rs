//! Servers in Python: what makes their environment, and where the server is in the program.

use super::checkout::{Checkout, below, join, upwards};
use super::found::{Because, Found, Service};
use super::tools::{MARKERS, PACKAGES, Package, Side, doubled};
use super::{pattern, variables};
use crate::shell::quote;

/// A program that makes an environment for each checkout, from a store of its own.
struct Manager {
    /// Its files.
    files: &'static [&'static str],
    /// Its table in `pyproject.toml`.
    table: &'static str,
    /// What stands before a command.
    runs: &'static str,
    /// What makes the environment; `{}` is the project's folder.
    installs: &'static str,
}

#[rustfmt::skip]
const MANAGERS: [Manager; 3] = [
    Manager { files: &["uv.lock"], table: "[tool.uv", runs: "uv run ", installs: "uv sync --project {}" },
    Manager { files: &["poetry.lock"], table: "[tool.poetry", runs: "poetry run ", installs: "poetry install --no-interaction" },
    Manager { files: &["Pipfile.lock", "Pipfile"], table: "[tool.pipenv]", runs: "pipenv run ", installs: "pipenv sync --dev" },
];

/// Folders in which people keep an environment.
const FOLDERS: [&str; 3] = [".venv", "venv", "env"];

/// Finds them, and the servers that a file of another language tells of. Where `only_packages`, something else tells what runs.
pub fn find(checkout: &Checkout, has_virtualenv: bool, only_packages: bool, found: &mut Found) {
    for folder in checkout.folders() {
        for marker in MARKERS {
            let file = join(folder, marker.file);
            if !checkout.has(&file) || !checkout.text(&file).contains(marker.text) {
                continue;
            }
            let why = format!("{file}: {}", marker.name);
            let before = if marker.installs.is_empty() {
                prepare(checkout, folder, has_virtualenv, found)
            } else {
                found.installs(in_folder(folder, marker.installs), why.clone());
                String::new()
            };
            let console = Because::new(format!("{before}{}", marker.console), why.clone());
            found.console.get_or_insert((folder.to_owned(), console));
            if !only_packages {
                let service = server(checkout, folder, before + marker.run, marker.first, why);
                found.services.push(service);
            }
        }
    }
    if !only_packages {
        find_programs(checkout, has_virtualenv, found);
    }
}

/// Finds the servers that a program makes, with a package among its requirements.
fn find_programs(checkout: &Checkout, has_virtualenv: bool, found: &mut Found) {
    // What is nearest to the program tells of it best.
    for folder in checkout.folders().rev() {
        let is_below = |service: &Service| below(folder, &join(&service.dir, "x")).is_some();
        let wanted = requirements(checkout, folder);
        let package = PACKAGES.iter().find(|package| {
            let word = format!(r"(?i)(^|[^\w-]){}([^\w-]|$)", package.name);
            pattern(&word).is_match(&wanted)
        });
        if let Some(package) = package.filter(|_| !found.services.iter().any(is_below))
            && let Some(program) = Program::find(checkout, folder, package)
        {
            let file = join(folder, &program.file);
            if program.name.is_none() && package.run.contains("{name}") {
                let check = format!("it is not sure which variable of {file} is the server");
                found.checks.push(check);
            }
            let run = prepare(checkout, folder, has_virtualenv, found) + &program.command(package);
            let why = format!("{file}: {}", package.name);
            let service = server(checkout, folder, run, package.first, why);
            found.services.push(service);
        }
    }
}

fn server(checkout: &Checkout, folder: &str, run: String, first: u16, why: String) -> Service {
    let named = variables::named_port(checkout, folder);
    Service::new(folder, run, first, named, Side::Back, why)
}

/// Has a session have the environment of a folder, and gives what stands before a command for that.
fn prepare(checkout: &Checkout, folder: &str, has_virtualenv: bool, found: &mut Found) -> String {
    if let Some(before) = before(checkout, folder, found) {
        return before;
    }
    if !has_virtualenv {
        let what = "neither .venv, uv.lock, poetry.lock nor a virtualenv is there, and the program needs its packages";
        found.checks.push(what.to_owned());
    }
    String::new()
}

/// The same where there is an environment.
pub fn before(checkout: &Checkout, folder: &str, found: &mut Found) -> Option<String> {
    let (before, activate) = upwards(folder, |there| environment(checkout, there, found))?;
    let value = activate.value.clone();
    let first = found.activate.get_or_insert(activate);
    if first.value != value && before.is_empty() {
        return Some(format!("{value} && "));
    }
    Some(before)
}

/// What stands before a command and what is typed first, if a folder has an environment.
fn environment(checkout: &Checkout, folder: &str, found: &mut Found) -> Option<(String, Because)> {
    let table = join(folder, "pyproject.toml");
    let tables = checkout.text(&table);
    for manager in &MANAGERS {
        let mut files = manager.files.iter().map(|file| join(folder, file));
        let file = files.find(|file| checkout.has(file));
        if let Some(file) = file.or_else(|| tables.contains(manager.table).then(|| table.clone())) {
            let why = format!("{file}: `{}` finds it", manager.runs.trim());
            found.installs(in_folder(folder, manager.installs), file);
            return Some((manager.runs.to_owned(), Because::new("", why)));
        }
    }
    let mut folders = FOLDERS.iter().map(|name| join(folder, name));
    let path = folders.find(|folder| checkout.has(&join(folder, "bin/activate")))?;
    let source = format!("source {{main}}/{}/bin/activate", doubled(&quote(&path)));
    let why = format!("{path}: the main checkout's packages; fish: activate.fish");
    Some((String::new(), Because::new(source, why)))
}

/// A line of a hook, which starts in the root.
pub fn in_folder(folder: &str, line: &str) -> String {
    let quoted = doubled(&quote(if folder.is_empty() { "." } else { folder }));
    if line.contains("{}") {
        line.replace("{}", &quoted)
    } else if folder.is_empty() {
        line.to_owned()
    } else {
        format!("(cd {quoted} && {line})")
    }
}

/// The texts of what a folder's program requires.
fn requirements(checkout: &Checkout, folder: &str) -> String {
    let list = r"^(requirements[^/]*\.(txt|in)|requirements/[^/]*|pyproject\.toml|Pipfile|setup\.py|setup\.cfg)$";
    let list = pattern(list);
    let files = checkout.files_below(folder);
    let lists = files.filter(|file| list.is_match(file));
    let texts = lists.map(|list| checkout.text(&join(folder, list)) + "\n");
    texts.collect()
}

/// Where a server is made.
struct Program {
    /// From the folder that it is started in.
    file: String,
    /// The server's variable; none if it was not seen.
    name: Option<String>,
}

impl Program {
    fn find(checkout: &Checkout, folder: &str, package: &Package) -> Option<Self> {
        let is_plain = pattern(r"^[\w./]+\.py$");
        let files = checkout.files_below(folder);
        let files = files.filter(|file| is_plain.is_match(file) && !file.contains("test"));
        let programs = files.filter_map(|file| {
            let text = checkout.text(&join(folder, file));
            let mut calls = [package.made_by, "create_app("].into_iter();
            text.contains(package.made_by).then(|| Self {
                file: file.to_owned(),
                name: calls.find_map(|call| variable(&text, call)),
            })
        });
        // One in which the variable was seen is better than a function that makes it.
        programs.min_by_key(|program| program.name.is_none())
    }

    fn command(&self, package: &Package) -> String {
        let (options, path) = match self.file.strip_prefix("src/") {
            // A program in `src/` imports from there, unless that is a package itself.
            Some(path) if package.run.starts_with("uvicorn") => (" --app-dir src", path),
            _ => ("", self.file.as_str()),
        };
        let [module, file] = [path, &self.file].map(|path| path.trim_end_matches("/__init__.py"));
        let module = module.trim_end_matches(".py").replace('/', ".");
        let name = self.name.as_deref().unwrap_or("app");
        let run = package.run.replace("{module}", &module);
        let run = run.replace("{name}", name).replace("{file}", file);
        run.replacen(" --reload", &format!("{options} --reload"), 1)
    }
}

/// The variable of a whole program that is set to what a call gives.
fn variable(text: &str, call: &str) -> Option<String> {
    let setting = pattern(r"(?m)^(\w+)[ \t]*(?::[^=\n]*)?=(.*)$");
    let mut settings = setting.captures_iter(text);
    let set = settings.find(|setting| setting[2].contains(call))?;
    Some(set[1].to_owned())
}
