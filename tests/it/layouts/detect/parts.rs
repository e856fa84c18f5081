//! What is known of tools, variables, databases and files; and where a draft is made.

use super::{NEXT, VITE, assert_has, draft, project};
use crate::sandbox::{Sandbox, make_database, read, write};
use std::fs;

#[test]
fn how_each_tool_is_run_and_gets_its_port() {
    let of_node = [
        (
            "vite --port 3001 --open",
            "run = \"npx vite --port {web_port} --open --strictPort\"",
            "web = 3001",
        ),
        (
            "nuxt dev",
            "run = \"npm run dev -- --port {web_port}\"",
            "web = 3000",
        ),
        (
            "react-scripts start",
            "run = \"PORT={web_port} npm run dev\"",
            "web = 3000",
        ),
        (
            "PORT=3005 react-scripts start",
            "run = \"PORT={web_port} npx react-scripts start\"",
            "web = 3005",
        ),
        (
            "node server.js",
            "run = \"PORT={web_port} npm run dev\"",
            "web = 3000",
        ),
        (
            "tsc -b && vite",
            "run = \"npm run dev -- --port {web_port} --strictPort\"",
            "web = 5173",
        ),
        (
            "vite & tsc -w",
            "run = \"PORT={web_port} npm run dev\"",
            "web = 5173",
        ),
    ];
    for (script, run, port) in of_node {
        let json =
            serde_json::json!({ "scripts": { "dev": script }, "dependencies": {} }).to_string();
        assert_has(
            &[("package.json", &json), ("package-lock.json", "{}")],
            &[run, port, "npm ci --prefer-offline"],
        );
    }
    let of_python: [(&[(&str, &str)], &str); 6] = [
        (
            &[("manage.py", ""), ("poetry.lock", "")],
            "run = \"poetry run python manage.py runserver {web_port}\"",
        ),
        (
            &[
                ("requirements.txt", "Flask\n"),
                (
                    "shop/__init__.py",
                    "def create_app():\n    app = Flask(__name__)\n",
                ),
            ],
            "run = \"flask --app shop run --debug --port {web_port}\"",
        ),
        (
            &[
                (
                    "pyproject.toml",
                    "dependencies = [\"fastapi\"]\n[tool.uv]\n",
                ),
                ("src/main.py", "api: FastAPI = FastAPI()\n"),
            ],
            "run = \"uv run uvicorn main:api --app-dir src --reload --port {web_port}\"",
        ),
        (
            &[
                ("requirements/base.txt", "streamlit\n"),
                ("app.py", "import streamlit as st\n"),
            ],
            "run = \"streamlit run app.py --server.port {web_port}\"",
        ),
        (
            &[("artisan", "")],
            "run = \"php artisan serve --port={web_port}\"",
        ),
        (
            &[("bin/rails", "")],
            "run = \"bin/rails server -p {web_port}\"",
        ),
    ];
    for (files, run) in of_python {
        assert_has(files, &[run]);
    }
}

#[test]
fn packages_are_installed_as_the_lock_file_has_them() {
    for (more, installs) in [
        (("yarn.lock", ""), "yarn install --frozen-lockfile"),
        (("x", ""), "npm install"),
        (
            ("pnpm-lock.yaml", ""),
            "pnpm install --frozen-lockfile --prefer-offline",
        ),
        (("bun.lockb", ""), "bun install --frozen-lockfile"),
    ] {
        assert_has(&[("package.json", VITE), more], &[installs]);
    }
    let berry = [
        ("package.json", VITE),
        ("yarn.lock", ""),
        (".yarnrc.yml", ""),
    ];
    assert_has(
        &berry,
        &[
            "yarn install --immutable",
            "run = \"yarn dev --port {web_port} --strictPort\"",
        ],
    );
    let named =
        r#"{ "packageManager": "pnpm@9", "scripts": { "dev": "vite" }, "dependencies": {} }"#;
    assert_has(&[("package.json", named)], &["pnpm install"]);
}

