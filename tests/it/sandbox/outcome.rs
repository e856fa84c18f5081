//! What a run of the program left: its status and both its outputs, checked together.

use std::fmt;
use std::path::Path;
use std::process::Output;

/// How the program ended and what it said. The sandbox's folder reads `[ROOT]`.
#[derive(Clone)]
pub struct Outcome {
    line: String,
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Outcome {
    pub fn new(line: String, output: &Output, root: &Path) -> Self {
        let text = |bytes: &[u8]| {
            String::from_utf8(bytes.to_vec())
                .unwrap()
                .replace(root.to_str().unwrap(), "[ROOT]")
        };
        Self {
            line,
            code: output.status.code(),
            stdout: text(&output.stdout),
            stderr: text(&output.stderr),
        }
    }

    /// Checks status, stdout and stderr. In the expected texts `[..]` stands for anything within a line, and a line `[...]`
    /// for any number of lines.
    #[track_caller]
    pub fn is(self, code: i32, stdout: &str, stderr: &str) -> Self {
        let fits = self.code == Some(code)
            && matches(stdout, &self.stdout)
            && matches(stderr, &self.stderr);
        assert!(
            fits,
            "{self}\n--- expected: {code}\n{stdout}--- expected on stderr:\n{stderr}"
        );
        self
    }

    /// It did what it was told, and had nothing to remark.
    #[track_caller]
    pub fn succeeds(self) -> Self {
        self.is(0, "[...]", "")
    }

    /// It did what it was told, with this answer and nothing to remark.
    #[track_caller]
    pub fn says(self, stdout: &str) -> Self {
        self.is(0, stdout, "")
    }

    /// It did what it was told, whatever it had to say.
    #[track_caller]
    pub fn goes_well(self) -> Self {
        self.is(0, "[...]", "[...]")
    }

    /// This is a part of its answer.
    #[track_caller]
    pub fn tells(self, words: &str) -> Self {
        assert!(self.stdout.contains(words), "no {words:?} in\n{self}");
        self
    }

    /// This is a part of its remarks.
    #[track_caller]
    pub fn remarks(self, words: &str) -> Self {
        assert!(self.stderr.contains(words), "no {words:?} in\n{self}");
        self
    }

    /// This is nowhere in what it says.
    #[track_caller]
    pub fn says_nothing_of(self, words: &str) -> Self {
        let is_there = self.stdout.contains(words) || self.stderr.contains(words);
        assert!(!is_there, "{words:?} in\n{self}");
        self
    }

    /// It refused or failed: status 1, no answer, and these lines on stderr.
    #[track_caller]
    pub fn fails(self, stderr: &str) -> Self {
        self.is(1, "", stderr)
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            line,
            code,
            stdout,
            stderr,
        } = self;
        write!(
            f,
            "$ {line}\n--- status: {code:?}\n--- stdout:\n{stdout}--- stderr:\n{stderr}"
        )
    }
}

fn matches(pattern: &str, text: &str) -> bool {
    let pattern: Vec<_> = pattern.lines().collect();
    let text: Vec<_> = text.lines().collect();
    lines_match(&pattern, &text)
}

fn lines_match(pattern: &[&str], text: &[&str]) -> bool {
    match pattern.split_first() {
        None => text.is_empty(),
        Some((&"[...]", rest)) => {
            (0..=text.len()).any(|skipped| lines_match(rest, &text[skipped..]))
        }
        Some((first, rest)) => text
            .split_first()
            .is_some_and(|(line, below)| line_matches(first, line) && lines_match(rest, below)),
    }
}

fn line_matches(pattern: &str, line: &str) -> bool {
    match pattern.split_once("[..]") {
        None => pattern == line,
        Some((before, after)) => line.strip_prefix(before).is_some_and(|rest| {
            rest.char_indices()
                .map(|(at, _)| at)
                .chain([rest.len()])
                .any(|at| line_matches(after, &rest[at..]))
        }),
    }
}

#[test]
fn an_expected_text_may_leave_out_words_and_lines() {
    assert!(matches("a [..] d\n", "a b c d\n"));
    assert!(matches("[...]\nb\n[...]", "a\nb\n"));
    assert!(matches("[...]", ""));
    assert!(!matches("", "a\n"));
    assert!(!matches("a [..] d\n", "a b c\n"));
    assert!(!matches("a\n", "a\nb\n"));
}
