//! The whole tool on real programs: Django, Vite with Svelte, virtualenvwrapper, Claude Code, git and tmux.
//!
//! `cargo test --test real_stack -- --ignored` runs them. It needs python3 with venv, node, npm and the server `postgres`, and the first run
//! installs the rest in `target/real-stack`. `REAL_STACK_CLAUDE=2.1.197` tries another version of Claude Code.
//!
//! Claude Code runs without a login and talks to a stand-in for the model; its conversations, files and screens are the real ones.

#[path = "real_stack/http.rs"]
mod http;
#[path = "real_stack/install.rs"]
mod install;
#[path = "real_stack/model.rs"]
mod model;
#[path = "real_stack/postgres.rs"]
mod postgres;
#[path = "real_stack/project.rs"]
mod project;
#[path = "real_stack/session.rs"]
mod session;
#[path = "real_stack/stage.rs"]
mod stage;
#[path = "real_stack/wait.rs"]
mod wait;

use http::listens;
use model::ANSWER;
use postgres::Postgres;
use project::RULES;
use serde_json::Value;
use session::Session;
use stage::Stage;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use wait::{wait_for, wait_until};

#[test]
#[ignore = "installs and runs the real programs"]
fn add_gives_a_session_with_everything_running() {
    let stage = Stage::new();
    let database = stage.main.join("backend/db.sqlite3");

    let shown = project::while_writing(&database, || stage.tally(&["add", "feature-payment"]));

    let session = stage.session("feature-payment");
    let worktree = &session.worktree;
    let (backend_port, frontend_port) = (session.backend_port, session.frontend_port);
    assert_eq!(
        *worktree,
        stage.main.with_file_name("tally-feature-payment")
    );
    assert!(
        backend_port >= 8000 && frontend_port >= 5000,
        "ports {backend_port} and {frontend_port}"
    );
    assert_record_has_the_shape_of_the_old_script(&stage, "feature-payment");
    for part in [
        "feature-payment",
        "tally-feature-payment",
        &worktree.to_string_lossy(),
        &format!("http://localhost:{backend_port}"),
        &format!("http://localhost:{frontend_port}"),
        "attach feature-payment",
    ] {
        assert!(shown.contains(part), "no {part} in:\n{shown}");
    }

    assert_eq!(
        git(&stage, worktree, &["branch", "--show-current"]),
        "feature-payment\n"
    );
    assert_files_were_inherited(&stage, worktree, backend_port);

    session.comes_up();
    let windows = [
        &format!("backend:{backend_port}"),
        &format!("frontend:{frontend_port}"),
        "claude",
        "shell",
        "cli",
    ];
    assert_eq!(session.windows(), windows);

    assert_database_is_own_and_whole(&stage, &session);
    assert_claude_has_the_rules_of_the_main_checkout(&session);
    assert_prompts_are_in_the_worktree(&stage, &session);

    // After all of them have run.
    for folder in [worktree, &stage.main] {
        assert_eq!(
            git(&stage, folder, &["status", "--porcelain"]),
            "",
            "in {}",
            folder.display()
        );
    }
}

