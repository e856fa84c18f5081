//! What the own files of a folder's tools name: the port of a server, and the address of another one.

use super::checkout::{Checkout, join};
use super::found::{Found, Service};
use super::pattern;
use super::tools::Side;
use std::collections::BTreeSet;

/// An address of a server on this machine.
const ADDRESS: &str = r"(http://(?:localhost|127\.0\.0\.1):\d+)";

/// What they have for a pattern with one group, and each file.
fn named(checkout: &Checkout, folder: &str, text: &str) -> Vec<(String, String)> {
    let names = checkout.names_in(folder);
    let files = names.filter(|name| name.contains(".config.") || *name == "package.json");
    let pattern = pattern(text);
    let found = files.filter_map(|name| {
        let file = join(folder, name);
        let found = pattern.captures(&checkout.text(&file))?[1].to_owned();
        Some((found, file))
    });
    found.collect()
}

/// The port that one has for its tool's server, and the file.
pub fn port(checkout: &Checkout, folder: &str) -> Option<(u16, String)> {
    let ports = named(checkout, folder, r"(?is)server.*?port:\s*(\d+)");
    let mut ports = ports.into_iter();
    ports.find_map(|(port, file)| Some((port.parse().ok()?, file)))
}

/// Finds files that name a server's port by themselves, which in a session would be the main checkout's.
pub fn find_addresses(checkout: &Checkout, found: &mut Found) {
    let folders = found.services.iter().map(|service| &*service.dir);
    let folders: BTreeSet<_> = folders.collect();
    let mut checks = Vec::new();
    for folder in folders {
        for (address, file) in named(checkout, folder, ADDRESS) {
            let port = address
                .rsplit(':')
                .next()
                .and_then(|port| port.parse().ok());
            let cure = match port.and_then(|port| meant(port, &found.services)) {
                Some(service) => {
                    format!(
                        "process.env.{}_PORT has the session's",
                        service.name.to_uppercase()
                    )
                }
                None => {
                    "a server of this project needs a [[window]] and a port in [ports]".to_owned()
                }
            };
            checks.push(format!(
                "{file} names {address}, which is the main checkout's: {cure}"
            ));
        }
    }
    found.checks.extend(checks);
}

/// The service that has a port, else the only back end.
fn meant(port: u16, services: &[Service]) -> Option<&Service> {
    let mut backs = services
        .iter()
        .filter(|service| service.side == Side::Back && service.port.is_some());
    let only = backs.next().filter(|_| backs.next().is_none());
    let mut all = services.iter();
    all.find(|service| service.port == Some(port)).or(only)
}
