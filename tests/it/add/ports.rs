//! The ports of a new session.

use crate::sandbox::{ADDRESSES, Sandbox, listen};
use std::collections::BTreeSet;

#[test]
fn add_picks_no_port_that_somebody_listens_on_at_any_address() {
    let sandbox = Sandbox::serving();
    for address in ADDRESSES {
        let Some((backend, _backend_listener)) = listen(address, 8000) else {
            assert!(address.contains(':'), "{address}");
            continue;
        };
        let (frontend, _frontend_listener) = listen(address, 5000).unwrap();
        sandbox.add_again("feat");
        let picked = sandbox.ports("feat");
        let differ = picked.0 != backend && picked.1 != frontend;
        assert!(differ, "{address}: {picked:?}");
        sandbox.remove("feat");
    }
}

#[test]
fn each_session_s_ports_are_its_own_from_8000_and_5000_on_and_the_same_in_store_windows_and_environment_and_served()
 {
    let names = ["one", "two", "three"];
    let sandbox = Sandbox::serving().with("one").with("two").with("three");
    let ports = names.map(|name| sandbox.ports(name));
    let all: BTreeSet<_> = ports
        .iter()
        .flat_map(|&ports| <[u16; 2]>::from(ports))
        .collect();
    assert_eq!(all.len(), 6, "{ports:?}");
    for (name, (backend, frontend)) in names.into_iter().zip(ports) {
        assert!((8000..9000).contains(&backend), "{ports:?}");
        assert!((5000..6000).contains(&frontend), "{ports:?}");
        let windows = [format!("backend:{backend}"), format!("frontend:{frontend}")];
        assert_eq!(sandbox.windows(name, "#{window_name}")[..2], windows);
        for program in ["python", "npm", "claude"] {
            let env = &sandbox.started(program, name)[0].env;
            assert_eq!(env["BACKEND_PORT"], backend.to_string());
            assert_eq!(env["FRONTEND_PORT"], frontend.to_string());
            assert_eq!(env["VITE_API_URL"], sandbox.url(name));
        }
        sandbox.assert_served(name);
    }
}
