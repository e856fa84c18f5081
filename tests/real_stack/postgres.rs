//! A `postgres` of the test's own, and the project `tally` on it: Django in an environment that uv makes.

use crate::install::{self, Stack};
use crate::project::{begin, furnish};
use crate::stage::Stage;
use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

const PYPROJECT: &str = r#"[project]
name = "tally"
version = "1"
requires-python = ">=3.10"
dependencies = ["django~=5.2", "django-environ~=0.12", "psycopg[binary]~=3.2"]
"#;

const SETTINGS: &str = "
import environ
environ.Env.read_env(BASE_DIR / '.env')
DATABASES = {'default': environ.Env().db()}
";

/// Stands before the real one: fails once, or ends all that leads to it once, when it is told to.
const PG_RESTORE: &str = r#"#!/bin/sh
if [ -e "$HOME/fail" ]; then rm "$HOME/fail"; echo 'no space left' >&2; exit 1; fi
if [ -e "$HOME/kill" ]; then rm "$HOME/kill"; kill -9 0; fi
exec "$PG_BIN/pg_restore" "$@"
"#;

/// A server with a socket in a folder of its own, and no port.
pub struct Postgres {
    dir: TempDir,
    bin: PathBuf,
}

impl Postgres {
    /// Starts one. None on a machine that need not have it.
    pub fn start() -> Option<Self> {
        let bin = programs();
        if bin.is_none() && cfg!(target_os = "macos") {
            println!("passed over: there is no PostgreSQL here");
            return None;
        }
        let dir = tempfile::Builder::new().prefix("pg").tempdir();
        let dir = dir.expect("make a temporary folder");
        let server = Self {
            dir,
            bin: bin.expect("PostgreSQL is installed"),
        };
        let path = server.dir.path();
        if is_root() {
            run(Command::new("chown").arg("postgres").arg(path));
        }
        let user = output(Command::new("id").arg("-un"));
        let data = path.join("data");
        let options = [
            "-A",
            "trust",
            "-N",
            "--no-locale",
            "-E",
            "UTF8",
            "-U",
            &user,
            "-D",
        ];
        run(server.own("initdb").args(options).arg(data));
        server.run();
        Some(server)
    }

    /// Starts it again.
    pub fn run(&self) {
        let dir = self.dir.path();
        let options = format!("-c listen_addresses= -c fsync=off -k {}", dir.display());
        let mut start = self.own("pg_ctl");
        start.args(["start", "-s", "-w", "-o", &options, "-l"]);
        run(start.arg(dir.join("log")).arg("-D").arg(dir.join("data")));
    }

    /// Ends it.
    pub fn stop(&self) {
        let mut stop = self.own("pg_ctl");
        run(stop
            .args(["stop", "-s", "-m", "fast", "-D"])
            .arg(self.dir.path().join("data")));
    }

    /// One of its programs, run by a user that it runs for: it refuses root.
    fn own(&self, program: &str) -> Command {
        let program = self.bin.join(program);
        let mut command = if is_root() {
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        command.current_dir(self.dir.path()).stdout(Stdio::null());
        command
    }

    /// What a query in one of its databases gives.
    pub fn ask(&self, database: &str, query: &str) -> String {
        output(self.psql(database).args(["-c", query]))
    }

    /// The databases that are the project's.
    pub fn databases(&self) -> String {
        let names = "SELECT string_agg(datname, ' ' ORDER BY datname) FROM pg_database WHERE datname LIKE 'tally%'";
        self.ask("postgres", names)
    }

    /// Somebody who has a database open, in the middle of a transaction.
    pub fn visit(&self, database: &str) -> Visitor {
        let mut psql = self.psql(database);
        let child = psql
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut child = child.spawn().expect("start psql");
        let lines = b"BEGIN; INSERT INTO point VALUES (0);\n\\echo done\n";
        let stdin = child.stdin.as_mut().expect("its input");
        stdin.write_all(lines).expect("tell psql");
        let stdout = child.stdout.as_mut().expect("its output");
        stdout.read_exact(&mut [0; 5]).expect("hear of psql");
        Visitor(child)
    }

    fn psql(&self, database: &str) -> Command {
        let mut psql = Command::new(self.bin.join("psql"));
        psql.args(["-qAtX", "-v", "ON_ERROR_STOP=1", database]);
        psql.env("PGHOST", self.dir.path());
        psql
    }
}

/// A `psql` that ends when it is dropped.
pub struct Visitor(Child);

impl Drop for Visitor {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let mut stop = self.own("pg_ctl");
        let stop = stop.args(["stop", "-s", "-m", "immediate", "-D"]);
        let _ = stop.arg(self.dir.path().join("data")).status();
    }
}

