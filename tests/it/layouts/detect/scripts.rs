//! Scripts of a `package.json` that start several servers.

use super::{VITE, assert_has, draft, project};
use serde_json::json;

/// A project whose `dev` is this script, beside others, with Express and a lock file of npm's.
fn with_scripts(dev: &str, more: &str) -> String {
    let scripts = json!({
        "dev": dev,
        "start": "node server/index.js",
        "server": "nodemon server/index.js",
        "client": "vite",
        "watch:api": "tsx watch api/index.ts",
        "watch:css": "tailwindcss -w",
        "watch:queue": "node worker.js",
    });
    let json = json!({ "scripts": scripts, "dependencies": { "express": "5" } });
    let server = "app.listen(process.env.PORT || 3000)";
    format!("package.json = {json}\npackage-lock.json = {{}}\nserver/index.js = {server}\n{more}")
}

const SERVER: &str = "run = \"PORT={backend_port} npm run server\"";
const NODEMON: &str = "run = \"PORT={backend_port} npx nodemon server/index.js\"";
const CLIENT: &str = "run = \"npm run client -- --port {frontend_port} --strictPort\"";
const BARE_VITE: &str = "run = \"npx vite --port {frontend_port} --strictPort\"";

#[test]
fn each_server_that_a_script_starts_beside_another_is_a_service() {
    for (dev, back, front) in [
        ("concurrently \"npm:server\" \"npm:client\"", SERVER, CLIENT),
        (
            "npx concurrently -k -n \"api,web\" -c=red 'npm run server' 'yarn client'",
            SERVER,
            CLIENT,
        ),
        (
            "cross-env A=1 concurrently \"vite\" \"nodemon server/index.js\"",
            NODEMON,
            BARE_VITE,
        ),
        ("npm-run-all --parallel server client", SERVER, CLIENT),
        ("run-p -l serve? client server", SERVER, CLIENT),
        ("nodemon server/index.js & npm run client", NODEMON, CLIENT),
        (
            "concurrently npm:server \"vite --port 4000 --host\"",
            SERVER,
            "run = \"npx vite --port {frontend_port} --host --strictPort\"\nfrontend = 4000",
        ),
    ] {
        let files = with_scripts(dev, "");
        assert_has(&files, &format!("{back}\n{front}\nbackend = 3000"));
    }
}

#[test]
fn several_servers_of_one_script_are_called_as_it_calls_them_and_what_is_not_known_is_told() {
    assert_has(
        &with_scripts(
            "concurrently \"npm:watch:*\" vite \"nodemon $X\" 'npm:no'",
            "",
        ),
        r#"
        # Check: package.json: dev runs `npm run watch:css`, `npm run watch:queue`, `nodemon $X`, `npm:no`: write a [[window]] for each.
        [window.backend]
        run = "PORT={backend_port} npm run watch:api"
    "#,
    );
    assert_has(
        &with_scripts("run-p server watch:* client", ""),
        r#"
        server = 3000
        name = "server:{server_port}"
        api = 3000
        name = "api:{api_port}"
        run = "PORT={api_port} npm run watch:api"
        client = 5173
        run = "npm run client -- --port {client_port} --strictPort"
    "#,
    );
    let sandbox = project(&with_scripts("run-p watch:css missing", ""));
    let draft = draft(&sandbox);
    let told = "# Check: package.json: dev runs `npm run watch:css`, `missing`: write";
    assert!(draft.contains(told), "{draft}");
    assert!(draft.contains("npm run start"), "{draft}");
}

#[test]
fn what_a_script_starts_in_another_folder_is_found_there_alone() {
    for (dev, client) in [
        (
            "concurrently 'npm run server' 'npm start --prefix client'",
            "",
        ),
        ("concurrently npm:server 'cd ./client && vite'", ""),
        ("cd client && vite", ""),
        (
            "concurrently 'cd api && python manage.py runserver' 'cd client && npm run dev'",
            "api/manage.py\napi/uv.lock",
        ),
        (
            "concurrently 'php artisan serve' 'npm --prefix=client start'",
            "artisan",
        ),
    ] {
        let more = format!("client/package.json = {VITE}\n{client}");
        let sandbox = project(&with_scripts(dev, &more));
        let draft = draft(&sandbox);
        let runs = draft.lines().filter(|line| line.starts_with("run = "));
        let servers = runs.filter(|run| run.contains("port}")).count();
        let expected = if dev.starts_with("cd") { 1 } else { 2 };
        assert_eq!(servers, expected, "{dev}\n{draft}");
        assert!(!draft.contains("write a [[window]]"), "{dev}\n{draft}");
    }
}

#[test]
fn the_variable_that_a_draft_advises_is_one_that_it_has() {
    let config = |port| format!("vite.config.ts = proxy: 'http://localhost:{port}'");
    let advice = |port, cure: &str| {
        format!(
            "# Check: vite.config.ts names http://localhost:{port}, which is the main checkout's: {cure}."
        )
    };
    let both = "concurrently npm:server npm:client";
    let own = "process.env.BACKEND_PORT has the session's";
    assert_has(&with_scripts(both, &config(4321)), &advice(4321, own));
    let three = "concurrently npm:server npm:client npm:watch:api";
    let several = with_scripts(three, &format!("{}\n.env = PORT=4321", config(4321)));
    let own = "process.env.SERVER_PORT has the session's";
    assert_has(&several, &advice(4321, own));
    let none = "a server of this project needs a [[window]] and a port in [ports]";
    assert_has(&with_scripts("vite", &config(4321)), &advice(4321, none));
}
