//! Rails with Vite.

use super::assert_all_removed;
use crate::sandbox::{Sandbox, http_get, leads_to, make_database, points, read, write};
use serde_json::json;
use std::fs;
use std::os::unix::fs::PermissionsExt;

/// A project as `rails new` and `bundle exec vite install` leave it, in short.
fn rails() -> Sandbox {
    let sandbox = Sandbox::serving();
    sandbox.clear_project();
    let main = &sandbox.main;
    let ignored = "/node_modules\n/config/master.key\n/.env\n/storage/*\n!/storage/.keep\n";
    write(&main.join(".gitignore"), ignored);
    write(&main.join("storage/.keep"), "");
    write(&main.join("config/routes.rb"), "# Routes\n");
    sandbox.stand_in(&main.join("bin/rails"));
    sandbox.stand_in(&main.join("bin/vite"));
    sandbox.lay_out(include_str!("rails.toml"));
    sandbox.commit_all();
    write(&main.join("node_modules/vite/index.js"), "// Vite\n");
    write(&main.join("config/master.key"), "s3cret");
    let private = fs::Permissions::from_mode(0o600);
    fs::set_permissions(main.join("config/master.key"), private).unwrap();
    write(&main.join(".env"), "RAILS_MAX_THREADS=3\n");
    make_database(&main.join("storage/development.sqlite3"));
    sandbox
}

/// Waits until both servers listen for the given time, and gives their ports.
#[track_caller]
fn await_servers(sandbox: &Sandbox, session: &str, times: usize) -> (u16, u16) {
    sandbox.await_event("listening", "rails", session, times);
    sandbox.await_event("listening", "vite", session, times);
    sandbox.await_start("claude", session, times);
    (sandbox.port(session, "web"), sandbox.port(session, "vite"))
}

#[test]
fn rails_with_vite_is_added_listed_resumed_and_removed() {
    let sandbox = rails();
    let worktree = sandbox.worktree("feat");
    let there = worktree.display();
    sandbox.run("add feat").says("added feat\n  branch [..]\n  worktree [..]\n  web       http://localhost:3[..]\n  vite      http://localhost:3[..]\n  attach [..]\n");
    let (web, vite) = await_servers(&sandbox, "feat", 1);
    assert!(web >= 3000 && vite >= 3036, "{web} {vite}");
    assert_eq!(
        sandbox.store()["feat"],
        json!({ "web_port": web, "vite_port": vite, "worktree": worktree, "branch": "feat" })
    );

    let link = leads_to(&worktree.join("node_modules"));
    assert_eq!(link, sandbox.main.join("node_modules"));
    let key = worktree.join("config/master.key");
    assert_eq!(read(&key), "s3cret");
    let mode = fs::metadata(&key).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let database = worktree.join("storage/development.sqlite3");
    assert_eq!(points(&database), ["a", "b", "c"]);
    let env = |web, vite| {
        format!("RAILS_MAX_THREADS=3\nAPP_URL=http://localhost:{web}\nVITE_RUBY_PORT={vite}\n")
    };
    assert_eq!(read(&worktree.join(".env")), env(web, vite));
    sandbox.assert_clean(&worktree);

    let names = |web, vite| {
        [
            format!("web:{web}"),
            format!("vite:{vite}"),
            "claude".to_owned(),
            "shell".to_owned(),
            "console".to_owned(),
        ]
    };
    assert_eq!(sandbox.windows("feat", "#{window_name}"), names(web, vite));
    let started = sandbox.started("rails", "feat");
    assert_eq!(started[0].args, ["db:prepare"]);
    assert_eq!(started[1].args, ["server", "-p", &web.to_string()]);
    for process in [
        &started[0],
        &started[1],
        &sandbox.started("vite", "feat")[0],
    ] {
        assert_eq!(process.cwd, worktree);
        assert_eq!(process.env["WEB_PORT"], web.to_string());
        assert_eq!(process.env["VITE_RUBY_PORT"], vite.to_string());
        assert!(!process.env.contains_key("VIRTUAL_ENV"));
    }
    assert_eq!(http_get(web), format!("rails in {there}"));
    assert_eq!(http_get(vite), format!("vite in {there}"));
    sandbox.await_end_of("feat", "console", "$ bin/rails console");

    sandbox.run("list").says(&format!(
        "NAME  STATE    WEB   VITE  BRANCH [..]\nfeat  running  {web}  {vite}  feat [..]\n"
    ));
    let listed = &sandbox.list()[0];
    assert_eq!(listed["vite_url"], format!("http://localhost:{vite}"));
    assert_eq!([&listed["web_up"], &listed["vite_up"]], [true, true]);

    sandbox.run("add two").succeeds();
    let (second_web, second_vite) = await_servers(&sandbox, "two", 1);
    assert!(second_web > web && second_vite > vite);

    sandbox.restart();
    let stranger = sandbox.stranger_on(vite);
    let remark = format!("warning: the vite of feat moved from port {vite} to [..]\n");
    sandbox
        .run("resume")
        .is(0, "resumed feat[..]\nresumed two[..]\n", &remark);
    let (same, moved) = await_servers(&sandbox, "feat", 2);
    assert!(same == web && moved > second_vite, "{same} {moved}");
    assert_eq!(await_servers(&sandbox, "two", 2), (second_web, second_vite));
    assert_eq!(read(&worktree.join(".env")), env(web, moved));
    assert_eq!(sandbox.windows("feat", "#{window_name}"), names(web, moved));
    assert_eq!(http_get(moved), format!("vite in {there}"));
    let prepared = sandbox.started("rails", "feat");
    let prepared = prepared.iter().filter(|start| start.args == ["db:prepare"]);
    assert_eq!(prepared.count(), 1);

    let told = "removed feat\n[...]\nremoved two\n[...]";
    sandbox.run("remove feat two").says(told);
    drop(stranger);
    assert_all_removed(&sandbox, &[web, vite, second_web, second_vite, moved]);
    assert!(sandbox.main.join("node_modules/vite/index.js").exists());
}
