//! What a Procfile adds to the servers that are found otherwise.

use super::{VITE, assert_drafts, assert_has, draft, project};

#[test]
fn a_process_that_no_service_covers_is_a_window_and_one_that_a_service_is_or_that_runs_once_is_none()
 {
    for (files, web) in [
        (
            "app.py = app = Flask(__name__)\nrequirements.txt = flask\n.venv/pyvenv.cfg\n.venv/bin/activate",
            "gunicorn app:app",
        ),
        (
            "package.json = { \"scripts\": { \"dev\": \"next dev\" } }",
            "npm start",
        ),
        ("manage.py", "gunicorn x.wsgi --bind :$PORT"),
        ("x.go", "go run ."),
    ] {
        let processes = format!("web: {web}\\nworker: bin/worker && app\\nrelease: bin/migrate");
        let sandbox = project(&format!("{files}\nProcfile = {processes}"));
        let draft = draft(&sandbox);
        let named = draft
            .lines()
            .filter_map(|line| line.strip_prefix("name = "));
        let named: Vec<_> = named.filter(|name| *name != "\"cli\"").collect();
        let expected = [
            "\"web:{web_port}\"",
            "\"worker\"",
            "\"claude\"",
            "\"shell\"",
        ];
        assert_eq!(named, expected, "{draft}");
        assert!(draft.contains("\nrun = \"bin/worker && app\" "), "{draft}");
    }
}

#[test]
fn a_process_is_one_window_more_beside_the_built_in_ones_and_runs_in_its_folder_s_environment() {
    assert_drafts(
        &format!(
            r"
        backend/manage.py
        backend/uv.lock
        frontend/package.json = {VITE}
        Procfile = api: cd backend && gunicorn x\nui: npm start --prefix frontend\nworker: cd backend && A=1 celery -A x worker\nmail: bin/mail\nshell: cd backend && daphne x\n
    "
        ),
        r#"activate = ""                            # backend/uv.lock: `uv run` finds it

[files]
link = []
copy = []
sqlite = []

[window.backend]
run = "uv run python manage.py runserver {backend_port}" # backend/manage.py: Django

[window.worker]
name = "worker"
run = "cd backend && A=1 uv run celery -A x worker" # Procfile: worker

[window.mail]
name = "mail"
run = "bin/mail"                         # Procfile: mail

[window.cli]
type = "uv run python manage.py "

[hooks]
post_add = """
# backend/uv.lock
uv sync --project backend
# frontend/package.json
(cd frontend && npm install)
"""
"#,
    );
}

#[test]
fn a_process_that_runs_a_script_gets_its_port_as_the_script_s_tool_does() {
    for (line, run) in [
        (
            "web: npm run dev",
            "npm run dev -- --port {web_port} --strictPort",
        ),
        (
            "ui: cd web && yarn dev",
            "npm run dev -- --port {ui_port} --strictPort",
        ),
    ] {
        let dir = if line.contains("cd web") { "web/" } else { "" };
        let files = format!("{dir}package.json = {VITE}\nProcfile.dev = {line}\\ncss: npm run css");
        let draft = draft(&project(&files));
        assert!(draft.contains(&format!("\nrun = \"{run}\"")), "{draft}");
        assert!(draft.contains(" = 5173 "), "{draft}");
        assert!(!draft.contains("# Check"), "{draft}");
    }
}

#[test]
fn a_program_beside_a_front_end_is_what_serves() {
    assert_has(
        &format!("ui/package.json = {VITE}\nProcfile = web: go run .\\nclaude: bin/claude"),
        r#"
        web = 3000
        run = "PORT={web_port} go run ."
        ui = 5173
        name = "claude_2"
        run = "bin/claude"
    "#,
    );
}

#[test]
fn the_port_that_env_names_is_that_of_each_process_that_reads_it() {
    for process in ["web: go run .", "web: serve -b :$PORT", "api: nest start"] {
        let named = process.split(':').next().unwrap();
        let files = format!("Procfile = {process}\n.env = PORT=8080");
        let line = format!("{named} = 8080");
        assert_has(&files, &format!("{line:<40} # .env"));
    }
    assert_has(
        "Procfile = web: cd srv && bin/serve\\napi: cd api && flask run\\n.env = PORT=8080",
        r#"
        run = "cd srv && PORT={web_port} bin/serve"
        run = "cd api && flask run --port {api_port}"
    "#,
    );
    for (process, port) in [("web: vite", 5173), ("web: serve --port 4000", 4000)] {
        let files = format!("Procfile = {process}\n.env = PORT=8080");
        assert_has(&files, &format!("web = {port}"));
    }
}
