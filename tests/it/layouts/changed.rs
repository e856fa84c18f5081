//! A layout that has changed since sessions were made.

use crate::sandbox::{Sandbox, eventually, read, write};
use serde_json::Value;
use std::fs;
use std::net::TcpListener;

/// The built-in layout with one more service.
const WITH_DOCS: &str = r#"
[ports]
backend = 8000
frontend = 5000
docs = 7000

[env."frontend/.env"]
VITE_API_URL = "http://localhost:{backend_port}"
VITE_DOCS_URL = "http://localhost:{docs_port}"

[[window]]
name = "claude"
run = "{claude}"

[[window]]
name = "docs:{docs_port}"
run = "python manage.py runserver {docs_port}"
"#;

#[test]
fn a_service_more_is_a_problem_in_list_until_resume_gives_it_a_port() {
    let (sandbox, worktree) = Sandbox::new().with_worktree("feat");
    let (backend, frontend) = sandbox.ports("feat");
    sandbox.lay_out(WITH_DOCS);
    let header = "NAME [..]BACKEND [..]FRONTEND [..]DOCS [..]BRANCH [..]";
    let row = |state: &str, docs: &str| {
        format!("feat [..]{state} [..]{backend} [..]{frontend} [..]{docs} [..]feat [..]")
    };
    let listed = |state: &str, cure: &str| {
        format!(
            "{header}\n{}\nfeat: its record has no docs_port: {cure}\n[...]",
            row(state, "-")
        )
    };
    let cure = "tally-session restart feat".to_owned();
    let list = sandbox
        .run_changes_nothing("list")
        .says(&listed("running", &cure));
    assert_eq!(sandbox.list()[0]["docs_port"], Value::Null);
    assert_eq!(sandbox.list()[0]["docs_up"], false);

    let told = "warning: the docs of feat had no port, and has 7[..] now\n";
    sandbox
        .follow(&list, "docs_port: ")
        .is(0, "stopped feat\nresumed feat[..]\n", told);
    let docs = sandbox.port("feat", "docs");
    assert_eq!(sandbox.ports("feat"), (backend, frontend));
    assert_eq!(
        read(&worktree.join("frontend/.env")),
        format!(
            "VITE_TITLE=Points\nVITE_API_URL=http://localhost:{backend}\nVITE_DOCS_URL=http://localhost:{docs}\n"
        )
    );
    let names = sandbox.windows("feat", "#{window_name}");
    assert_eq!(names, ["claude".to_owned(), format!("docs:{docs}")]);
    let server = sandbox.await_start("python", "feat", 2);
    assert_eq!(
        server.env["VITE_DOCS_URL"],
        format!("http://localhost:{docs}")
    );
    let listed = format!("{header}\n{}\n", row("running", &docs.to_string()));
    sandbox.run("list").says(&listed);
    sandbox.remove("feat");
}

#[test]
fn a_session_without_a_port_for_a_new_service_can_be_removed() {
    let sandbox = Sandbox::new();
    // In a file that git tracks, what the session has set there is no work.
    let ignored = "node_modules/\n*.sqlite3\nbackend/.env\n";
    write(&sandbox.main.join(".gitignore"), ignored);
    sandbox.commit_all();
    sandbox.stand_in(&sandbox.root.join("bin/hook"));
    sandbox.add_telling("feat", "warning: frontend/.env is committed[..]\n");
    let hook = "\n[hooks]\npre_remove = \"hook {docs_port}\"\n";
    sandbox.lay_out(format!("{WITH_DOCS}{hook}"));
    let lacks = "the hook pre_remove of .tally-session.toml failed: feat has no port yet for all that is in: hook {docs_port}";
    sandbox.run("remove feat").fails(&format!(
        "error: the windows of feat are closed, and that is all that was done: {lacks}\nhint: give it one: tally-session resume feat\nhint: mend it, and run it again: tally-session remove feat\nhint: leave it out: tally-session remove --no-hooks feat\nhint: bring it back: tally-session resume feat\n"
    ));
    assert!(sandbox.started("hook", "feat").is_empty());
    sandbox.lay_out(format!("{WITH_DOCS}{}", hook.replace("{docs_port}", "")));
    sandbox.remove("feat");
    let hook = &sandbox.started("hook", "feat")[0];
    assert!(!hook.env.contains_key("VITE_DOCS_URL"));
}

#[test]
fn a_service_less_leaves_the_list_and_is_still_ended_by_remove() {
    let sandbox = Sandbox::serving();
    sandbox.tell("stubborn");
    sandbox.add("feat");
    let (backend, frontend) = sandbox.ports("feat");
    sandbox.lay_out("[ports]\nfrontend = false\n[[window]]\nname = \"backend\"\nrun = \"python manage.py runserver {backend_port}\"\n",
    );
    sandbox.run("list").says(&format!("NAME [..]BACKEND  BRANCH [..]\nfeat [..]{backend}     feat [..]\nfeat: its windows are of an older layout: tally-session restart feat\n"));
    // The port stays the session's.
    sandbox.run("add two").succeeds();
    assert_eq!(sandbox.store()["two"].get("frontend_port"), None);
    assert_eq!(sandbox.ports("feat"), (backend, frontend));
    sandbox.remove_telling("feat", "waiting [..]\n");
    for port in [backend, frontend] {
        TcpListener::bind(("127.0.0.1", port)).unwrap();
    }
}

#[test]
fn a_link_that_the_layout_has_no_more_is_left_and_never_followed() {
    let (sandbox, worktree) = Sandbox::new().with_worktree("feat");
    let linked = sandbox.main.join("frontend/node_modules/vite/index.js");
    sandbox.lay_out("[files]\nlink = []\n");
    sandbox.restart();
    sandbox.run("resume").succeeds();
    sandbox.await_programs("feat", 2);
    assert!(worktree.join("frontend/node_modules").is_symlink());
    sandbox.remove("feat");
    sandbox.run("purge --yes").is(0, "deleted feat\n", "[...]");
    eventually("the worktree's folder is deleted", || {
        let left = fs::read_dir(sandbox.main.join(".git/tally-session/trash"));
        left.is_ok_and(|mut left| left.next().is_none())
            .then_some(())
    });
    assert!(linked.exists());
    let new = sandbox.add_again("feat");
    assert!(!new.join("frontend/node_modules").exists());
}

#[test]
fn windows_that_have_changed_come_with_the_next_resume() {
    let sandbox = Sandbox::new().with("feat");
    sandbox.lay_out("[[window]]\nname = \"shell\"\ndir = \"backend\"\n");
    let told = "warning: feat: its windows are of an older layout: tally-session restart feat\n";
    sandbox
        .run("resume")
        .is(0, "feat is already running\n", told);
    assert_eq!(sandbox.windows("feat", "#{window_name}").len(), 5);
    sandbox.restart();
    sandbox.run("resume").succeeds();
    assert_eq!(sandbox.windows("feat", "#{window_name}"), ["shell"]);
}