#[test]
fn a_port_that_the_project_names_is_the_first_to_try() {
    assert_has(
        &[
            ("backend/manage.py", ""),
            ("frontend/package.json", VITE),
            (
                "frontend/vite.config.ts",
                "export default { server: { host: true, port: 3210 } }\n",
            ),
            ("frontend/.env", "VITE_API_URL=http://localhost:8100/api\n"),
        ],
        &[
            "backend = 8100",
            "frontend = 3210",
            "VITE_API_URL = \"http://{host}:{backend_port}/api\"",
        ],
    );
}

#[test]
fn a_committed_variable_is_set_in_the_file_that_git_ignores() {
    assert_has(
        &[
            ("backend/manage.py", ""),
            ("frontend/package.json", NEXT),
            (
                "frontend/.env.development",
                "NEXT_PUBLIC_API=http://localhost:8000\nNEXT_PUBLIC_X={a}\n",
            ),
        ],
        &[
            "[env.\"frontend/.env.local\"]",
            "NEXT_PUBLIC_API = \"http://{host}:{backend_port}\"",
        ],
    );
}

#[test]
fn a_database_in_a_container_is_made_and_dropped_there() {
    assert_has(
        &[
            ("manage.py", ""),
            (
                "compose.yaml",
                "services:\n  db:\n    image: postgres:16\n    environment:\n      POSTGRES_DB: shop\n  cache:\n    image: redis\nvolumes:\n  data:\n",
            ),
            (
                ".env",
                "DATABASE_URL='postgresql+psycopg://ada:it%27s{x}@localhost/shop?sslmode=disable'\n",
            ),
        ],
        &[
            "# Check: what compose.yaml runs is one for all sessions;",
            "DATABASE_URL = \"postgresql+psycopg://ada:it%27s{{x}}@localhost/shop_{ident}?sslmode=disable\"",
            "dropdb() {{ docker compose --project-directory {main} exec -T db dropdb -U ada \"$@\"; }}",
            "createdb() {{ docker compose --project-directory {main} exec -T db createdb -U ada \"$@\"; }}",
            "    dropdb --force shop_{ident}",
            "    pg_dump -Fc >\"$kept\" shop_{ident}",
        ],
    );
}

#[test]
fn the_hooks_for_postgresql_are_those_of_the_example() {
    let sandbox = project(&[
        ("backend/manage.py", ""),
        ("backend/uv.lock", ""),
        ("backend/.env", "DATABASE_URL=postgres:///tally\n"),
        (
            "frontend/package.json",
            r#"{ "scripts": { "dev": "vite" } }"#,
        ),
    ]);
    let draft: toml::Table = draft(&sandbox).parse().unwrap();
    let example: toml::Table = include_str!("../postgres.toml").parse().unwrap();
    assert_eq!(draft["env"], example["env"]);
    for hook in ["post_add", "pre_remove"] {
        let script = draft["hooks"][hook].as_str().unwrap();
        let lines = script.lines().filter(|line| !line.starts_with('#'));
        let lines: Vec<_> = lines.collect();
        assert_eq!(
            lines.join("\n"),
            example["hooks"][hook].as_str().unwrap().trim_end()
        );
    }
}

#[test]
fn a_session_s_database_has_a_name_that_fits_and_its_server_may_be_named_behind_the_address() {
    let long = "postgres://ada@/customer_portal_development?host=/run/pg&port=5433\n";
    assert_has(
        &[("manage.py", ""), (".env", &format!("DATABASE_URL={long}"))],
        &[
            "PGHOST = \"/run/pg\"",
            "PGPORT = \"5433\"",
            "PGUSER = \"ada\"",
            "DATABASE_URL = \"postgres://ada@/customer_portal_de_{ident}?host=/run/pg&port=5433\"",
            "    if [ -e \"$kept\" ]; then cat \"$kept\"; else pg_dump -Fc customer_portal_development; fi |",
            "    createdb customer_portal_de_{ident}-new \"$id\"",
            "    dropdb --force customer_portal_de_{ident}",
        ],
    );
}

