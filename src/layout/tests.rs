//! What a layout file may say, and what is wrong with one.

use super::*;
use std::fs;

fn read(text: &str) -> Result<Layout> {
    read_beside(&["backend", "frontend"], text)
}

/// Reads it in a main checkout with these folders.
fn read_beside(folders: &[&str], text: &str) -> Result<Layout> {
    let dir = tempfile::tempdir().unwrap();
    for folder in folders {
        fs::create_dir(dir.path().join(folder)).unwrap();
    }
    fs::write(dir.path().join(FILE), text).unwrap();
    Layout::read(dir.path())
}

#[test]
fn the_built_in_layout_has_the_contract_s_windows_and_ports() {
    let layout = Layout::read(Path::new("/nonexistent")).unwrap();
    let names = layout.windows.iter().map(|window| window.name.as_str());
    assert_eq!(
        names.collect::<Vec<_>>().join(" "),
        "backend:{backend_port} frontend:{frontend_port} claude shell cli"
    );
    let ports: Vec<_> = layout.ports.iter().collect();
    assert_eq!(
        format!("{ports:?}"),
        "[(\"backend\", Port(8000)), (\"frontend\", Port(5000))]"
    );
}

#[test]
fn the_built_in_layout_written_into_the_file_changes_nothing() {
    let built_in = Layout::read(Path::new("/nonexistent")).unwrap();
    let built_in = format!("{built_in:?}");
    for text in [BUILT_IN, ""] {
        assert_eq!(format!("{:?}", read(text).unwrap()), built_in);
    }
}

#[test]
fn each_key_replaces_the_built_in_value_and_no_other() {
    let text = "activate = \"\"\n[files]\nsqlite = []\n[hooks]\npost_add = \"make\"\n";
    let layout = read(text).unwrap();
    assert_eq!(layout.activate, "");
    assert_eq!(layout.claude.command, "claude");
    assert_eq!(layout.files.sqlite, Vec::<String>::new());
    assert_eq!(layout.files.link, ["frontend/node_modules"]);
    assert_eq!(layout.hooks.post_add, "make");
    assert_eq!(layout.hooks.pre_remove, "");
    assert_eq!(layout.windows.len(), 5);
}

#[test]
fn what_is_built_in_of_a_folder_that_is_not_there_is_left_out_of_a_layout_of_one_s_own() {
    let own = "[ports]\nbackend = false\n[[window]]\nname = \"web\"\n";
    let files = |folders: &[&str]| {
        let Layout { files, env, .. } = read_beside(folders, own).unwrap();
        let env = env.into_keys();
        [files.link, files.copy, files.sqlite, env.collect()].concat()
    };
    assert_eq!(files(&[]), Vec::<String>::new());
    let backend = ["backend/.env", "backend/db.sqlite3"];
    assert_eq!(files(&["backend"]), backend);
    assert!(read_beside(&["frontend"], own).is_err());
    assert!(!read_beside(&[], "").unwrap().env.is_empty());
}

