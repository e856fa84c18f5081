//! Layouts that are drafted from what is in a project.

mod data;
mod parts;
mod processes;
mod scripts;
mod variables;

use crate::sandbox::{Sandbox, unset, write};

/// A project with these files, a line each: `path = text`. git ignores some of them.
fn project(files: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.clear_project();
    unset(&sandbox.virtualenv());
    let ignored = "node_modules/\n.env\n.env.local\n.venv/\n*.sqlite3\nconfig/master.key\n";
    write(&sandbox.main.join(".gitignore"), ignored);
    for line in files.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (path, text) = line.split_once(" = ").unwrap_or((line, ""));
        write(&sandbox.main.join(path), text.replace("\\n", "\n"));
    }
    sandbox.commit_all();
    sandbox
}

/// What is drafted for it, below the first line, which is always the same.
#[track_caller]
fn draft(sandbox: &Sandbox) -> String {
    let draft = sandbox.run("layout --detect").succeeds().stdout;
    is_a_layout(sandbox, &draft);
    let (head, draft) = draft.split_once('\n').unwrap();
    assert!(head.starts_with("# Drafted by `tally-session layout --detect`."));
    draft.to_owned()
}

/// The program reads it.
#[track_caller]
fn is_a_layout(sandbox: &Sandbox, text: &str) {
    let file = sandbox.main.join(".tally-session.toml");
    write(&file, text);
    let listed = sandbox.run("list");
    unset(&file);
    assert!(listed.code == Some(0), "{listed}\n{text}");
}

#[track_caller]
fn assert_drafts(files: &str, expected: &str) {
    let sandbox = project(files);
    let draft = draft(&sandbox);
    assert!(draft == expected, "{draft}");
}

/// Lines that a draft has, whatever else it has.
#[track_caller]
fn assert_has(files: &str, lines: &str) {
    let sandbox = project(files);
    let draft = draft(&sandbox);
    for line in lines.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let is_it = |one: &str| one.trim() == line || one.trim().starts_with(&format!("{line} "));
        assert!(draft.lines().any(is_it), "{line}\n--- is not in\n{draft}");
    }
}

const VITE: &str = r#"{ "scripts": { "dev": "vite" }, "devDependencies": { "vite": "7" } }"#;
const NEXT: &str = r#"{ "scripts": { "dev": "next dev" }, "dependencies": { "next": "16" } }"#;