#[test]
#[ignore = "installs and runs the real programs"]
fn three_sessions_run_beside_the_main_checkout_without_a_clash() {
    let stage = Stage::new();
    // The user's own servers have the first ports, in a tmux session of his whose name all the others begin with.
    let first_free = |from: u16| {
        (from..=u16::MAX)
            .find(|port| !listens(*port))
            .expect("a free port")
    };
    let (main_backend, main_frontend) = (first_free(8000), first_free(5000));
    let folder = stage.main.to_string_lossy();
    stage
        .tmux(&["new-session", "-d", "-s", "tally", "-c", &folder])
        .expect("start a tmux session");
    for line in [
        format!("(workon tally && cd backend && python manage.py runserver {main_backend}) &"),
        format!("(cd frontend && npm run dev -- --strictPort --port {main_frontend}) &"),
    ] {
        stage
            .tmux(&["send-keys", "-t", "=tally:", &line, "Enter"])
            .expect("type a line");
    }
    let main_runs = || {
        let database = stage.main.join("backend/db.sqlite3");
        assert_eq!(
            session::backend(main_backend)["database"],
            database.to_str().expect("UTF-8")
        );
        assert_eq!(session::api_of_page(main_frontend), "http://localhost:8000");
    };
    main_runs();

    stage.tally(&["add", "feature-payment"]);
    std::thread::scope(|scope| {
        for name in ["feature-auth", "fix/login"] {
            let stage = &stage;
            scope.spawn(move || stage.tally(&["add", name]));
        }
    });

    let sessions = ["feature-payment", "feature-auth", "fix/login"].map(|name| stage.session(name));
    let mut ports = vec![main_backend, main_frontend];
    for session in &sessions {
        session.comes_up();
        ports.extend([session.backend_port, session.frontend_port]);
    }
    ports.sort_unstable();
    ports.dedup();
    assert_eq!(ports.len(), 8, "two servers have one port: {ports:?}");
    main_runs();
    assert_eq!(sessions[2].branch, "fix/login");
    assert_eq!(
        sessions[2].worktree,
        stage.main.with_file_name("tally-fix-login")
    );
    assert_eq!(
        stage.tmux_sessions(),
        [
            "tally",
            "tally-feature-auth",
            "tally-feature-payment",
            "tally-fix-login"
        ]
    );

    let table = stage.tally(&["list"]);
    for session in &sessions {
        let row = table
            .lines()
            .find(|row| row.contains(&*session.worktree.to_string_lossy()));
        let row = row.unwrap_or_else(|| panic!("no row for {} in:\n{table}", session.branch));
        for part in [
            &session.branch,
            "running",
            &session.backend_port.to_string(),
            &session.frontend_port.to_string(),
        ] {
            assert!(row.contains(part), "no {part} in:\n{row}");
        }
    }
    for listed in list(&stage) {
        assert_eq!(listed["state"], "running", "{listed:#}");
        assert_eq!(listed["backend_up"], true, "{listed:#}");
        assert_eq!(listed["frontend_up"], true, "{listed:#}");
        assert_eq!(listed["claude"], "idle", "{listed:#}");
    }
}

#[test]
#[ignore = "installs and runs the real programs"]
fn resume_brings_everything_back_after_a_restart() {
    let stage = Stage::new();
    for name in ["talked", "cleared", "quiet"] {
        stage.tally(&["add", name]);
    }
    let before = ["talked", "cleared", "quiet"].map(|name| stage.session(name));
    for session in &before {
        session.comes_up();
    }
    let [talked, cleared, quiet] = &before;
    talked.say("remember the pineapple");
    cleared.say("forget the mango");
    cleared.clear();
    cleared.say("remember the papaya");
    let conversations = before.each_ref().map(Session::conversation);

    stage.restart();

    let table = stage.tally(&["list"]);
    assert_eq!(table.matches("stopped").count(), 3, "{table}");
    assert!(
        list(&stage)
            .iter()
            .all(|listed| listed["state"] == "stopped" && listed["backend_up"] == false)
    );

    resume_from_a_claude(&stage);

    for session in &before {
        let again = stage.session(&session.branch);
        let ports = |session: &Session| (session.backend_port, session.frontend_port);
        assert_eq!(
            ports(&again),
            ports(session),
            "{} moved to other ports",
            session.branch
        );
        again.comes_up();
        assert_eq!(again.windows().len(), 5);
    }
    talked.shows("claude", "what was said", |screen| {
        screen.contains("remember the pineapple")
    });
    cleared.shows("claude", "what was said", |screen| {
        screen.contains("remember the papaya")
    });
    assert!(
        !cleared.screen("claude").contains("forget the mango"),
        "{}",
        cleared.screen("claude")
    );
    assert_eq!(talked.conversation(), conversations[0]);
    assert_eq!(cleared.conversation(), conversations[1]);
    assert_ne!(quiet.conversation(), conversations[2]);

    let outcome = stage.tally_session(&["resume", "talked"]);
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    assert!(
        format!("{}{}", outcome.stdout, outcome.stderr).contains("already running"),
        "{outcome:#?}"
    );

    // A power cut, right after a conversation was cleared: nobody has time to write anything.
    let new = talked.clear();
    for session in &before {
        let pid = session.claude().expect("Claude runs").pid;
        stage.output("kill", &["-KILL", &pid.to_string()]);
    }
    stage.restart();
    stage.tally(&["resume"]);

    for session in &before {
        session.comes_up();
    }
    assert_eq!(talked.conversation(), new);
    assert!(
        !talked.screen("claude").contains("remember the pineapple"),
        "{}",
        talked.screen("claude")
    );
    assert_eq!(cleared.conversation(), conversations[1]);
}

