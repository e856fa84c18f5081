//! The README is true: what it shows is what the program says, what it names is there, and what is there it names.

mod markdown;
mod transcripts;

use crate::sandbox::{Sandbox, write};
use markdown::{Block, anchors, blocks, links, spans};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use transcripts::Reader;

const README: &str = include_str!("../../README.md");

/// What `help` says of its topics.
const TOPICS: [(&str, &str); 8] = [
    (
        "projects",
        include_str!("../../src/commands/help/projects.md"),
    ),
    (
        "databases",
        include_str!("../../src/commands/help/databases.md"),
    ),
    ("remote", include_str!("../../src/commands/help/remote.md")),
    ("files", include_str!("../../src/commands/help/files.md")),
    ("json", include_str!("../../src/commands/help/json.md")),
    ("speed", include_str!("../../src/commands/help/speed.md")),
    (
        "compare",
        include_str!("../../src/commands/help/compare.md"),
    ),
    ("script", include_str!("../../src/commands/help/script.md")),
];

/// All that there is to read.
fn pages() -> impl Iterator<Item = &'static str> {
    let topics = TOPICS.into_iter().map(|(_, text)| text);
    [README].into_iter().chain(topics)
}

/// Layouts that are shown whole, and tried elsewhere.
const LAYOUTS: [&str; 4] = [
    include_str!("layouts/rails.toml"),
    include_str!("layouts/pnpm.toml"),
    include_str!("layouts/postgres.toml"),
    include_str!("layouts/compose.toml"),
];

fn blocks_of(language: &str) -> impl Iterator<Item = Block> {
    let blocks = pages().flat_map(blocks);
    blocks.filter(move |block| block.language == language)
}

#[test]
fn each_transcript_is_what_the_program_says() {
    let sandbox = Sandbox::serving();
    sandbox.git_main("tag v1.2");
    let environment = sandbox.home.join(".virtualenvs/tally/bin/activate");
    write(&environment, "");
    let mut reader = Reader::new(&sandbox);
    for block in blocks_of("console") {
        reader.follow(&block);
    }
    reader.finds_what_is_written();
    for command in ["add", "resume", "list", "remove", "doctor"] {
        assert!(reader.has_typed(command), "no transcript shows {command}");
    }
}

#[test]
fn help_has_each_topic_and_each_command() {
    let sandbox = Sandbox::new();
    for (topic, text) in TOPICS {
        sandbox.run(["help", topic]).says(text);
        assert!(README.contains(&format!("tally-session help {topic}")));
        let widest = text.lines().map(|line| line.chars().count()).max();
        assert!(widest <= Some(100), "{topic}: {widest:?}");
    }
    let add = sandbox.run("add --help").stdout;
    sandbox.run("help add").says(&add);
    let all = sandbox.run("--help").stdout;
    sandbox.run("help").says(&all);
    let wrong = sandbox.run("help nope");
    assert_eq!(wrong.code, Some(2));
    let words = "error: there is no command \"nope\", and the topics are projects,";
    assert!(wrong.stderr.starts_with(words), "{wrong}");
}

#[test]
fn each_key_of_the_json_is_told() {
    let sandbox = Sandbox::new().with("feat");
    let (_, text) = TOPICS.iter().find(|(topic, _)| *topic == "json").unwrap();
    let spans = spans(text);
    for key in sandbox.list()[0].as_object().unwrap().keys() {
        assert!(spans.contains(key), "{key}");
    }
}

#[test]
fn what_looks_like_a_transcript_is_checked_as_one() {
    for block in pages().flat_map(blocks) {
        let has_prompt = block.lines().any(|line| line.starts_with("$ "));
        let is_checked = block.language == "console";
        assert_eq!(has_prompt, is_checked, "line {}", block.line);
    }
}

#[test]
fn the_layouts_in_it_are_those_that_are_tested() {
    let sandbox = Sandbox::new();
    let mut shown = [0; LAYOUTS.len()];
    for block in blocks_of("toml") {
        if let Some(at) = LAYOUTS.iter().position(|layout| *layout == block.text) {
            shown[at] += 1;
        } else {
            // A smaller one: the program has to take it.
            sandbox.lay_out(&block.text);
            sandbox.run("list").succeeds();
        }
    }
    assert_eq!(shown, [1; LAYOUTS.len()], "how often each of them is shown");
}

