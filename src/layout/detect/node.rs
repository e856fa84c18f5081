//! Servers that a `package.json` starts, and the packages of all of them.

use super::checkout::{Checkout, is_of, join, upwards};
use super::found::{Because, FirstPort, Found, Service};
use super::python::in_folder;
use super::tools::{
    Gets, NODE, NODE_SERVERS, Side, TOOLS, Tool, doubled, is_assignment, with_port,
};
use super::variables;
use serde_json::Value;

/// A package manager.
struct Manager {
    name: &'static str,
    locks: &'static [&'static str],
    /// How a script is run, and what stands before options for it.
    runs: &'static str,
    options: &'static str,
    /// How a program of a package is run.
    executes: &'static str,
    /// How packages are installed as the lock file has them.
    installs: &'static str,
}

#[rustfmt::skip]
const MANAGERS: [Manager; 5] = [
    Manager { name: "pnpm", locks: &["pnpm-lock.yaml"], runs: "pnpm ", options: " ", executes: "pnpm exec ", installs: "pnpm install --frozen-lockfile --prefer-offline" },
    Manager { name: "bun", locks: &["bun.lock", "bun.lockb"], runs: "bun run ", options: " ", executes: "bunx ", installs: "bun install --frozen-lockfile" },
    Manager { name: "yarn", locks: &["yarn.lock"], runs: "yarn ", options: " ", executes: "yarn ", installs: "yarn install --frozen-lockfile" },
    Manager { name: "npm", locks: &["package-lock.json", "npm-shrinkwrap.json"], runs: "npm run ", options: " -- ", executes: "npx ", installs: "npm ci --prefer-offline" },
    Manager { name: "", locks: &[], runs: "npm run ", options: " -- ", executes: "npx ", installs: "npm install" },
];

/// The scripts that may start a server, the likeliest first.
const SCRIPTS: [&str; 5] = ["dev", "start:dev", "develop", "serve", "start"];

/// Files in which a tool may be told its port, by their beginnings.
const CONFIGS: [&str; 6] = [
    "vite.config.",
    "astro.config.",
    "nuxt.config.",
    "vue.config.",
    "webpack.config.",
    "next.config.",
];

/// A `package.json`, and who installs for it where.
struct Package {
    folder: String,
    json: Value,
    manager: &'static Manager,
    /// The folder with the lock file.
    home: String,
}

impl Package {
    fn read(checkout: &Checkout, folder: &str) -> Option<Self> {
        let json = serde_json::from_str(&checkout.text(&join(folder, "package.json"))).ok()?;
        let locked = upwards(folder, |folder| {
            let has_lock = |manager: &&Manager| {
                manager
                    .locks
                    .iter()
                    .any(|lock| checkout.has(&join(folder, lock)))
            };
            Some((MANAGERS.iter().find(has_lock)?, folder.to_owned()))
        });
        let (manager, home) = locked.unwrap_or_else(|| {
            let json: &Value = &json;
            let named = json["packageManager"].as_str().unwrap_or_default();
            let name = named.split('@').next();
            let manager = MANAGERS.iter().find(|manager| Some(manager.name) == name);
            (manager.unwrap_or(&MANAGERS[4]), folder.to_owned())
        });
        Some(Self {
            folder: folder.to_owned(),
            json,
            manager,
            home,
        })
    }

    fn needs(&self, package: &str) -> bool {
        let lists = ["dependencies", "devDependencies"];
        lists
            .iter()
            .any(|list| self.json[list].get(package).is_some())
    }