#[test]
#[ignore = "installs and runs the real programs"]
fn remove_clears_one_session_away_and_leaves_the_others() {
    let stage = Stage::new();
    let main = stage.main.to_string_lossy();
    stage
        .tmux(&["new-session", "-d", "-s", "tally", "-c", &main])
        .expect("start a tmux session");
    // Each name begins with the one before it, in git, in tmux and on disk.
    let names = ["feat", "feature", "feature-payment"];
    for name in names {
        stage.tally(&["add", name]);
    }
    let sessions = names.map(|name| stage.session(name));
    for session in &sessions {
        session.comes_up();
    }
    let [feat, feature, payment] = &sessions;
    feat.say("remember the pineapple");
    let claude = feat.claude().expect("Claude runs");
    let others_claudes = [feature.conversation(), payment.conversation()];
    let processes = stage::processes_in(&feat.worktree);
    assert!(!processes.is_empty());

    stage.tally(&["remove", "feat"]);

    for port in [feat.backend_port, feat.frontend_port] {
        assert!(!listens(port), "somebody still listens on {port}");
    }
    assert!(!feat.worktree.exists());
    assert_eq!(stage.store().get("feat"), None);
    assert_eq!(
        stage.tmux_sessions(),
        ["tally", "tally-feature", "tally-feature-payment"]
    );
    assert_eq!(git(&stage, &stage.main, &["branch", "--list", "feat"]), "");
    let worktrees = git(&stage, &stage.main, &["worktree", "list", "--porcelain"]);
    assert_eq!(worktrees.matches("worktree ").count(), 3, "{worktrees}");
    let entries = stage.claude_json()["projects"].clone();
    assert_eq!(
        entries.get(&*feat.worktree.to_string_lossy()),
        None,
        "{entries:#}"
    );
    wait_for("its processes to end", || {
        let left: Vec<_> = stage
            .processes()
            .into_iter()
            .filter(|pid| processes.contains(pid))
            .collect();
        if left.is_empty() {
            Ok(())
        } else {
            Err(format!("{left:?}, where Claude was {}", claude.pid))
        }
    });
    let transcript = feat.transcript(&claude.conversation);
    assert!(
        transcript.exists(),
        "{} is the user's",
        transcript.display()
    );
    assert!(
        stage
            .main
            .join("frontend/node_modules/vite/package.json")
            .exists()
    );

    // The others never noticed.
    for (session, conversation) in [feature, payment].into_iter().zip(&others_claudes) {
        session.comes_up();
        assert_eq!(session.conversation(), *conversation);
        assert!(
            entries.get(&*session.worktree.to_string_lossy()).is_some(),
            "{entries:#}"
        );
    }

    assert_uncommitted_work_is_not_lost(&stage, feature);
    payment.comes_up();
    stage.tally(&["remove", "feature-payment"]);
    assert!(!listens(payment.backend_port) && !listens(payment.frontend_port));
    assert_eq!(list(&stage), [] as [Value; 0]);
    assert_eq!(stage.tmux_sessions(), ["tally"]);
}

#[test]
#[ignore = "installs and runs the real programs"]
fn claude_knows_its_session_and_is_followed_wherever_it_goes() {
    let stage = Stage::new();
    stage.tally(&["add", "feat", "--prompt", "- the menu covers the title"]);
    let feat = stage.session("feat");
    feat.comes_up();
    assert_claude_knows_its_session_and_rings(&stage, &feat);
    if install::has_daemon() {
        assert_claude_is_followed(&stage, &feat);
    }
}

