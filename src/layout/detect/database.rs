//! Databases of servers: each session gets one of its own, made from the main checkout's.

use super::checkout::Checkout;
use super::found::{Because, Found};
use super::pattern;
use super::tools::doubled;
use crate::dotenv;
use crate::name;
use crate::shell::quote;
use regex_lite::Captures;

const COMPOSE: [&str; 4] = [
    "compose.yaml",
    "compose.yml",
    "docker-compose.yml",
    "docker-compose.yaml",
];

/// What makes a session's database from main's, which is called `tally` here, and takes it away. The database has the session's
/// mark, so that one of another session, or of nobody, is told from it; it is made under a name that no `{ident}` can lead to.
const POST_ADD: &str = include_str!("postgres_post_add.sh");
const PRE_REMOVE: &str = include_str!("postgres_pre_remove.sh");

/// The programs that these run.
const CLIENTS: [&str; 5] = ["psql", "createdb", "dropdb", "pg_dump", "pg_restore"];

/// `PostgreSQL` takes so many bytes of a name; the hooks need one more for each of these.
const LONGEST: usize = 63 - ("_".len() + name::LONGEST_IDENT + "-new".len());

/// Variables that are a database's name alone, with the beginning of those that tell the rest.
const NAMES: [(&str, &str); 4] = [
    ("POSTGRES_DB", "POSTGRES_"),
    ("PGDATABASE", "PG"),
    ("DB_NAME", "DB_"),
    ("DATABASE_NAME", "DATABASE_"),
];

/// The address of a database, with groups for `PostgreSQL`, user, password, host, port and name.
const ADDRESS: &str = r"^(?:(postgres|postgresql|postgis|psql)|mysql2?|mariadb|mongodb)(?:\+\w+)?://(?:([^:@/]*)(?::([^@/]*))?@)?(\[::1\]|[^:/?]*)(?::(\d+))?/([^/?]*)";

/// What the clients read, with its group of an address and its name in what stands behind a `?` there, and how a project's
/// variables for it end.
const LOGIN: [(&str, usize, &str, [&str; 2]); 4] = [
    ("PGHOST", 4, "host", ["HOST", "SERVER"]),
    ("PGPORT", 5, "port", ["PORT", "PORT"]),
    ("PGUSER", 2, "user", ["USER", "USERNAME"]),
    ("PGPASSWORD", 3, "password", ["PASSWORD", "PASS"]),
];

/// A compose file, and the service of it that is `PostgreSQL`.
fn composed(checkout: &Checkout) -> Option<(&'static str, Option<String>)> {
    let file = COMPOSE.into_iter().find(|file| checkout.has(file))?;
    let text = checkout.text(file);
    let image = pattern(r"(?m)^( +)image:.*(postgres|postgis|pgvector|timescale)").captures(&text);
    let service = image.and_then(|image| {
        let begins = pattern(r"^( +)([\w.-]+):\s*$");
        let mut before = text[..image.get(0)?.start()]
            .lines()
            .rev()
            .filter_map(|line| begins.captures(line));
        let service = before.find(|line| line[1].len() < image[1].len())?;
        Some(service[2].to_owned())
    });
    Some((file, service))
}

