//! Servers and database in docker compose.

use super::assert_all_removed;
use crate::sandbox::{Sandbox, read, unset, until, write};

/// Says how it was called and for which project, and fails when there is no daemon. Containers go with `down`.
const DOCKER: &str = r#"echo "$COMPOSE_PROJECT_NAME $WEB_PORT $DB_PORT: $*" >>"$SANDBOX/calls"
if [ -e "$SANDBOX/no-daemon" ]; then echo 'Cannot connect to the Docker daemon' >&2; exit 1; fi
if [ "$2" = down ]; then
    kill $(cat "$SANDBOX/containers")
    for port in $WEB_PORT $DB_PORT; do
        while (: </dev/tcp/127.0.0.1/$port) 2>/dev/null; do sleep 0.01; done
    done
fi
case "$2 $3" in 'up web' | logs*) exec sleep 600 ;; esac"#;

fn composed() -> Sandbox {
    let sandbox = Sandbox::serving();
    sandbox.clear_project();
    write(&sandbox.main.join(".gitignore"), ".env\n");
    write(&sandbox.main.join("compose.yaml"), "services: {}\n");
    sandbox.lay_out(include_str!("compose.toml"));
    sandbox.commit_all();
    write(&sandbox.main.join(".env"), "COMPOSE_PROJECT_NAME=tally\n");
    sandbox.write_script(&sandbox.root.join("bin/docker"), DOCKER);
    sandbox
}

#[test]
fn a_compose_project_is_added_kept_on_its_ports_and_removed() {
    let sandbox = composed();
    let worktree = sandbox.worktree("fix/login");
    sandbox.run("add fix/login").succeeds();
    let ports = ["web", "db"].map(|service| sandbox.port("fix/login", service));
    let [web, db] = ports;
    let of_session = format!("tally_fix_login {web} {db}: compose ");
    sandbox.await_text("fix/login", "db", "logs --follow db");
    let has_called = |words: &str| {
        let calls = read(&sandbox.root.join("calls"));
        calls
            .lines()
            .any(|call| call == format!("{of_session}{words}"))
    };
    assert!(has_called("up --detach --wait db"));
    until("both windows run", || {
        has_called("up web") && has_called("logs --follow db")
    });
    assert_eq!(
        read(&worktree.join(".env")),
        format!("COMPOSE_PROJECT_NAME=tally_fix_login\nWEB_PORT={web}\nDB_PORT={db}\n")
    );
    sandbox.assert_clean(&worktree);

    // Containers are nobody's that came from the windows, and go on when those are closed.
    let containers = ports.map(|port| sandbox.stranger_on(port));
    let pids = containers.each_ref().map(|it| it.id().to_string());
    write(&sandbox.root.join("containers"), pids.join(" "));
    let told = "warning: port [..] is not free: [..]\nwarning: port [..] is not free: [..]\n";
    sandbox
        .run("stop fix/login")
        .is(0, "stopped fix/login[..]\n", told);
    sandbox.run("resume").says("resumed fix/login[..]\n");
    assert_eq!(
        ports,
        ["web", "db"].map(|service| sandbox.port("fix/login", service))
    );
    sandbox.run("doctor fix/login").succeeds();

    // Without the daemon it stays, and can be looked at.
    write(&sandbox.root.join("no-daemon"), "");
    sandbox.run("remove fix/login").fails(
        "pre_remove: Cannot connect to the Docker daemon\n\
         error: the windows of fix/login are closed, and its pre_remove may have done a part of its work: the hook pre_remove of .tally-session.toml failed: it ended with status 1\n\
         hint: mend it, and run it again: tally-session remove fix/login\n\
         hint: leave it out: tally-session remove --no-hooks fix/login\n\
         hint: bring it back: tally-session resume fix/login\n",
    );
    assert!(worktree.join(".env").exists());
    unset(&sandbox.root.join("no-daemon"));
    sandbox.remove("fix/login");
    assert!(has_called("down --volumes"));
    for container in containers {
        container.await_end();
    }
    assert_all_removed(&sandbox, &ports);
}