    /// The server that one of its scripts starts.
    fn server(&self, checkout: &Checkout) -> Option<Service> {
        SCRIPTS.iter().find_map(|name| {
            let script = self.json["scripts"][name]
                .as_str()?
                .replace(char::is_control, " ");
            let is_node =
                NODE_SERVERS.iter().any(|server| self.needs(server)) || script.contains("server");
            let commands = script
                .split(['&', ';', '|'])
                .map(str::trim)
                .filter(|command| !command.is_empty());
            let tools = || TOOLS.iter().chain(Some(&NODE).filter(|_| is_node));
            let tool = |command: &str| tools().find(|tool| tool.is_started_by(command));
            let (command, tool) = commands
                .rev()
                .find_map(|command| Some((command, tool(command)?)))?;
            Some(self.service(checkout, name, &script, command, tool))
        })
    }

    fn service(
        &self,
        checkout: &Checkout,
        name: &str,
        script: &str,
        command: &str,
        tool: &Tool,
    ) -> Service {
        let file = join(&self.folder, "package.json");
        let is_last = script.ends_with(command);
        let is_alone = script == command && !command.contains(['"', '\'', '`', '\\', '$']);
        let named = with_port(command);
        let mut check = None;
        let run = match (&named, tool.gets) {
            (Ok((_, command)), gets) if is_alone => self.directly(command, gets),
            (_, Gets::Variable(variable)) => {
                format!("{variable}={{port}} {}{name}", self.manager.runs)
            }
            (_, Gets::Words(words)) if is_last => {
                format!("{}{name}{}{words}", self.manager.runs, self.manager.options)
            }
            _ => {
                check = Some(format!(
                    "check: it has to listen on $PORT, and {file} has `{}`",
                    doubled(script)
                ));
                format!("PORT={{port}} {}{name}", self.manager.runs)
            }
        };
        let named = named.ok().and_then(|(number, _)| number);
        let named = named.map(|number| FirstPort {
            number,
            named_in: Some(file.clone()),
        });
        let named = named
            .or_else(|| port_in_config(checkout, &self.folder))
            .or_else(|| variables::named_port(checkout, &self.folder));
        let listens = tool.side == Side::Front
            || !matches!(tool.gets, Gets::Variable(_))
            || self.reads_port(checkout);
        if check.is_none() && !listens {
            check = Some("check: the program has to listen on $PORT".to_owned());
        }
        let word = command
            .split_whitespace()
            .find(|word| !is_assignment(word) && *word != "cross-env");
        Service {
            name: String::new(),
            dir: self.folder.clone(),
            run,
            port: Some(named.unwrap_or(FirstPort {
                number: tool.first,
                named_in: None,
            })),
            side: tool.side,
            why: format!("{file}: {name} runs {}", word.unwrap_or_default()),
            check,
            reads_local: tool.reads_local,
        }
    }

    /// A command as the script has it, with the session's port in the place of its own.
    fn directly(&self, command: &str, gets: Gets) -> String {
        let words = command.split(' ').filter(|word| *word != "cross-env");
        let (variables, words): (Vec<_>, Vec<_>) = words.partition(|word| is_assignment(word));
        let executes = match words.first() {
            Some(&("node" | "bun" | "deno" | "npx" | "bunx")) | None => "",
            Some(_) => self.manager.executes.trim(),
        };
        let words: Vec<_> = variables
            .into_iter()
            .chain([executes])
            .chain(words)
            .filter(|word| !word.is_empty())
            .collect();
        let strict = matches!(gets, Gets::Words(words) if words.contains("--strictPort"));
        let strict = strict && !command.contains("--strictPort");
        let end = if strict { " --strictPort" } else { "" };
        format!("{}{end}", words.join(" "))
    }

    /// Whether one of its programs asks for a port.
    fn reads_port(&self, checkout: &Checkout) -> bool {
        let mut files = checkout
            .files_below(&self.folder)
            .into_iter()
            .filter(|file| is_of(file, &["js", "mjs", "cjs", "ts", "mts"]));
        files.any(|file| checkout.text(file).contains("env.PORT"))
    }

