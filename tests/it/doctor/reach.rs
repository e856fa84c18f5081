//! What leads from the sessions to the main checkout, or to the servers of another one.

mod packages;

use super::{assert_fine, assert_left, project, quiet_port};
use crate::sandbox::{Sandbox, make_link, unset, write};
use std::fs;
use std::path::PathBuf;

/// A project whose packages npm has installed.
fn with_packages() -> Sandbox {
    let sandbox = project();
    sandbox.ask_for_packages();
    let frontend = sandbox.main.join("frontend");
    write(&frontend.join("node_modules/.package-lock.json"), "{}");
    sandbox
}

/// Adds a session, whatever there is to tell, and ends its windows.
fn add(sandbox: &Sandbox, name: &str) -> PathBuf {
    sandbox.run(["add", name]).goes_well();
    sandbox.await_programs(name, 1);
    sandbox.restart();
    sandbox.worktree(name)
}

/// The folder of the packages in the shared virtual environment.
fn site_packages(sandbox: &Sandbox) -> PathBuf {
    let environment = sandbox.home.join(".virtualenvs/tally");
    environment.join("lib/python3.12/site-packages")
}

const CLONE: &str = "for one of each session's own, have this under [files] in [ROOT]/tally/.tally-session.toml, and no link: clone = [\"frontend/node_modules\"]";

#[test]
fn a_variable_that_names_a_file_of_the_main_checkout_is_told_once_by_add_and_by_doctor() {
    let sandbox = Sandbox::new();
    let main = sandbox.main.display();
    // The last ones lead to nothing of it.
    let env = format!(
        "DATABASE_URL='sqlite:///{main}/backend/db.sqlite3'\nHOME_OF={main}\nOTHER={main}-old/x\nBACKUP=/mnt{main}/x\nPYTHON={main}/.venv/bin/python\nBIN={main}/frontend/node_modules/.bin\nKEY=1\n"
    );
    write(&sandbox.main.join(".venv/pyvenv.cfg"), "");
    sandbox.ignore(".venv\n");
    write(&sandbox.main.join("backend/.env"), env);
    let what = "backend/.env leads to the main checkout's own files: DATABASE_URL, HOME_OF";
    let cure = "have it name the session's: [env.\"backend/.env\"] with {worktree} in [ROOT]/tally/.tally-session.toml";
    sandbox.add_telling("feat", &format!("warning: {what}: {cure}\n"));
    sandbox.add("other");
    let found = format!("warning  other: {what}\n         {cure}\n");
    sandbox.run("doctor other").tells(&found);
    let layout = "[env.\"backend/.env\"]\nDATABASE_URL = \"sqlite:///{worktree}/backend/db.sqlite3\"\nHOME_OF = \"{main}\"\n";
    sandbox.lay_out(layout);
    sandbox.add("third");
    sandbox.run("doctor third").says_nothing_of("own files");
}

#[test]
fn add_says_once_in_a_project_what_reaches_the_main_checkout_through_a_link() {
    let sandbox = with_packages();
    let what = "frontend/node_modules leads to the main checkout's: npm ci in a session would empty it there";
    let note = format!("warning: {what}: {CLONE}\n");
    sandbox.add_telling("feat", &note);
    sandbox.run("add other").succeeds();
    sandbox.run("remove feat other").succeeds();
    sandbox.run("add feat").succeeds();
    unset(&sandbox.main.join("frontend/package-lock.json"));
    write(&sandbox.main.join("frontend/pnpm-lock.yaml"), "");
    sandbox.run("add third").succeeds();
}

#[test]
fn an_environment_in_the_main_checkout_is_said_to_be_shared_once_by_add_and_by_doctor() {
    let sandbox = with_packages();
    write(&sandbox.main.join("backend/.venv/bin/activate"), "");
    write(&sandbox.main.join("backend/requirements.txt"), "django\n");
    let layout = sandbox.main.join(".tally-session.toml");
    let text = fs::read_to_string(&layout).unwrap();
    let activate = "activate = \"source {main}/backend/.venv/bin/activate\"\n";
    sandbox.lay_out(format!("{activate}{text}\n[files]\nlink = []\n"));
    let what = "backend/.venv is the main checkout's: pip install in a session changes it there";
    let note = format!(
        "warning: {what}: for one of each session's own, have this in [ROOT]/tally/.tally-session.toml: \
         activate = \". backend/.venv/bin/activate\", and under [hooks] post_add = \"python3 -m venv backend/.venv && \
         backend/.venv/bin/pip install -r backend/requirements.txt\"\n"
    );
    sandbox.add_telling("feat", &note);
    sandbox.add_telling("other", "");
    let fine = format!("[...]\nok       the virtual environment {what}\n[...]");
    sandbox.run("doctor").says(&fine);
}