/// The options of the program, with those of each subcommand under its names.
fn options(sandbox: &Sandbox) -> BTreeMap<String, BTreeSet<String>> {
    let of = |help: &str| -> BTreeSet<String> {
        let lines = help.lines().map(str::trim_start);
        let named = lines.filter(|line| line.starts_with('-'));
        let words = named.flat_map(|line| line.split("  ").next().unwrap().split([' ', ',']));
        words
            .filter(|word| word.starts_with('-'))
            .map(ToOwned::to_owned)
            .collect()
    };
    let help = sandbox.run("--help").succeeds().stdout;
    let mut all = BTreeMap::from([(String::new(), of(&help))]);
    let (_, commands) = help.split_once("Commands:\n").unwrap();
    for line in commands.lines().take_while(|line| !line.is_empty()) {
        let name = line.split_whitespace().next().unwrap();
        let asked = if name == "help" { "list" } else { name };
        let help = sandbox.run([asked, "--help"]).succeeds().stdout;
        let aliases = line.split_once("[alias: ").map(|(_, alias)| alias);
        for name in [name].into_iter().chain(aliases) {
            all.insert(name.trim_end_matches(']').to_owned(), of(&help));
        }
    }
    all
}

#[test]
fn each_command_and_option_is_in_it() {
    let sandbox = Sandbox::new();
    let code: String = pages().flat_map(spans).map(|span| span + " ").collect();
    let words: BTreeSet<_> = code.split([' ', '\n', '"', '\'', '|']).collect();
    let options = options(&sandbox);
    assert!(options.len() > 10, "{options:?}");
    for (command, options) in &options {
        assert!(
            command.is_empty() || words.contains(command.as_str()),
            "{command} is not in it"
        );
        for option in options {
            assert!(
                words.contains(option.as_str()),
                "{option} of {command} is not in it"
            );
        }
    }
}

#[test]
fn each_command_and_option_in_it_is_there() {
    let sandbox = Sandbox::new();
    let options = options(&sandbox);
    let mut calls = 0;
    for code in pages().flat_map(spans) {
        // An option by itself; what begins with a number is none.
        let option = code.split([' ', '=']).next().unwrap();
        if option.starts_with('-') && option.ends_with(char::is_alphabetic) {
            let is_there = options.values().any(|known| known.contains(option));
            assert!(is_there, "{code}");
        }
        for line in code.lines() {
            for (at, name) in line.match_indices("tally-session ") {
                check_call(&options, &line[at + name.len()..]);
                calls += 1;
            }
        }
    }
    assert!(calls > 30, "{calls}");
}

/// Checks what is typed behind the program's name.
fn check_call(options: &BTreeMap<String, BTreeSet<String>>, call: &str) {
    let words = shlex::split(call)
        .unwrap_or_else(|| call.split_whitespace().map(ToOwned::to_owned).collect());
    let mut words = words
        .iter()
        .map(|word| word.trim_end_matches([')', '"', '\'']));
    let mut command = "";
    while let Some(word) = words.next() {
        match word {
            "|" | "&&" | ";" | "#" | "…" => break,
            "-C" => _ = words.next(),
            _ if word.starts_with('-') => {
                assert!(options[command].contains(word), "{word} in {call}");
            }
            _ if command.is_empty() => {
                assert!(options.contains_key(word), "{word} in {call}");
                command = word;
            }
            _ => {}
        }
    }
}

#[test]
fn each_variable_of_the_windows_is_in_it() {
    let sandbox = Sandbox::new().with("feat");
    let code: Vec<_> = pages().flat_map(spans).collect();
    let server = &sandbox.started("python", "feat")[0];
    let ours = server.env.keys().filter(|name| {
        name.starts_with("TALLY_") || name.starts_with("VITE_") || name.ends_with("_PORT")
    });
    let mut count = 0;
    for name in ours {
        assert!(code.iter().any(|span| span == name), "{name}");
        count += 1;
    }
    assert_eq!(count, 5);
}

#[test]
fn its_links_lead_somewhere() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let anchors = anchors(README);
    let links: Vec<_> = pages().flat_map(links).collect();
    assert!(links.len() > 5, "{links:?}");
    for link in links {
        match link.strip_prefix('#') {
            Some(anchor) => assert!(anchors.contains(anchor), "{link}: {anchors:?}"),
            None if link.starts_with("https://") => {}
            None => assert!(root.join(&link).exists(), "{link}"),
        }
    }
}

#[test]
fn its_shell_lines_are_whole() {
    let sandbox = Sandbox::new();
    let file = sandbox.root.join("lines.sh");
    for block in blocks_of("sh") {
        write(&file, &block.text);
        let mut shell = sandbox.command("bash", &sandbox.root);
        let outcome = sandbox.outcome(shell.args(["-n", "lines.sh"]));
        outcome.says("");
    }
}
