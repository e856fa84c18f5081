//! Databases of servers: each session gets one of its own, made from the main checkout's.

use super::checkout::Checkout;
use super::found::{Because, Found};
use super::pattern;
use super::tools::doubled;
use crate::dotenv;
use crate::shell::quote;
use regex_lite::Captures;

const COMPOSE: [&str; 4] = [
    "compose.yaml",
    "compose.yml",
    "docker-compose.yml",
    "docker-compose.yaml",
];

/// What makes a session's database from main's, which is called `tally` here, and takes it away.
const POST_ADD: &str = include_str!("postgres_post_add.sh");
const PRE_REMOVE: &str = include_str!("postgres_pre_remove.sh");

/// The programs that these run.
const CLIENTS: [&str; 5] = ["psql", "createdb", "dropdb", "pg_dump", "pg_restore"];

/// Variables that are a database's name alone, with the beginning of those that tell the rest.
const NAMES: [(&str, &str); 4] = [
    ("POSTGRES_DB", "POSTGRES_"),
    ("PGDATABASE", "PG"),
    ("DB_NAME", "DB_"),
    ("DATABASE_NAME", "DATABASE_"),
];

/// The schemes of addresses of databases.
const SCHEME: &str =
    r"^(?:(postgres|postgresql|postgis|psql)|mysql2?|mariadb|mongodb)(?:\+\w+)?://";

/// Login, host, port and name.
const ADDRESS: &str = r"://(?:([^:@/]*)(?::([^@/]*))?@)?(\[::1\]|[^:/?]*)(?::(\d+))?/([^/?]*)";

/// A service of a compose file.
struct Service {
    file: &'static str,
    name: String,
    image: String,
}

impl Service {
    fn is_postgres(&self) -> bool {
        pattern("postgres|postgis|pgvector|timescale").is_match(&self.image)
    }
}

/// What a compose file runs.
fn composed(checkout: &Checkout) -> Vec<Service> {
    let Some(file) = COMPOSE.into_iter().find(|file| checkout.has(file)) else {
        return Vec::new();
    };
    let text = checkout.text(file);
    let lines = text
        .lines()
        .skip_while(|line| line.trim_end() != "services:")
        .skip(1);
    let lines = lines.take_while(|line| line.starts_with([' ', '#']) || line.is_empty());
    let key = pattern(r#"^( +)["']?([\w.-]+)["']?: *["']?([^"'#]*)"#);
    let mut outer = None;
    let mut services: Vec<Service> = Vec::new();
    for line in lines.filter_map(|line| key.captures(line)) {
        let [indent, key, value] = line.extract().1;
        if indent.len() == *outer.get_or_insert(indent.len()) {
            let (name, image) = (key.to_owned(), String::new());
            services.push(Service { file, name, image });
        } else if let (Some(service), "image") = (services.last_mut(), key) {
            value.clone_into(&mut service.image);
        }
    }
    services
}

/// A variable of a file, and the file in which a session's is.
pub struct Variable<'a> {
    pub file: &'a str,
    pub into: &'a str,
    pub name: &'a str,
    pub value: &'a str,
}

/// A database of `PostgreSQL`.
struct Postgres {
    user: String,
    password: String,
    host: String,
    port: String,
    base: String,
}

impl Postgres {
    /// The one that an address names.
    fn addressed(address: &str) -> Option<Self> {
        let parts = pattern(ADDRESS).captures(address)?;
        let part = |number| {
            parts
                .get(number)
                .map_or(String::new(), |part| decoded(part.as_str()))
        };
        let [user, password, host, port, base] = [1, 2, 3, 4, 5].map(part);
        Some(Self {
            user,
            password,
            host,
            port,
            base,
        })
    }

    /// The one whose name is in a variable, and all else in others beside it, if these are of `PostgreSQL`.
    fn beside(checkout: &Checkout, variable: &Variable<'_>, beginning: &str) -> Option<Self> {
        let text = checkout.bytes(variable.file);
        let value = |ends: &[&str]| {
            let mut values = ends
                .iter()
                .filter_map(|end| dotenv::value(&text, &format!("{beginning}{end}")));
            values
                .next()
                .map(|value| String::from_utf8_lossy(value).into_owned())
                .unwrap_or_default()
        };
        let host = value(&["HOST", "SERVER"]);
        let port = value(&["PORT"]);
        let is_of_it = beginning.starts_with('P')
            || port == "5432"
            || composed(checkout).iter().any(Service::is_postgres);
        is_of_it.then(|| Self {
            user: value(&["USER", "USERNAME"]),
            password: value(&["PASSWORD", "PASS"]),
            host: if host.is_empty() {
                "localhost".to_owned()
            } else {
                host
            },
            port,
            base: variable.value.to_owned(),
        })
    }

    /// Whether it is on this machine, and has a name that stands for itself in SQL.
    fn is_plain(&self) -> bool {
        ["", "localhost", "127.0.0.1", "[::1]"].contains(&&*self.host)
            && pattern("^[a-z_][a-z0-9_]*$").is_match(&self.base)
    }
}