#[test]
#[ignore = "installs and runs the real programs"]
fn each_session_has_a_database_of_its_own_on_a_postgresql_server() {
    let Some(postgres) = Postgres::start() else {
        return;
    };
    let stage = postgres::stage(&postgres);
    let points = |database: &str| postgres.ask(database, "SELECT count(*) FROM point");
    // Main's own server is at work.
    let in_main = postgres.visit("tally");
    std::thread::scope(|scope| {
        for name in ["fix/login", "two"] {
            let stage = &stage;
            scope.spawn(move || stage.tally(&["add", name]));
        }
    });
    assert_eq!(postgres.databases(), "tally tally_fix_login tally_two");
    let login = stage.session("fix/login");
    let served = |count: i64| {
        let page = session::backend(login.backend_port);
        assert_eq!(page["database"], "tally_fix_login");
        assert_eq!(page["points"], count);
    };
    served(3);
    let api = format!("http://localhost:{}", login.backend_port);
    assert_eq!(session::api_of_page(login.frontend_port), api);
    assert_eq!(git(&stage, &login.worktree, &["status", "--porcelain"]), "");
    postgres.ask("tally_fix_login", "INSERT INTO point VALUES (4)");
    served(4);
    assert_eq!(
        (points("tally"), points("tally_two")),
        ("3".into(), "3".into())
    );

    // Somebody in the session still has its database open.
    let in_session = postgres.visit("tally_fix_login");
    stage.tally(&["remove", "fix/login"]);
    drop(in_session);
    assert_eq!(postgres.databases(), "tally tally_two");
    stage.tally(&["restore", "fix/login"]);
    served(4);

    assert_hooks_go_on_where_they_were_cut_short(&stage, &postgres);

    // Without its server nothing is lost.
    drop(in_main);
    postgres.stop();
    let refused = stage.tally_session(&["remove", "two"]);
    assert_eq!(refused.code, Some(1), "{refused:#?}");
    for part in [
        "run it again: tally-session remove two",
        "leave it out: tally-session remove --no-hooks two",
        "bring it back: tally-session resume two",
    ] {
        assert!(refused.stderr.contains(part), "no {part} in {refused:#?}");
    }
    stage.tally(&["remove", "--no-hooks", "two"]);
    stage.tally(&["remove", "--force", "fix/login"]);
    postgres.run();
    stage.tally(&["remove", "three"]);
    let left = "tally tally_fix_login tally_three_new tally_two";
    assert_eq!(postgres.databases(), left);
    assert_eq!(points("tally_fix_login"), "4");
    assert_eq!(points("tally"), "3");

    // What is left of an older session of the name, or is of nobody, is no new one's.
    for (name, database) in [("two", "tally_two"), ("three-new", "tally_three_new")] {
        let refused = stage.tally_session(&["add", name]);
        assert_eq!(refused.code, Some(1), "{refused:#?}");
        let why = format!("the database {database} is not marked as this session's: drop it");
        assert!(refused.stderr.contains(&why), "{refused:#?}");
    }
    stage.tally(&["add", "three-new", "--no-hooks"]);
    stage.tally(&["remove", "three-new"]);
    assert_eq!(postgres.databases(), left);
    // It is the older one's when that is back.
    stage.tally(&["restore", "fix/login"]);
    stage.tally(&["remove", "fix/login"]);
    assert_eq!(postgres.databases(), "tally tally_three_new tally_two");
}

/// An `add` that fails in the middle of the database is undone, and can be typed again; one that is killed there is finished.
fn assert_hooks_go_on_where_they_were_cut_short(stage: &Stage, server: &Postgres) {
    // Another session's database would be called so.
    server.ask("postgres", "CREATE DATABASE tally_three_new");
    fs::write(stage.home.join("fail"), "").expect("write a file");
    let failed = stage.tally_session(&["add", "three"]);
    assert_eq!(failed.code, Some(1), "{failed:#?}");
    let again = "run it again: tally-session add three\n";
    assert!(failed.stderr.contains(again), "{failed:#?}");
    assert_eq!(stage.store().get("three"), None);
    fs::write(stage.home.join("kill"), "").expect("write a file");
    let killed = stage.killed(&["add", "three"]);
    assert_eq!(killed.code, None, "{killed:#?}");
    let databases = server.databases();
    assert!(databases.contains("tally_three-new"), "{databases}");
    let resumed = stage.tally_session(&["resume", "three"]);
    assert_eq!(resumed.code, Some(0), "{resumed:#?}");
    assert!(!resumed.stderr.contains("NOTICE"), "{resumed:#?}");
    assert_eq!(server.ask("tally_three", "SELECT count(*) FROM point"), "3");
    let port = stage.session("three").backend_port;
    assert_eq!(session::backend(port)["database"], "tally_three");
}