#[test]
fn an_ordinary_project_has_nothing_that_reaches_the_main_checkout_or_another_s_servers() {
    let sandbox = with_packages();
    let main = &sandbox.main;
    write(
        &main.join("frontend/vite.config.ts"),
        "const port = process.env.BACKEND_PORT ?? 8000\nexport default { server: { proxy: {\n\
         // '/api': 'http://localhost:8000',\n'/api': `http://localhost:${port}`,\n\
         '/search': 'http://localhost:9200' } } }\n",
    );
    write(&main.join(".githooks/pre-commit"), "");
    write(
        &main.join(".gitignore"),
        "node_modules/\n.env\n.env.local\n*.sqlite3\n",
    );
    write(&main.join(".worktreeinclude"), ".env.local\n");
    write(
        &main.join(".envrc"),
        "export VITE_API_URL=\"${VITE_API_URL:-http://localhost:8000}\"\n",
    );
    sandbox.commit_all();
    sandbox.git(main, "config core.hooksPath .githooks");
    sandbox.write_script(&sandbox.root.join("bin/direnv"), "");
    // The servers have it in their environment, which counts before any file.
    write(
        &main.join("frontend/.env.local"),
        "VITE_API_URL=http://localhost:8000\n",
    );
    let modules = main.join("frontend/node_modules");
    write(&modules.join(".store/odd/node_modules/odd/a.js"), "");
    make_link(".store/odd/node_modules/odd", &modules.join("odd"));
    let site = site_packages(&sandbox);
    write(
        &site.join("distutils-precedence.pth"),
        "import os; os.getcwd()\n",
    );
    write(
        &site.join("other.pth"),
        sandbox.root.join("other").to_str().unwrap(),
    );
    write(
        &site.join("ui-1.0.dist-info/direct_url.json"),
        r#"{ "url": "https://example.com/ui.whl" }"#,
    );
    add(&sandbox, "feat");
    add(&sandbox, "other");
    assert_fine(&sandbox);
}

