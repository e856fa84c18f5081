//! A Procfile: each of its processes is a window, but for those that are found already.

use super::checkout::Checkout;
use super::found::{Found, Service};
use super::scripts::{commands, folder_of};
use super::tools::{Gets, Side, TOOLS, Tool, doubled, with_port};
use super::{identifier, node, pattern, python, variables};

/// The port that a process gets from a Procfile's runner, if nothing else tells of one.
const FIRST: u16 = 3000;

/// What is run once, where the program is deployed.
const ONCE: &str = "release";

/// What runs programs of Node.
const NODE: &str = r"^(node|deno|npm|npx|pnpm|yarn|bun|bunx)\b";

/// A script that runs the server of a folder.
const SCRIPT: &str = r"\b(npm|pnpm|yarn|bun)\b.*\b(dev|develop|serve|start)\b";

/// What runs a server in Python where the program is deployed.
const DEPLOYED: &str = r"\b(gunicorn|daphne|hypercorn|uwsgi|waitress-serve)\b";

/// What else needs no environment of Python before it.
const NO_PYTHON: &str = r"^(uv|poetry|pipenv|source|bundle|bin/|go|php|mix|docker)\b";

/// Finds them; whether anything is found by now.
pub fn find(checkout: &Checkout, file: &str, found: &mut Found) -> bool {
    let text = checkout.text(file);
    let before = found.services.len();
    for process in pattern(r"(?m)^([\w-]+):[ \t]*([^\r\n\t]+)").captures_iter(&text) {
        let [name, command] = process.extract().1;
        let command = command.trim_end();
        let mut others = found.services[..before].iter();
        if name != ONCE && !others.any(|other| is_run_by(other, name, command)) {
            let service = process_of(checkout, file, [name, command], found);
            found.services.push(service);
        }
    }
    !found.services.is_empty()
}

/// Whether a process is a service that something else told of.
fn is_run_by(service: &Service, name: &str, command: &str) -> bool {
    let is = |text| pattern(text).is_match(command);
    let folder = folder_of(command).unwrap_or_default();
    let is_back = service.side == Side::Back;
    let mut commands = commands(command).into_iter();
    name == "web" && (is_back || is(NODE))
        || is_back && is(DEPLOYED)
        || service.dir == folder && is(SCRIPT)
        || commands.any(|command| service.is_started_by(command))
}

/// The service that a process of a file is, by its name and command.
fn process_of(
    checkout: &Checkout,
    file: &str,
    [name, command]: [&str; 2],
    found: &mut Found,
) -> Service {
    let goes = pattern(r"^cd \S+ *&& *").find(command);
    let (goes, command) = command.split_at(goes.map_or(0, |goes| goes.end()));
    let folder = folder_of(goes).unwrap_or_default();
    if let Some(service) = node::run_by(checkout, &folder, command, found) {
        return Service {
            name: identifier(name),
            why: format!("{file}: {name}; {}", service.why),
            ..service
        };
    }
    let tool = TOOLS.iter().find(|tool| tool.is_started_by(command));
    let run = run(file, [name, command], tool, found);
    let serves = run.is_some();
    let (number, run) = run.unwrap_or_else(|| (None, doubled(command)));
    let run = doubled(goes) + &in_environment(checkout, &folder, &run, found);
    let own = tool.map_or(FIRST, |tool| tool.first);
    let side = tool.map_or(Side::Back, |tool| tool.side);
    let reads_port = tool.is_none_or(|tool| side == Side::Back || tool.reads_port());
    let named = number.map(|number| (number, file.to_owned()));
    let named = named.or_else(|| variables::named_port(checkout, "").filter(|_| reads_port));
    let service = Service::new("", run, own, named, side, format!("{file}: {name}"));
    Service {
        name: identifier(name),
        port: service.port.filter(|_| serves),
        ..service
    }
}

/// The port that a process names and its command with the session's own; none if it serves nothing.
fn run(
    file: &str,
    [name, command]: [&str; 2],
    tool: Option<&Tool>,
    found: &mut Found,
) -> Option<(Option<u16>, String)> {
    let run = doubled(command);
    if let Some(named) = with_port(command) {
        return Some(named);
    }
    let run = match tool.map(|tool| tool.gets) {
        Some(Gets::Words(words)) => format!("{run} {words}"),
        Some(Gets::Variable(variable)) => format!("{variable}={{port}} {run}"),
        Some(Gets::Everywhere(variable)) => {
            let value = format!("{{{}_port}}", identifier(name));
            let why = format!("{file}: {command} reads it");
            found.sets(".env", variable, value, why);
            run
        }
        None if name == "web" => {
            let check = format!("{file}: {name} has to listen on $PORT");
            found.checks.push(check);
            format!("PORT={{port}} {run}")
        }
        None => return None,
    };
    Some((None, run))
}

/// A command with what has it find its folder's environment of Python, if there is one.
fn in_environment(checkout: &Checkout, folder: &str, run: &str, found: &mut Found) -> String {
    let begins = pattern(r"^(?:\w+=\S* +)*").find(run);
    let (variables, program) = run.split_at(begins.map_or(0, |begins| begins.end()));
    let needs_none = |text: &&str| pattern(text).is_match(program);
    if [NODE, NO_PYTHON].iter().any(needs_none) {
        return run.to_owned();
    }
    let before = python::before(checkout, folder, found).unwrap_or_default();
    format!("{variables}{before}{program}")
}