/// It has the session's variables and hears of its servers, and its window rings when it asks or is done.
fn assert_claude_knows_its_session_and_rings(stage: &Stage, feat: &Session) {
    feat.shows("claude", "the answer to its task", |screen| {
        screen.contains("❯ - the menu covers the title") && screen.contains(ANSWER)
    });
    assert!(
        stage
            .model
            .has_heard("This is the session feat of the project tally")
    );
    let logs = format!("logs feat {}", "backend");
    assert!(stage.model.has_heard(&logs), "no {logs}");

    // What it starts has the session's variables, and its window rings when it asks.
    let waiting = || {
        let shown = stage.tmux(&[
            "display-message",
            "-p",
            "-t",
            "=mine:",
            "#{E:@tally_waiting}",
        ]);
        shown.expect("a text").trim().to_owned()
    };
    stage
        .tmux(&["new-session", "-d", "-s", "mine"])
        .expect("a session of the user's");
    feat.enter(
        "claude",
        "@@bash echo $TALLY_SESSION $BACKEND_PORT $VITE_API_URL >told",
    );
    feat.does("waiting", false);
    wait_until("the session to be named", || waiting() == "feat?");
    feat.agree();
    let port = feat.backend_port;
    let told = fs::read_to_string(feat.worktree.join("told")).expect("what was told");
    assert_eq!(told, format!("feat {port} http://localhost:{port}\n"));
    wait_until("the session to be named as done", || waiting() == "feat");
    feat.enter("claude", "@@slow 3");
    wait_until("nobody to be named", || waiting().is_empty());
    feat.does("busy", false);
    let busy = stage.tally_session(&["stop", "feat"]);
    assert!(
        busy.code == Some(1) && busy.stderr.contains("busy"),
        "{busy:#?}"
    );
    feat.does("idle", false);
    feat.enter("claude", "@@ask");
    feat.does("waiting", false);
    wait_until("the question to be named", || waiting() == "feat?");
    let pane = feat.pane("claude");
    stage
        .tmux(&["select-window", "-t", &feat.pane("shell")])
        .expect("look elsewhere");
    stage
        .tmux(&["select-window", "-t", &pane])
        .expect("look at it");
    assert_eq!(waiting(), "");
    feat.agree();
}

/// Into the background and back, into another folder, under another name; another task there is none of its own.
fn assert_claude_is_followed(stage: &Stage, feat: &Session) {
    feat.say("remember the pineapple");
    feat.press("claude", "Left");
    feat.does("idle", true);
    feat.press("claude", "Escape");
    feat.shows("claude", "the conversation", |screen| {
        screen.contains("❯ remember the pineapple")
    });
    feat.say("remember the mango");
    feat.enter("claude", "/rename my-own-name");
    feat.enter("claude", "/cd backend");
    feat.shows("claude", "its new folder", |screen| {
        screen.contains("Moved to")
    });
    feat.say("remember the papaya");
    feat.enter("shell", "claude --bg 'a side task'");
    feat.shows("shell", "that it works", |screen| {
        screen.contains("claude attach")
    });
    let refused = stage.tally_session(&["remove", "feat"]);
    assert_eq!(refused.code, Some(1), "{refused:#?}");
    for part in ["works in the background", "claude attach ", "claude stop "] {
        assert!(refused.stderr.contains(part), "no {part} in {refused:#?}");
    }

    stage.tmux(&["kill-server"]).expect("end the tmux server");
    stage.tally(&["resume"]);
    let is_back =
        |screen: &str| screen.contains("remember the papaya") && screen.contains("─ my-own-name ─");
    feat.shows("claude", "the conversation that goes on", is_back);
    feat.does("idle", true);

    // Without the daemon it is had again all the same.
    stage.tally(&["stop", "--force", "feat"]);
    stage.tally(&["resume"]);
    feat.shows("claude", "the conversation", is_back);
    feat.does("idle", false);

    feat.press("claude", "Left");
    feat.does("idle", true);
    stage.tally(&["remove", "--force", "feat"]);
    assert!(!feat.worktree.exists());
    stage.tally(&["add", "feat", "--prompt", "a brand new task"]);
    feat.shows("claude", "the new task", |screen| {
        screen.contains("❯ a brand new task") && screen.contains(ANSWER)
    });
    let screen = feat.screen("claude");
    assert!(
        !screen.contains("papaya") && !screen.contains("my-own-name"),
        "{screen}"
    );
}

