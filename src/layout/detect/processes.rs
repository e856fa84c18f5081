//! A Procfile: each of its processes is a window.

use super::checkout::Checkout;
use super::found::{Found, Service};
use super::tools::{Gets, Side, TOOLS, doubled, with_port};
use super::{identifier, pattern};

/// The port that a process gets from a Procfile's runner, if nothing else tells of one.
const FIRST: u16 = 3000;

/// Finds them; whether there are any.
pub fn find(checkout: &Checkout, file: &str, found: &mut Found) -> bool {
    let text = checkout.text(file);
    for process in pattern(r"(?m)^([\w-]+):[ \t]*([^\r\n\t]+)").captures_iter(&text) {
        let [name, command] = process.extract().1;
        let service = process_of(file, name, command.trim_end(), found);
        found.services.push(service);
    }
    !found.services.is_empty()
}

fn process_of(file: &str, name: &str, command: &str, found: &mut Found) -> Service {
    let tool = TOOLS.iter().find(|tool| tool.is_started_by(command));
    let run = doubled(command);
    let own = tool.map_or(FIRST, |tool| tool.first);
    let mut serves = true;
    let mut named = None;
    let run = match (with_port(command), tool.map(|tool| tool.gets)) {
        (Some((number, run)), _) => {
            named = number.map(|number| (number, file.to_owned()));
            run
        }
        (None, Some(Gets::Words(words))) => format!("{run} {words}"),
        (None, Some(Gets::Variable(variable))) => format!("{variable}={{port}} {run}"),
        (None, Some(Gets::Everywhere(variable))) => {
            let value = format!("{{{}_port}}", identifier(name));
            let why = format!("{file}: {command} reads it");
            found.sets(".env", variable, value, why);
            run
        }
        (None, None) if name == "web" => {
            let check = format!("{file}: {name} has to listen on $PORT");
            found.checks.push(check);
            format!("PORT={{port}} {run}")
        }
        (None, None) => {
            serves = false;
            run
        }
    };
    let side = tool.map_or(Side::Back, |tool| tool.side);
    let service = Service::new("", run, own, named, side, format!("{file}: {name}"));
    Service {
        name: identifier(name),
        port: service.port.filter(|_| serves),
        ..service
    }
}
