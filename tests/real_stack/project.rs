//! The project `tally`: a Django backend and a Svelte frontend, as their own tools make them.

use crate::install::Stack;
use crate::stage::Stage;
use rusqlite::Connection;
use serde_json::json;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

/// How many points the database of the main checkout starts with.
pub const POINTS: i64 = 3;

/// What Claude may do in the main checkout: by its settings, and by what the user once allowed there.
pub const RULES: [&str; 2] = ["Bash(npm run test:*)", "Bash(python manage.py test:*)"];

/// Makes the project in the main checkout, and its virtual environment.
pub fn create(stage: &Stage, stack: &Stack) {
    let main = &stage.main;
    // `-a` makes the main checkout the environment's project folder: `workon` then changes to it.
    let django =
        "mkvirtualenv -a \"$1\" tally && pip install -q --no-index --find-links \"$2\" django";
    stage.shell(django, &[main, &stack.wheels]);
    let backend = main.join("backend");
    fs::create_dir(&backend).expect("make backend");
    stage.shell(
        "workon tally && django-admin startproject tally \"$1\"",
        &[&backend],
    );
    begin(stage);

    // What git does not hold.
    stage.shell(
        "workon tally && cd backend && python manage.py migrate -v 0",
        &[],
    );
    let database = open(&backend.join("db.sqlite3"));
    database
        .execute_batch("CREATE TABLE point (id INTEGER); CREATE TABLE ledger (id INTEGER)")
        .expect("make tables");
    (0..POINTS).for_each(|_| add_point(&database));
    fs::write(backend.join(".env"), "SECRET='keep me'\n").expect("write backend/.env");
    let private = fs::Permissions::from_mode(0o600);
    fs::set_permissions(backend.join(".env"), private).expect("make backend/.env private");
    furnish(stage, stack);
}

/// Puts the test's own files beside those of `django-admin`, and commits all that is not to be ignored.
pub fn begin(stage: &Stage) {
    stage.output(
        "cp",
        &[
            "-R",
            concat!(env!("CARGO_MANIFEST_DIR"), "/tests/real_stack/tally/."),
            ".",
        ],
    );
    let ignored = "node_modules/\ndb.sqlite3\n.env\n__pycache__/\n";
    fs::write(stage.main.join(".gitignore"), ignored).expect("write .gitignore");
    for args in [
        &["init", "-q"][..],
        &["add", "-A"],
        &["commit", "-qm", "The project"],
    ] {
        stage.output("git", args);
    }
}

/// The frontend's files that git does not hold, and what Claude may do.
pub fn furnish(stage: &Stage, stack: &Stack) {
    let main = &stage.main;
    let env = "# the frontend\nexport VITE_API_URL = \"http://localhost:8000\"\nVITE_TITLE=Tally\n";
    fs::write(main.join("frontend/.env"), env).expect("write frontend/.env");
    let modules = main.join("frontend/node_modules");
    stage.shell("cp -R \"$1\" \"$2\"", &[&stack.node_modules, &modules]);
    fs::create_dir(main.join(".claude")).expect("make .claude");
    let settings = json!({ "permissions": { "allow": [RULES[0]] } }).to_string();
    fs::write(main.join(".claude/settings.local.json"), settings)
        .expect("write settings.local.json");
}

/// A database file, as a server has it open.
pub fn open(path: &Path) -> Connection {
    let database = Connection::open(path).expect("open a database");
    database
        .busy_timeout(Duration::from_secs(30))
        .expect("set the time to wait");
    database
}

/// Puts a row into both tables, in one transaction: a consistent database has as many in the one as in the other.
pub fn add_point(database: &Connection) {
    let insert =
        "BEGIN IMMEDIATE; INSERT INTO point VALUES (1); INSERT INTO ledger VALUES (1); COMMIT";
    database.execute_batch(insert).expect("add a point");
}

/// How many rows a table has.
pub fn count(database: &Connection, table: &str) -> i64 {
    let query = format!("SELECT count(*) FROM {table}");
    database
        .query_row(&query, [], |row| row.get(0))
        .expect("count the rows")
}

/// Does something while points are added to a database without a pause.
pub fn while_writing<T>(path: &Path, act: impl FnOnce() -> T) -> T {
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            let database = open(path);
            while !done.load(Ordering::Relaxed) {
                add_point(&database);
                thread::sleep(Duration::from_millis(2));
            }
        });
        let _stop = Stop(&done);
        act()
    })
}

/// Ends the writing also when `act` panics, since the scope waits for its threads.
struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