/// Has a Claude, outside tmux, type the resume that starts the tmux server: what it sets for its commands stays out of that.
fn resume_from_a_claude(stage: &Stage) {
    let program = env!("CARGO_BIN_EXE_tally-session");
    let task = format!("@@bash env >asked; {program} resume");
    let line = "cd \"$1\" && claude -p \"$2\" --allowedTools Bash";
    stage.shell(line, &[&stage.main, Path::new(&task)]);
    let asked = stage.main.join("asked");
    let env = fs::read_to_string(&asked).expect("what Claude's commands have");
    fs::remove_file(asked).expect("remove a file");
    assert!(env.contains("CLAUDECODE=1"), "{env}");
    let shown = stage.tmux(&["show-environment", "-g"]);
    let shown = shown.expect("an environment");
    // The user's own.
    let is_own = |line: &&str| {
        ["CLAUDE_CODE_DISABLE", "CLAUDE_CODE_MAX"]
            .iter()
            .any(|own| line.starts_with(own))
    };
    for name in ["CLAUDE", "GIT_EDITOR", "AI_AGENT", "COREPACK", "BUN_"] {
        let mut others = shown.lines().filter(|line| !is_own(line));
        assert!(!others.any(|line| line.starts_with(name)), "{shown}");
    }
}

/// The database is the worktree's own, and whole, though the main one was written to while it was copied.
fn assert_database_is_own_and_whole(stage: &Stage, session: &Session) {
    let main = project::open(&stage.main.join("backend/db.sqlite3"));
    let own = project::open(&session.worktree.join("backend/db.sqlite3"));
    let health: String = own
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .expect("check the database");
    assert_eq!(health, "ok");
    let (points, points_of_main) = (
        project::count(&own, "point"),
        project::count(&main, "point"),
    );
    assert!(points >= project::POINTS);
    assert_eq!(
        project::count(&own, "ledger"),
        points,
        "half a transaction was copied"
    );
    project::add_point(&own);
    assert_eq!(session.backend()["points"], points + 1);
    assert_eq!(project::count(&main, "point"), points_of_main);
}

fn assert_claude_has_the_rules_of_the_main_checkout(session: &Session) {
    let screen = session.screen("claude");
    assert!(!screen.contains("trust"), "a question:\n{screen}");
    session.enter("claude", "/permissions");
    session.shows("claude", "the rules of the main checkout", |screen| {
        screen.contains(RULES[0])
    });
    session.press("claude", "Escape");
}

/// The prompts are in the virtual environment and in the worktree, though `workon` went to the main checkout.
fn assert_prompts_are_in_the_worktree(stage: &Stage, session: &Session) {
    // A long line is wrapped on the screen.
    let unwrapped = |text: &str| text.replace('\n', "");
    let shows = |window: &str, answer: &str| {
        session.shows(window, answer, |screen| unwrapped(screen).contains(answer));
    };
    session.enter(
        "shell",
        "echo \"in $VIRTUAL_ENV and $PWD for $TALLY_SESSION\"",
    );
    let environment = stage.home.join(".virtualenvs/tally");
    let folder = session.worktree.display();
    shows(
        "shell",
        &format!(
            "in {} and {folder} for {}",
            environment.display(),
            session.branch
        ),
    );

    // The command line was not run; with its end, it is.
    let screen = session.screen("cli");
    assert!(!screen.contains("Available subcommands"), "{screen}");
    session.enter("cli", "diffsettings");
    shows(
        "cli",
        &format!("'NAME': PosixPath('{folder}/backend/db.sqlite3')"),
    );
}

