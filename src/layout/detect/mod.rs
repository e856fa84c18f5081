//! A layout drafted from what is in a project: for most it works as it is, and each line says what led to it.
//!
//! [`checkout`] looks at the project; [`python`], [`node`], [`processes`], [`variables`], [`configs`] and [`database`] note in
//! [`found`] what they know of, with [`scripts`] and the tables of [`tools`]; [`mod@draft`] writes it.

mod checkout;
mod configs;
mod database;
mod draft;
mod found;
mod node;
mod processes;
mod python;
mod scripts;
mod tools;
mod variables;

use checkout::{Checkout, is_of};
use found::{Because, Found};
use regex_lite::Regex;
use std::path::Path;
use tools::Side;

/// The text of a layout for the project of a main checkout, where git ignores these paths, a folder that is ignored as a whole
/// with a slash at its end, and for whose name virtualenvwrapper has an environment or not.
pub fn draft(main: &Path, ignored: Vec<String>, has_virtualenv: bool) -> String {
    let checkout = Checkout::look(main, ignored);
    let mut found = Found::default();
    let runs_all = processes::find(&checkout, "Procfile.dev", &mut found);
    python::find(&checkout, has_virtualenv, runs_all, &mut found);
    node::find(&checkout, runs_all, &mut found);
    if !runs_all {
        processes::find(&checkout, "Procfile", &mut found);
    }
    let is_python = |file| is_of(file, &["py"]);
    let has_python = has_virtualenv && checkout.files_below("").any(is_python);
    if found.activate.is_none() && !has_python {
        found.activate = Some(Because::new("", "no virtual environment is there"));
    }
    name_services(&mut found);
    variables::find_files(&checkout, &mut found);
    variables::find_port(&checkout, &mut found);
    variables::find(&checkout, &mut found);
    configs::find_addresses(&checkout, &mut found);
    database::find_others(&checkout, &mut found);
    draft::write(&found)
}

/// Files that tell of a server.
const TELLING: [&str; 4] = ["manage.py", "package.json", "Procfile.dev", "compose.yaml"];

/// The folders that seem to be what the built-in layout calls otherwise, with the file that tells so; a cheap look.
pub fn elsewhere(main: &Path) -> Vec<String> {
    let checkout = Checkout::look(main, []);
    let told = checkout.folders().flat_map(|folder| {
        let place = match folder {
            "" => "the root".to_owned(),
            _ => format!("{folder}/"),
        };
        let names = checkout
            .names_in(folder)
            .filter(|name| TELLING.contains(name));
        names.map(move |name| format!("{name} is in {place}"))
    });
    told.take(3).collect()
}

/// Gives each service a name: the built-in ones to a back end with a front end, else that of its folder, or of its part of a script
/// that starts several.
fn name_services(found: &mut Found) {
    let services = found.services.iter_mut();
    let mut serving: Vec<_> = services.filter(|service| service.port.is_some()).collect();
    if let [one, other] = &mut serving[..]
        && one.side != other.side
        && one.name.is_empty()
        && other.name.is_empty()
    {
        for service in [one, other] {
            let is_back = service.side == Side::Back;
            (if is_back { "backend" } else { "frontend" }).clone_into(&mut service.name);
        }
    }
    let mut names = ["claude", "shell", "cli"].map(ToOwned::to_owned).to_vec();
    for service in &mut found.services {
        let folder = service.dir.rsplit('/').next().unwrap_or_default();
        let called = [&*service.name, &*service.part, folder, "web"];
        let called = called.into_iter().find(|name| !name.is_empty());
        let name = called.map_or_else(String::new, identifier);
        service.name.clone_from(&name);
        let mut number = 2..;
        while let (true, Some(number)) = (names.contains(&service.name), number.next()) {
            service.name = format!("{name}_{number}");
        }
        names.push(service.name.clone());
    }
}

/// A name that a service may have.
fn identifier(name: &str) -> String {
    let name = name.replace(|letter: char| !letter.is_ascii_alphanumeric(), "_");
    let name = name.trim_matches('_').to_ascii_lowercase();
    if name.starts_with(|first: char| first.is_ascii_lowercase()) {
        name
    } else {
        format!("app_{name}").trim_end_matches('_').to_owned()
    }
}

/// A pattern of this program's own.
fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("a pattern is in order")
}