/// Files, each with words on its mistake in a comment in that line.
const WRONG: &[&str] = &[
    "\nactivat = \"\"  # unknown field `activat`",
    "[files]\nlinks = []  # unknown field `links`",
    "\n\nclaude = 1  # `claude`",
    "keep_removed = -1  # `keep_removed`",
    "a = [  # unclosed array",
    "[ports]\nweb = 70000  # 70000 is no port",
    "[ports]\n\"a b\" = 1  # ports.\"a b\" may only have letters",
    "[files]\ncopy = [\"a\",\n\"../b\"]  # files.copy[1] leaves the project: ../b",
    "[files]\nlink = [\"/etc\"]  # files.link[0] leaves the project",
    "[ports]\n_web = 3000  # ports._web may only have letters",
    "[ports]\nweb = 1\n\nWeb = 2  # ports.Web has the same letters as web",
    "[files]\nlink = [\"a\"]\nsqlite = [\"./a/\"]  # files.sqlite[0] is the path of files.link[0] too",
    "[files]\nsqlite = [\"a\"]  # files.sqlite[0] is the path of env.a too\n[env.a]\nX = \"1\"",
    "[env.x]\nTALLY_WORKTREE = \"1\"  # env.x.TALLY_WORKTREE is a variable of tally-session's own",
    "[files]\nsqlite = [\"a/../../b\"]  # files.sqlite[0] leaves the project",
    "[files]\ncopy = [\".git/config\"]  # files.copy[0] is git's own",
    "[files]\ncopy = [\"\"]  # files.copy[0] names no file",
    "[files]\nlink = [\"./\"]  # files.link[0] names no file",
    "[files]\nlink = [\"frontend\"]\ncopy = [\"frontend/x\"]  # files.copy[0] is inside the linked frontend",
    "[files]\nlink = [\"a\"]\n[env.\"a/.env\"]  # env.\"a/.env\" is inside the linked a\nX = \"1\"",
    "[env.\"../x\"]  # env.\"../x\" leaves the project\n",
    "[env.x]\n\"a-b\" = \"1\"  # env.x.a-b is no name of a variable",
    "[env.x]\nA = \"1\\n2\"  # env.x.A has a control character",
    "[env.x]\nA = \"{web_port}\"  # env.x.A has the placeholder {web_port}",
    "[env.x]\nA = \"{claude}\"  # env.x.A has the placeholder {claude}",
    "activate = \"a {b\"  # activate has a { without its }",
    "[[window]]\nname = \"a\"\nrun = \"$x {nmae}\"  # window[0].run has the placeholder {nmae}",
    "[[window]]\nname = \"a\"\nrun = \"a\\nb\"  # window[0].run has a control character",
    "[[window]]\nname = \"a\"\n\n[[window]]\nname = \"b\"\ndir = \"..\"  # window[1].dir leaves the project",
    "window = [\n{ name = \"a\" },\n{ name = \"b\", dir = \"/\" },  # window[1].dir leaves the project\n]",
    "[[window]]\nname = \"a\"\nrun = \"x\"\ntype = \"y\"  # window[0].type stands beside a run",
    "[[window]]\nname = \"\"  # window[0].name is empty",
    "[[window]]  # window[0] has no name\n",
    "claude = \"\"  # claude is empty, and a window runs it",
    "[files]\nlink = [\"a\"]\nclone = [\"a/\"]  # files.clone[0] is the path of files.link[0] too",
    "[files]\nclone = [\"a\"]\ncopy = [\"a/b\"]  # files.copy[0] is inside the cloned a",
    "host = \"http://x\"  # host is no name of a machine",
    "host = \"{host}\"  # host has the placeholder {host}",
    "[env.x]\nA = \"{web_prot}\"  # there are {project} {name} {slug} {ident} {branch} {worktree} {main} {host} {backend_port} {frontend_port}",
    "[files]\ncopy = [\"*.pem\"]  # files.copy[0] is a pattern: *.pem; patterns of ignored files go into .worktreeinclude",
    "[window]  # a window is written with two brackets, [[window]]\nname = \"a\"",
    "[window.shell]\n[window.backnd]  # window.backnd is none of those that are built in (backend, frontend, claude, shell, cli)\nrun = \"a\"",
    "[window]\nbackend = false\nfrontend = false\nclaude = false\nshell = false\ncli = false  # window leaves none",
    "[ports]\nfrontend = true  # expected a whole number",
    "\nwindow = []  # a session needs at least one [[window]]",
];

#[test]
fn what_is_wrong_is_named_with_file_line_and_key() {
    for text in WRONG {
        let error = format!("{:#}", read(text).unwrap_err());
        let (before, words) = text.split_once("# ").unwrap();
        let words = words.lines().next().unwrap();
        let place = format!("{FILE} is wrong: line {}: ", before.split('\n').count());
        assert!(
            error.contains(&place) && error.contains(words),
            "{text:?}: {error}"
        );
    }
}

