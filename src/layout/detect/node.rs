//! Servers that a `package.json` starts, and the packages of all of them.

use super::checkout::{Checkout, is_of, join, upwards};
use super::found::{Found, Service};
use super::python::in_folder;
use super::scripts::{Scripts, Started, commands, folder_of, script_run_by};
use super::tools::{Gets, NO_SERVERS, NODE, NODE_SERVERS, Side, TOOLS, Tool, doubled, with_port};
use super::{configs, pattern, variables};
use crate::package_manager::{PACKAGE_MANAGERS, PackageManager};
use crate::shell::quote;
use serde_json::Value;

/// The scripts that may start a server, the likeliest first.
const SCRIPTS: [&str; 5] = ["dev", "start:dev", "develop", "serve", "start"];

/// Programs that no package of Node has.
const BY_THEMSELVES: &str = r"^(node|bun|deno|npm|npx|bunx|pnpm|yarn|python3?|uv|poetry|pipenv|bundle|uvicorn|fastapi|flask|puma|rails|bin/\S+)$";

/// What husky makes in each checkout when packages are installed, and git runs no hooks without.
const HOOKS: &str = ".husky/_";

/// What a script starts beside others, and nothing here knows.
struct Unknown {
    /// Which script of which file does.
    runs: String,
    text: String,
    /// How it is run.
    shown: String,
}

impl Unknown {
    /// Whether it seems to be of another folder.
    fn names(&self, folder: &str) -> bool {
        let is_of_name = |letter: char| letter.is_alphanumeric() || "-_.".contains(letter);
        let mut words = self.text.split(|letter| !is_of_name(letter));
        words.any(|word| !word.is_empty() && folder.rsplit('/').next() == Some(word))
    }
}

/// A `package.json`, and who installs for it where.
struct Package<'a> {
    checkout: &'a Checkout,
    folder: &'a str,
    json: Value,
    manager: &'static PackageManager,
    /// The lock file, or the `package.json` itself.
    lock: String,
}

impl<'a> Package<'a> {
    fn read(checkout: &'a Checkout, folder: &'a str) -> Option<Self> {
        let text = checkout.bytes(&join(folder, "package.json"));
        let json: Value = serde_json::from_slice(&text).ok()?;
        let locked = upwards(folder, |home| {
            PACKAGE_MANAGERS.iter().find_map(|manager| {
                let mut locks = manager.lock_files.iter().map(|lock| join(home, lock));
                let lock = locks.find(|lock| checkout.has(lock))?;
                Some((manager, lock))
            })
        });
        let (manager, lock) = locked.unwrap_or_else(|| {
            let named = json["packageManager"].as_str().unwrap_or_default();
            let is_it = |manager: &&PackageManager| named.split('@').next() == Some(manager.name);
            let manager = PACKAGE_MANAGERS.iter().find(is_it);
            (
                manager.unwrap_or(&PACKAGE_MANAGERS[3]),
                join(folder, "package.json"),
            )
        });
        Some(Self {
            checkout,
            folder,
            json,
            manager,
            lock,
        })
    }

    /// The servers that the first of its scripts starts which starts any, and what of it is not known.
    fn servers(&self, found: &mut Found) -> (Vec<Service>, Vec<Unknown>) {
        let mut unknown = Vec::new();
        for script in SCRIPTS {
            let started = Scripts(&self.json["scripts"]).started_by(script);
            let is_one = started.len() == 1;
            let mut services = Vec::new();
            let mut is_known = false;
            for one in &started {
                if self.is_found(one, found) {
                    is_known = true;
                } else if let Some(service) = self.server(script, one, is_one, found) {
                    services.push(service);
                } else if !is_one {
                    unknown.push(self.unknown(script, one));
                }
            }
            if let [one] = &mut services[..] {
                one.part.clear();
            }
            if is_known || !services.is_empty() {
                return (services, unknown);
            }
        }
        (Vec::new(), unknown)
    }

