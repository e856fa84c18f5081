//! A Procfile: each of its processes is a window.

use super::checkout::Checkout;
use super::found::{FirstPort, Found, Service, Variable};
use super::tools::{Gets, Side, TOOLS, with_port};

/// The port that a process gets from a Procfile's runner, if nothing else tells of one.
const FIRST: u16 = 3000;

/// Finds them; whether there are any.
pub fn find(checkout: &Checkout, file: &str, found: &mut Found) -> bool {
    let text = checkout.text(file);
    let lines = text.lines().filter_map(|line| {
        let (name, command) = line.split_once(':')?;
        let is_name = name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
        (is_name && !name.is_empty()).then(|| (name, command.trim()))
    });
    for (name, command) in lines.filter(|(_, command)| !command.contains(char::is_control)) {
        let service = process(file, name, command, found);
        found.services.push(service);
    }
    !found.services.is_empty()
}

fn process(file: &str, name: &str, command: &str, found: &mut Found) -> Service {
    let tool = TOOLS.iter().find(|tool| tool.is_started_by(command));
    let own = tool.map_or(FIRST, |tool| tool.first);
    let named_in = Some(file.to_owned());
    let unnamed = |run: String| {
        (
            run,
            Some(FirstPort {
                number: own,
                named_in: None,
            }),
        )
    };
    let mut check = None;
    let (run, port) = match (with_port(command), tool.map(|tool| tool.gets)) {
        (Ok((Some(number), run)), _) => (run, Some(FirstPort { number, named_in })),
        (Ok((None, run)), _) => unnamed(run),
        (Err(run), Some(Gets::Words(words))) => unnamed(format!("{run} {words}")),
        (Err(run), Some(Gets::Variable(variable))) => unnamed(format!("{variable}={{port}} {run}")),
        (Err(run), Some(Gets::Everywhere(variable))) => {
            found.env.push(Variable {
                file: ".env".to_owned(),
                name: variable.to_owned(),
                value: format!("{{{}_port}}", super::identifier(name)),
                why: format!("{file}: {command} reads it"),
            });
            unnamed(run)
        }
        (Err(run), None) if name == "web" => {
            check = Some("check: it has to listen on $PORT".to_owned());
            unnamed(format!("PORT={{port}} {run}"))
        }
        (Err(run), None) => (run, None),
    };
    Service {
        name: super::identifier(name),
        dir: String::new(),
        run,
        port,
        side: tool.map_or(Side::Back, |tool| tool.side),
        why: format!("{file}: {name}"),
        check,
        reads_local: false,
    }
}