/// If a variable names a database: what it is in a session, in the file of these two that it stands in there, and the hooks
/// that make and drop that.
pub fn find(
    checkout: &Checkout,
    [file, into]: [&str; 2],
    name: &str,
    value: &str,
    found: &mut Found,
) {
    let beginning = NAMES
        .iter()
        .find(|(known, _)| name == *known)
        .map(|(_, beginning)| beginning);
    let address = pattern(ADDRESS).captures(value);
    let text = checkout.bytes(file);
    let group = |group| {
        let part = address.as_ref().and_then(|address| address.get(group));
        part.map_or(String::new(), |part| decoded(part.as_str()))
    };
    let (before, query) = value.split_at(value.find('?').unwrap_or(value.len()));
    let queried = |key: &str| {
        let mut pairs = query[query.len().min(1)..].split('&');
        pairs.find_map(|pair| pair.strip_prefix(key)?.strip_prefix('='))
    };
    let beside = |beginning: &str, ends: [&str; 2]| {
        let mut values = ends
            .iter()
            .filter_map(|end| dotenv::value(&text, &format!("{beginning}{end}")));
        let value = values.next().unwrap_or_default();
        String::from_utf8_lossy(value).into_owned()
    };
    let mut login = LOGIN.map(|(variable, part, key, ends)| {
        let in_address = || queried(key).map_or_else(|| group(part), decoded);
        let value = beginning.map_or_else(in_address, |beginning| beside(beginning, ends));
        (variable, value)
    });
    let service = composed(checkout).and_then(|(file, service)| Some((file, service?)));
    let (is_postgres, base) = match (beginning, &address) {
        (Some(beginning), _) => {
            let is_known = beginning.starts_with('P') || login[1].1 == "5432" || service.is_some();
            if login[0].1.is_empty() {
                "localhost".clone_into(&mut login[0].1);
            }
            (is_known, value.to_owned())
        }
        (None, Some(address)) => (address.get(1).is_some(), group(6)),
        (None, None) => return,
    };
    // A folder has the server's socket.
    let is_here = ["", "localhost", "127.0.0.1", "[::1]"].contains(&&*login[0].1)
        || login[0].1.starts_with('/');
    // A name that stands for itself in SQL.
    let is_plain = pattern("^[a-z_][a-z0-9_]*$").is_match(&base);
    let why = format!("{file}: {name}: a database with main's rows");
    let [make, drop] = hooks(&base, &login[2].1, service.as_ref(), why);
    // That of sessions may have a name in which they do not differ.
    let is_other = !found.pre_remove.is_empty()
        && found.post_add.iter().all(|there| there.value != make.value);
    if !is_postgres || !is_here || !is_plain || is_other {
        found.checks.push(shared(file, name, name));
        return;
    }
    if service.is_none() {
        for (variable, value) in login.iter().filter(|(_, value)| !value.is_empty()) {
            found.sets(into, variable, doubled(value), "for the hooks");
        }
    }
    if found.pre_remove.is_empty() {
        found.post_add.push(make);
        found.pre_remove.push(drop);
    }
    let name_begins = before.rfind('/').map_or(0, |slash| slash + 1);
    let (before, query) = (doubled(&before[..name_begins]), doubled(query));
    let value = format!("{before}{}_{{ident}}{query}", shortened(&base));
    let secret = match login[3].1.as_str() {
        "" => "",
        _ => "; keep this file out of git if the password is a secret",
    };
    let why = format!("{file}: a database for each session{secret}");
    found.sets(into, name, value, why);
}

/// The beginning of the names of sessions' databases, where this is that of main's.
fn shortened(base: &str) -> &str {
    // One that stands for itself in SQL has a byte a letter.
    base[..base.len().min(LONGEST)].trim_end_matches('_')
}

/// What makes the database of a session and drops it; with the server's own clients, as a user, if it is in a container.
fn hooks(
    base: &str,
    user: &str,
    service: Option<&(&str, String)>,
    mut why: String,
) -> [Because; 2] {
    let named = |script| {
        let names = pattern(r"tally(_\{ident\})?");
        let name = |found: &Captures<'_>| match found.get(1) {
            None => base.to_owned(),
            Some(ident) => format!("{}{}", shortened(base), ident.as_str()),
        };
        names.replace_all(script, name).into_owned()
    };
    let (mut make, mut drop) = (named(POST_ADD), named(PRE_REMOVE));
    if let Some((file, service)) = service {
        let user = if user.is_empty() { "postgres" } else { user };
        let run = format!("docker compose --project-directory {{main}} exec -T {service}");
        let user = doubled(&quote(user));
        let clients = |script: &str| {
            let clients = CLIENTS.into_iter().filter(|client| script.contains(client));
            let in_it = |client| format!("{client}() {{{{ {run} {client} -U {user} \"$@\"; }}}}\n");
            clients.map(in_it).collect::<String>()
        };
        make = clients(&make) + &make;
        // The file is not in the container.
        drop = clients(&drop) + &drop.replace("-f \"$kept\"", ">\"$kept\"");
        why = format!("{file}: {service}, which has to run, has the databases of all sessions");
    }
    let kept = "`restore` brings its rows back";
    [Because::new(make, why), Because::new(drop, kept)]
}

/// A part of an address as it is meant.
fn decoded(part: &str) -> String {
    let decode = |bytes: &Captures<'_>| {
        let bytes = bytes[0]
            .split('%')
            .filter_map(|byte| u8::from_str_radix(byte, 16).ok());
        String::from_utf8_lossy(&bytes.collect::<Vec<_>>()).into_owned()
    };
    pattern("(%[0-9A-Fa-f]{2})+")
        .replace_all(part, decode)
        .into_owned()
}

/// That sessions have one database.
fn shared(file: &str, name: &str, variable: &str) -> String {
    format!(
        "{file} names a database in {name}, which all sessions share: for one each set {variable} in [env] with {{ident}}, and make that in post_add"
    )
}

/// What else the project keeps its data in, for the user to look at.
pub fn find_others(checkout: &Checkout, found: &mut Found) {
    if let Some((file, _)) = composed(checkout) {
        found.checks.push(format!(
            "what {file} runs is one for all sessions; for one each: COMPOSE_PROJECT_NAME={{project}}_{{ident}} and ports of [ports]"
        ));
    }
    let rails = "config/database.yml";
    let server = pattern("postgresql|mysql2|trilogy");
    if found.pre_remove.is_empty() && server.is_match(&checkout.text(rails)) {
        found
            .checks
            .push(shared(rails, "development", "DATABASE_URL"));
    }
}
