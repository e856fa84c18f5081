//! Ports that others listen on, or that stopped sessions have in their records.

use crate::sandbox::{ADDRESSES, Sandbox, read, unset, until, write};
use std::collections::BTreeSet;
use std::net::{IpAddr, TcpListener};

/// Listens on a port of a session that was stopped; none on a machine without that address.
fn stranger(address: &str, port: u16) -> Option<TcpListener> {
    let address: IpAddr = address.parse().unwrap();
    let listener = TcpListener::bind((address, port));
    assert!(
        listener.is_ok() || address.is_ipv6(),
        "{address} {port}: {listener:?}"
    );
    listener.ok()
}

#[test]
fn resume_moves_a_session_off_a_port_that_a_stranger_has_at_any_address() {
    let (sandbox, worktree) = Sandbox::serving().with_worktree("feat");
    for address in ADDRESSES {
        let (backend, frontend) = sandbox.ports("feat");
        sandbox.restart();
        let Some(_stranger) = stranger(address, backend) else {
            continue;
        };
        let before = sandbox.started("python", "feat").len();
        let pid = std::process::id();
        let moved =
            format!("the backend of feat moved from port {backend} to [..]process {pid} [..]");
        sandbox.resume_telling(&format!("warning: {moved}\n"));
        sandbox.await_event("listening", "python", "feat", before + 1);
        let (moved, same) = sandbox.ports("feat");
        assert!(moved != backend && same == frontend, "{address}");
        let set = format!("VITE_API_URL={}\n", sandbox.url("feat"));
        assert!(
            read(&worktree.join("frontend/.env")).contains(&set),
            "{address}"
        );
    }
}

#[test]
fn resume_moves_both_ports_and_record_file_windows_and_environment_follow() {
    let (sandbox, worktree) = Sandbox::serving().with_worktree("feat");
    let (backend, frontend) = sandbox.ports("feat");
    sandbox.restart();
    let _strangers = [backend, frontend].map(|port| stranger("127.0.0.1", port));
    let warnings = format!(
        "warning: the backend of feat moved from port {backend} to [..]\n\
         warning: the frontend of feat moved from port {frontend} to [..]\n"
    );
    sandbox.resume_telling(&warnings);
    sandbox.await_programs("feat", 2);
    let moved = sandbox.ports("feat");
    assert!(moved.0 != backend && moved.0 >= 8000, "{moved:?}");
    assert!(moved.1 != frontend && moved.1 >= 5000, "{moved:?}");
    let names = sandbox.windows("feat", "#{window_name}");
    assert_eq!(names, sandbox.window_names("feat"));
    let url = sandbox.url("feat");
    for program in ["npm", "claude"] {
        let env = &sandbox.started(program, "feat")[1].env;
        assert_eq!(env["BACKEND_PORT"], moved.0.to_string());
        assert_eq!(env["FRONTEND_PORT"], moved.1.to_string());
        assert_eq!(env["VITE_API_URL"], url);
    }
    let text = read(&worktree.join("frontend/.env"));
    assert_eq!(text, format!("VITE_TITLE=Points\nVITE_API_URL={url}\n"));
    sandbox.assert_served("feat");
    sandbox.assert_clean(&worktree);
}

#[test]
fn add_and_resume_leave_the_ports_of_stopped_sessions_to_them() {
    let sandbox = Sandbox::serving().with("one").with("two");
    let (one, two) = (sandbox.ports("one"), sandbox.ports("two"));
    sandbox.restart();
    // Nobody listens on any of them now.
    sandbox.add("three");
    let three = sandbox.ports("three");
    let all = BTreeSet::from([one.0, two.0, three.0, one.1, two.1, three.1]);
    assert_eq!(all.len(), 6, "{all:?}");
    let _stranger = stranger("127.0.0.1", one.0);
    sandbox
        .run("resume one")
        .is(0, "resumed one[..]\n", "warning: [..]\n");
    let moved = sandbox.ports("one");
    assert!(!all.contains(&moved.0), "{moved:?} {all:?}");
    assert_eq!(sandbox.ports("two"), two);
}

#[test]
fn a_port_in_the_record_of_a_broken_session_is_not_given_away() {
    let (sandbox, worktree) = Sandbox::new().with_worktree("gone");
    let ports = sandbox.ports("gone");
    sandbox.restart();
    unset(&worktree);
    sandbox.git_main("worktree prune");
    sandbox.git_main("branch -q -D gone");
    sandbox.run("add feat").succeeds();
    let new = sandbox.ports("feat");
    assert!(new.0 != ports.0 && new.1 != ports.1, "{ports:?} {new:?}");
}

#[test]
fn resume_waits_for_its_own_server_that_is_only_just_ending() {
    let sandbox = Sandbox::serving();
    let port = sandbox.add_with_server(
        "feat",
        "
ending = []
signal.signal(signal.SIGHUP, lambda *_: ending.append(1))
listener = listen()
note('server')
while not ending:
    time.sleep(0.01)
# It puts things in order for a while, and holds its port meanwhile.
time.sleep(0.8)
",
    );
    let before = sandbox.noted("server");
    let ports = sandbox.ports("feat");
    sandbox.kill_windows("feat");
    sandbox.resume_telling("[...]").says_nothing_of("moved");
    assert_eq!(sandbox.ports("feat"), ports);
    until("the new server listens", || {
        sandbox.noted("server") != before
    });
    assert_eq!(
        sandbox.windows("feat", "#{window_name}")[0],
        format!("backend:{port}")
    );
    assert!(!sandbox.lives(before));
}

#[test]
fn add_fails_with_a_word_when_there_is_no_port_left() {
    let sandbox = Sandbox::new();
    // One record may hold the ports of many services.
    let ports = (8000..=65_535).map(|port| format!("\"s{port}_port\": {port}, "));
    let ports = ports.collect::<Vec<_>>().concat();
    let fields = r#""backend_port": 1, "frontend_port": 2, "worktree": "/nowhere", "branch": "x""#;
    let store = format!("{{ \"x\": {{ {ports}{fields} }} }}");
    write(&sandbox.main.join(".tally-sessions"), &store);
    let before = sandbox.git_main("branch --list");
    let error = "error: no port from 8000 to 65535 is free[..]\n[...]";
    sandbox.run("add feat").fails(error);
    assert_eq!(read(&sandbox.main.join(".tally-sessions")), store);
    assert_eq!(sandbox.git_main("branch --list"), before);
    assert!(!sandbox.worktree("feat").exists());
}