/// Where the server's programs are: on the `PATH`, or the newest where Debian has them.
fn programs() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").expect("PATH is set");
    let mut debian: Vec<_> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .map(|version| version.path().join("bin"))
        .collect();
    debian.sort();
    let mut all = debian.into_iter().rev().chain(std::env::split_paths(&path));
    all.find(|dir| dir.join("initdb").exists())
}

fn is_root() -> bool {
    output(Command::new("id").arg("-u")) == "0"
}

fn run(command: &mut Command) {
    let status = command.stdin(Stdio::null()).status();
    let status = status.unwrap_or_else(|error| panic!("cannot start {command:?}: {error}"));
    assert!(status.success(), "{command:?} failed: {status}");
}

fn output(command: &mut Command) -> String {
    let output = command.stdin(Stdio::null()).output();
    let output = output.unwrap_or_else(|error| panic!("cannot start {command:?}: {error}"));
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?} failed: {words}");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    text.trim_end().to_owned()
}

/// The stage with the project on this server, whose main database has three points.
pub fn stage(server: &Postgres) -> Stage {
    let uv = install::uv(PYPROJECT);
    let env = vec![
        ("PGHOST", server.dir.path().to_owned()),
        ("PG_BIN", server.bin.clone()),
        ("UV_CACHE_DIR", uv.join("cache")),
        ("UV_OFFLINE", "1".into()),
        ("UV_PYTHON_DOWNLOADS", "never".into()),
        ("UV_LINK_MODE", "copy".into()),
        ("UV_NO_PROGRESS", "1".into()),
    ];
    let stood_before = server.dir.path().join("bin");
    fs::create_dir(&stood_before).expect("make a folder");
    let pg_restore = stood_before.join("pg_restore");
    fs::write(&pg_restore, PG_RESTORE).expect("write pg_restore");
    let executable = fs::Permissions::from_mode(0o755);
    fs::set_permissions(pg_restore, executable).expect("make pg_restore executable");
    let programs = vec![stood_before, uv.join("bin"), server.bin.clone()];
    Stage::with(env, programs, |stage, stack| {
        create(stage, stack, &uv, server);
    })
}

fn create(stage: &Stage, stack: &Stack, uv: &Path, server: &Postgres) {
    let backend = stage.main.join("backend");
    fs::create_dir(&backend).expect("make backend");
    for file in ["pyproject.toml", "uv.lock"] {
        fs::copy(uv.join(file), backend.join(file)).expect("copy a file");
    }
    stage.shell(
        "cd backend && uv sync -q && uv run django-admin startproject tally .",
        &[],
    );
    let settings = backend.join("tally/settings.py");
    let text = fs::read_to_string(&settings).expect("read the settings");
    fs::write(settings, text + SETTINGS).expect("write the settings");
    let layout = include_str!("../it/layouts/postgres.toml");
    fs::write(stage.main.join(".tally-session.toml"), layout).expect("write the layout");
    begin(stage);
    let env = "SECRET='keep me'\nDATABASE_URL=postgres:///tally\n";
    fs::write(backend.join(".env"), env).expect("write backend/.env");
    furnish(stage, stack);
    server.ask("postgres", "CREATE DATABASE tally");
    stage.shell("cd backend && uv run manage.py migrate -v 0", &[]);
    server.ask(
        "tally",
        "CREATE TABLE point (id int); INSERT INTO point VALUES (1), (2), (3)",
    );
}
