//! Odd `.env` files: the one line is changed, every other byte stays.

use crate::sandbox::{Sandbox, make_link, unset, write};
use std::fs;

/// What the worktree's `frontend/.env` is made of the main checkout's, a case a line; `@` stands for the backend's address.
#[track_caller]
fn assert_becomes(cases: &[&[u8]]) {
    let sandbox = Sandbox::quick();
    let file = sandbox.main.join("frontend/.env");
    for case in cases {
        let at = case.windows(4).position(|part| part == b" => ").unwrap();
        let (before, after) = (&case[..at], &case[at + 4..]);
        write(&file, before);
        sandbox.run("add feat").succeeds();
        let made = fs::read(sandbox.worktree("feat").join("frontend/.env")).unwrap();
        let show = |text: &[u8]| text.escape_ascii().to_string();
        let after = show(after).replace('@', &sandbox.url("feat"));
        assert_eq!(show(&made), after, "{}", show(before));
        assert_eq!(fs::read(&file).unwrap(), before);
        sandbox.remove("feat");
    }
}

#[test]
fn line_ends_are_kept() {
    assert_becomes(&[
        b" => VITE_API_URL=@\n",
        b"A=1 => A=1\nVITE_API_URL=@\n",
        b"A=1\nVITE_API_URL=old\nB=2\n => A=1\nVITE_API_URL=@\nB=2\n",
        b"A=1\r\nVITE_API_URL=old\r\nB=2\r\n => A=1\r\nVITE_API_URL=@\r\nB=2\r\n",
        b"A=1\r\n => A=1\r\nVITE_API_URL=@\r\n",
        b"\n\nVITE_API_URL=old => \n\nVITE_API_URL=@",
        b"VITE_API_URL=old\rB=2\n => VITE_API_URL=@\rB=2\n",
    ]);
}

#[test]
fn export_quotes_spaces_comments_and_duplicates_are_understood() {
    assert_becomes(&[
        b"export VITE_API_URL='old' # why\n => export VITE_API_URL='@' # why\n",
        b"export VITE_API_URL=old\nB=1 => export VITE_API_URL=@\nB=1",
        b"VITE_API_URL=\"x y\" # why\n => VITE_API_URL=\"@\" # why\n",
        b"\tVITE_API_URL \t= \"old\"\t\n => \tVITE_API_URL \t= \"@\"\t\n",
        b"  VITE_API_URL = old\n =>   VITE_API_URL = @\n",
        b"VITE_API_URL=1\nB=2\nVITE_API_URL=3\n => VITE_API_URL=@\nB=2\nVITE_API_URL=@\n",
        b"# VITE_API_URL=a\nMY_VITE_API_URL=b => # VITE_API_URL=a\nMY_VITE_API_URL=b\nVITE_API_URL=@\n",
        b"#VITE_API_URL=a\nVITE_API_URL_2=b\n => #VITE_API_URL=a\nVITE_API_URL_2=b\nVITE_API_URL=@\n",
        b"VITE_API_URL\nVITE_API_URL=old\n => VITE_API_URL\nVITE_API_URL=@\n",
    ]);
}

#[test]
fn an_escaped_quote_does_not_end_a_value_of_several_lines() {
    assert_becomes(&[
        b"A=\"{\n \\\"b\\\": 1,\nVITE_API_URL=c\n}\"\nVITE_API_URL=d\n => A=\"{\n \\\"b\\\": 1,\nVITE_API_URL=c\n}\"\nVITE_API_URL=@\n",
        b"A='it\\'s\nVITE_API_URL=inner'\n => A='it\\'s\nVITE_API_URL=inner'\nVITE_API_URL=@\n",
        b"DIR=\"C:\\app\\\"\nVITE_API_URL=old\n => DIR=\"C:\\app\\\"\nVITE_API_URL=@\n",
    ]);
}

#[test]
fn other_encodings_and_bytes_that_mean_nothing_are_kept() {
    assert_becomes(&[
        b"NAME=caf\xe9\nVITE_API_URL=old\n => NAME=caf\xe9\nVITE_API_URL=@\n",
        b"A=\0\x01\xff\xfe\nVITE_API_URL=\xff\n => A=\0\x01\xff\xfe\nVITE_API_URL=@\n",
        b"\xef\xbb\xbfA=1\nVITE_API_URL=old\n => \xef\xbb\xbfA=1\nVITE_API_URL=@\n",
    ]);
}

#[test]
fn a_symlinked_env_file_is_copied_and_its_target_stays() {
    let sandbox = Sandbox::new();
    let real = sandbox.root.join("shared.env");
    write(&real, "VITE_API_URL=old\n");
    for path in ["frontend/.env", "backend/.env"] {
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
        unset(&sandbox.main.join(path));
        fs::create_dir(sandbox.main.join(path)).unwrap();
        sandbox.refuses_to_add(&format!("error: [..]{path}[..]\n[...]"));
    }
}
