//! What a layout file may say, and what is wrong with one.

use super::*;
use std::fs;

fn read(text: &str) -> Result<Layout> {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join(FILE), text).unwrap();
    Layout::read(dir.path())
}

#[test]
fn the_built_in_layout_has_the_contract_s_windows_and_ports() {
    let layout = Layout::read(Path::new("/nonexistent")).unwrap();
    let names: Vec<_> = layout
        .windows
        .iter()
        .map(|window| window.name.as_str())
        .collect();
    assert_eq!(
        names,
        [
            "backend:{backend_port}",
            "frontend:{frontend_port}",
            "claude",
            "shell",
            "cli"
        ]
    );
    let ports: Vec<_> = layout
        .ports
        .iter()
        .map(|(service, port)| (service.as_str(), port.number()))
        .collect();
    assert_eq!(ports, [("backend", 8000), ("frontend", 5000)]);
}

#[test]
fn the_built_in_layout_written_into_the_file_changes_nothing() {
    let built_in = Layout::read(Path::new("/nonexistent")).unwrap();
    assert_eq!(
        format!("{:?}", read(BUILT_IN).unwrap()),
        format!("{built_in:?}")
    );
    assert_eq!(format!("{:?}", read("").unwrap()), format!("{built_in:?}"));
}

#[test]
fn each_key_replaces_the_built_in_value_and_no_other() {
    let layout =
        read("activate = \"\"\n[files]\nsqlite = []\n[hooks]\npost_add = \"make\"\n").unwrap();
    assert_eq!(layout.activate, "");
    assert_eq!(layout.claude.command, "claude");
    assert_eq!(layout.files.sqlite, Vec::<String>::new());
    assert_eq!(layout.files.link, ["frontend/node_modules"]);
    assert_eq!(
        (&*layout.hooks.post_add, &*layout.hooks.pre_remove),
        ("make", "")
    );
    assert_eq!(layout.windows.len(), 5);
}

