//! Servers in Python: what makes their environment, and where the server is in the program.

use super::checkout::{Checkout, below, is_of, join, upwards};
use super::found::{Because, FirstPort, Found, Service};
use super::tools::{MARKERS, Marker, PACKAGES, Package, Side, doubled};
use super::variables;
use crate::shell::quote;

/// A program that makes an environment for each checkout, from a store of its own.
struct Manager {
    /// Its files, and its table in `pyproject.toml`.
    files: &'static [&'static str],
    table: &'static str,
    /// What stands before a command.
    runs: &'static str,
    installs: &'static str,
}

const MANAGERS: [Manager; 3] = [
    Manager {
        files: &["uv.lock"],
        table: "[tool.uv",
        runs: "uv run ",
        installs: "uv sync",
    },
    Manager {
        files: &["poetry.lock"],
        table: "[tool.poetry",
        runs: "poetry run ",
        installs: "poetry install --no-interaction",
    },
    Manager {
        files: &["Pipfile.lock", "Pipfile"],
        table: "[tool.pipenv]",
        runs: "pipenv run ",
        installs: "pipenv sync --dev",
    },
];

/// Folders in which people keep an environment.
const FOLDERS: [&str; 3] = [".venv", "venv", "env"];

/// Where a folder's packages are, with the file that tells of it.
enum Environment {
    Managed(&'static Manager, String, String),
    /// A virtual environment's folder.
    Folder(String),
    Unknown,
}

impl Environment {
    fn of(checkout: &Checkout, folder: &str) -> Self {
        let there = upwards(folder, |folder| {
            for manager in &MANAGERS {
                let mut files = manager.files.iter().map(|file| join(folder, file));
                let table = join(folder, "pyproject.toml");
                let file = files.find(|file| checkout.has(file));
                let file = file.or_else(|| {
                    checkout
                        .text(&table)
                        .contains(manager.table)
                        .then_some(table)
                });
                if let Some(file) = file {
                    return Some(Self::Managed(manager, folder.to_owned(), file));
                }
            }
            let mut folders = FOLDERS.iter().map(|name| join(folder, name));
            let there = folders.find(|folder| checkout.has(&join(folder, "bin/activate")));
            there.map(Self::Folder)
        });
        there.unwrap_or(Self::Unknown)
    }
}

/// Finds them, and the servers that a file of another language tells of. Where `only_packages`, something else tells what runs.
pub fn find(checkout: &Checkout, has_virtualenv: bool, only_packages: bool, found: &mut Found) {
    for folder in checkout.folders() {
        for marker in MARKERS
            .iter()
            .filter(|marker| is_marked(checkout, folder, marker))
        {
            let why = format!("{}: {}", join(folder, marker.file), marker.name);
            let mut service = server(folder, marker.run, marker.first, why.clone());
            let mut console = marker.console.to_owned();
            if marker.name == "Django" {
                let before = prepare(checkout, folder, has_virtualenv, found, &mut service);
                console.insert_str(0, &before);
            } else {
                found.installs(in_folder(folder, marker.installs), why.clone());
            }
            found
                .console
                .get_or_insert((folder.to_owned(), Because::new(console, why)));
            if !only_packages {
                add(checkout, service, found);
            }
        }
    }
    if only_packages {
        return;
    }
    // What is nearest to the program tells of it best.
    let mut folders: Vec<_> = checkout.folders().collect();
    folders.reverse();
    for folder in folders {
        let has_one = found
            .services
            .iter()
            .any(|service| below(folder, &join(&service.dir, "x")).is_some());
        let wanted = requirements(checkout, folder);
        let package = PACKAGES
            .iter()
            .find(|package| wanted.iter().any(|word| word == package.name));
        if let Some(package) = package.filter(|_| !has_one)
            && let Some(program) = Program::find(checkout, folder, package)
        {
            let why = format!("{}: {}", join(folder, &program.file), package.name);
            let mut service = server(folder, &program.command(package), package.first, why);
            service.check = program.check();
            prepare(checkout, folder, has_virtualenv, found, &mut service);
            add(checkout, service, found);
        }
    }
}

fn is_marked(checkout: &Checkout, folder: &str, marker: &Marker) -> bool {
    let is_there = checkout.has(&join(folder, marker.file));
    is_there
        && (marker.file != "mix.exs"
            || checkout
                .text(&join(folder, marker.file))
                .contains(":phoenix"))
}

fn server(folder: &str, run: &str, first: u16, why: String) -> Service {
    Service {
        name: String::new(),
        dir: folder.to_owned(),
        run: run.to_owned(),
        port: Some(FirstPort {
            number: first,
            named_in: None,
        }),
        side: Side::Back,
        why,
        check: None,
        reads_local: false,
    }
}

fn add(checkout: &Checkout, mut service: Service, found: &mut Found) {
    if let Some(named) = variables::named_port(checkout, &service.dir) {
        service.port = Some(named);
    }
    found.services.push(service);
}

/// Has a server's command run in its environment, and gives what stands before a command for that.
fn prepare(
    checkout: &Checkout,
    folder: &str,
    has_virtualenv: bool,
    found: &mut Found,
    service: &mut Service,
) -> String {
    let (before, activate) = match Environment::of(checkout, folder) {
        Environment::Managed(manager, there, file) => {
            let is_frozen = file.ends_with("uv.lock");
            let installs = format!(
                "{}{}",
                manager.installs,
                if is_frozen { " --frozen" } else { "" }
            );
            found.installs(in_folder(&there, &installs), file.clone());
            let activate = Because::new(
                String::new(),
                format!("{file}: `{}` finds it", manager.runs.trim()),
            );
            (manager.runs.to_owned(), Some(activate))
        }
        Environment::Folder(path) => {
            let source = format!("source {{main}}/{}/bin/activate", doubled(&quote(&path)));
            let why = format!("{path}: the main checkout's packages; fish: activate.fish");
            match &found.activate {
                Some(activate) if activate.value != source => (format!("{source} && "), None),
                _ => (String::new(), Some(Because::new(source, why))),
            }
        }
        Environment::Unknown if has_virtualenv => (String::new(), None),
        Environment::Unknown => {
            let why = "check: neither .venv, uv.lock, poetry.lock nor a virtualenv is there: what has its packages?";
            (String::new(), Some(Because::new(String::new(), why)))
        }
    };
    service.run.insert_str(0, &before);
    if found.activate.is_none() {
        found.activate = activate;
    }
    before
}

/// A line of a hook, which starts in the root.
pub fn in_folder(folder: &str, line: &str) -> String {
    if folder.is_empty() {
        return line.to_owned();
    }
    format!("(cd {} && {line})", doubled(&quote(folder)))
}

/// The words of what a folder's program requires.
fn requirements(checkout: &Checkout, folder: &str) -> Vec<String> {
    let is_list = |name: &&str| {
        name.starts_with("requirements") && is_of(name, &["txt", "in"])
            || ["pyproject.toml", "Pipfile", "setup.py", "setup.cfg"].contains(name)
    };
    let lists = checkout
        .names_in(folder)
        .filter(is_list)
        .map(|name| join(folder, name));
    let further = join(folder, "requirements");
    let further = checkout
        .names_in(&further)
        .map(|name| join(&further, name))
        .collect::<Vec<_>>();
    let text: Vec<_> = lists
        .chain(further)
        .map(|list| checkout.text(&list))
        .collect();
    let text = text.join("\n").to_lowercase();
    let is_of_word =
        |letter: char| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_';
    text.split(|letter| !is_of_word(letter))
        .map(ToOwned::to_owned)
        .collect()
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
        const NAMES: [&str; 5] = ["main.py", "app.py", "asgi.py", "wsgi.py", "server.py"];
        let files = checkout.files_below(folder);
        let mut files: Vec<_> = files
            .into_iter()
            .filter_map(|file| below(folder, file))
            .filter(|file| is_of(file, &["py"]) && !file.contains("test"))
            .filter(|file| {
                file.bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"_./".contains(&byte))
            })
            .collect();
        files.sort_by_key(|file| {
            let name = file.rsplit('/').next();
            let rank = NAMES.iter().position(|known| Some(*known) == name);
            (file.split('/').count(), rank.unwrap_or(NAMES.len()))
        });
        let programs = files.into_iter().filter_map(|file| {
            let text = checkout.text(&join(folder, file));
            text.contains(package.made_by).then(|| Self {
                file: file.to_owned(),
                name: variable(&text, package.made_by).or_else(|| variable(&text, "create_app(")),
            })
        });
        // One in which the variable was seen is better than a function that makes it.
        let mut programs: Vec<_> = programs.collect();
        let best = programs
            .iter()
            .position(|program| program.name.is_some())
            .unwrap_or(0);
        (!programs.is_empty()).then(|| programs.swap_remove(best))
    }

    fn command(&self, package: &Package) -> String {
        let (options, path) = match self.file.strip_prefix("src/") {
            // A program in `src/` imports from there, unless that is a package itself.
            Some(path) if package.run.starts_with("uvicorn") => (" --app-dir src", path),
            _ => ("", self.file.as_str()),
        };
        let path = path
            .trim_end_matches("/__init__.py")
            .trim_end_matches(".py");
        let run = package
            .run
            .replace("{module}", &path.replace('/', "."))
            .replace("{name}", self.name.as_deref().unwrap_or("app"))
            .replace("{file}", self.file.trim_end_matches("/__init__.py"));
        run.replacen(" --reload", &format!("{options} --reload"), 1)
    }

    fn check(&self) -> Option<String> {
        let is_sure = self.name.is_some() || !is_of(&self.file, &["py"]);
        (!is_sure).then(|| format!("check: which variable of {} is the server?", self.file))
    }
}

/// The variable of a whole program that is set to what a call gives.
fn variable(text: &str, call: &str) -> Option<String> {
    text.lines().find_map(|line| {
        let (name, value) = line.split_once('=')?;
        let name = name.split(':').next()?.trim_end();
        let is_name = name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        (is_name && !name.is_empty() && value.contains(call)).then(|| name.to_owned())
    })
}