/// What `add` puts into a worktree from the main checkout.
fn assert_files_were_inherited(stage: &Stage, worktree: &Path, backend_port: u16) {
    let read = |path: &Path| {
        fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    };
    let modules =
        fs::read_link(worktree.join("frontend/node_modules")).expect("node_modules is a symlink");
    assert_eq!(modules, stage.main.join("frontend/node_modules"));

    let secret = worktree.join("backend/.env");
    assert_eq!(read(&secret), read(&stage.main.join("backend/.env")));
    let mode = fs::metadata(&secret)
        .expect("look at backend/.env")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);

    let env = read(&worktree.join("frontend/.env"));
    let lines: Vec<_> = env.lines().collect();
    assert_eq!(
        (lines[0], lines[2], lines.len()),
        ("# the frontend", "VITE_TITLE=Tally", 3),
        "{env}"
    );
    assert!(lines[1].contains("VITE_API_URL"), "{env}");
    assert!(
        lines[1].contains(&format!("http://localhost:{backend_port}")),
        "{env}"
    );

    let settings = ".claude/settings.local.json";
    let leads_to = fs::read_link(worktree.join(settings)).expect("it is a symlink");
    assert_eq!(leads_to, stage.main.join(settings));
    let projects = stage.claude_json()["projects"].clone();
    let (of_main, of_worktree) = (
        &projects[&*stage.main.to_string_lossy()],
        &projects[&*worktree.to_string_lossy()],
    );
    assert_eq!(
        of_worktree["allowedTools"], of_main["allowedTools"],
        "{projects:#}"
    );
    assert_eq!(of_worktree["hasTrustDialogAccepted"], true, "{projects:#}");
    assert_eq!(of_worktree.get("history"), None, "{projects:#}");
}

/// `remove` refuses, and after it was done by force `restore` brings back what was not committed, rows of the database, and
/// Claude's conversation.
fn assert_uncommitted_work_is_not_lost(stage: &Stage, session: &Session) {
    session.say("remember the mango");
    let file = "frontend/src/App.svelte";
    let read = || fs::read_to_string(session.worktree.join(file)).expect("read the file");
    let text = read() + "<!-- half done -->\n";
    fs::write(session.worktree.join(file), &text).expect("change a file");
    let (sessions, conversation) = (stage.tmux_sessions(), session.conversation());
    let outcome = stage.tally_session(&["remove", &session.branch]);
    assert_eq!(outcome.code, Some(1), "{outcome:#?}");
    for part in [file, "--force"] {
        assert!(outcome.stderr.contains(part), "no {part} in {outcome:#?}");
    }
    assert_eq!(stage.tmux_sessions(), sessions);
    assert_eq!(session.conversation(), conversation);

    let database = session.worktree.join("backend/db.sqlite3");
    project::open(&database)
        .execute_batch("CREATE TABLE mine (name TEXT); INSERT INTO mine VALUES ('kept');")
        .expect("write to the database");
    stage.tally(&["remove", "--force", &session.branch]);
    assert!(!session.worktree.exists());
    git(stage, &stage.main, &["gc", "--quiet", "--prune=now"]);
    git(stage, &stage.main, &["worktree", "prune"]);
    stage.tally(&["restore", &session.branch]);
    session.comes_up();
    assert_eq!(session.conversation(), conversation);
    assert_eq!(read(), text);
    let kept: String = project::open(&database)
        .query_row("SELECT name FROM mine", [], |row| row.get(0))
        .expect("read the database");
    assert_eq!(kept, "kept");
    stage.tally(&["remove", "--force", &session.branch]);
    assert!(!session.worktree.exists());
}

fn assert_record_has_the_shape_of_the_old_script(stage: &Stage, name: &str) {
    let store = stage.store();
    let record = store[name]
        .as_object()
        .unwrap_or_else(|| panic!("no record of {name} in {store:#}"));
    let keys: Vec<_> = record.keys().map(String::as_str).collect();
    assert_eq!(
        keys,
        ["backend_port", "frontend_port", "worktree", "branch"]
    );
}

fn git(stage: &Stage, folder: &Path, args: &[&str]) -> String {
    let all: Vec<_> = ["-C", folder.to_str().expect("UTF-8")]
        .into_iter()
        .chain(args.iter().copied())
        .collect();
    stage.output("git", &all)
}

/// What `list --json` says.
fn list(stage: &Stage) -> Vec<Value> {
    serde_json::from_str(&stage.tally(&["list", "--json"])).expect("parse the list")
}
