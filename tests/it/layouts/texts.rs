//! Names, commands and folders that are written in a layout.

use crate::sandbox::{Sandbox, read, until};
use serde_json::json;

#[test]
fn a_window_may_have_any_name() {
    let sandbox = Sandbox::new();
    let names = [
        "#{session_name}",
        "#(touch touched)",
        "100%d %H:%M",
        "#[fg=red]x",
        "-n",
        "a;",
        ";",
        "été 日本",
        "it's \"$HOME\" \\",
        "{}",
    ];
    let windows = names.map(|name| {
        let name = name.replace('{', "{{").replace('}', "}}");
        format!("[[window]]\nname = '''{name}'''\n")
    });
    sandbox.lay_out(format!("activate = \"\"\n{}", windows.concat()));
    sandbox.run("add feat").succeeds();
    assert_eq!(sandbox.windows("feat", "#{window_name}"), names);
    assert!(!sandbox.worktree("feat").join("touched").exists());
}

#[test]
fn a_command_is_typed_as_it_is_written() {
    let sandbox = Sandbox::new();
    sandbox.stand_in(&sandbox.root.join("bin/hook"));
    let run = r#"hook '{{x}}' "$TALLY_SESSION" $((1 + 2)) 'a"b' "it's" é日本 '#(date)' '#{{x}}' '~' a\;b \; '' %d '\n' ;"#;
    sandbox.lay_out(format!(
            "activate = \"true\"\n[[window]]\nname = \"a\"\nrun = '''{run}'''\n[[window]]\nname = \"b\"\ntype = '''echo \"{{{{}}}}\" ; '''\n"
        ),
    );
    sandbox.run("add feat").succeeds();
    assert_eq!(
        sandbox.await_start("hook", "feat", 1).args,
        [
            "{x}", "feat", "3", "a\"b", "it's", "é日本", "#(date)", "#{x}", "~", "a;b", ";", "",
            "%d", "\\n"
        ]
    );
    sandbox.await_screen("feat", "b", |screen| screen.ends_with("$ echo \"{}\" ;"));
}

#[test]
fn placeholders_in_a_command_are_one_word_each() {
    let sandbox = Sandbox::of_project("my tally's $HOME");
    sandbox.stand_in(&sandbox.root.join("bin/hook"));
    sandbox.lay_out("activate = \"\"\n[[window]]\nname = \"{slug} of {project}\"\nrun = \"hook {project} {main} x{worktree} {name} {slug} {branch}\"\n",
    );
    sandbox.run("add a/b").succeeds();
    let hook = sandbox.await_start("hook", "a/b", 1);
    assert_eq!(
        hook.args,
        [
            "my tally's $HOME",
            sandbox.main.to_str().unwrap(),
            &format!("x{}", sandbox.worktree("a/b").display()),
            "a/b",
            "a-b",
            "a/b"
        ]
    );
    let names = sandbox.windows("a/b", "#{window_name}");
    assert_eq!(names, ["a-b of my tally's $HOME"]);
}

#[test]
fn services_may_have_capitals_digits_and_underscores() {
    let sandbox = Sandbox::new();
    sandbox.lay_out("[ports]\nWeb = 3000\napi_v2 = 4000\na_service_with_a_long_name = 6000\nbackend = false\nfrontend = false\n[env]\n\"frontend/.env\" = false\n[[window]]\nname = \"claude\"\nrun = \"{claude}\"\n[[window]]\nname = \"{Web_port} {api_v2_port}\"\n",
    );
    sandbox.run("add feat").says(
        "added feat
  branch                      feat [..]
  worktree                    [ROOT]/tally-feat
  Web                         http://localhost:3[..]
  api_v2                      http://localhost:4[..]
  a_service_with_a_long_name  http://localhost:6[..]
  attach                      tally-session attach feat
",
    );
    let (web, api) = (sandbox.port("feat", "Web"), sandbox.port("feat", "api_v2"));
    let env = sandbox.await_start("claude", "feat", 1).env;
    assert_eq!(env["WEB_PORT"], web.to_string());
    assert_eq!(env["API_V2_PORT"], api.to_string());
    assert_eq!(
        sandbox.windows("feat", "#{window_name}")[1],
        format!("{web} {api}")
    );
    assert_eq!(sandbox.list()[0]["Web_port"], web);
    let told = "NAME  STATE [..]WEB [..]API_V2 [..]A_SERVICE_WITH_A_LONG_NAME  BRANCH [..]\n[..]\n";
    sandbox.run("list").says(told);
}