    /// Whether a server of another folder or of another language is what it starts.
    fn is_found(&self, started: &Started, found: &Found) -> bool {
        let goes = folder_of(&started.text).map(|goes| join(self.folder, &goes));
        let folder = goes.as_deref().unwrap_or(self.folder);
        let there = found.services.iter();
        let mut there = there.filter(|service| service.dir == folder);
        let is_it = |service: &Service| {
            let mut commands = commands(&started.text).into_iter();
            commands.any(|command| service.is_started_by(command))
        };
        let folders = self.checkout.folders();
        let mut below = folders.filter(|below| goes.as_deref() == Some(below));
        let below = below.find_map(|below| Self::read(self.checkout, below));
        let serves = |other: Self| !other.servers(&mut Found::default()).0.is_empty();
        there.any(is_it) || below.is_some_and(serves)
    }

    /// The server that a part of a script starts, or all of it if that is one.
    fn server(
        &self,
        script: &str,
        started: &Started,
        is_one: bool,
        found: &mut Found,
    ) -> Option<Service> {
        let node = Some(&NODE).filter(|_| self.is_server(started));
        let mut commands = commands(&started.text).into_iter().rev();
        let (command, tool) = commands.find_map(|command| {
            let mut known = TOOLS.iter().chain(node);
            let tool = known.find(|tool| tool.is_started_by(command))?;
            Some((command, tool))
        })?;
        let file = join(self.folder, "package.json");
        let (run, listens) = self.run(started, command, tool)?;
        let script = started.script.as_deref().unwrap_or(script);
        if !listens {
            let check = format!("{file}: `{}` has to listen on $PORT", started.text);
            found.checks.push(check);
        }
        let named = self.named_port(command, tool, is_one);
        let program = tool.commands[0].trim_end_matches(" *");
        let why = format!("{file}: {script} runs {program}");
        let service = Service::new(self.folder, run, tool.first, named, tool.side, why);
        // `dev:api` is of the API.
        let part = started.script.as_deref().unwrap_or(program);
        let part = part.split(' ').next().unwrap_or_default();
        let part = part.rsplit(':').next().unwrap_or_default().to_owned();
        Some(Service { part, ..service })
    }

    /// The port that the project names for what a command starts, and the file. Beside others it is told from theirs by what the tool
    /// reads.
    fn named_port(&self, command: &str, tool: &Tool, is_one: bool) -> Option<(u16, String)> {
        let (checkout, folder) = (self.checkout, self.folder);
        let own = with_port(command).and_then(|(number, _)| number);
        let own = own.map(|number| (number, join(folder, "package.json")));
        let reads_port = tool.reads_port();
        let in_config = || configs::port(checkout, folder).filter(|_| is_one || !reads_port);
        let in_env = || variables::named_port(checkout, folder).filter(|_| is_one || reads_port);
        own.or_else(in_config).or_else(in_env)
    }

    /// Whether a program of the project's own is a server.
    fn is_server(&self, started: &Started) -> bool {
        let needed = self.json["dependencies"].to_string();
        let name = started.script.as_deref().unwrap_or_default();
        let called = format!("{name} {}", started.text);
        (pattern(NODE_SERVERS).is_match(&needed) || called.contains("server"))
            && !pattern(NO_SERVERS).is_match(&called)
    }

    /// How what a script starts is run with the session's port, and whether it is sure to listen there; none if it can't be
    /// typed as it is.
    fn run(&self, started: &Started, command: &str, tool: &Tool) -> Option<(String, bool)> {
        let is_alone = started.text == command && !command.contains(['"', '\'', '`', '\\', '$']);
        let (runs, options) = match &started.script {
            Some(name) => {
                let name = doubled(&quote(name));
                (format!("{}{name}", self.manager.runs), self.manager.options)
            }
            None if is_alone => (self.executed(&doubled(command)), " "),
            None => return None,
        };
        let is_asked = tool.side == Side::Back && tool.reads_port();
        let listens = !is_asked || self.reads_port();
        Some(match (with_port(command), tool.gets) {
            (Some((_, command)), gets) if is_alone => (self.directly(&command, gets), listens),
            (_, Gets::Variable(variable)) => (format!("{variable}={{port}} {runs}"), listens),
            (_, Gets::Words(words)) if started.text.ends_with(command) => {
                (format!("{runs}{options}{words}"), listens)
            }
            _ => (format!("PORT={{port}} {runs}"), false),
        })
    }

    /// A command as the script has it, with the session's port in the place of its own.
    fn directly(&self, command: &str, gets: Gets) -> String {
        let is_strict = |words: &str| words.contains("--strictPort");
        let adds = matches!(gets, Gets::Words(words) if is_strict(words)) && !is_strict(command);
        self.executed(command) + if adds { " --strictPort" } else { "" }
    }

