//! What is wrong with `.tally-session.toml`, and where.

use anyhow::anyhow;
use std::ops::Range;
use std::str::Utf8Error;

/// A mistake in a file.
pub struct Wrong {
    key: String,
    span: Option<Range<usize>>,
    reason: String,
}

impl Wrong {
    /// What is wrong with the value of a key, in words that follow the key.
    pub fn new(key: impl Into<String>, span: Range<usize>, reason: impl Into<String>) -> Self {
        Self {
            key: key.into(),
            span: Some(span),
            reason: reason.into(),
        }
    }

    /// As an error that names the line of the file's text.
    pub fn at(self, file: &[u8]) -> anyhow::Error {
        let said = format!("{} {}", self.key, self.reason);
        let said = said.trim();
        match self.span.and_then(|span| file.get(..span.start)) {
            Some(before) => {
                let line = before.split(|&byte| byte == b'\n').count();
                anyhow!("line {line}: {said}")
            }
            None => anyhow!("{said}"),
        }
    }

    /// As an error of a value that the file leaves as it is built in.
    pub fn of_the_built_in(self) -> anyhow::Error {
        anyhow!("the built-in {} {}", self.key, self.reason)
    }

    /// What to write so that a built-in value does not stand in the way.
    pub fn cure(&self) -> String {
        let mut parts = self.key.splitn(3, '.');
        match (parts.next(), parts.next()) {
            (Some("window"), Some(name)) => {
                format!("change it under [window.{name}], or take it out: window.{name} = false")
            }
            (Some("env"), Some(_)) => {
                let key = &self.key["env.".len()..];
                format!("set it as you need it, or take it out: {key} = false, under [env]")
            }
            _ => "write your own [files] in it".to_owned(),
        }
    }
}

impl From<toml::de::Error> for Wrong {
    fn from(mut error: toml::de::Error) -> Self {
        let span = error.span();
        // Without the text it says in one line what is wrong, and in another with which key.
        error.set_input(None);
        let said = error.to_string();
        let mut lines = said.lines();
        let what = in_words_of_people(lines.next().unwrap_or_default());
        let reason = [what.as_str()].into_iter().chain(lines);
        let key = said.lines().nth(1).unwrap_or_default();
        let is_variable = key.starts_with("in `env.") && what.ends_with(TABLE);
        let file = is_variable.then_some("as [env.\"frontend/.env\"], with its variables");
        let reason = reason.chain(file);
        Self {
            key: String::new(),
            span,
            reason: reason.collect::<Vec<_>>().join(", "),
        }
    }
}

const TABLE: &str = "a table";

/// What the reader of TOML says of a value of another kind than wanted, as `invalid type: map, expected u64`, without the
/// names that kinds have in Rust.
fn in_words_of_people(said: &str) -> String {
    let Some((found, wanted)) = said.rsplit_once(", expected ") else {
        return said.to_owned();
    };
    let wanted = match wanted {
        "u64" => "a whole number of 0 or more",
        "a string" | "struct ClaudeCode" => "a text in quotes",
        "a sequence" => "a list",
        "a map" => TABLE,
        "a boolean" => "false",
        _ if wanted.starts_with("struct ") => TABLE,
        _ => wanted,
    };
    let found = match found {
        "invalid type: sequence" => "invalid type: a list",
        "invalid type: map" => "invalid type: a table",
        // A number that is too large for all of them.
        _ => found.trim_end_matches(" as i128"),
    };
    format!("{found}, expected {wanted}")
}

impl From<Utf8Error> for Wrong {
    fn from(error: Utf8Error) -> Self {
        let at = error.valid_up_to();
        Self {
            key: String::new(),
            span: Some(at..at),
            reason: "there is a byte that is not UTF-8".to_owned(),
        }
    }
}
