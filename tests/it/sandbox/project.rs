//! The project that a sandbox begins with.

use super::{Sandbox, unset, write};
use rusqlite::Connection;
use serde_json::json;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// What git has to ignore in it. The first line means folders only.
const IGNORED: &str = "node_modules/\n.env\n*.sqlite3\n";

impl Sandbox {
    pub(super) fn make_project(&self) {
        let main = &self.main;
        write(
            &self.home.join(".gitconfig"),
            "[user]\n\tname = Ada\n\temail = ada@example.com\n[init]\n\tdefaultBranch = main\n[gc]\n\tauto = 0\n\
             [maintenance]\n\tauto = false\n",
        );
        write(&main.join(".gitignore"), IGNORED);
        write(&main.join("README.md"), "# Points\n");
        write(&main.join("backend/manage.py"), "# Django\n");
        write(&main.join("frontend/package.json"), "{}\n");
        self.git(&self.root, ["init", "-q", main.to_str().unwrap()]);
        self.git(main, "add .");
        self.git(main, "commit -q -m Begin");
        write(
            &main.join("frontend/node_modules/vite/index.js"),
            "// Vite\n",
        );
        write(&main.join("backend/.env"), "SECRET_KEY=s3cret\n");
        fs::set_permissions(main.join("backend/.env"), fs::Permissions::from_mode(0o640)).unwrap();
        write(
            &main.join("frontend/.env"),
            "VITE_TITLE=Points\nVITE_API_URL=http://localhost:8000\n",
        );
        make_database(&main.join("backend/db.sqlite3"));
        write(&self.virtualenv().join("bin/activate"), "");
        let claude = json!({
            "numStartups": 7,
            "projects": {
                main.to_str().unwrap(): {
                    "allowedTools": ["Bash(npm run test:*)", "Edit"],
                    "hasTrustDialogAccepted": true,
                    "history": [{ "display": "hello" }],
                    "lastCost": 1.25,
                    "lastSessionId": "aaaa",
                }
            }
        });
        write(&self.home.join(".claude.json"), claude.to_string());
    }

    /// Where `workon` finds the project's virtual environment.
    pub fn virtualenv(&self) -> PathBuf {
        let environments = self.home.join(".virtualenvs");
        environments.join(self.main.file_name().unwrap())
    }

    /// Has git ignore these, too.
    pub fn ignore(&self, patterns: &str) {
        self.commit(&self.main, ".gitignore", &format!("{IGNORED}{patterns}"));
    }

    /// Takes all away that the project has, but for its history: for one of another kind.
    pub fn clear_project(&self) {
        for entry in fs::read_dir(&self.main).unwrap().map(Result::unwrap) {
            if entry.file_name() == ".git" {
                continue;
            }
            unset(&entry.path());
        }
    }
}

/// Makes a database with a table of points.
pub fn make_database(path: &Path) {
    let database = Connection::open(path).unwrap();
    database
        .execute_batch("PRAGMA synchronous = off; CREATE TABLE point (name TEXT); INSERT INTO point VALUES ('a'), ('b'), ('c');")
        .unwrap();
}

/// A server that has a database open, with a point `d` that only its journal has.
pub fn serve_with_wal(path: &Path) -> Connection {
    let server = Connection::open(path).unwrap();
    let sql =
        "PRAGMA journal_mode = wal; PRAGMA wal_autocheckpoint = 0; INSERT INTO point VALUES ('d');";
    server.execute_batch(sql).unwrap();
    let wal = format!("{}-wal", path.display());
    assert!(fs::metadata(wal).unwrap().len() > 0);
    server
}

/// The names in a database's table of points.
pub fn points(path: &Path) -> Vec<String> {
    let database = Connection::open(path).unwrap();
    let mut names = database
        .prepare("SELECT name FROM point ORDER BY rowid")
        .unwrap();
    let names = names.query_map([], |row| row.get(0)).unwrap();
    names.map(Result::unwrap).collect()
}
