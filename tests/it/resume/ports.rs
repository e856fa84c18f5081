//! The ports of sessions that are resumed: their own, and others where somebody has those.

use crate::sandbox::{Sandbox, listen, read, take_port, unset, write};
use serde_json::json;

#[test]
fn resume_brings_all_sessions_back_on_the_same_ports() {
    let sandbox = Sandbox::serving().with("one").with("two");
    let before = sandbox.store();
    sandbox.restart();
    let told = "resumed one[..]\nresumed two[..]\n";
    sandbox.run("resume").says(told);
    for name in ["one", "two"] {
        sandbox.await_programs(name, 2);
        sandbox.assert_served(name);
    }
    assert_eq!(sandbox.store(), before);
}

#[test]
fn a_value_of_the_user_s_own_that_follows_a_port_is_told() {
    let (sandbox, worktree) = Sandbox::serving().with_worktree("feat");
    let (backend, _) = sandbox.ports("feat");
    sandbox.restart();
    let _stranger = take_port("127.0.0.1", backend);
    let file = worktree.join("frontend/.env");
    write(&file, "VITE_API_URL=https://staging.example\n");
    let was = "VITE_API_URL in frontend/.env was https://staging.example, and is http://localhost:[..] now";
    sandbox.resume_telling(&format!(
        "warning: [..]feat[..] {backend} [..]\nwarning: {was}\n"
    ));
    let text = read(&file);
    assert_eq!(text, format!("VITE_API_URL={}\n", sandbox.url("feat")));
}

#[test]
fn resume_moves_two_sessions_to_ports_of_their_own() {
    let sandbox = Sandbox::serving().with("one").with("two");
    let backends = || ["one", "two"].map(|name| sandbox.ports(name).0);
    let ports = backends();
    sandbox.restart();
    let _strangers = ports.map(|port| take_port("127.0.0.1", port));
    let resumed = "resumed one[..]\nresumed two[..]\n";
    sandbox
        .run("resume")
        .is(0, resumed, "warning: [..]\nwarning: [..]\n");
    sandbox.await_programs("one", 2);
    sandbox.await_programs("two", 2);
    let moved = backends();
    assert_ne!(moved[0], moved[1]);
    assert!(moved.iter().all(|port| !ports.contains(port)), "{moved:?}");
}

#[test]
fn resume_works_on_a_record_of_the_old_script() {
    let sandbox = Sandbox::serving();
    let worktree = sandbox.worktree("feat");
    sandbox.git_at(&sandbox.main, "worktree add -q -b feat", &worktree);
    let (backend, _) = listen("127.0.0.1", 8000).unwrap();
    let (frontend, _) = listen("127.0.0.1", 5000).unwrap();
    let store = json!({
        "feat": { "backend_port": backend, "frontend_port": frontend, "worktree": worktree, "branch": "feat" }
    });
    write(&sandbox.main.join(".tally-sessions"), store.to_string());
    sandbox.resume("feat");
    sandbox.await_programs("feat", 1);
    assert_eq!(sandbox.store(), store);
    sandbox.assert_served("feat");
}

#[test]
fn what_fails_for_all_is_said_of_each_with_what_was_done_for_it() {
    let sandbox = Sandbox::alone().with("one");
    sandbox.restart();
    sandbox.add("two");
    let (backend, _) = sandbox.ports("one");
    let _stranger = sandbox.stranger_on(backend);
    write(&sandbox.main.join(".worktreeinclude"), "*.local\n");
    sandbox.intercept("git", "*--exclude-from*", "echo no list >&2; exit 1");
    let moved = format!("the backend of one moved from port {backend} to [..]");
    let error = format!("error: [..]no list; before that, {moved}\nerror: [..]no list\n");
    sandbox.run("resume").fails(&error);
    unset(&sandbox.root.join("bin/git"));
    sandbox.resume("one");
}
