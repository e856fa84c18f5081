//! The files that a worktree gets from the main checkout.

use crate::sandbox::{Sandbox, leads_to, mode_of, points, read, set_mode, unset};
use rusqlite::Connection;
use std::path::Path;

#[test]
fn add_links_node_modules_to_the_main_checkout_s_and_copies_the_database_so_that_each_has_its_own()
{
    let (sandbox, worktree) = Sandbox::new().with_worktree("feat");
    let modules = sandbox.main.join("frontend/node_modules");
    assert_eq!(leads_to(&worktree.join("frontend/node_modules")), modules);
    let [ours, mains] = [&worktree, &sandbox.main].map(|dir| dir.join("backend/db.sqlite3"));
    assert_eq!(points(&ours), ["a", "b", "c"]);
    let change = |path: &Path, change: &str| {
        Connection::open(path).unwrap().execute(change, []).unwrap();
    };
    change(&ours, "DELETE FROM point");
    assert_eq!(points(&mains), ["a", "b", "c"]);
    change(&mains, "INSERT INTO point VALUES ('d')");
    assert!(points(&ours).is_empty());
}

#[test]
fn add_keeps_the_permissions_of_what_it_copies() {
    let sandbox = Sandbox::new();
    let modes = [
        ("backend/.env", 0o600),
        ("frontend/.env", 0o640),
        ("backend/db.sqlite3", 0o660),
    ];
    for (file, mode) in modes {
        set_mode(&sandbox.main.join(file), mode);
    }
    let worktree = sandbox.add("feat");
    for (file, mode) in modes {
        assert_eq!(mode_of(&worktree.join(file)), mode, "{file}");
    }
    assert_eq!(read(&worktree.join("backend/.env")), "SECRET_KEY=s3cret\n");
}

#[test]
fn add_makes_frontend_env_if_there_was_none() {
    let sandbox = Sandbox::new();
    unset(&sandbox.main.join("frontend/.env"));
    let env = read(&sandbox.add("feat").join("frontend/.env"));
    assert_eq!(env, format!("VITE_API_URL={}\n", sandbox.url("feat")));
}

#[test]
fn add_says_what_was_missing_and_what_to_do_about_it() {
    let sandbox = Sandbox::new();
    for path in [
        "frontend/node_modules",
        "backend/db.sqlite3",
        "backend/.env",
    ] {
        unset(&sandbox.main.join(path));
    }
    let told = "warning: frontend/node_modules is not [..]: install [..][ROOT]/tally-feat/frontend[..]\n\
                warning: backend/db.sqlite3 is not [..]migrations[..]\n\
                warning: backend/.env is not [..][ROOT]/tally-feat/backend/.env[..]\n";
    sandbox.add_telling("feat", told);
}