#[test]
fn a_variable_is_set_in_a_copied_file_that_is_named_in_any_way() {
    let layout = read("[files]\ncopy = [\"./a\"]\n[env.\"a/\"]\nX = \"1\"").unwrap();
    assert_eq!(layout.files.copy, ["a"]);
    assert_eq!(layout.env["a"]["X"], "1");
}

#[test]
fn tables_of_ports_and_variables_change_single_keys() {
    let layout = read(
        "[ports]\nweb = 3000\nfrontend = false\nbackend = 9000\n\
         [env.\"frontend/.env\"]\nVITE_API_URL = false\nPORT = \"{web_port}\"\n\
         [window.frontend]\nname = \"web:{web_port}\"\nrun = \"pnpm dev\"\n",
    )
    .unwrap();
    let ports: Vec<_> = layout.ports.iter().collect();
    assert_eq!(
        format!("{ports:?}"),
        "[(\"backend\", Port(9000)), (\"web\", Port(3000))]"
    );
    let variables: Vec<_> = layout.env["frontend/.env"].iter().collect();
    assert_eq!(format!("{variables:?}"), "[(\"PORT\", \"{web_port}\")]");
    let without = read("env.\"frontend/.env\" = false").unwrap();
    assert!(without.env.is_empty());
}

#[test]
fn what_the_file_clones_is_not_linked_as_it_is_built_in() {
    let layout = read("[files]\nclone = [\"./frontend/node_modules/\"]").unwrap();
    assert_eq!(layout.files.clone, ["frontend/node_modules"]);
    assert_eq!(layout.files.link, Vec::<String>::new());
}

#[test]
fn a_window_is_changed_taken_out_or_added_by_its_first_word() {
    let layout = read(
        "[window]\nbackend.run = \"uv run x {backend_port}\"\ncli.run = \"fish\"\n\
         shell.type = \"git \"\nclaude = false\nworker = { name = \"work\", run = \"celery\" }",
    )
    .unwrap();
    let windows = layout.windows.iter().map(|window| {
        let typed = window.run.as_ref().or(window.typed.as_ref());
        let typed = typed.map_or("", |typed| typed);
        format!("{} in {}: {typed}", window.name, window.dir)
    });
    assert_eq!(
        windows.collect::<Vec<_>>(),
        [
            "backend:{backend_port} in backend: uv run x {backend_port}",
            "frontend:{frontend_port} in frontend: npm run dev -- --port {frontend_port}",
            "shell in : git ",
            "cli in backend: fish",
            "work in : celery",
        ]
    );
}

#[test]
fn a_built_in_value_that_cannot_stand_beside_the_file_is_named() {
    for (text, error, cure) in [
        (
            "[ports]\nbackend = false\n",
            "the built-in window.backend.name has the placeholder {backend_port}, which is not there [..]",
            "change it under [window.backend], or take it out: window.backend = false",
        ),
        (
            "[ports]\nbackend = false\n[[window]]\nname = \"a\"",
            "the built-in env.\"frontend/.env\".VITE_API_URL has the placeholder {backend_port}, which is not there [..]",
            "set it as you need it, or take it out: \"frontend/.env\".VITE_API_URL = false, under [env]",
        ),
        (
            "[env.\"backend/db.sqlite3\"]\nA = \"1\"",
            "the built-in files.sqlite[0] is the path of env.\"backend/db.sqlite3\" too",
            "write your own [files] in it",
        ),
    ] {
        let wrong = read(text).unwrap_err();
        let said = format!("{wrong:#}");
        assert!(said.contains(error.trim_end_matches("[..]")), "{said}");
        assert_eq!(crate::hint::hints(&wrong).collect::<Vec<_>>(), [cure]);
    }
}
