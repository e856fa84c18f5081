//! Databases of servers: each session gets one of its own, made from the main checkout's.

use super::checkout::Checkout;
use super::found::{Because, Found};
use super::pattern;
use super::tools::doubled;
use crate::dotenv;
use crate::name;
use crate::shell::quote;
use crate::url::decoded;
use regex_lite::Regex;
use std::sync::LazyLock;

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
static ADDRESS: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"^(?:(postgres|postgresql|postgis|psql)|mysql2?|mariadb|mongodb)(?:\+\w+)?://(?:([^:@/]*)(?::([^@/]*))?@)?(\[::1\]|[^:/?]*)(?::(\d+))?/([^/?]*)",
    )
});

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
        let before = text[..image.get(0)?.start()].lines().rev();
        let mut before = before.filter_map(|line| begins.captures(line));
        let service = before.find(|line| line[1].len() < image[1].len())?;
        Some(service[2].to_owned())
    });
    Some((file, service))
}

/// A database that a variable names.
struct Database {
    is_postgres: bool,
    /// Its own name.
    base: String,
    /// The variables that the clients read.
    login: [(&'static str, String); 4],
}

impl Database {
    /// That of an address.
    fn at(address: &str) -> Option<Self> {
        let parts = ADDRESS.captures(address)?;
        let part = |group| {
            let part = parts.get(group).map_or("", |part| part.as_str());
            decoded(part)
        };
        let query = address.split_once('?').map_or("", |(_, query)| query);
        let login = LOGIN.map(|(variable, group, key, _)| {
            let mut pairs = query.split('&');
            let queried = pairs.find_map(|pair| pair.strip_prefix(key)?.strip_prefix('='));
            (variable, queried.map_or_else(|| part(group), decoded))
        });
        Some(Self {
            is_postgres: parts.get(1).is_some(),
            base: part(6),
            login,
        })
    }

    /// That of a variable which is its name alone, among the others of the text.
    fn called(name: &str, value: &str, text: &[u8], is_composed: bool) -> Option<Self> {
        let (_, beginning) = NAMES.iter().find(|(known, _)| name == *known)?;
        let mut login = LOGIN.map(|(variable, _, _, ends)| {
            let names = ends.map(|end| format!("{beginning}{end}"));
            let value = names.iter().find_map(|name| dotenv::value(text, name));
            let value = String::from_utf8_lossy(value.unwrap_or_default());
            (variable, value.into_owned())
        });
        if login[0].1.is_empty() {
            "localhost".clone_into(&mut login[0].1);
        }
        Some(Self {
            is_postgres: beginning.starts_with('P') || login[1].1 == "5432" || is_composed,
            base: value.to_owned(),
            login,
        })
    }

    /// Whether it is one that the hooks can make and drop.
    fn is_own(&self) -> bool {
        let host = self.login[0].1.as_str();
        // A folder has the server's socket.
        let is_here =
            ["", "localhost", "127.0.0.1", "[::1]"].contains(&host) || host.starts_with('/');
        // A name that stands for itself in SQL.
        self.is_postgres && is_here && pattern("^[a-z_][a-z0-9_]*$").is_match(&self.base)
    }

    /// The beginning of the names of sessions' databases.
    fn shortened(&self) -> &str {
        // One that stands for itself in SQL has a byte a letter.
        self.base[..self.base.len().min(LONGEST)].trim_end_matches('_')
    }

    /// What makes the database of a session and drops it; with the server's own clients, as a user, if it is in a container.
    fn hooks(&self, service: Option<&(&str, String)>, mut why: String) -> [Because; 2] {
        let [mut make, mut drop] = [POST_ADD, PRE_REMOVE].map(|script| {
            let texts = script
                .split("tally_{ident}")
                .map(|text| text.replace("tally", &self.base));
            let texts: Vec<_> = texts.collect();
            texts.join(&format!("{}_{{ident}}", self.shortened()))
        });
        if let Some((file, service)) = service {
            let user = match self.login[2].1.as_str() {
                "" => "postgres",
                user => user,
            };
            let run = format!("docker compose --project-directory {{main}} exec -T {service}");
            let user = doubled(&quote(user));
            let clients = |script: &str| {
                let clients = CLIENTS.into_iter().filter(|client| script.contains(client));
                let in_it =
                    |client| format!("{client}() {{{{ {run} {client} -U {user} \"$@\"; }}}}\n");
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
    let service = composed(checkout).and_then(|(file, service)| Some((file, service?)));
    let called = Database::called(name, value, &checkout.bytes(file), service.is_some());
    let Some(database) = called.or_else(|| Database::at(value)) else {
        return;
    };
    let hooks = database.is_own().then(|| {
        let why = format!("{file}: {name}: a database with main's rows");
        database.hooks(service.as_ref(), why)
    });
    // That of sessions may have a name in which they do not differ.
    let is_first = found.pre_remove.is_empty();
    let is_made = |make: &Because| found.post_add.iter().any(|there| there.value == make.value);
    let Some([make, drop]) = hooks.filter(|[make, _]| is_first || is_made(make)) else {
        found.checks.push(shared(file, name, name));
        return;
    };
    if service.is_none() {
        let login = database.login.iter().filter(|(_, value)| !value.is_empty());
        for (variable, value) in login {
            found.sets(into, variable, doubled(value), "for the hooks");
        }
    }
    if is_first {
        found.post_add.push(make);
        found.pre_remove.push(drop);
    }
    let (before, query) = value.split_at(value.find('?').unwrap_or(value.len()));
    let name_begins = before.rfind('/').map_or(0, |slash| slash + 1);
    let (before, query) = (doubled(&before[..name_begins]), doubled(query));
    let value = format!("{before}{}_{{ident}}{query}", database.shortened());
    let secret = match database.login[3].1.as_str() {
        "" => "",
        _ => "; keep this file out of git if the password is a secret",
    };
    let why = format!("{file}: a database for each session{secret}");
    found.sets(into, name, value, why);
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
            "what {file} runs is one for all sessions; for one each: COMPOSE_PROJECT_NAME={{project}}_{{ident}} and ports of [ports], as in the whole file that `tally-session help databases` has"
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
