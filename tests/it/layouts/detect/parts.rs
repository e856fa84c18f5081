//! What is known of tools, variables and files; and where a draft is made.

use super::{NEXT, VITE, assert_has, draft, project};
use crate::sandbox::{PROGRAM, Sandbox, read, write};
use serde_json::json;

#[test]
fn how_each_tool_is_run_and_gets_its_port() {
    for (script, run, port) in [
        (
            "vite --port 3001 --open",
            "npx vite --port {web_port} --open --strictPort",
            3001,
        ),
        ("nuxt dev", "npm run dev -- --port {web_port}", 3000),
        ("react-scripts start", "PORT={web_port} npm run dev", 3000),
        (
            "PORT=3005 react-scripts start",
            "PORT={web_port} npx react-scripts start",
            3005,
        ),
        ("node server.js", "PORT={web_port} npm run dev", 3000),
        (
            "tsc -b && vite",
            "npm run dev -- --port {web_port} --strictPort",
            5173,
        ),
        (
            "vite & tsc -w",
            "npx vite --port {web_port} --strictPort",
            5173,
        ),
    ] {
        let json = json!({ "scripts": { "dev": script }, "dependencies": {} });
        let files = format!("package.json = {json}\npackage-lock.json = {{}}");
        let lines = format!("run = \"{run}\"\nweb = {port}\nnpm ci --prefer-offline");
        assert_has(&files, &lines);
    }
    for (files, run) in [
        (
            "manage.py\npoetry.lock",
            "poetry run python manage.py runserver {web_port}",
        ),
        (
            "requirements.txt = Flask\nshop/__init__.py = def create_app():\\n    app = Flask(__name__)\\n",
            "flask --app shop run --debug --port {web_port}",
        ),
        (
            "pyproject.toml = dependencies = [\"fastapi\"]\\n[tool.uv]\\n\nsrc/main.py = api: FastAPI = FastAPI()",
            "uv run uvicorn main:api --app-dir src --reload --port {web_port}",
        ),
        (
            "requirements/base.txt = streamlit\napp.py = import streamlit as st",
            "streamlit run app.py --server.port {web_port}",
        ),
        ("artisan", "php artisan serve --port={web_port}"),
        ("bin/rails", "bin/rails server -p {web_port}"),
    ] {
        assert_has(files, &format!("run = \"{run}\""));
    }
}

#[test]
fn packages_are_installed_as_the_lock_file_has_them() {
    for (more, installs) in [
        ("yarn.lock", "yarn install --frozen-lockfile"),
        ("x", "npm install"),
        (
            "pnpm-lock.yaml",
            "pnpm install --frozen-lockfile --prefer-offline",
        ),
        ("bun.lockb", "bun install --frozen-lockfile"),
        (
            "yarn.lock\n.yarnrc.yml",
            "yarn install --immutable\nrun = \"yarn dev --port {web_port} --strictPort\"",
        ),
    ] {
        assert_has(&format!("package.json = {VITE}\n{more}"), installs);
    }
    let named =
        r#"{ "packageManager": "pnpm@9", "scripts": { "dev": "vite" }, "dependencies": {} }"#;
    assert_has(&format!("package.json = {named}"), "pnpm install");
}

#[test]
fn a_port_that_the_project_names_is_the_first_to_try() {
    assert_has(
        &format!(
            r"
        backend/manage.py
        frontend/package.json = {VITE}
        frontend/vite.config.ts = export default {{ server: {{ host: true, port: 3210 }} }}\n
        frontend/.env = VITE_API_URL=http://localhost:8100/api\n
    "
        ),
        r#"
        backend = 8100
        frontend = 3210
        VITE_API_URL = "http://{host}:{backend_port}/api"
    "#,
    );
}

#[test]
fn a_committed_variable_is_set_in_the_file_that_git_ignores() {
    assert_has(
        &format!(
            r"
        backend/manage.py
        frontend/package.json = {NEXT}
        frontend/.env.development = NEXT_PUBLIC_API=http://localhost:8000\nNEXT_PUBLIC_X={{a}}\n
    "
        ),
        r#"
        [env."frontend/.env.local"]
        NEXT_PUBLIC_API = "http://{host}:{backend_port}"
    "#,
    );
}

