//! The port that an `.env` file has.

use super::{assert_has, draft, project};
use crate::sandbox::read;

const SERVER: &str = r#"package.json = { "scripts": { "start": "node server.js" }, "dependencies": { "koa": "3" } }"#;
const REACT: &str = r#"package.json = { "scripts": { "start": "react-scripts start" } }"#;

#[test]
fn a_port_in_env_is_the_session_s_for_whatever_else_reads_it() {
    assert_has(
        &format!("{SERVER}\n.env = PORT=5000\\nSITE=http://localhost:5000\nui/{REACT}"),
        r#"
        [env.".env"]
        PORT = "{backend_port}"
        SITE = "http://{host}:{backend_port}"
        run = "PORT={backend_port} npm run start"
        run = "PORT={frontend_port} npm run start"
    "#,
    );
    let two = "package.json = { \"scripts\": { \"dev\": \"koa & vite\" } }"
        .replace("koa", "node server.js");
    assert_has(
        &format!("{two}\n.env.local = PORT=5000"),
        "[env.\".env.local\"]\nPORT = \"{backend_port}\"\nfrontend = 5173",
    );
}

#[test]
fn a_port_in_env_that_is_no_service_s_or_of_two_or_that_git_has_stays() {
    for files in [
        format!("ui/{REACT}\n.env = PORT=3000"),
        "package.json = { \"scripts\": { \"dev\": \"vite --port 3000\" } }\n.env = PORT=8080"
            .to_owned(),
        format!("{SERVER}\nmanage.py\n.env = PORT=5000"),
        format!("{SERVER}\n.env.development = PORT=5000"),
        format!("{SERVER}\n.env.example = PORT=5000"),
    ] {
        let draft = draft(&project(&files));
        assert!(!draft.contains("\nPORT = "), "{files}\n{draft}");
    }
}

#[test]
fn a_session_of_a_draft_has_its_own_port_in_env() {
    let sandbox = project(&format!("{SERVER}\n.env = A=1\\nPORT=5000\\n"));
    sandbox.lay_out(draft(&sandbox).replace("npm install", ""));
    sandbox.run("add one").goes_well();
    sandbox.run("add two").goes_well();
    for name in ["one", "two"] {
        let port = sandbox.port(name, "web");
        let env = read(&sandbox.worktree(name).join(".env"));
        assert_eq!(env, format!("A=1\nPORT={port}\n"));
    }
    assert_ne!(sandbox.port("one", "web"), sandbox.port("two", "web"));
}
