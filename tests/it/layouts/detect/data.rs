//! What is known of databases, and of files that git ignores.

use super::{assert_has, draft, project};
use crate::sandbox::{make_database, write};
use std::fs;

#[test]
fn a_database_in_a_container_is_made_and_dropped_there() {
    assert_has(
        r"
        manage.py
        compose.yaml = services:\n  db:\n    image: postgres:16\n    environment:\n      POSTGRES_DB: shop\n  cache:\n    image: redis\nvolumes:\n  data:\n
        .env = DATABASE_URL='postgresql+psycopg://ada:it%27s{x}@localhost/shop?sslmode=disable'\n
    ",
        r#"
        # Check: what compose.yaml runs is one for all sessions;
        DATABASE_URL = "postgresql+psycopg://ada:it%27s{{x}}@localhost/shop_{ident}?sslmode=disable"
        dropdb() {{ docker compose --project-directory {main} exec -T db dropdb -U ada "$@"; }}
        createdb() {{ docker compose --project-directory {main} exec -T db createdb -U ada "$@"; }}
            dropdb --force shop_{ident}
            pg_dump -Fc >"$kept" shop_{ident}
    "#,
    );
}

#[test]
fn containers_without_a_server_beside_them_lead_to_the_whole_file_for_compose() {
    let sandbox = project("docker-compose.yml = services:\\n  web:\\n    build: .\\n");
    let draft = draft(&sandbox);
    let mut lines = draft.lines();
    let nothing = lines.next().unwrap();
    assert!(nothing.starts_with("# Nothing was found that serves"));
    let check = lines.next().unwrap();
    assert!(check.starts_with("# Check: what docker-compose.yml runs"));
    assert!(check.contains("the whole file that `tally-session help databases` has"));
}

#[test]
fn the_hooks_for_postgresql_are_those_of_the_example() {
    let sandbox = project(
        r#"
        backend/manage.py
        backend/uv.lock
        backend/.env = DATABASE_URL=postgres:///tally\n
        frontend/package.json = { "scripts": { "dev": "vite" } }
    "#,
    );
    let draft: toml::Table = draft(&sandbox).parse().unwrap();
    let example: toml::Table = include_str!("../postgres.toml").parse().unwrap();
    assert_eq!(draft["env"], example["env"]);
    for hook in ["post_add", "pre_remove"] {
        let script = draft["hooks"][hook].as_str().unwrap();
        let lines = script.lines().filter(|line| !line.starts_with('#'));
        let lines: Vec<_> = lines.collect();
        let found = lines.join("\n");
        assert_eq!(found, example["hooks"][hook].as_str().unwrap().trim_end());
    }
}

#[test]
fn a_session_s_database_has_a_name_that_fits_and_its_server_may_be_named_behind_the_address() {
    let long = "postgres://ada@/customer_portal_development?host=/run/pg&port=5433";
    assert_has(
        &format!("manage.py\n.env = DATABASE_URL={long}"),
        r#"
        PGHOST = "/run/pg"
        PGPORT = "5433"
        PGUSER = "ada"
        DATABASE_URL = "postgres://ada@/customer_portal_de_{ident}?host=/run/pg&port=5433"
        if [ -e "$kept" ]; then cat "$kept"; else pg_dump -Fc customer_portal_development; fi |
        createdb customer_portal_de_{ident}-new "$id"
        dropdb --force customer_portal_de_{ident}
    "#,
    );
}

#[test]
fn a_database_may_be_named_by_variables_of_its_parts() {
    assert_has(
        r"
        manage.py
        .env = POSTGRES_DB=shop\nPOSTGRES_USER=ada\nPOSTGRES_PASSWORD='a b'\nPOSTGRES_PORT=5433\nDATABASE_URL=postgres://ada@localhost:5433/shop
    ",
        r#"
        POSTGRES_DB = "shop_{ident}"
        DATABASE_URL = "postgres://ada@localhost:5433/shop_{ident}"
        PGHOST = "localhost"
        PGPORT = "5433"
        PGUSER = "ada"
        PGPASSWORD = "a b"
    "#,
    );
    assert_has(
        "manage.py\n.env = DB_NAME=shop\\nDB_HOST=db.example.com\\nCACHE=redis://localhost/0",
        "# Check: .env names a database in DB_NAME, which all sessions share:",
    );
}

#[test]
fn databases_that_git_ignores_are_copied_and_others_are_not() {
    let sandbox = project(
        r"
        manage.py
        venv/pyvenv.cfg
        venv/bin/activate
    ",
    );
    fs::create_dir(sandbox.main.join("data")).unwrap();
    make_database(&sandbox.main.join("data/shop.sqlite3"));
    make_database(&sandbox.main.join("data/test.sqlite3"));
    make_database(&sandbox.main.join("seed.db"));
    write(&sandbox.main.join("empty.sqlite3"), "");
    assert!(draft(&sandbox).contains("\nsqlite = [\"data/shop.sqlite3\"] "));
}

#[test]
fn what_is_in_a_folder_that_git_ignores_as_a_whole_comes_too_and_what_others_made_does_not() {
    let sandbox = project(
        r"
        app.py = app = Flask(__name__)\n
    ",
    );
    let folders = [
        "instance",
        "back/data",
        "data/deep",
        "node_modules/x",
        "env",
        "build",
    ];
    for folder in folders {
        fs::create_dir_all(sandbox.main.join(folder)).unwrap();
        make_database(&sandbox.main.join(folder).join("app.sqlite"));
    }
    write(&sandbox.main.join("instance/config.py"), "SECRET = 'x'\n");
    write(&sandbox.main.join("instance/upload.png"), "");
    fs::create_dir(sandbox.main.join("instance/.env")).unwrap();
    write(&sandbox.main.join("env/pyvenv.cfg"), "");
    let ignored = folders.map(|folder| format!("/{folder}/\n")).concat();
    write(&sandbox.main.join(".gitignore"), ignored);
    let draft = draft(&sandbox);
    for line in [
        "\ncopy = [\"instance/config.py\"] ",
        "\nsqlite = [\"back/data/app.sqlite\", \"data/deep/app.sqlite\", \"instance/app.sqlite\"] ",
    ] {
        assert!(draft.contains(line), "{line} is not in\n{draft}");
    }
    sandbox.lay_out(draft);
    sandbox.run("add feat").says("added feat\n[...]");
    let worktree = sandbox.worktree("feat");
    assert!(worktree.join("instance/app.sqlite").exists());
    assert!(worktree.join("instance/config.py").exists());
}
