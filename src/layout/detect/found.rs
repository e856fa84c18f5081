//! What was found in a project, as plain values.

use super::tools::{Side, TOOLS, without_prefix};
use indexmap::IndexMap;

/// Something that runs in a window of its own.
pub struct Service {
    /// What it is called in the layout; empty if the project does not say.
    pub name: String,
    pub dir: String,
    /// What tells it from the others of a script that starts several; empty for all else.
    pub part: String,
    /// Its command, in which `{port}` stands for its port, and braces of the project's are doubled.
    pub run: String,
    /// The first port to try; none for what serves nothing.
    pub port: Option<u16>,
    /// Where the project names that; none for the tool's own.
    pub named_in: Option<String>,
    pub side: Side,
    /// What in the project led to it.
    pub why: String,
}

impl Service {
    /// One of a folder, with the first port to try and where the project names another.
    pub fn new(
        dir: &str,
        run: String,
        own: u16,
        named: Option<(u16, String)>,
        side: Side,
        why: String,
    ) -> Self {
        let (port, named_in) = named.map_or((own, None), |(port, file)| (port, Some(file)));
        Self {
            name: String::new(),
            dir: dir.to_owned(),
            part: String::new(),
            run,
            port: Some(port),
            named_in,
            side,
            why,
        }
    }

    /// Whether a command seems to start it.
    pub fn is_started_by(&self, command: &str) -> bool {
        let mut tools = TOOLS.iter().filter(|tool| tool.is_started_by(&self.run));
        let [run, begins] = [&self.run, command].map(|text| format!("{} ", without_prefix(text)));
        tools.any(|tool| tool.is_started_by(command)) || run.starts_with(&begins)
    }

    /// The command, with the placeholder of its port.
    pub fn command(&self) -> String {
        // No command has a NUL.
        let run = self.run.replace("{{", "\0");
        let run = run.replace("{port}", &format!("{{{}_port}}", self.name));
        run.replace('\0', "{{")
    }
}

/// A value with what in the project led to it.
pub struct Because {
    pub value: String,
    pub why: String,
}

impl Because {
    pub fn new(value: impl Into<String>, why: impl Into<String>) -> Self {
        Self {
            value: value.into(),
            why: why.into(),
        }
    }
}

/// All that was found.
#[derive(Default)]
pub struct Found {
    pub services: Vec<Service>,
    /// What is typed first in every window; none for what is built in.
    pub activate: Option<Because>,
    /// A command line for one-off commands, with its folder.
    pub console: Option<(String, Because)>,
    pub clone: Vec<String>,
    pub copy: Vec<String>,
    pub sqlite: Vec<String>,
    /// By file and name: what is set.
    pub env: IndexMap<String, IndexMap<String, Because>>,
    pub post_add: Vec<Because>,
    pub pre_remove: Vec<Because>,
    /// What the user should look at.
    pub checks: Vec<String>,
}

impl Found {
    /// A line of a hook is needed once, whoever needs it.
    pub fn installs(&mut self, line: String, why: String) {
        if self.post_add.iter().all(|other| other.value != line) {
            self.post_add.push(Because::new(line, why));
        }
    }

    /// The first to set a variable of a file does.
    pub fn sets(&mut self, file: &str, name: &str, value: String, why: impl Into<String>) {
        let variables = self.env.entry(file.to_owned()).or_default();
        let variable = variables.entry(name.to_owned());
        variable.or_insert_with(|| Because::new(value, why));
    }
}