    fn install(&self, checkout: &Checkout) -> String {
        let has = |file: &&str| checkout.has(&join(&self.home, file));
        let installs = match self.manager.name {
            _ if !self.manager.locks.iter().any(has) => {
                format!("{} install", self.manager_name())
            }
            "yarn" if has(&".yarnrc.yml") => "yarn install --immutable".to_owned(),
            _ => self.manager.installs.to_owned(),
        };
        in_folder(&self.home, &installs)
    }

    fn lock(&self) -> String {
        let lock = self.manager.locks.first().copied();
        join(&self.home, lock.unwrap_or("package.json"))
    }
}

/// The port that a tool's own file has for its server.
fn port_in_config(checkout: &Checkout, folder: &str) -> Option<FirstPort> {
    let is_config = |name: &&str| CONFIGS.iter().any(|config| name.starts_with(config));
    checkout
        .names_in(folder)
        .filter(is_config)
        .find_map(|name| {
            let file = join(folder, name);
            let text = checkout.text(&file);
            let lower = text.to_lowercase();
            let server = &text[lower.find("server")?..];
            let number = server.split("port:").nth(1)?.trim_start();
            let digits = number
                .find(|letter: char| !letter.is_ascii_digit())
                .unwrap_or(number.len());
            let number = number[..digits].parse().ok()?;
            Some(FirstPort {
                number,
                named_in: Some(file),
            })
        })
}

/// Finds them. Where `only_packages`, something else tells what runs.
pub fn find(checkout: &Checkout, only_packages: bool, found: &mut Found) {
    let packages: Vec<_> = checkout
        .folders()
        .filter_map(|folder| Package::read(checkout, folder))
        .collect();
    for package in packages.iter().filter(|_| !only_packages) {
        let Some(service) = package.server(checkout) else {
            continue;
        };
        asks_elsewhere(checkout, package, found);
        found.services.push(service);
    }
    for package in &packages {
        let why = match package.manager.name {
            "pnpm" => format!("{}: cheap, from pnpm's store", package.lock()),
            _ => format!("{}: there is no node_modules to clone", package.lock()),
        };
        let is_home = package.home == package.folder;
        let modules = join(&package.folder, "node_modules");
        let is_there = checkout.has(&modules);
        if package.manager.name == "pnpm" || is_home && !is_there && has_dependencies(package) {
            found.installs(package.install(checkout), why);
        } else if is_there && package.manager.name != "pnpm" {
            let why = format!(
                "{}: {}'s own folder for each session",
                package.lock(),
                package.manager_name()
            );
            found.clone.push(Because::new(modules, why));
        }
    }
}

fn has_dependencies(package: &Package) -> bool {
    ["dependencies", "devDependencies", "workspaces"]
        .iter()
        .any(|list| package.json.get(list).is_some())
}

impl Package {
    fn manager_name(&self) -> &str {
        if self.manager.name.is_empty() {
            "npm"
        } else {
            self.manager.name
        }
    }
}

/// Files that name another server's port by themselves: a session would ask the main checkout's.
fn asks_elsewhere(checkout: &Checkout, package: &Package, found: &mut Found) {
    let names = checkout.names_in(&package.folder);
    let configs = names.filter(|name| CONFIGS.iter().any(|config| name.starts_with(config)));
    let texts = configs.map(|name| {
        let file = join(&package.folder, name);
        (checkout.text(&file), file)
    });
    let proxy = package.json["proxy"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    for (text, file) in texts.chain([(proxy, join(&package.folder, "package.json"))]) {
        let address = ["http://localhost:", "http://127.0.0.1:"]
            .iter()
            .find_map(|address| {
                let at = text.find(address)?;
                let number = &text[at + address.len()..];
                let digits = number
                    .find(|letter: char| !letter.is_ascii_digit())
                    .unwrap_or(number.len());
                Some(format!("{address}{}", &number[..digits]))
            });
        if let Some(address) = address {
            found.checks.push(format!(
                "{file} names {address}, which is the main checkout's: let it read process.env.<SERVICE>_PORT, as BACKEND_PORT"
            ));
        }
    }
}
