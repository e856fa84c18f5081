//! The ports of a new session.

use crate::sandbox::{ADDRESSES, Sandbox, listen};
use std::collections::BTreeSet;

#[test]
fn add_picks_ports_from_8000_and_5000_on() {
    let sandbox = Sandbox::new().with("feat");
    let (backend, frontend) = sandbox.ports("feat");
    assert!((8000..9000).contains(&backend), "{backend}");
    assert!((5000..6000).contains(&frontend), "{frontend}");
}

#[test]
fn add_picks_no_port_that_a_record_holds() {
    let sandbox = Sandbox::new();
    for name in ["one", "two", "three"] {
        sandbox.add(name);
    }
    let ports = ["one", "two", "three"].map(|name| sandbox.ports(name));
    let all: BTreeSet<u16> = ports
        .iter()
        .flat_map(|&(backend, frontend)| [backend, frontend])
        .collect();
    assert_eq!(all.len(), 6, "{ports:?}");
}

#[test]
fn add_picks_no_port_that_somebody_listens_on_at_any_address() {
    let sandbox = Sandbox::serving();
    for (at, address) in ADDRESSES.into_iter().enumerate() {
        let Some((backend, _backend_listener)) = listen(address, 8000) else {
            assert!(address.contains(':'), "{address}");
            continue;
        };
        let (frontend, _frontend_listener) = listen(address, 5000).unwrap();
        let name = format!("feat{at}");
        sandbox.add(&name);
        let picked = sandbox.ports(&name);
        assert!(
            picked.0 != backend && picked.1 != frontend,
            "{address}: {picked:?}"
        );
        sandbox.run(["remove", &name]).succeeds();
    }
}

#[test]
fn the_ports_are_the_same_in_store_env_file_windows_and_environment_and_they_are_served() {
    let sandbox = Sandbox::serving().with("feat");
    let (backend, frontend) = sandbox.ports("feat");
    let names = [format!("backend:{backend}"), format!("frontend:{frontend}")];
    assert_eq!(sandbox.windows("feat", "#{window_name}")[..2], names);
    for program in ["python", "npm", "claude"] {
        let env = &sandbox.started(program, "feat")[0].env;
        assert_eq!(env["BACKEND_PORT"], backend.to_string());
        assert_eq!(env["FRONTEND_PORT"], frontend.to_string());
        assert_eq!(env["VITE_API_URL"], format!("http://localhost:{backend}"));
    }
    sandbox.assert_served("feat");
}

#[test]
fn sessions_beside_each_other_are_each_served_on_their_own_ports() {
    let sandbox = Sandbox::serving().with("one").with("two");
    sandbox.assert_served("one");
    sandbox.assert_served("two");
}