    /// A command as it is typed outside of a script, which finds the packages' programs by itself.
    fn executed(&self, command: &str) -> String {
        let mut words: Vec<_> = command.split(' ').collect();
        let sets_variable = pattern(r"^\w+=");
        let is_program = |word: &&str| !sets_variable.is_match(word);
        let first = words.iter().position(is_program).unwrap_or(words.len());
        let is_of_a_package = |word: &&str| !pattern(BY_THEMSELVES).is_match(word);
        if words.get(first).is_none_or(is_of_a_package) {
            words.insert(first, self.manager.executes.trim());
        }
        words.join(" ")
    }

    /// What is started and not known.
    fn unknown(&self, script: &str, started: &Started) -> Unknown {
        let shown = started.script.as_deref();
        let shown = shown.map(|name| format!("{}{name}", self.manager.runs));
        Unknown {
            runs: format!("{}: {script} runs", join(self.folder, "package.json")),
            text: started.text.clone(),
            shown: shown.unwrap_or_else(|| started.text.clone()),
        }
    }

    /// Whether one of its programs asks for a port.
    fn reads_port(&self) -> bool {
        let files = self.checkout.files_below(self.folder);
        let files = files.filter(|file| is_of(file, &["js", "mjs", "cjs", "ts", "mts"]));
        let mut texts = files.map(|file| self.checkout.text(&join(self.folder, file)));
        texts.any(|text| text.contains("env.PORT"))
    }

    /// Has each session get its packages: pnpm links them from its store, others' are cloned if they are there.
    fn packages(&self, found: &mut Found) {
        let [modules, hooks] = ["node_modules", HOOKS].map(|it| join(self.folder, it));
        if self.json["scripts"]["prepare"]
            .to_string()
            .contains("husky")
            && self.checkout.has(&hooks)
        {
            found.clone.push(hooks);
        }
        let is_pnpm = self.manager.name == "pnpm";
        let home = self.lock.rsplit_once('/').map_or("", |(home, _)| home);
        let lists = ["dependencies", "devDependencies", "workspaces"];
        let has_some = lists.iter().any(|list| self.json.get(list).is_some());
        if !is_pnpm && self.checkout.has(&modules) {
            found.clone.push(modules);
        } else if is_pnpm || home == self.folder && has_some {
            let installs = if self.lock.ends_with("package.json") {
                format!("{} install", self.manager.name)
            } else if self.checkout.has(&join(home, ".yarnrc.yml")) {
                "yarn install --immutable".to_owned()
            } else {
                self.manager.installs.to_owned()
            };
            found.installs(in_folder(home, &installs), self.lock.clone());
        }
    }
}

/// The server of a folder that a command starts by a script's name, if it is one and the only one.
pub fn run_by(
    checkout: &Checkout,
    folder: &str,
    command: &str,
    found: &mut Found,
) -> Option<Service> {
    let package = Package::read(checkout, folder)?;
    let script = script_run_by(command)?;
    match &Scripts(&package.json["scripts"]).started_by(script)[..] {
        [one] => package.server(script, one, true, found),
        _ => None,
    }
    .map(|service| Service {
        part: String::new(),
        ..service
    })
}

/// Finds them. Where `only_packages`, something else tells what runs.
pub fn find(checkout: &Checkout, only_packages: bool, found: &mut Found) {
    let mut unknown = Vec::new();
    let folders = checkout.folders();
    for package in folders.filter_map(|folder| Package::read(checkout, folder)) {
        package.packages(found);
        if !only_packages {
            let (services, others) = package.servers(found);
            found.services.extend(services);
            unknown.extend(others);
        }
    }
    let names_none = |unknown: &Unknown| !found.services.iter().any(|it| unknown.names(&it.dir));
    unknown.retain(names_none);
    for one in unknown.chunk_by(|one, other| one.runs == other.runs) {
        let texts = one.iter().map(|one| format!("`{}`", one.shown));
        let texts = texts.collect::<Vec<_>>().join(", ");
        let check = format!("{} {texts}: write a [[window]] for each", one[0].runs);
        found.checks.push(check);
    }
}