#[test]
fn a_database_may_be_named_by_variables_of_its_parts() {
    let django = ("manage.py", "");
    assert_has(
        &[
            django,
            (
                ".env",
                "POSTGRES_DB=shop\nPOSTGRES_USER=ada\nPOSTGRES_PASSWORD='a b'\nPOSTGRES_PORT=5433\nDATABASE_URL=postgres://ada@localhost:5433/shop\n",
            ),
        ],
        &[
            "POSTGRES_DB = \"shop_{ident}\"",
            "DATABASE_URL = \"postgres://ada@localhost:5433/shop_{ident}\"",
            "PGHOST = \"localhost\"",
            "PGPORT = \"5433\"",
            "PGUSER = \"ada\"",
            "PGPASSWORD = \"a b\"",
        ],
    );
    assert_has(
        &[
            django,
            (
                ".env",
                "DB_NAME=shop\nDB_HOST=db.example.com\nCACHE=redis://localhost/0\n",
            ),
        ],
        &["# Check: .env names a database in DB_NAME, which all sessions share:"],
    );
}

#[test]
fn what_is_not_sure_is_said() {
    let sandbox = project(&[
        ("manage.py", ""),
        ("web/package.json", VITE),
        (
            "web/vite.config.js",
            "server: { proxy: { '/api': 'http://localhost:8000' } }\n",
        ),
    ]);
    let draft = draft(&sandbox);
    assert!(
        draft.contains("# Check: web/vite.config.js names http://localhost:8000"),
        "{draft}"
    );
    assert!(draft.contains("activate = \"\""), "{draft}");
    assert!(draft.contains("# Check: neither .venv, uv.lock"), "{draft}");
    let sandbox = project(&[("README.md", "")]);
    assert!(super::draft(&sandbox).starts_with("# Nothing was found that serves"));
}

#[test]
fn texts_of_the_project_are_written_as_toml() {
    assert_has(
        &[
            ("it's a {b}/package.json", VITE),
            (
                "package.json",
                r#"{ "scripts": { "dev": "next dev -p 4000 --x=\\{port}" } }"#,
            ),
        ],
        &[
            "dir = \"it's a {b}\"",
            "name = \"it_s_a__b:{it_s_a__b_port}\"",
            "(cd \"it's a {{b}}\" && npm install)",
        ],
    );
}

#[test]
fn databases_that_git_ignores_are_copied_and_others_are_not() {
    let sandbox = project(&[
        ("manage.py", ""),
        ("venv/pyvenv.cfg", ""),
        ("venv/bin/activate", ""),
    ]);
    fs::create_dir(sandbox.main.join("data")).unwrap();
    make_database(&sandbox.main.join("data/shop.sqlite3"));
    make_database(&sandbox.main.join("data/test.sqlite3"));
    make_database(&sandbox.main.join("seed.db"));
    write(&sandbox.main.join("empty.sqlite3"), "");
    assert!(draft(&sandbox).contains("\nsqlite = [\"data/shop.sqlite3\"] "));
}

#[test]
fn it_is_of_the_main_checkout_and_reads_no_layout_and_changes_nothing() {
    let (sandbox, worktree) = Sandbox::new().with_worktree("feat");
    write(&sandbox.main.join("frontend/package.json"), VITE);
    let expected = sandbox
        .run_changes_nothing(["layout", "--detect"])
        .succeeds()
        .stdout;
    assert!(expected.contains("The built-in windows fit"));
    sandbox
        .run_in(&worktree.join("backend"), ["layout", "--detect"])
        .says(&expected);
    let main = sandbox.main.to_str().unwrap().to_owned();
    sandbox
        .run_in(&sandbox.home, ["-C", &main, "layout", "--detect"])
        .says(&expected);
    for there in ["", "nonsense"] {
        sandbox.lay_out(there);
        let program = env!("CARGO_BIN_EXE_tally-session");
        sandbox
            .type_line(&format!("{program} layout --detect >.tally-session.toml"))
            .succeeds();
        assert_eq!(read(&sandbox.main.join(".tally-session.toml")), expected);
    }
    sandbox
        .run_in(&sandbox.home, ["layout", "--detect"])
        .fails("error: [..] is not inside a git repository\nhint: [..]\n");
}