#[test]
fn an_environment_that_imports_the_main_checkout_s_code_fails() {
    let sandbox = project();
    add(&sandbox, "feat");
    let site = site_packages(&sandbox);
    let source = sandbox.main.join("lib/my points/src");
    fs::create_dir_all(&source).unwrap();
    let project = format!("file://{}/lib/my%20points", sandbox.main.to_str().unwrap());
    let url = format!(r#"{{ "dir_info": {{ "editable": true }}, "url": "{project}" }}"#);
    let info = site.join("points_api-1.0.dist-info");
    write(&info.join("direct_url.json"), &url);
    write(
        &site.join("__editable__.points_api-1.0.pth"),
        source.to_str().unwrap(),
    );
    let environment = "the virtual environment [ROOT]/home/.virtualenvs/tally";
    assert_left(
        &sandbox,
        &format!(
            "failed   {environment} imports points_api from the main checkout's lib/my points/src\n         \
             uv pip uninstall points_api --python [ROOT]/home/.virtualenvs/tally\n         \
             or for one of each session's own, have this in [ROOT]/tally/.tally-session.toml: activate = \". .venv/bin/activate\", \
             and under [hooks] post_add = \"python3 -m venv .venv && .venv/bin/pip install -e './lib/my points'\""
        ),
    );
    unset(&info);
    assert_left(
        &sandbox,
        &format!(
            "failed   {environment} imports what is in the main checkout's lib/my points/src\n         ${{EDITOR:-vi}} [..].pth"
        ),
    );
    let own = sandbox.worktree("feat").join(".venv");
    write(&own.join("bin/pip"), "");
    let below = "lib/python3.12/site-packages/points_api-1.0.dist-info/direct_url.json";
    write(&own.join(below), url);
    unset(&site.join("__editable__.points_api-1.0.pth"));
    assert_left(
        &sandbox,
        "failed   the virtual environment [ROOT]/tally-feat/.venv imports points_api from the main checkout's lib/my points\n         \
         [ROOT]/tally-feat/.venv/bin/python -m pip install -e '[ROOT]/tally-feat/lib/my points'",
    );
    unset(&own);
    // `python manage.py` finds what is beside it before that.
    let backend = sandbox.main.join("backend");
    write(
        &site.join("points.egg-link"),
        format!("{}\n.", backend.display()),
    );
    write(&site.join("easy-install.pth"), backend.to_str().unwrap());
    assert_left(
        &sandbox,
        &format!(
            "warning  {environment} imports points from the main checkout's backend, but for what starts in that folder\n         uv pip uninstall points --python [..]"
        ),
    );
}

#[test]
fn an_environment_that_imports_another_session_s_code_fails_also_when_that_is_gone() {
    let sandbox = project();
    add(&sandbox, "other");
    let worktree = add(&sandbox, "feat");
    fs::create_dir(worktree.join("api")).unwrap();
    let url = format!(
        r#"{{ "dir_info": {{ "editable": true }}, "url": "file://{}/api" }}"#,
        worktree.display()
    );
    let info = site_packages(&sandbox).join("points_api-1.0.dist-info");
    write(&info.join("direct_url.json"), &url);
    let own = worktree.join(".venv/lib/python3.12/site-packages/points_api-1.0.dist-info");
    write(&own.join("direct_url.json"), &url);
    let told = |what: &str| {
        format!(
            "failed   the virtual environment [ROOT]/home/.virtualenvs/tally imports points_api from [ROOT]/tally-feat/api, {what}\n         \
             uv pip install -e [ROOT]/tally/api --python [ROOT]/home/.virtualenvs/tally"
        )
    };
    assert_left(&sandbox, &told("which is a session's"));
    sandbox.run("remove feat --force").succeeds();
    assert_left(&sandbox, &told("where nothing is"));
}

#[test]
fn hooks_of_git_that_a_session_lacks_fail_until_they_are_copied_to_every_session() {
    let sandbox = project();
    let hooks = sandbox.main.join(".husky/_");
    write(&hooks.join(".gitignore"), "*");
    sandbox.write_script(&hooks.join("pre-commit"), "exit 1");
    write(&sandbox.main.join(".worktreeinclude"), "*.local");
    sandbox.commit_all();
    sandbox.git_main("config core.hooksPath .husky/_");
    add(&sandbox, "feat");
    let found = "failed   git runs no hooks in feat: .husky/_ (core.hooksPath) is in the main checkout alone";
    let cure = "printf '\\n%s\\n' /.husky/_/ >>[ROOT]/tally/.worktreeinclude && tally-session doctor --fix";
    assert_left(&sandbox, &format!("{found}\n         {cure}"));
    sandbox.install();
    let cure = cure.replace("[ROOT]", sandbox.root.to_str().unwrap());
    let mut shell = sandbox.command("sh", &sandbox.main);
    sandbox.outcome(shell.args(["-c", &cure])).succeeds();
    assert_fine(&sandbox);
    assert!(
        sandbox
            .worktree("feat")
            .join(".husky/_/pre-commit")
            .exists()
    );
}

#[test]
fn a_file_of_direnv_that_sets_a_session_s_variable_to_another_value_is_a_warning() {
    let sandbox = project();
    let text = "export VITE_API_URL=http://localhost:8000\n";
    sandbox.commit(&sandbox.main, ".envrc", text);
    add(&sandbox, "feat");
    add(&sandbox, "other");
    assert_fine(&sandbox);
    sandbox.write_script(&sandbox.root.join("bin/direnv"), "");
    assert_left(
        &sandbox,
        "warning  .envrc of the sessions has direnv set VITE_API_URL to http://localhost:8000, whatever a session's own is\n         \
         write there: export VITE_API_URL=\"${VITE_API_URL:-http://localhost:8000}\"; it is in [ROOT]/tally-feat/.envrc",
    );
}

#[test]
fn a_file_that_counts_before_the_session_s_own_is_a_warning_where_no_environment_has_the_variable()
{
    let sandbox = project();
    let port = quiet_port();
    let layout = format!(
        "ports = {{ backend = {port}, frontend = {} }}\n[env]\n\
         \"frontend/.env\" = {{ API = \"http://localhost:{{backend_port}}\" }}\n\
         \"backend/.env\" = {{ API = \"http://localhost:{{frontend_port}}\" }}\n",
        port + 100
    );
    sandbox.commit(&sandbox.main, ".tally-session.toml", &layout);
    let worktree = add(&sandbox, "feat");
    let file = worktree.join("frontend/.env.local");
    write(&file, format!("API=http://localhost:{port}\n"));
    sandbox.git(&worktree, "add --force frontend/.env.local");
    assert_fine(&sandbox);
    write(&file, "API=http://localhost:1\n");
    assert_left(
        &sandbox,
        "warning  feat: frontend/.env.local sets API to http://localhost:1, and counts before frontend/.env\n         [..]/frontend/.env.local",
    );
}

#[test]
fn a_proxy_of_vite_s_to_the_port_of_another_one_fails_for_the_sessions_that_have_it_not() {
    let sandbox = project();
    add(&sandbox, "feat");
    let port = sandbox.ports("feat").0;
    let config = format!(
        "export default {{ server: {{ proxy: {{ '/api': 'http://localhost:{port}' }} }} }}\n"
    );
    sandbox.commit(&sandbox.main, "frontend/vite.config.js", &config);
    assert_fine(&sandbox);
    add(&sandbox, "other");
    add(&sandbox, "third");
    assert_left(
        &sandbox,
        &format!(
            "failed   the proxy in frontend/vite.config.js goes to http://localhost:{port} in every session, whatever its own port is\n         \
             write `http://localhost:${{process.env.BACKEND_PORT ?? {port}}}` for 'http://localhost:{port}' in [ROOT]/tally-other/frontend/vite.config.js"
        ),
    );
}
