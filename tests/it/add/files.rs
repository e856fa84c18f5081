//! The files that a worktree gets from the main checkout.

use crate::sandbox::{Sandbox, leads_to, points, read, set_mode, unset, write};
use rusqlite::Connection;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

#[test]
fn add_links_node_modules_to_the_main_checkout_s() {
    let sandbox = Sandbox::new();
    let link = sandbox.add("feat").join("frontend/node_modules");
    assert_eq!(leads_to(&link), sandbox.main.join("frontend/node_modules"));
}

#[test]
fn add_copies_the_database_so_that_each_has_its_own() {
    let sandbox = Sandbox::new();
    let ours = sandbox.add("feat").join("backend/db.sqlite3");
    let mains = sandbox.main.join("backend/db.sqlite3");
    assert_eq!(points(&ours), ["a", "b", "c"]);
    Connection::open(&ours)
        .unwrap()
        .execute("DELETE FROM point", [])
        .unwrap();
    assert_eq!(points(&mains), ["a", "b", "c"]);
    Connection::open(&mains)
        .unwrap()
        .execute("INSERT INTO point VALUES ('d')", [])
        .unwrap();
    assert!(points(&ours).is_empty());
}

#[test]
fn add_copies_a_wal_database_whole_while_its_server_runs() {
    let sandbox = Sandbox::new();
    let mains = sandbox.main.join("backend/db.sqlite3");
    let server = Connection::open(&mains).unwrap();
    server
        .execute_batch("PRAGMA journal_mode = wal; PRAGMA wal_autocheckpoint = 0; INSERT INTO point VALUES ('d');")
        .unwrap();
    assert!(
        fs::metadata(mains.with_extension("sqlite3-wal"))
            .unwrap()
            .len()
            > 0
    );
    let ours = sandbox.add("feat").join("backend/db.sqlite3");
    assert_eq!(points(&ours), ["a", "b", "c", "d"]);
    drop(server);
}

#[test]
fn add_copies_a_consistent_database_though_a_server_writes_to_it() {
    let sandbox = Sandbox::new();
    let server = Connection::open(sandbox.main.join("backend/db.sqlite3")).unwrap();
    server.busy_timeout(Duration::from_secs(30)).unwrap();
    // Some megabytes, so that a copy takes a while.
    let fill = "WITH RECURSIVE row (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM row WHERE n < 2000) \
                SELECT n, 0, randomblob(2000) FROM row";
    let make = |table| {
        format!(
            "CREATE TABLE {table} (id INTEGER PRIMARY KEY, n, padding); INSERT INTO {table} {fill};"
        )
    };
    server
        .execute_batch(&format!(
            "PRAGMA synchronous = off; BEGIN; {} {} COMMIT;",
            make("one"),
            make("two")
        ))
        .unwrap();
    let done = &AtomicBool::new(false);
    thread::scope(|scope| {
        let writer = scope.spawn(move || {
            let mut n = 0;
            while !done.load(Ordering::Relaxed) {
                n += 1;
                let id = n * 7919 % 2000 + 1;
                let set = |table| format!("UPDATE {table} SET n = {n} WHERE id = {id};");
                server
                    .execute_batch(&format!("BEGIN; {} {} COMMIT;", set("one"), set("two")))
                    .unwrap();
                // Others get a turn too, as they do beside a server of people.
                thread::sleep(Duration::from_millis(1));
            }
            n
        });
        let stop = Stop(done);
        for at in 0..6 {
            let name = format!("feat{at}");
            sandbox.run(["add", &name]).succeeds();
            let copy =
                Connection::open(sandbox.worktree(&name).join("backend/db.sqlite3")).unwrap();
            let check: String = copy
                .query_one("PRAGMA integrity_check", [], |row| row.get(0))
                .unwrap();
            assert_eq!(check, "ok");
            let differing = "SELECT count(*) FROM one JOIN two USING (id) WHERE one.n <> two.n";
            let differing: i64 = copy.query_one(differing, [], |row| row.get(0)).unwrap();
            assert_eq!(differing, 0);
        }
        drop(stop);
        assert!(writer.join().unwrap() > 6);
    });
}

/// Ends the writer, also when a check fails.
struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn add_keeps_the_permissions_of_what_it_copies() {
    let sandbox = Sandbox::new();
    for (file, mode) in [
        ("backend/.env", 0o600),
        ("frontend/.env", 0o640),
        ("backend/db.sqlite3", 0o660),
    ] {
        set_mode(&sandbox.main.join(file), mode);
    }
    let worktree = sandbox.add("feat");
    for (file, mode) in [
        ("backend/.env", 0o600),
        ("frontend/.env", 0o640),
        ("backend/db.sqlite3", 0o660),
    ] {
        let copied = fs::metadata(worktree.join(file))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(copied & 0o777, mode, "{file}");
    }
    assert_eq!(read(&worktree.join("backend/.env")), "SECRET_KEY=s3cret\n");
}