/// A file, the line of its mistake, and words on that.
const WRONG: &[(&str, usize, &str)] = &[
    ("\nactivat = \"\"", 2, "unknown field `activat`"),
    ("[files]\nlinks = []", 2, "unknown field `links`"),
    ("\n\nclaude = 1", 3, "`claude`"),
    ("keep_removed = -1", 1, "`keep_removed`"),
    ("a = [", 1, "unclosed array"),
    ("[ports]\nweb = 70000", 2, "70000 is no port"),
    (
        "[ports]\n\"a b\" = 1",
        2,
        "ports.\"a b\" may only have letters",
    ),
    (
        "[files]\ncopy = [\"a\",\n\"../b\"]",
        3,
        "files.copy[1] leaves the project: ../b",
    ),
    (
        "[files]\nlink = [\"/etc\"]",
        2,
        "files.link[0] leaves the project",
    ),
    (
        "[ports]\n_web = 3000",
        2,
        "ports._web may only have letters",
    ),
    (
        "[ports]\nweb = 1\n\nWeb = 2",
        4,
        "ports.Web has the same letters as web",
    ),
    (
        "[files]\nlink = [\"a\"]\nsqlite = [\"./a/\"]",
        3,
        "files.sqlite[0] is the path of files.link[0] too",
    ),
    (
        "[files]\nsqlite = [\"a\"]\n[env.a]\nX = \"1\"",
        2,
        "files.sqlite[0] is the path of env.a too",
    ),
    (
        "[env.x]\nTALLY_WORKTREE = \"1\"",
        2,
        "env.x.TALLY_WORKTREE is a variable of tally-session's own",
    ),
    (
        "[files]\nsqlite = [\"a/../../b\"]",
        2,
        "files.sqlite[0] leaves the project",
    ),
    (
        "[files]\ncopy = [\".git/config\"]",
        2,
        "files.copy[0] is git's own",
    ),
    ("[files]\ncopy = [\"\"]", 2, "files.copy[0] names no file"),
    ("[files]\nlink = [\"./\"]", 2, "files.link[0] names no file"),
    (
        "[files]\nlink = [\"frontend\"]\ncopy = [\"frontend/x\"]",
        3,
        "files.copy[0] is inside the linked frontend",
    ),
    (
        "[files]\nlink = [\"a\"]\n[env.\"a/.env\"]\nX = \"1\"",
        3,
        "env.\"a/.env\" is inside the linked a",
    ),
    ("[env.\"../x\"]\n", 1, "env.\"../x\" leaves the project"),
    (
        "[env.x]\n\"a-b\" = \"1\"",
        2,
        "env.x.a-b is no name of a variable",
    ),
    (
        "[env.x]\nA = \"1\\n2\"",
        2,
        "env.x.A has a control character",
    ),
    (
        "[env.x]\nA = \"{web_port}\"",
        2,
        "env.x.A has the placeholder {web_port}",
    ),
    (
        "[env.x]\nA = \"{claude}\"",
        2,
        "env.x.A has the placeholder {claude}",
    ),
    ("activate = \"a {b\"", 1, "activate has a { without its }"),
    (
        "[[window]]\nname = \"a\"\nrun = \"$x {nmae}\"",
        3,
        "window[0].run has the placeholder {nmae}",
    ),
    (
        "[[window]]\nname = \"a\"\nrun = \"a\\nb\"",
        3,
        "window[0].run has a control character",
    ),
    (
        "[[window]]\nname = \"a\"\n\n[[window]]\nname = \"b\"\ndir = \"..\"",
        6,
        "window[1].dir leaves the project",
    ),
    (
        "window = [\n{ name = \"a\" },\n{ name = \"b\", dir = \"/\" },\n]",
        3,
        "window[1].dir leaves the project",
    ),
    (
        "[[window]]\nname = \"a\"\nrun = \"x\"\ntype = \"y\"",
        4,
        "window[0].type stands beside a run",
    ),
    ("[[window]]\nname = \"\"", 2, "window[0].name is empty"),
    ("[[window]]\n", 1, "window[0] has no name"),
    ("claude = \"\"", 1, "claude is empty, and a window runs it"),
    (
        "[files]\nlink = [\"a\"]\nclone = [\"a/\"]",
        3,
        "files.clone[0] is the path of files.link[0] too",
    ),
    (
        "[files]\nclone = [\"a\"]\ncopy = [\"a/b\"]",
        3,
        "files.copy[0] is inside the cloned a",
    ),
    ("host = \"http://x\"", 1, "host is no name of a machine"),
    ("host = \"{host}\"", 1, "host has the placeholder {host}"),
    (
        "[env.x]\nA = \"{web_prot}\"",
        2,
        "there are {project} {name} {slug} {ident} {branch} {worktree} {main} {host} {backend_port} {frontend_port}",
    ),
    (
        "[files]\ncopy = [\"*.pem\"]",
        2,
        "files.copy[0] is a pattern: *.pem; patterns of ignored files go into .worktreeinclude",
    ),
    (
        "[window]\nname = \"a\"",
        1,
        "a window is written with two brackets, [[window]]",
    ),
    (
        "[window.shell]\n[window.backnd]\nrun = \"a\"",
        2,
        "window.backnd is none of those that are built in (backend, frontend, claude, shell, cli)",
    ),
    (
        "[window]\nbackend = false\nfrontend = false\nclaude = false\nshell = false\ncli = false",
        6,
        "window leaves none",
    ),
    ("[ports]\nfrontend = true", 2, "expected a whole number"),
    (
        "\nwindow = []",
        2,
        "a session needs at least one [[window]]",
    ),
];

#[test]
fn what_is_wrong_is_named_with_file_line_and_key() {
    for (text, line, words) in WRONG {
        let error = format!("{:#}", read(text).unwrap_err());
        let place = format!("{FILE} is wrong: line {line}: ");
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
    assert!(
        read("env.\"frontend/.env\" = false")
            .unwrap()
            .env
            .is_empty()
    );
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
    let windows: Vec<_> = layout
        .windows
        .iter()
        .map(|window| {
            let typed = window.run.as_ref().or(window.typed.as_ref());
            (&*window.name, &*window.dir, typed.map_or("", |typed| typed))
        })
        .collect();
    assert_eq!(
        windows,
        [
            (
                "backend:{backend_port}",
                "backend",
                "uv run x {backend_port}"
            ),
            (
                "frontend:{frontend_port}",
                "frontend",
                "npm run dev -- --port {frontend_port}"
            ),
            ("shell", "", "git "),
            ("cli", "backend", "fish"),
            ("work", "", "celery"),
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
