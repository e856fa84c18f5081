//! What was found in a project, as plain values.

use super::tools::Side;

/// The first port to try.
pub struct FirstPort {
    pub number: u16,
    /// Where the project names it; none for the tool's own.
    pub named_in: Option<String>,
}

/// Something that runs in a window of its own. In its command `{port}` stands for its port, and braces are doubled.
pub struct Service {
    /// What it is called in the layout.
    pub name: String,
    pub dir: String,
    pub run: String,
    /// None for what serves nothing.
    pub port: Option<FirstPort>,
    pub side: Side,
    /// What in the project led to it.
    pub why: String,
    /// What the user should look at, if that is not sure.
    pub check: Option<String>,
    /// Whether it reads `.env.local` beside `.env`.
    pub reads_local: bool,
}

impl Service {
    /// The command, with the placeholder of its port.
    pub fn command(&self) -> String {
        let mut written = String::new();
        let mut rest = self.run.as_str();
        while let Some(at) = rest.find('{') {
            let (before, from) = rest.split_at(at);
            written.push_str(before);
            let (instead, length) = if from.starts_with("{{") {
                ("{{".to_owned(), 2)
            } else if from.starts_with("{port}") {
                (format!("{{{}_port}}", self.name), "{port}".len())
            } else {
                ("{".to_owned(), 1)
            };
            written.push_str(&instead);
            rest = &from[length..];
        }
        written + rest
    }
}

/// A value with what in the project led to it.
#[derive(Clone, PartialEq, Eq)]
pub struct Because<T> {
    pub value: T,
    pub why: String,
}

impl<T> Because<T> {
    pub fn new(value: T, why: impl Into<String>) -> Self {
        Self {
            value,
            why: why.into(),
        }
    }
}

/// A variable of a file of the project.
pub struct Variable {
    pub file: String,
    pub name: String,
    pub value: String,
    pub why: String,
}

/// All that was found.
#[derive(Default)]
pub struct Found {
    pub services: Vec<Service>,
    /// What is typed first in every window; none for what is built in.
    pub activate: Option<Because<String>>,
    /// A command line for one-off commands, with its folder.
    pub console: Option<(String, Because<String>)>,
    pub clone: Vec<Because<String>>,
    pub copy: Vec<String>,
    pub sqlite: Vec<String>,
    pub env: Vec<Variable>,
    pub post_add: Vec<Because<String>>,
    pub pre_remove: Vec<Because<String>>,
    /// What the user should look at.
    pub checks: Vec<String>,
}

impl Found {
    /// A line of a hook is needed once, whoever needs it.
    pub fn installs(&mut self, line: String, why: String) {
        let line = Because::new(line, why);
        if self.post_add.iter().all(|other| other.value != line.value) {
            self.post_add.push(line);
        }
    }
}
