//! Servers that a `package.json` starts, and the packages of all of them.

use super::checkout::{Checkout, is_of, join, upwards};
use super::found::{Found, Service};
use super::python::in_folder;
use super::tools::{Gets, NODE, NODE_SERVERS, Side, TOOLS, Tool, with_port};
use super::{pattern, variables};
use crate::package_manager::{PACKAGE_MANAGERS, PackageManager};
use serde_json::Value;

/// The scripts that may start a server, the likeliest first.
const SCRIPTS: [&str; 5] = ["dev", "start:dev", "develop", "serve", "start"];

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

    /// The server that one of its scripts starts.
    fn server(&self, found: &mut Found) -> Option<Service> {
        SCRIPTS.iter().find_map(|name| {
            let script = self.json["scripts"][name].as_str()?;
            let script = script.replace(char::is_control, " ");
            let needed = self.json["dependencies"].to_string();
            let is_node = pattern(NODE_SERVERS).is_match(&needed) || script.contains("server");
            let known = || TOOLS.iter().chain(Some(&NODE).filter(|_| is_node));
            let mut commands = script.rsplit(['&', ';', '|']).map(str::trim);
            let (command, tool) = commands.find_map(|command| {
                let tool = known().find(|tool| tool.is_started_by(command))?;
                Some((command, tool))
            })?;
            Some(self.service(name, &script, command, tool, found))
        })
    }

    fn service(
        &self,
        name: &str,
        script: &str,
        command: &str,
        tool: &Tool,
        found: &mut Found,
    ) -> Service {
        let file = join(self.folder, "package.json");
        let is_alone = script == command && !command.contains(['"', '\'', '`', '\\', '$']);
        let named = with_port(command);
        let runs = format!("{}{name}", self.manager.runs);
        let is_asked = tool.side == Side::Back && matches!(tool.gets, Gets::Variable(_));
        let mut listens = !is_asked || self.reads_port();
        let run = match (&named, tool.gets) {
            (Some((_, command)), gets) if is_alone => self.directly(command, gets),
            (_, Gets::Variable(variable)) => format!("{variable}={{port}} {runs}"),
            (_, Gets::Words(words)) if script.ends_with(command) => {
                format!("{runs}{}{words}", self.manager.options)
            }
            _ => {
                listens = false;
                format!("PORT={{port}} {runs}")
            }
        };
        if !listens {
            found.checks.push(format!(
                "{file}: {name} has to listen on $PORT, and is `{script}`"
            ));
        }
        let named = named.and_then(|(number, _)| Some((number?, file.clone())));
        let named = named.or_else(|| self.port_in_config());
        let named = named.or_else(|| variables::named_port(self.checkout, self.folder));
        let program = tool.commands[0].trim_end_matches(" *");
        let why = format!("{file}: {name} runs {program}");
        Service::new(self.folder, run, tool.first, named, tool.side, why)
    }

    /// A command as the script has it, with the session's port in the place of its own.
    fn directly(&self, command: &str, gets: Gets) -> String {
        let mut words: Vec<_> = command.split(' ').collect();
        let sets_variable = pattern(r"^\w+=");
        let is_program = |word: &&str| !sets_variable.is_match(word);
        let first = words.iter().position(is_program).unwrap_or(words.len());
        let runs_by_itself = ["node", "bun", "deno", "npx", "bunx"];
        if !words
            .get(first)
            .is_some_and(|word| runs_by_itself.contains(word))
        {
            words.insert(first, self.manager.executes.trim());
        }
        let is_strict = |words: &str| words.contains("--strictPort");
        if matches!(gets, Gets::Words(words) if is_strict(words)) && !is_strict(command) {
            words.push("--strictPort");
        }
        words.join(" ")
    }

    /// Whether one of its programs asks for a port.
    fn reads_port(&self) -> bool {
        let files = self.checkout.files_below(self.folder);
        let files = files.filter(|file| is_of(file, &["js", "mjs", "cjs", "ts", "mts"]));
        let mut texts = files.map(|file| self.checkout.text(&join(self.folder, file)));
        texts.any(|text| text.contains("env.PORT"))
    }

    /// What its tools' own files have for a pattern with one group.
    fn in_configs(&self, text: &str) -> Vec<(String, String)> {
        let names = self.checkout.names_in(self.folder);
        let files = names.filter(|name| name.contains(".config.") || *name == "package.json");
        let pattern = pattern(text);
        let found = files.filter_map(|name| {
            let file = join(self.folder, name);
            let found = pattern.captures(&self.checkout.text(&file))?[1].to_owned();
            Some((found, file))
        });
        found.collect()
    }

    /// The port that a tool's own file has for its server.
    fn port_in_config(&self) -> Option<(u16, String)> {
        let ports = self.in_configs(r"(?is)server.*?port:\s*(\d+)");
        let mut ports = ports.into_iter();
        ports.find_map(|(port, file)| Some((port.parse().ok()?, file)))
    }

    /// Files that name another server's port by themselves: a session would ask the main checkout's.
    fn asks_elsewhere(&self, found: &mut Found) {
        for (address, file) in self.in_configs(r"(http://(?:localhost|127\.0\.0\.1):\d+)") {
            found.checks.push(format!(
                "{file} names {address}, which is the main checkout's: let it read process.env.<SERVICE>_PORT, as BACKEND_PORT"
            ));
        }
    }

    /// Has each session get its packages: pnpm links them from its store, others' are cloned if they are there.
    fn packages(&self, found: &mut Found) {
        let modules = join(self.folder, "node_modules");
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

/// Finds them. Where `only_packages`, something else tells what runs.
pub fn find(checkout: &Checkout, only_packages: bool, found: &mut Found) {
    let folders = checkout.folders();
    for package in folders.filter_map(|folder| Package::read(checkout, folder)) {
        package.packages(found);
        if !only_packages && let Some(service) = package.server(found) {
            package.asks_elsewhere(found);
            found.services.push(service);
        }
    }
}