/// A part of an address as it is meant.
fn decoded(part: &str) -> String {
    let bytes = pattern("(%[0-9A-Fa-f]{2})+");
    let decode = |bytes: &Captures<'_>| {
        let bytes = bytes[0]
            .split('%')
            .filter_map(|byte| u8::from_str_radix(byte, 16).ok());
        String::from_utf8_lossy(&bytes.collect::<Vec<_>>()).into_owned()
    };
    bytes.replace_all(part, decode).into_owned()
}

/// If a variable names a database: what it is in a session, and the hooks that make and drop that.
pub fn find(checkout: &Checkout, variable: &Variable<'_>, found: &mut Found) {
    let Variable {
        file,
        into,
        name,
        value,
    } = *variable;
    let scheme = pattern(SCHEME).captures(value);
    let named = NAMES.iter().find(|(known, _)| name == *known);
    let postgres = match (named, scheme) {
        (Some((_, beginning)), _) => Postgres::beside(checkout, variable, beginning),
        (None, Some(scheme)) => scheme.get(1).and_then(|_| Postgres::addressed(value)),
        (None, None) => return,
    };
    let postgres = postgres.filter(Postgres::is_plain);
    if !postgres.is_some_and(|postgres| make_and_drop(checkout, variable, &postgres, found)) {
        found.checks.push(shared(file, name, name));
        return;
    }
    let (before, query) = value.split_at(value.find('?').unwrap_or(value.len()));
    let value = format!("{}_{{ident}}{}", doubled(before), doubled(query));
    found.sets(
        into,
        name,
        value,
        format!("{file}: a database for each session"),
    );
}

/// Has the hooks make a copy of the main checkout's for each session, and drop it; not if they do so with another one.
fn make_and_drop(
    checkout: &Checkout,
    variable: &Variable<'_>,
    postgres: &Postgres,
    found: &mut Found,
) -> bool {
    let mut make = POST_ADD.replace("tally", &postgres.base);
    let mut drop = PRE_REMOVE.replace("tally", &postgres.base);
    let mut why = format!(
        "{}: {}: a database with main's rows",
        variable.file, variable.name
    );
    if let Some(service) = composed(checkout)
        .iter()
        .find(|service| service.is_postgres())
    {
        let user = if postgres.user.is_empty() {
            "postgres"
        } else {
            &postgres.user
        };
        let user = doubled(&quote(user));
        let there = format!(
            "docker compose --project-directory {{main}} exec -T {}",
            service.name
        );
        let client = |client| format!("{client}() {{{{ {there} {client} -U {user} \"$@\"; }}}}\n");
        let clients: String = CLIENTS.map(client).concat();
        // The file is out here.
        let dump = drop.replace("-f \"$kept\" ", ">\"$kept\" ");
        (make, drop) = (clients.clone() + &make, clients + &dump);
        why = format!(
            "{}: {}, which has to run, has the databases of all sessions",
            service.file, service.name
        );
    } else {
        for (name, value) in [
            ("PGHOST", &postgres.host),
            ("PGPORT", &postgres.port),
            ("PGUSER", &postgres.user),
            ("PGPASSWORD", &postgres.password),
        ] {
            if !value.is_empty() {
                let secret = if name == "PGPASSWORD" {
                    "; keep this file out of git if it is a secret"
                } else {
                    ""
                };
                found.sets(
                    variable.into,
                    name,
                    doubled(value),
                    format!("for the hooks{secret}"),
                );
            }
        }
    }
    if found.pre_remove.is_empty() {
        found.installs(make, why);
        found
            .pre_remove
            .push(Because::new(drop.clone(), "`restore` brings its rows back"));
    }
    found.pre_remove.iter().any(|there| there.value == drop)
}

/// That sessions have one database.
fn shared(file: &str, name: &str, variable: &str) -> String {
    format!(
        "{file} names a database in {name}, which all sessions share: for one each set {variable} in [env] with {{ident}}, and make that in post_add"
    )
}

/// What else the project keeps its data in, for the user to look at.
pub fn find_others(checkout: &Checkout, found: &mut Found) {
    let services = composed(checkout);
    let others = services
        .iter()
        .filter(|service| found.pre_remove.is_empty() || !service.is_postgres());
    let others: Vec<_> = others.map(|service| &*service.name).collect();
    if let (Some(service), false) = (services.first(), others.is_empty()) {
        found.checks.push(format!(
            "{} has {}: one for all sessions; for one each: COMPOSE_PROJECT_NAME={{project}}_{{ident}} and ports of [ports]",
            service.file,
            others.join(", ")
        ));
    }
    let rails = "config/database.yml";
    if found.pre_remove.is_empty()
        && pattern("postgresql|mysql2|trilogy").is_match(&checkout.text(rails))
    {
        found
            .checks
            .push(shared(rails, "development", "DATABASE_URL"));
    }
}