#[test]
fn add_sets_vite_api_url_in_place_and_leaves_every_other_byte() {
    let sandbox = Sandbox::new();
    // The new text, with `@` where the address goes.
    let texts: [(&str, &[u8], &[u8]); 8] = [
        (
            "plain",
            b"A=1\nVITE_API_URL=http://localhost:8000\nB=2\n",
            b"A=1\nVITE_API_URL=@\nB=2\n",
        ),
        (
            "exported",
            b"export VITE_API_URL=x\nB=\xff\xe9",
            b"export VITE_API_URL=@\nB=\xff\xe9",
        ),
        (
            "quoted",
            b"VITE_API_URL=\"x y\" # why\n",
            b"VITE_API_URL=\"@\" # why\n",
        ),
        ("single", b"VITE_API_URL='x'\n", b"VITE_API_URL='@'\n"),
        ("spaced", b"  VITE_API_URL = x\n", b"  VITE_API_URL = @\n"),
        (
            "dos",
            b"A=1\r\nVITE_API_URL=x\r\nB=2\r\n",
            b"A=1\r\nVITE_API_URL=@\r\nB=2\r\n",
        ),
        (
            "absent",
            b"#VITE_API_URL=x\nXVITE_API_URL=y",
            b"#VITE_API_URL=x\nXVITE_API_URL=y\nVITE_API_URL=@\n",
        ),
        ("empty", b"", b"VITE_API_URL=@\n"),
    ];
    for (name, before, after) in texts {
        write(&sandbox.main.join("frontend/.env"), before);
        let worktree = sandbox.add(name);
        let url = format!("http://localhost:{}", sandbox.ports(name).0);
        let expected: Vec<_> = after.split(|&byte| byte == b'@').collect();
        let written = fs::read(worktree.join("frontend/.env")).unwrap();
        assert_eq!(
            written,
            expected.join(url.as_bytes()),
            "{name}: {}",
            String::from_utf8_lossy(&written)
        );
        assert_eq!(
            fs::read(sandbox.main.join("frontend/.env")).unwrap(),
            before,
            "{name}"
        );
    }
}

#[test]
fn add_makes_frontend_env_if_there_was_none() {
    let sandbox = Sandbox::new();
    unset(&sandbox.main.join("frontend/.env"));
    let worktree = sandbox.add("feat");
    let url = format!(
        "VITE_API_URL=http://localhost:{}\n",
        sandbox.ports("feat").0
    );
    assert_eq!(read(&worktree.join("frontend/.env")), url);
}

#[test]
fn add_says_what_was_missing_and_what_to_do_about_it() {
    let sandbox = Sandbox::new();
    unset(&sandbox.main.join("frontend/node_modules"));
    unset(&sandbox.main.join("backend/db.sqlite3"));
    unset(&sandbox.main.join("backend/.env"));
    sandbox.add_telling(
        "feat",
        "warning: frontend/node_modules is not [..]: install [..][ROOT]/tally-feat/frontend[..]\n\
         warning: backend/db.sqlite3 is not [..]migrations[..]\n\
         warning: backend/.env is not [..][ROOT]/tally-feat/backend/.env[..]\n",
    );
}

#[test]
fn add_copies_the_ignored_files_that_worktreeinclude_lists() {
    let sandbox = Sandbox::new();
    let main = &sandbox.main;
    sandbox.commit(
        main,
        ".gitignore",
        "node_modules/\n.env\n*.sqlite3\n*.pem\nmedia/\n",
    );
    write(
        &main.join(".worktreeinclude"),
        "*.pem\n!no.pem\nmedia/\nREADME.md\nuntracked\n",
    );
    write(&main.join("certs/my key.pem"), "key");
    set_mode(&main.join("certs/my key.pem"), 0o400);
    write(&main.join("no.pem"), "no");
    write(&main.join("media/deep/photo"), "photo");
    write(&main.join("untracked"), "git does not ignore it");
    let worktree = sandbox.add("feat");
    assert_eq!(read(&worktree.join("certs/my key.pem")), "key");
    assert_eq!(
        fs::metadata(worktree.join("certs/my key.pem"))
            .unwrap()
            .permissions()
            .mode()
            & 0o777,
        0o400
    );
    assert_eq!(read(&worktree.join("media/deep/photo")), "photo");
    assert!(!worktree.join("no.pem").exists());
    assert!(!worktree.join("untracked").exists());
}
