//! The `.env` files: which a session gets, and which of their variables name what each session has of its own.

use super::checkout::{Checkout, is_of, join};
use super::found::{Found, Service};
use super::tools::{Side, doubled};
use super::{database, pattern};
use crate::dotenv;
use crate::file;
use regex_lite::{Captures, Regex};
use std::collections::BTreeSet;
use std::sync::LazyLock;

/// An address of a server on this machine.
static ADDRESS: LazyLock<Regex> = LazyLock::new(|| pattern(r"(localhost|127\.0\.0\.1):(\d+)"));

/// What a login gives: no session has it of its own.
const OF_THE_USER: [&str; 4] = ["HOME", "PATH", "SHELL", "USER"];

/// Files of settings, in the folder that Flask has for what is of one machine.
const OF_FLASK: [&str; 6] = ["cfg", "ini", "json", "py", "toml", "yaml"];

fn is_env(file: &str) -> bool {
    let name = file.rsplit('/').next().unwrap_or_default();
    name == ".env" || name.starts_with(".env.")
}

fn is_example(file: &str) -> bool {
    is_of(file, &["example", "sample", "template", "dist", "defaults"])
}

/// A folder's files of variables; examples of them if it has no others.
fn files_in(checkout: &Checkout, folder: &str) -> Vec<String> {
    let names = checkout.names_in(folder).filter(|name| is_env(name));
    let files = names.map(|name| join(folder, name));
    let (examples, files): (Vec<_>, Vec<_>) = files.partition(|file| is_example(file));
    if files.is_empty() { examples } else { files }
}

/// The port that the folder's own files name, and the file.
pub fn named_port(checkout: &Checkout, folder: &str) -> Option<(u16, String)> {
    files_in(checkout, folder).into_iter().find_map(|file| {
        let bytes = checkout.bytes(&file);
        let number = str::from_utf8(dotenv::value(&bytes, "PORT")?).ok()?;
        Some((number.parse().ok()?, file))
    })
}

/// Files that git ignores and a session needs.
pub fn find_files(checkout: &Checkout, found: &mut Found) {
    for file in checkout.ignored_files() {
        let is_key = file.ends_with("config/master.key") || file.contains("config/credentials/");
        let folder = file.rsplit('/').nth(1);
        let is_flask_s = folder == Some("instance") && is_of(file, &OF_FLASK);
        if is_env(file) && !is_example(file) || is_key || is_flask_s {
            found.copy.push(file.to_owned());
        }
        if is_of(file, &["sqlite3", "sqlite", "db"])
            && !file.contains("test")
            && checkout.begins_with(file, file::SQLITE)
        {
            found.sqlite.push(file.to_owned());
        }
    }
    found.copy.sort();
    found.sqlite.sort();
}

/// The first port of the only back end is the one that the front end's variables name, if nothing else tells of it.
pub fn find_port(checkout: &Checkout, found: &mut Found) {
    let services = &found.services;
    let fronts = services
        .iter()
        .filter(|service| service.side == Side::Front);
    let mut files = fronts.flat_map(|front| files_in(checkout, &front.dir));
    let named = files.find_map(|file| {
        let is_of_back = |name: &str| {
            ["API", "BACKEND", "SERVER"]
                .iter()
                .any(|word| name.contains(word))
        };
        let is_free = |port: &u16| services.iter().all(|service| service.port != Some(*port));
        let bytes = checkout.bytes(&file);
        let variables = dotenv::all(&bytes).filter(|(name, _)| is_of_back(name));
        let mut ports = variables.filter_map(|(_, value)| ADDRESS.captures(value)?[2].parse().ok());
        Some((ports.find(is_free)?, file))
    });
    let mut backs = found
        .services
        .iter_mut()
        .filter(|service| service.side == Side::Back);
    if let (Some(back), None) = (backs.next(), backs.next())
        && back.port.is_some()
        && back.named_in.is_none()
        && let Some((port, file)) = named
    {
        (back.port, back.named_in) = (Some(port), Some(file));
    }
}

/// The variables that name a server of the project, or its database.
pub fn find(checkout: &Checkout, found: &mut Found) {
    let dirs = found.services.iter().map(|service| service.dir.clone());
    let folders: BTreeSet<_> = dirs.chain([String::new()]).collect();
    for folder in folders {
        let is_front = |service: &Service| service.dir == folder && service.side == Side::Front;
        // Tools of front ends read that too, and a person's own values are in it.
        let has_front = found.services.iter().any(is_front);
        let own = if has_front { ".env.local" } else { ".env" };
        for file in files_in(checkout, &folder) {
            let is_own = checkout.is_ignored(&file);
            let into = if is_own {
                file.clone()
            } else {
                join(&folder, own)
            };
            for (name, value) in dotenv::all(&checkout.bytes(&file)) {
                let is_set = name.starts_with("TALLY_") || OF_THE_USER.contains(&name);
                if is_set || value.contains(char::is_control) {
                    continue;
                }
                if name == "PORT"
                    && is_own
                    && let Some(service) = port_of(&folder, value, &found.services)
                {
                    let port = format!("{{{service}_port}}");
                    let why = format!("{file} has the port of {service}");
                    found.sets(&into, name, port, why);
                } else if let Some((value, service)) = with_servers(value, &found.services) {
                    let why = format!("{file} has the address of {service}");
                    found.sets(&into, name, value, why);
                } else if !is_example(&file) {
                    database::find(checkout, [&file, &into], name, value, found);
                }
            }
        }
    }
}

/// The only service of a folder that has this port. PORT is in the environment of all windows then: each server's command in a
/// draft names its own port, which counts before that.
fn port_of(folder: &str, port: &str, services: &[Service]) -> Option<String> {
    let port = port.parse().ok();
    let is_it =
        |service: &&Service| service.dir == folder && port.is_some() && service.port == port;
    let mut services = services.iter().filter(is_it);
    let only = services.next().filter(|_| services.next().is_none());
    Some(only?.name.clone())
}

/// A value with each address of a server as the session has it, and the name of the last one; none if it has no such address.
fn with_servers(value: &str, services: &[Service]) -> Option<(String, String)> {
    let mut named = None;
    let value = doubled(value);
    let written = ADDRESS.replace_all(&value, |address: &Captures<'_>| {
        let port = address[2].parse().ok();
        let mut services = services.iter();
        let Some(server) = services.find(|service| port.is_some() && service.port == port) else {
            return address[0].to_owned();
        };
        named = Some(server.name.clone());
        let host = match &address[1] {
            "localhost" => "{host}",
            number => number,
        };
        format!("{host}:{{{}_port}}", server.name)
    });
    let written = written.into_owned();
    Some((written, named?))
}