#[test]
fn a_host_of_the_session_s_own_is_in_every_address() {
    let sandbox = Sandbox::new();
    sandbox.lay_out("host = \"{slug}.localhost\"\n");
    sandbox.run("add Feat_1/pay").succeeds();
    let (backend, frontend) = sandbox.ports("Feat_1/pay");
    let host = "feat-1-pay.localhost";
    let listed = &sandbox.list()[0];
    assert_eq!(listed["backend_url"], format!("http://{host}:{backend}"));
    assert_eq!(listed["frontend_url"], format!("http://{host}:{frontend}"));
    let env = sandbox.await_start("python", "Feat_1/pay", 1).env;
    assert_eq!(env["VITE_API_URL"], format!("http://{host}:{backend}"));
    let file = read(&sandbox.worktree("Feat_1/pay").join("frontend/.env"));
    assert!(file.contains(&format!("VITE_API_URL=http://{host}:{backend}\n")));
}

#[test]
fn a_project_may_have_no_service_at_all() {
    let sandbox = Sandbox::new();
    sandbox.lay_out("activate = \"\"\n[ports]\nbackend = false\nfrontend = false\n[files]\nlink = []\ncopy = []\nsqlite = []\n[env]\n\"frontend/.env\" = false\n[[window]]\nname = \"claude\"\nrun = \"{claude}\"\n",
    );
    let told = "added feat\n  branch [..]\n  worktree [..]\n  attach [..]\n";
    sandbox.run("add feat").says(told);
    sandbox.await_start("claude", "feat", 1);
    let words = "NAME  STATE    BRANCH [..]\nfeat  running  feat [..]\n";
    sandbox.run("list").says(words);
    sandbox.restart();
    sandbox.run("resume").succeeds();
    sandbox.await_start("claude", "feat", 2);
    sandbox.remove("feat");
}

#[test]
fn a_folder_that_the_worktree_lacks_is_told_and_seen_in_its_window_and_nothing_runs_elsewhere() {
    let sandbox = Sandbox::new();
    sandbox.stand_in(&sandbox.root.join("bin/hook"));
    sandbox.lay_out(
        "activate = \"\"\n[[window]]\nname = \"a\"\ndir = \"apps/nosuch\"\nrun = \"hook\"\n",
    );
    let warning = "there is no folder apps/nosuch, where windows start";
    let cure = "change [ROOT]/tally/.tally-session.toml; a draft of how it could be: tally-session layout --detect";
    sandbox.add_telling("feat", &format!("warning: {warning}: {cure}\n"));
    let found = format!("\nwarning  {warning}\n         {cure}\n");
    sandbox.await_text("feat", "a", "No such file");
    sandbox.settle("feat", "a");
    until("its window has ended", || {
        sandbox.list()[0]["problems"] != json!([])
    });
    sandbox
        .run("doctor")
        .is(1, &format!("[...]{found}[...]"), "");
    assert!(sandbox.started("hook", "feat").is_empty());
}

#[test]
fn without_a_claude_window_nobody_warns_of_a_missing_claude() {
    let sandbox = Sandbox::new();
    let path = sandbox.path_of(&["git", "tmux"]);
    for layout in [
        "[[window]]\nname = \"shell\"\n",
        "claude = \"FLAG=1 npx claude\"\n",
    ] {
        sandbox.lay_out(layout);
        sandbox
            .outcome(sandbox.program("add feat").env("PATH", &path))
            .succeeds();
        sandbox.run("remove feat").succeeds();
    }
}
