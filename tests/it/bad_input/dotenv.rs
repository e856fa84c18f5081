//! Odd `.env` files: the one line is changed, every other byte stays.

use crate::sandbox::{PROGRAM, Sandbox, make_link, unset, write};
use std::fs;

/// What the worktree's `frontend/.env` is made of the main checkout's; `{url}` stands for the backend's address.
#[track_caller]
fn assert_becomes(cases: &[(&[u8], &[u8])]) {
    let sandbox = Sandbox::new();
    for (at, (before, after)) in cases.iter().enumerate() {
        let name = format!("feat{at}");
        write(&sandbox.main.join("frontend/.env"), before);
        sandbox.run(["add", &name]).succeeds();
        let url = format!("http://localhost:{}", sandbox.ports(&name).0);
        let made = fs::read(sandbox.worktree(&name).join("frontend/.env")).unwrap();
        let show = |text: &[u8]| text.escape_ascii().to_string();
        let after = show(after).replace("{url}", &url);
        assert_eq!(show(&made), after, "{}", show(before));
        assert_eq!(
            fs::read(sandbox.main.join("frontend/.env")).unwrap(),
            *before
        );
        sandbox.run(["remove", &name]).succeeds();
    }
}

#[test]
fn line_ends_are_kept() {
    assert_becomes(&[
        (b"A=1", b"A=1\nVITE_API_URL={url}\n"),
        (
            b"A=1\r\nVITE_API_URL=old\r\nB=2\r\n",
            b"A=1\r\nVITE_API_URL={url}\r\nB=2\r\n",
        ),
        (b"A=1\r\n", b"A=1\r\nVITE_API_URL={url}\r\n"),
        (b"\n\nVITE_API_URL=old", b"\n\nVITE_API_URL={url}"),
        (b"VITE_API_URL=old\rB=2\n", b"VITE_API_URL={url}\rB=2\n"),
    ]);
}

#[test]
fn export_quotes_spaces_comments_and_duplicates_are_understood() {
    assert_becomes(&[
        (
            b"export VITE_API_URL='old' # why\n",
            b"export VITE_API_URL='{url}' # why\n",
        ),
        (
            b"\tVITE_API_URL \t= \"old\"\t\n",
            b"\tVITE_API_URL \t= \"{url}\"\t\n",
        ),
        (
            b"VITE_API_URL=1\nB=2\nVITE_API_URL=3\n",
            b"VITE_API_URL={url}\nB=2\nVITE_API_URL={url}\n",
        ),
        (
            b"# VITE_API_URL=old\nMY_VITE_API_URL=1\nVITE_API_URL_2=2\n",
            b"# VITE_API_URL=old\nMY_VITE_API_URL=1\nVITE_API_URL_2=2\nVITE_API_URL={url}\n",
        ),
        (
            b"VITE_API_URL\nVITE_API_URL=old\n",
            b"VITE_API_URL\nVITE_API_URL={url}\n",
        ),
    ]);
}

#[test]
fn an_escaped_quote_does_not_end_a_value_of_several_lines() {
    assert_becomes(&[
        (
            b"KEY=\"{\n  \\\"url\\\": 1,\nVITE_API_URL=inner\n}\"\nVITE_API_URL=old\n",
            b"KEY=\"{\n  \\\"url\\\": 1,\nVITE_API_URL=inner\n}\"\nVITE_API_URL={url}\n",
        ),
        (
            b"KEY='it\\'s\nVITE_API_URL=inner'\n",
            b"KEY='it\\'s\nVITE_API_URL=inner'\nVITE_API_URL={url}\n",
        ),
        (
            b"DIR=\"C:\\app\\\"\nVITE_API_URL=old\n",
            b"DIR=\"C:\\app\\\"\nVITE_API_URL={url}\n",
        ),
    ]);
}

#[test]
fn other_encodings_and_bytes_that_mean_nothing_are_kept() {
    assert_becomes(&[
        (
            b"NAME=caf\xe9\nVITE_API_URL=old\n",
            b"NAME=caf\xe9\nVITE_API_URL={url}\n",
        ),
        (
            b"A=\0\x01\xff\xfe\nVITE_API_URL=\xff\n",
            b"A=\0\x01\xff\xfe\nVITE_API_URL={url}\n",
        ),
        (
            b"\xef\xbb\xbfA=1\nVITE_API_URL=old\n",
            b"\xef\xbb\xbfA=1\nVITE_API_URL={url}\n",
        ),
    ]);
}

#[test]
fn a_symlinked_env_file_is_copied_and_its_target_stays() {
    let sandbox = Sandbox::new();
    let real = sandbox.root.join("shared.env");
    write(&real, "VITE_API_URL=old\n");
    for path in ["frontend/.env", "backend/.env"] {
        unset(&sandbox.main.join(path));
        make_link(&real, &sandbox.main.join(path));
    }
    let worktree = sandbox.add("feat");
    assert!(!worktree.join("frontend/.env").is_symlink());
    assert_eq!(fs::read(&real).unwrap(), b"VITE_API_URL=old\n");
    sandbox.remove("feat");
    assert_eq!(fs::read(&real).unwrap(), b"VITE_API_URL=old\n");
}

#[test]
fn something_that_is_no_file_in_an_env_file_s_place_is_named_and_all_is_undone() {
    // A folder in the place of any other copied file is copied.
    for path in ["frontend/.env", "backend/db.sqlite3"] {
        let sandbox = Sandbox::new();
        sandbox.run("add once").succeeds();
        sandbox.remove("once");
        let path_in_main = sandbox.main.join(path);
        unset(&path_in_main);
        fs::create_dir(&path_in_main).unwrap();
        sandbox.refuses_to_add(&format!("error: [..]{path}[..]\n[...]"));
    }
}

#[test]
fn a_pipe_in_an_env_file_s_place_is_not_waited_for() {
    let sandbox = Sandbox::new();
    let pipe = sandbox.main.join("backend/.env");
    unset(&pipe);
    let made = sandbox.command("mkfifo", &sandbox.main).arg(&pipe).status();
    assert!(made.unwrap().success());
    let add = format!("perl -e 'alarm 20; exec @ARGV' {} add feat", PROGRAM);
    sandbox
        .type_line(&add)
        .does_not_crash()
        .remarks("backend/.env");
}