#[test]
fn what_is_not_sure_is_said() {
    let sandbox = project(&format!(
        r"
        manage.py
        web/package.json = {VITE}
        web/vite.config.js = server: {{ proxy: {{ '/api': 'http://localhost:8000' }} }}\n
    "
    ));
    let draft = draft(&sandbox);
    assert!(
        draft.contains("# Check: web/vite.config.js names http://localhost:8000"),
        "{draft}"
    );
    assert!(draft.contains("activate = \"\""), "{draft}");
    assert!(draft.contains("# Check: neither .venv, uv.lock"), "{draft}");
    let sandbox = project("README.md");
    assert!(super::draft(&sandbox).starts_with("# Nothing was found that serves"));
}

#[test]
fn texts_of_the_project_are_written_as_toml() {
    assert_has(
        &format!(
            r#"
        it's a {{b}}/package.json = {VITE}
        package.json = {{ "scripts": {{ "dev": "next dev -p 4000 --x=\\{{port}}" }} }}
    "#
        ),
        r#"
        dir = "it's a {b}"
        name = "it_s_a__b:{it_s_a__b_port}"
        (cd "it's a {{b}}" && npm install)
    "#,
    );
}

#[test]
fn a_process_s_port_is_its_own_wherever_it_names_it_and_no_login_s_variable_is_set() {
    assert_has(
        r"
        Procfile = web: serve -b :$PORT --admin ${PORT} --metrics --port 9000\n
        .env = PORT=3000\nPATH=/x:localhost:3000\nURL=http://localhost:3000\n
    ",
        r#"
        run = "serve -b :{web_port} --admin {web_port} --metrics --port 9000"
    "#,
    );
    let sandbox = project(
        r"
        manage.py
        .env = PATH=/x:localhost:8000\nSITE=localhost:8000\n
    ",
    );
    let draft = draft(&sandbox);
    assert!(draft.contains("\nSITE = "), "{draft}");
    assert!(!draft.contains("\nPATH = "), "{draft}");
}

#[test]
fn what_a_layout_can_t_name_is_not_drafted() {
    for folder in ["w*b", "w?b", "w[b"] {
        let env = "A=http://localhost:5173";
        let sandbox = project(&format!(
            "{folder}/package.json = {VITE}\n{folder}/.env = {env}"
        ));
        sandbox.lay_out(draft(&sandbox));
        sandbox.run("list").succeeds();
    }
}

#[test]
fn it_is_of_the_main_checkout_and_reads_no_layout_and_changes_nothing() {
    let (sandbox, worktree) = Sandbox::new().with_worktree("feat");
    write(&sandbox.main.join("frontend/package.json"), VITE);
    let expected = sandbox.run_changes_nothing("layout --detect").succeeds();
    let expected = expected.tells("The built-in windows fit").stdout;
    for there in ["", "nonsense"] {
        sandbox.lay_out(there);
        sandbox
            .type_line(&format!("{PROGRAM} layout --detect >.tally-session.toml"))
            .succeeds();
        assert_eq!(read(&sandbox.main.join(".tally-session.toml")), expected);
    }
    sandbox
        .run_in(&worktree.join("backend"), "layout --detect")
        .is(0, &expected, "warning: [..]\n");
    sandbox
        .run_in(&sandbox.home, "layout --detect")
        .fails("error: [..] is not inside a git repository\nhint: [..]\n");
}

#[test]
fn a_draft_that_is_asked_for_elsewhere_is_told_where_it_belongs() {
    let (sandbox, worktree) = Sandbox::new().with_worktree("feat");
    let file = sandbox.main.join(".tally-session.toml");
    let begins = "warning: a layout is read in the main checkout alone; to write the draft there";
    let asked = |folder: &str, place: &str| {
        let line = format!("cd {folder} && {PROGRAM} layout --detect >.tally-session.toml");
        let command = format!("tally-session layout --detect >{}", file.display());
        let told = command.replace(sandbox.root.to_str().unwrap(), "[ROOT]");
        let told = format!("{begins}{place}: {told}\n");
        sandbox.type_line(&line).is(0, "", &told);
        command
    };
    let command = asked("backend", "");
    let line = format!("cd backend && {command}");
    sandbox.type_line(&line).succeeds();
    let stray = sandbox.main.join("backend/.tally-session.toml");
    assert_eq!(read(&file), read(&stray));
    asked(
        worktree.to_str().unwrap(),
        ", in the place of what is there",
    );
    let main = sandbox.main.to_str().unwrap().to_owned();
    let named = sandbox.run_in(&sandbox.home, ["-C", &main, "layout", "--detect"]);
    named.remarks("there, in the place of what is there: tally-session -C [ROOT]/tally layout");
}
