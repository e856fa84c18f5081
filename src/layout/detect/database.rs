//! Databases of servers: each session gets one of its own, made from the main checkout's.

use super::checkout::{Checkout, join};
use super::found::{Because, Found};
use super::tools::doubled;
use crate::dotenv;
use crate::shell::quote;

const COMPOSE: [&str; 4] = [
    "compose.yaml",
    "compose.yml",
    "docker-compose.yml",
    "docker-compose.yaml",
];

/// What a compose file runs: its path, and each service with its image.
pub fn composed(checkout: &Checkout) -> Option<(String, Vec<(String, String)>)> {
    let file = COMPOSE.iter().find(|file| checkout.has(file))?;
    let text = checkout.text(file);
    let indent = |line: &str| line.len() - line.trim_start().len();
    let mut lines = text
        .lines()
        .filter(|line| !line.trim().is_empty() && !line.trim_start().starts_with('#'));
    lines.find(|line| line.trim_end() == "services:")?;
    let lines: Vec<_> = lines.take_while(|line| indent(line) > 0).collect();
    let outer = lines.first().map(|line| indent(line))?;
    let mut services: Vec<(String, String)> = Vec::new();
    for line in lines {
        let Some((key, value)) = line.trim().split_once(':') else {
            continue;
        };
        if indent(line) == outer {
            services.push((key.trim_matches(['"', '\'']).to_owned(), String::new()));
        } else if let (Some(service), "image") = (services.last_mut(), key) {
            value
                .trim()
                .trim_matches(['"', '\''])
                .clone_into(&mut service.1);
        }
    }
    Some(((*file).to_owned(), services))
}

fn is_postgres(image: &str) -> bool {
    ["postgres", "postgis", "pgvector", "timescale"]
        .iter()
        .any(|name| image.contains(name))
}

/// Variables that are a database's name alone, with the beginning of those that tell the rest.
const NAMES: [(&str, &str); 4] = [
    ("POSTGRES_DB", "POSTGRES_"),
    ("PGDATABASE", "PG"),
    ("DB_NAME", "DB_"),
    ("DATABASE_NAME", "DATABASE_"),
];

/// What a variable is in a session, with the reason, if it names a database; and the hooks that make and drop that.
pub fn find(
    checkout: &Checkout,
    (file, name, value): (&str, &str, &str),
    found: &mut Found,
) -> Option<(String, String)> {
    let (scheme, address) =
        if let Some((_, beginning)) = NAMES.iter().find(|(known, _)| name == *known) {
            let (server, login) = beside(checkout, file, beginning);
            (server, format!("{login}/{value}"))
        } else {
            let (scheme, address) = value.split_once("://")?;
            (scheme, address.to_owned())
        };
    let server = scheme.split('+').next().unwrap_or_default();
    let is_known = ["postgres", "postgresql", "postgis", "psql"].contains(&server);
    if !is_known && !["", "mysql", "mysql2", "mariadb", "mongodb"].contains(&server) {
        return None;
    }
    let Some(postgres) = Postgres::read(&address).filter(|_| is_known) else {
        found.checks.push(format!(
            "{file} names a database in {name}, which all sessions share: for one each set it in [env] with {{ident}}, and make that in post_add"
        ));
        return None;
    };
    postgres.make_and_drop(checkout, &format!("{file}: {name}"), found);
    let Postgres { base, query, .. } = postgres;
    let before = value.strip_suffix(&format!("{base}{query}"));
    let user = address.split_once('@').map_or("", |(user, _)| user);
    let secret = if user.contains(':') {
        "; keep this file out of git if the password is a secret"
    } else {
        ""
    };
    Some((
        format!(
            "{}{base}_{{ident}}{}",
            doubled(before.unwrap_or_default()),
            doubled(query)
        ),
        format!("{file}: a database for each session{secret}"),
    ))
}

/// Which server a file's other variables tell of, if that is known, and the login of an address.
fn beside(checkout: &Checkout, file: &str, beginning: &str) -> (&'static str, String) {
    let text = checkout.bytes(file);
    let value = |ends: &[&str]| {
        let mut values = ends
            .iter()
            .filter_map(|end| dotenv::value(&text, &format!("{beginning}{end}")));
        values.next().map(encoded).filter(|value| !value.is_empty())
    };
    let host = value(&["HOST", "SERVER"]).unwrap_or_else(|| "localhost".to_owned());
    let port = value(&["PORT"]);
    let in_container = || {
        composed(checkout).is_some_and(|(_, all)| all.iter().any(|(_, image)| is_postgres(image)))
    };
    let is_postgres =
        beginning.starts_with('P') || port.as_deref() == Some("5432") || in_container();
    let user = value(&["USER", "USERNAME"]).map_or_else(String::new, |user| {
        let password = value(&["PASSWORD", "PASS"])
            .map_or_else(String::new, |password| format!(":{password}"));
        format!("{user}{password}@")
    });
    let port = port.map_or_else(String::new, |port| format!(":{port}"));
    (
        if is_postgres { "postgres" } else { "" },
        format!("{user}{host}{port}"),
    )
}

