//! A pnpm monorepo with three services.

use super::assert_all_removed;
use crate::sandbox::{Sandbox, http_get, read, write};
use serde_json::json;

const SERVICES: [&str; 3] = ["api", "web", "docs"];

fn monorepo() -> Sandbox {
    let sandbox = Sandbox::serving();
    sandbox.clear_project();
    let main = &sandbox.main;
    write(&main.join(".gitignore"), ".env\nnode_modules\n");
    write(&main.join("pnpm-workspace.yaml"), "packages: [apps/*]\n");
    for service in SERVICES {
        let app = main.join("apps").join(service);
        write(&app.join("package.json"), "{}\n");
    }
    sandbox.lay_out(include_str!("pnpm.toml"));
    sandbox.commit_all();
    write(&main.join("apps/api/.env"), "PORT=4000\nDATABASE=shop\n");
    write(&main.join("apps/docs/.env"), "PORT=3000\n");
    sandbox.stand_in(&sandbox.root.join("bin/pnpm"));
    sandbox
}

/// Waits until all three servers listen for the given time, and gives their ports.
#[track_caller]
fn await_servers(sandbox: &Sandbox, session: &str, times: usize) -> [u16; 3] {
    sandbox.await_event("listening", "pnpm", session, 3 * times);
    sandbox.await_start("claude", session, times);
    SERVICES.map(|service| sandbox.port(session, service))
}

/// How pnpm was called for a session, but for its servers.
fn calls(sandbox: &Sandbox, session: &str) -> Vec<String> {
    let started = sandbox.started("pnpm", session).into_iter();
    let others = started.filter(|start| start.args[0] != "dev");
    others.map(|start| start.args.join(" ")).collect()
}

#[test]
fn a_pnpm_monorepo_is_added_listed_resumed_and_removed() {
    let sandbox = monorepo();
    let worktree = sandbox.worktree("feat");
    sandbox.run("add feat").succeeds();
    let [api, web, docs] = await_servers(&sandbox, "feat", 1);
    assert_eq!(
        sandbox.store()["feat"],
        json!({ "api_port": api, "web_port": web, "docs_port": docs, "worktree": worktree, "branch": "feat" })
    );
    let assert_env_files = |api: u16, docs: u16| {
        let expected = [
            ("api", format!("PORT={api}\nDATABASE=shop\n")),
            ("web", format!("VITE_API_URL=http://localhost:{api}\n")),
            ("docs", format!("PORT={docs}\n")),
        ];
        for (app, text) in expected {
            assert_eq!(read(&worktree.join("apps").join(app).join(".env")), text);
        }
    };
    assert_env_files(api, docs);
    sandbox.assert_clean(&worktree);
    assert!(!worktree.join("node_modules").exists());

    assert_eq!(
        sandbox.windows("feat", "#{window_name}"),
        [
            &format!("api:{api}"),
            &format!("web:{web}"),
            &format!("docs:{docs}"),
            "claude",
            "shell"
        ]
    );
    let made = [
        "install --prefer-offline --frozen-lockfile",
        "--filter api db:create feat",
    ];
    assert_eq!(calls(&sandbox, "feat"), made);
    for start in sandbox.started("pnpm", "feat") {
        assert!(!start.env.contains_key("PORT"), "{start:?}");
        assert_eq!(start.env["DOCS_PORT"], docs.to_string());
        assert_eq!(start.env["VITE_API_URL"], format!("http://localhost:{api}"));
        let is_server = start.args[0] == "dev";
        assert_eq!(start.cwd == worktree, !is_server, "{start:?}");
    }
    for (service, port) in SERVICES.into_iter().zip([api, web, docs]) {
        let app = worktree.join("apps").join(service);
        assert_eq!(http_get(port), format!("pnpm in {}", app.display()));
    }

    sandbox.run("list").says(&format!(
            "NAME  STATE    API   WEB   DOCS  BRANCH [..]\nfeat  running  {api}  {web}  {docs}  feat [..]\n"
        ));
    let listed = &sandbox.list()[0];
    assert_eq!(listed["docs_url"], format!("http://localhost:{docs}"));
    assert_eq!(listed["docs_up"], true);

    sandbox.run("add two").succeeds();
    let second = await_servers(&sandbox, "two", 1);
    assert!(second[0] > api && second[1] > web && second[2] > docs);

    sandbox.restart();
    let stranger = sandbox.stranger_on(api);
    let remark = format!("warning: the api of feat moved from port {api} to [..]\n");
    sandbox
        .run("resume")
        .is(0, "resumed feat[..]\nresumed two[..]\n", &remark);
    let [moved, same_web, same_docs] = await_servers(&sandbox, "feat", 2);
    assert!(moved > second[0] && (same_web, same_docs) == (web, docs));
    assert_eq!(await_servers(&sandbox, "two", 2), second);
    assert_env_files(moved, docs);
    let found = http_get(moved);
    assert_eq!(found, format!("pnpm in {}/apps/api", worktree.display()));
    assert_eq!(calls(&sandbox, "feat"), made);

    let told = "removed feat\n[...]\nremoved two\n[...]";
    sandbox.run("remove feat two").says(told);
    drop(stranger);
    assert_eq!(calls(&sandbox, "feat")[2..], ["--filter api db:drop feat"]);
    assert_eq!(calls(&sandbox, "two")[2..], ["--filter api db:drop two"]);
    assert_all_removed(&sandbox, &[api, web, docs, moved, second[0], second[1]]);
}
