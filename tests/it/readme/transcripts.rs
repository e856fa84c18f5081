//! Following the README's transcripts, line by line, as a reader does who has a project of that kind.

use super::Block;
use crate::sandbox::{Sandbox, eventually_or, make_link, read, write};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::PathBuf;

/// The first port of each service.
const FIRST_PORTS: [(&str, u16); 2] = [("backend", 8000), ("frontend", 5000)];

/// A reader who types what is written, and compares.
pub struct Reader<'a> {
    sandbox: &'a Sandbox,
    /// The folder that the reader is in.
    folder: PathBuf,
    /// The port in the README for each that a session got here.
    ports: BTreeMap<u64, u16>,
    typed: Vec<String>,
    written: String,
    found: String,
}

impl<'a> Reader<'a> {
    /// In the main checkout, with the program installed, and `~/Dev` where the project is.
    pub fn new(sandbox: &'a Sandbox) -> Self {
        sandbox.install();
        make_link(&sandbox.root, &sandbox.home.join("Dev"));
        Self {
            sandbox,
            folder: sandbox.main.clone(),
            ports: BTreeMap::new(),
            typed: Vec::new(),
            written: String::new(),
            found: String::new(),
        }
    }

    /// Types each line of a block that has a prompt.
    pub fn follow(&mut self, block: &Block) {
        let title = format!("the block of line {}:\n", block.line);
        self.written += &title;
        self.found += &title;
        for line in block.lines() {
            writeln!(self.written, "{}", masked(line)).unwrap();
            if let Some(typed) = line.strip_prefix("$ ") {
                let said = self.type_line(typed);
                writeln!(self.found, "{line}").unwrap();
                for line in said.lines() {
                    writeln!(self.found, "{}", masked(line)).unwrap();
                }
            }
        }
    }

    /// What a line says, as the README has it.
    fn type_line(&mut self, line: &str) -> String {
        let folder = self.sandbox.root.join("folder");
        let script = format!("{line}\npwd -P >{}", folder.display());
        let mut shell = self.sandbox.command("bash", &self.folder);
        // A person sees both outputs in one.
        let outcome =
            self.sandbox
                .outcome(shell.args(["-c", r#"exec 2>&1; eval "$1""#, "bash", &script]));
        self.folder = read(&folder).trim_end().into();
        self.typed.push(line.to_owned());
        self.settle();
        self.learn_ports();
        let said = outcome
            .stdout
            .replace("[ROOT]/home", "/home/you")
            .replace("[ROOT]", "/home/you/Dev");
        let ports = |number: &str| Some(self.ports.get(&number.parse().ok()?)?.to_string());
        replace_words(&said, ports)
    }

    /// Waits until the servers and Claude run where their session does, and nowhere else.
    fn settle(&self) {
        let what = || format!("what belongs to the sessions runs: {}", self.found);
        eventually_or(what, || {
            let list = self.sandbox.run("list --json").stdout;
            // A transcript may have made a layout that is wrong.
            let all: Vec<Value> = serde_json::from_str(&list).unwrap_or_default();
            let is_settled = |one: &Value| {
                let runs = one["state"] == "running";
                let servers = [&one["backend_up"], &one["frontend_up"]];
                one["claude"].is_string() == runs && servers.iter().all(|up| **up == runs)
            };
            all.iter().all(is_settled).then_some(())
        });
    }

    /// The ports that others hold are not those of the README: each new one stands for the next of them.
    fn learn_ports(&mut self) {
        let store = self.sandbox.store();
        for record in store.as_object().into_iter().flat_map(|all| all.values()) {
            for (service, first) in FIRST_PORTS {
                let port = record[format!("{service}_port")].as_u64().unwrap();
                let of_service = |shown: &&u16| **shown / 1000 == first / 1000;
                let next =
                    first + u16::try_from(self.ports.values().filter(of_service).count()).unwrap();
                self.ports.entry(port).or_insert(next);
            }
        }
    }

    /// Whether a line called one of the program's subcommands.
    pub fn has_typed(&self, command: &str) -> bool {
        let call = format!("tally-session {command}");
        self.typed.iter().any(|line| line.starts_with(&call))
    }

    /// Compares all that was said with all that is written.
    pub fn finds_what_is_written(&self) {
        if self.written == self.found {
            return;
        }
        let root = &self.sandbox.root;
        write(&root.join("README"), &self.written);
        write(&root.join("found"), &self.found);
        let mut git = self.sandbox.command("git", root);
        let diff = git.args(["diff", "--no-index", "--no-color", "README", "found"]);
        let diff = diff.output().unwrap();
        panic!("{}", String::from_utf8_lossy(&diff.stdout));
    }
}

/// Puts a word where one stands that differs each time: a commit, whole or short, or a program's version.
fn masked(line: &str) -> String {
    for program in ["git", "tmux", "claude"] {
        let checked = format!("ok       {program} ");
        if line.starts_with(&checked) {
            return checked + "[version]";
        }
    }
    let is_hex = |letter: char| letter.is_ascii_digit() || ('a'..='f').contains(&letter);
    replace_words(line, |word| {
        let is_commit = (7..=40).contains(&word.len()) && word.chars().all(is_hex);
        is_commit.then(|| "[commit]".to_owned())
    })
}

/// Replaces words of letters and digits.
fn replace_words(text: &str, replace: impl Fn(&str) -> Option<String>) -> String {
    let mut replaced = String::new();
    for part in text.split_inclusive(|letter: char| !letter.is_ascii_alphanumeric()) {
        let word = part.trim_end_matches(|letter: char| !letter.is_ascii_alphanumeric());
        let rest = &part[word.len()..];
        replaced += &replace(word).unwrap_or_else(|| word.to_owned());
        replaced += rest;
    }
    replaced
}

#[test]
fn what_differs_each_time_is_masked() {
    for (line, expected) in [
        (
            "(new, from main at 9da246e717)",
            "(new, from main at [commit])",
        ),
        ("ok       tmux 3.3a", "ok       tmux [version]"),
        ("bugfix-ui  running  8001", "bugfix-ui  running  8001"),
    ] {
        assert_eq!(masked(line), expected);
    }
}