/// A part of an address.
fn encoded(part: &[u8]) -> String {
    let letter = |&byte: &u8| match byte {
        _ if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) => {
            char::from(byte).to_string()
        }
        _ => format!("%{byte:02X}"),
    };
    part.iter().map(letter).collect()
}

/// A database of `PostgreSQL` on this machine, by the parts of its address.
struct Postgres<'a> {
    /// User, password, host and port.
    login: &'a str,
    base: &'a str,
    query: &'a str,
}

impl<'a> Postgres<'a> {
    fn read(address: &'a str) -> Option<Self> {
        let (path, query) = address.split_at(address.find('?').unwrap_or(address.len()));
        let (login, base) = path.rsplit_once('/')?;
        let host = login.rsplit('@').next()?;
        let host = host.rsplit_once(':').map_or(host, |(host, _)| host);
        let is_here = ["", "localhost", "127.0.0.1", "[::1]"].contains(&host);
        let is_of_name = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
        let is_plain = !base.is_empty() && base.bytes().all(is_of_name);
        (is_here && is_plain).then_some(Self { login, base, query })
    }

    /// Has the hooks make a copy of the main checkout's for each session, and drop it.
    fn make_and_drop(&self, checkout: &Checkout, why: &str, found: &mut Found) {
        let Self { login, base, .. } = self;
        let new = format!("{base}_{{ident}}");
        if found
            .pre_remove
            .iter()
            .any(|drop| drop.value.ends_with(&format!(" {new}")))
        {
            return;
        }
        let compose = composed(checkout);
        let container = compose.as_ref().and_then(|(file, services)| {
            let (service, _) = services.iter().find(|(_, image)| is_postgres(image))?;
            Some((file, service))
        });
        // What a hook begins with, how the clients find the server, and for them main's database and the session's.
        let (first, [server, main, own], why) = match container {
            Some((file, service)) => {
                let user = login.split_once('@').map_or("postgres", |(user, _)| user);
                let user = user.split(':').next().unwrap_or_default();
                let user = format!("-U {}", doubled(&quote(user)));
                let in_it = "docker compose --project-directory {main} exec -T";
                (
                    format!("in_db() {{{{ {in_it} {service} \"$@\"; }}}}\n"),
                    [
                        user.clone(),
                        format!("{user} {base}"),
                        format!("{user} {new}"),
                    ],
                    format!(
                        "{file}: {service}, which has to run, has the databases of all sessions"
                    ),
                )
            }
            None => (
                format!(
                    "main={} own={}\n",
                    address(login, base, ""),
                    address(login, base, "_{ident}")
                ),
                ["--maintenance-db=\"$main\"", "\"$main\"", "\"$own\""].map(ToOwned::to_owned),
                why.to_owned(),
            ),
        };
        let before = if container.is_some() { "in_db " } else { "" };
        let create = format!("{before}createdb {server}");
        let psql = format!("{before}psql -qX {own}");
        found.installs(
            format!(
                "{first}{psql} -c '' 2>/dev/null || {create} --template={base} {new} 2>/dev/null || {{{{\n    \
                 {create} {new} && {before}pg_dump {main} | {psql} >/dev/null\n}}}}"
            ),
            format!("{why}: a copy of main's database, by pg_dump while others use that"),
        );
        let drop = Because::new(
            format!("{first}{before}dropdb {server} --if-exists --force {new}"),
            "restore does not bring it back: leave this out to keep it",
        );
        found.pre_remove.push(drop);
    }
}

/// The address of a database, for a shell; `end` is the end of its name.
fn address(login: &str, base: &str, end: &str) -> String {
    let quoted = doubled(&quote(&format!("postgresql://{login}/{base}")));
    let open = quoted.trim_end_matches(['\'', '"']);
    format!("{open}{end}{}", &quoted[open.len()..])
}

/// What else the project keeps its data in, for the user to look at.
pub fn find_others(checkout: &Checkout, found: &mut Found) {
    if let Some((file, services)) = composed(checkout) {
        let is_used = |(name, _): &&(String, String)| {
            found
                .post_add
                .iter()
                .all(|line| !line.value.contains(&format!(" exec -T {name} ")))
        };
        let others: Vec<_> = services
            .iter()
            .filter(is_used)
            .map(|(name, _)| name.as_str())
            .collect();
        if !others.is_empty() {
            found.checks.push(format!(
                "{file} has {}: one for all sessions; for one each: COMPOSE_PROJECT_NAME={{project}}_{{ident}} and ports of [ports]",
                others.join(", ")
            ));
        }
    }
    let rails = join("config", "database.yml");
    if found.pre_remove.is_empty()
        && ["postgresql", "mysql2", "trilogy"]
            .iter()
            .any(|name| checkout.text(&rails).contains(name))
    {
        found.checks.push(format!(
            "{rails} names a database that all sessions share: for one each set DATABASE_URL in [env] with {{ident}}, and have bin/rails db:prepare in post_add"
        ));
    }
}
