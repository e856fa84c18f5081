//! The `.env` files: which a session gets, and which of their variables name what each session has of its own.

use super::checkout::{Checkout, join};
use super::database;
use super::found::{FirstPort, Found, Service, Variable};
use super::tools::{Side, doubled};
use crate::dotenv;

/// The hosts that mean this machine, and how a session's variables name them.
const HOSTS: [(&str, &str); 2] = [("localhost:", "{host}:"), ("127.0.0.1:", "127.0.0.1:")];

/// Whether a file has variables, and whether it is an example for another one.
fn kind(path: &str) -> Option<bool> {
    let name = path.rsplit('/').next()?;
    let end = name
        .strip_prefix(".env")
        .filter(|end| end.is_empty() || end.starts_with('.'))?;
    Some(
        [".example", ".sample", ".template", ".dist", ".defaults"]
            .iter()
            .any(|example| end.ends_with(example)),
    )
}

fn files_in(checkout: &Checkout, folder: &str) -> Vec<String> {
    let mut files: Vec<_> = checkout
        .names_in(folder)
        .filter(|name| kind(name).is_some())
        .collect();
    files.sort_by_key(|name| kind(name));
    files.into_iter().map(|name| join(folder, name)).collect()
}

/// The port that the folder's own files name.
pub fn named_port(checkout: &Checkout, folder: &str) -> Option<FirstPort> {
    files_in(checkout, folder).into_iter().find_map(|file| {
        let bytes = checkout.bytes(&file);
        let number = str::from_utf8(dotenv::value(&bytes, "PORT")?)
            .ok()?
            .parse()
            .ok()?;
        Some(FirstPort {
            number,
            named_in: Some(file),
        })
    })
}

/// Files that git ignores and a session needs.
pub fn find_files(checkout: &Checkout, found: &mut Found) {
    let files = checkout.files_below("");
    for file in files.into_iter().filter(|file| checkout.is_ignored(file)) {
        let is_key = file.ends_with("config/master.key") || file.contains("config/credentials/");
        if kind(file) == Some(false) || is_key {
            found.copy.push(file.to_owned());
        }
        let ends = [".sqlite3", ".sqlite", ".db"]
            .iter()
            .any(|end| file.ends_with(end));
        if ends && !file.contains("test") && checkout.bytes(file).starts_with(b"SQLite format 3\0")
        {
            found.sqlite.push(file.to_owned());
        }
    }
    found.copy.sort();
    found.sqlite.sort();
}

/// The first port of the only back end is the one that the front end's variables name, if nothing else tells of it.
pub fn find_port(checkout: &Checkout, found: &mut Found) {
    let numbers: Vec<_> = found
        .services
        .iter()
        .filter_map(|service| Some(service.port.as_ref()?.number))
        .collect();
    let fronts = found
        .services
        .iter()
        .filter(|service| service.side == Side::Front);
    let named = fronts
        .flat_map(|front| files_in(checkout, &front.dir))
        .find_map(|file| {
            let bytes = checkout.bytes(&file);
            let number = dotenv::all(&bytes).find_map(|(name, value)| {
                let is_of_back = ["API", "BACKEND", "SERVER"]
                    .iter()
                    .any(|word| name.contains(word));
                let (_, behind) = HOSTS
                    .iter()
                    .find_map(|(host, _)| value.split_once(host))
                    .filter(|_| is_of_back)?;
                let digits = behind
                    .find(|letter: char| !letter.is_ascii_digit())
                    .unwrap_or(behind.len());
                behind[..digits]
                    .parse()
                    .ok()
                    .filter(|number| !numbers.contains(number))
            });
            Some(FirstPort {
                number: number?,
                named_in: Some(file),
            })
        });
    let mut backs = found
        .services
        .iter_mut()
        .filter(|service| service.side == Side::Back);
    if let (Some(back), None) = (backs.next(), backs.next())
        && let Some(FirstPort { named_in: None, .. }) = back.port
        && named.is_some()
    {
        back.port = named;
    }
}

/// The variables that name a server of the project, or its database.
pub fn find(checkout: &Checkout, found: &mut Found) {
    let mut folders = vec![String::new()];
    folders.extend(found.services.iter().map(|service| service.dir.clone()));
    folders.sort();
    folders.dedup();
    for folder in folders {
        let reads_local = found
            .services
            .iter()
            .any(|service| service.dir == folder && service.reads_local);
        let mut seen = Vec::new();
        for file in files_in(checkout, &folder) {
            let is_example = kind(&file) == Some(true);
            let into = if checkout.is_ignored(&file) {
                file.clone()
            } else {
                join(&folder, if reads_local { ".env.local" } else { ".env" })
            };
            for (name, value) in dotenv::all(&checkout.bytes(&file)) {
                if name.starts_with("TALLY_")
                    || value.contains(char::is_control)
                    || is_example && seen.contains(&name)
                {
                    continue;
                }
                let value = match with_servers(&value, &found.services) {
                    Some((value, service)) => {
                        Some((value, format!("{file} has the address of {service}")))
                    }
                    None if is_example => None,
                    None => database::find(checkout, (&file, &name, &value), found),
                };
                seen.push(name.clone());
                if let Some((value, why)) = value {
                    found.env.push(Variable {
                        file: into.clone(),
                        name,
                        value,
                        why,
                    });
                }
            }
        }
    }
    let mut seen = Vec::new();
    found.env.retain(|variable| {
        let key = (variable.file.clone(), variable.name.clone());
        let is_new = !seen.contains(&key);
        seen.push(key);
        is_new
    });
}

/// A value with each address of a server as the session has it, and the name of the last one; none if it has no such address.
fn with_servers(value: &str, services: &[Service]) -> Option<(String, String)> {
    let mut named = None;
    let mut rest = value;
    let mut written = String::new();
    while let Some((at, host, instead)) = HOSTS
        .iter()
        .filter_map(|(host, instead)| Some((rest.find(host)?, *host, *instead)))
        .min()
    {
        let (before, behind) = (&rest[..at], &rest[at + host.len()..]);
        let end = behind
            .find(|letter: char| !letter.is_ascii_digit())
            .unwrap_or(behind.len());
        let number = behind[..end].parse::<u16>().ok();
        let mut servers = services.iter().filter(|service| {
            service
                .port
                .as_ref()
                .is_some_and(|port| Some(port.number) == number)
        });
        written.push_str(&doubled(before));
        if let Some(service) = servers.next() {
            written.extend([instead, "{", &service.name, "_port}"]);
            named = Some(service.name.clone());
        } else {
            written.extend([host, &behind[..end]]);
        }
        rest = &behind[end..];
    }
    written.push_str(&doubled(rest));
    Some((written, named?))
}