#[test]
fn the_built_in_project_needs_next_to_nothing() {
    let sandbox = Sandbox::new();
    write(
        &sandbox.main.join("frontend/package.json"),
        r#"{ "scripts": { "dev": "vite dev" } }"#,
    );
    write(&sandbox.main.join("frontend/package-lock.json"), "{}");
    assert_eq!(
        draft(&sandbox),
        "\
# The built-in windows fit: Django in backend/, Vite in frontend/.

[files]
clone = [\"frontend/node_modules\"]        # packages of each session's own
"
    );
}

#[test]
fn hooks_that_are_made_in_each_checkout_are_each_session_s_own() {
    for (prepare, cloned) in [("husky", "\".husky/_\", "), ("tsc", "")] {
        let scripts = format!(r#"{{ "scripts": {{ "dev": "vite", "prepare": "{prepare}" }} }}"#);
        let files =
            "package-lock.json = {}\nnode_modules/vite/package.json = {}\n.husky/_/pre-commit";
        let line = format!("clone = [{cloned}\"node_modules\"]");
        assert_has(&format!("package.json = {scripts}\n{files}"), &line);
    }
}

#[test]
fn uv_postgresql_and_pnpm() {
    assert_drafts(
        &format!(
            r"
        backend/manage.py
        backend/uv.lock
        backend/.env = DATABASE_URL=postgres://ada@localhost:5432/shop\n
        frontend/package.json = {VITE}
        frontend/pnpm-lock.yaml
        frontend/.env = VITE_API_URL=http://localhost:8000\n
    "
        ),
        r#"activate = ""                            # backend/uv.lock: `uv run` finds it

[ports]
frontend = 5173                          # the tool's own

[files]
link = []
sqlite = []

[env."backend/.env"]
PGHOST = "localhost"                     # for the hooks
PGPORT = "5432"                          # for the hooks
PGUSER = "ada"                           # for the hooks
DATABASE_URL = "postgres://ada@localhost:5432/shop_{ident}" # backend/.env: a database for each session

[window.backend]
run = "uv run python manage.py runserver {backend_port}" # backend/manage.py: Django

[window.frontend]
run = "pnpm dev --port {frontend_port} --strictPort" # frontend/package.json: dev runs vite

[window.cli]
type = "uv run python manage.py "

[hooks]
post_add = """
# backend/uv.lock
uv sync --project backend
# frontend/pnpm-lock.yaml
(cd frontend && pnpm install --frozen-lockfile --prefer-offline)
# backend/.env: DATABASE_URL: a database with main's rows
mark=$(git rev-parse --git-path database.id)
[ -s "$mark" ] || echo "$(date +%s)-$$" >"$mark"
id=$(cat "$mark")
whose=$(psql -XAtc "SELECT coalesce(shobj_description(oid, 'pg_database'), 'nobody')
    FROM pg_database WHERE datname = 'shop_{ident}'" postgres)
case $whose in
"")
    psql -Xqc 'SET client_min_messages = warning' -c '
        DROP DATABASE IF EXISTS "shop_{ident}-new" WITH (FORCE)' postgres
    createdb shop_{ident}-new "$id"
    kept=$(git rev-parse --git-path database.dump)
    if [ -e "$kept" ]; then cat "$kept"; else pg_dump -Fc shop; fi |
        pg_restore --exit-on-error --no-owner -d shop_{ident}-new
    psql -Xqc 'ALTER DATABASE "shop_{ident}-new" RENAME TO shop_{ident}' postgres
    ;;
"$id" | mine)
    psql -Xqc "COMMENT ON DATABASE shop_{ident} IS '$id'" postgres
    echo 'the database shop_{ident} was there already'
    ;;
*)
    echo "the database shop_{ident} is not marked as this session's: drop it, rename it, or" >&2
    echo "mark it in psql with: COMMENT ON DATABASE shop_{ident} IS 'mine';" >&2
    exit 1
    ;;
esac
"""
pre_remove = """
# `restore` brings its rows back
mark=$(git rev-parse --git-path database.id)
kept=$(git rev-parse --git-path database.dump)
whose=$(psql -XAtc "SELECT coalesce(shobj_description(oid, 'pg_database'), 'nobody')
    FROM pg_database WHERE datname = 'shop_{ident}'" postgres)
case $whose in
"") ;;
"$(cat "$mark" 2>/dev/null)" | mine)
    pg_dump -Fc -f "$kept" shop_{ident}
    dropdb --force shop_{ident}
    ;;
*)
    echo "the database shop_{ident} stays, as it is not marked as this session's: to have"
    echo 'it dropped, type in psql: DROP DATABASE shop_{ident};'
    ;;
esac
psql -Xqc 'SET client_min_messages = warning' -c '
    DROP DATABASE IF EXISTS "shop_{ident}-new" WITH (FORCE)' postgres
"""
"#,
    );
}

#[test]
fn fastapi_with_a_venv_and_npm() {
    assert_drafts(
        &format!(
            r"
        api/requirements.txt = fastapi==0.1\nuvicorn[standard]\n
        api/app/main.py = app = FastAPI()\n
        api/.venv/pyvenv.cfg
        api/.venv/bin/activate
        web/package.json = {VITE}
        web/package-lock.json = {{}}
        web/node_modules/vite/index.js
        web/.env.local = VITE_API=http://127.0.0.1:8000/v1\n
    "
        ),
        r#"activate = "source {main}/api/.venv/bin/activate" # api/.venv: the main checkout's packages; fish: activate.fish

[ports]
frontend = 5173                          # the tool's own

[files]
link = []
clone = ["web/node_modules"]             # packages of each session's own
copy = ["web/.env.local"]                # what git ignores and servers read
sqlite = []

[env]
"frontend/.env" = false

[env."web/.env.local"]
VITE_API = "http://127.0.0.1:{backend_port}/v1" # web/.env.local has the address of backend

[window]
cli = false

[window.backend]
dir = "api"
run = "uvicorn app.main:app --reload --port {backend_port}" # api/app/main.py: fastapi

[window.frontend]
dir = "web"
run = "npm run dev -- --port {frontend_port} --strictPort" # web/package.json: dev runs vite
"#,
    );
}

#[test]
fn one_app_in_the_root() {
    assert_drafts(
        &format!(
            r"
        package.json = {NEXT}
        bun.lock
        .env.local = NEXTAUTH_URL=http://localhost:3000\n
    "
        ),
        r#"activate = ""                            # no virtual environment is there

[ports]
web = 3000                               # the tool's own
backend = false
frontend = false

[files]
link = []
copy = [".env.local"]                    # what git ignores and servers read
sqlite = []

[env]
"frontend/.env" = false

[env.".env.local"]
NEXTAUTH_URL = "http://{host}:{web_port}" # .env.local has the address of web

[[window]]
name = "web:{web_port}"
run = "bun run dev -p {web_port}"        # package.json: dev runs next

[[window]]
name = "claude"
run = "{claude}"

[[window]]
name = "shell"

[hooks]
post_add = """
# bun.lock
bun install --frozen-lockfile
"""
"#,
    );
}

#[test]
fn each_process_of_a_procfile_is_a_window() {
    assert_has(
        r"
        bin/rails
        Procfile.dev = web: env RUBY_DEBUG_OPEN=true bin/rails server\njs: yarn build --watch\nvite: bin/vite dev\n
        package.json = {}
        yarn.lock
        node_modules/x/index.js
        config/master.key = k
    ",
        r#"
        web = 3000
        vite = 3036
        clone = ["node_modules"]
        copy = ["config/master.key"]
        VITE_RUBY_PORT = "{vite_port}"
        name = "web:{web_port}"
        run = "env RUBY_DEBUG_OPEN=true bin/rails server -p {web_port}"
        name = "js"
        run = "yarn build --watch"
        name = "vite:{vite_port}"
        run = "bin/vite dev"
        type = "bin/rails console"
        bundle check || bundle install
    "#,
    );
}

#[test]
fn a_monorepo_has_a_window_for_each_app_and_installs_once() {
    assert_has(
        r#"
        package.json = { "scripts": { "dev": "turbo dev" } }
        pnpm-lock.yaml
        pnpm-workspace.yaml = packages: [apps/*, packages/*]\n
        apps/web/package.json = { "scripts": { "dev": "next dev -p 4001 --turbo" } }
        apps/docs/package.json = { "scripts": { "dev": "astro dev" } }
        apps/api/package.json = { "scripts": { "dev": "tsx watch src/index.ts" }, "dependencies": { "hono": "4" } }
        apps/api/.env = PORT=8787\n
        apps/web/.env.local = NEXT_PUBLIC_API=http://localhost:8787\n
        packages/ui/package.json = { "scripts": { "dev": "tsc --watch" } }
    "#,
        r#"
        web = 4001
        docs = 4321
        api = 8787
        run = "pnpm exec next dev -p {web_port} --turbo"
        run = "pnpm dev --port {docs_port}"
        # Check: apps/api/package.json: `tsx watch src/index.ts` has to listen on $PORT.
        run = "PORT={api_port} pnpm dev"
        NEXT_PUBLIC_API = "http://{host}:{api_port}"
        copy = ["apps/api/.env", "apps/web/.env.local"]
        pnpm install --frozen-lockfile --prefer-offline
    "#,
    );
}
