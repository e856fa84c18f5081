//! Writing a layout: what differs from the built-in one, a comment behind each line.

use super::found::{Because, Found, Service};
use super::tools::doubled;
use crate::layout::tree::{self, bare};
use serde::Deserialize;
use toml::{Deserializer, Spanned, Table, Value};

/// Where comments begin, if there is room.
const COLUMN: usize = 40;

/// A longer line has its comment above it.
const WIDTH: usize = 110;

const HEAD: &str = "\
# Drafted by `tally-session layout --detect`. What is not here is as it is built in: `tally-session layout` shows that.
";

/// What has Vite fail where it else would take another port; the built-in window does without.
const STRICT: &str = " --strictPort";

/// The text of the layout.
pub fn write(found: &Found) -> String {
    let serving = found.services.iter();
    let serving: Vec<_> = serving.filter(|service| service.port.is_some()).collect();
    let is_named = |name: &str| serving.iter().any(|service| service.name == name);
    let is_pair = serving.len() == 2 && is_named("backend") && is_named("frontend");
    let built_in = Deserializer::from(Spanned::new(0..0, tree::built_in()));
    let mut draft = Draft {
        built_in: Table::deserialize(built_in).unwrap_or_default(),
        is_pair,
        text: HEAD.to_owned(),
        table: String::new(),
    };
    if is_pair && serving.iter().all(|service| draft.is_built_in(service)) {
        draft.comment("The built-in windows fit: Django in backend/, Vite in frontend/.");
    }
    if found.services.is_empty() {
        let what = "Nothing was found that serves: add a [[window]] with a `run` for each server.";
        draft.comment(what);
    }
    for check in &found.checks {
        draft.comment(&format!("Check: {check}."));
    }
    if let Some(activate) = &found.activate {
        draft.put(&[], "activate", &*activate.value, &activate.why);
    }
    draft.ports(found);
    draft.files(found);
    draft.env(found);
    if is_pair {
        draft.changes(found);
    } else {
        draft.windows(found);
    }
    draft.put(&["hooks"], "post_add", script(&found.post_add), "");
    draft.put(&["hooks"], "pre_remove", script(&found.pre_remove), "");
    draft.text
}

struct Draft {
    built_in: Table,
    /// Whether the built-in windows fit, changed here and there.
    is_pair: bool,
    text: String,
    /// The table that was begun last.
    table: String,
}

impl Draft {
    fn comment(&mut self, text: &str) {
        let text = text.replace(char::is_control, " ");
        self.text.extend(["# ", &text, "\n"]);
    }

    fn line(&mut self, key: &str, value: &Value, why: &str) {
        let line = format!("{} = {value}", bare(key));
        if why.is_empty() {
            self.text.extend([&line, "\n"]);
        } else if line.len() + why.len() > WIDTH {
            self.comment(why);
            self.text.extend([&line, "\n"]);
        } else {
            self.text.extend([format!("{line:<COLUMN$} ")]);
            self.comment(why);
        }
    }

    /// A line of a table, unless the built-in layout has the same.
    fn put(&mut self, path: &[&str], key: &str, value: impl Into<Value>, why: &str) {
        let value = value.into();
        let mut tables = path.iter();
        let there = tables.try_fold(&self.built_in, |table, key| table.get(*key)?.as_table());
        if there.and_then(|table| table.get(key)) == Some(&value) {
            return;
        }
        let keys: Vec<_> = path.iter().map(|key| bare(key)).collect();
        let table = keys.join(".");
        if self.table != table {
            self.text.extend(["\n[", &table, "]\n"]);
            self.table = table;
        }
        self.line(key, &value, why);
    }

    /// Whether a service's window is the built-in one.
    fn is_built_in(&self, service: &Service) -> bool {
        let run = service.command();
        let is = |key: &str, value: &str| {
            self.built_in["window"][&service.name][key].as_str() == Some(value)
        };
        self.is_pair
            && service.port.is_some()
            && is("dir", &service.dir)
            && is("run", run.trim_end_matches(STRICT))
    }

    /// The keys of a built-in table.
    fn keys(&self, table: &str) -> Vec<String> {
        let table = self.built_in[table].as_table().into_iter();
        table.flat_map(Table::keys).cloned().collect()
    }

    fn ports(&mut self, found: &Found) {
        for service in &found.services {
            if service.named_in.is_none() && self.is_built_in(service) {
                continue;
            }
            if let Some(port) = service.port {
                let why = service.named_in.as_deref().unwrap_or("the tool's own");
                self.put(&["ports"], &service.name, i64::from(port), why);
            }
        }
        for name in self.keys("ports") {
            let is_it = |service: &Service| service.name == name && service.port.is_some();
            if !found.services.iter().any(is_it) {
                self.put(&["ports"], &name, false, "");
            }
        }
    }

    fn files(&mut self, found: &Found) {
        let links = self.built_in["files"]["link"].as_array();
        let is_cloned = |link: &Value| found.clone.iter().any(|path| link.as_str() == Some(path));
        if !links.is_some_and(|links| links.iter().all(is_cloned)) {
            self.put(&["files"], "link", Vec::<String>::new(), "");
        }
        for (key, paths, why) in [
            ("clone", &found.clone, "packages of each session's own"),
            ("copy", &found.copy, "what git ignores and servers read"),
            ("sqlite", &found.sqlite, "databases that git ignores"),
        ] {
            let why = if paths.is_empty() { "" } else { why };
            self.put(&["files"], key, paths.clone(), why);
        }
    }

    fn env(&mut self, found: &Found) {
        for file in self.keys("env") {
            let reads = |service: &Service| {
                file == format!("{}/.env", service.dir) && service.run.ends_with(STRICT)
            };
            let keeps = self.is_pair && found.services.iter().any(reads);
            if !keeps && !found.env.contains_key(&file) {
                self.put(&["env"], &file, false, "");
            }
        }
        for (file, variables) in &found.env {
            for (name, variable) in variables {
                self.put(&["env", file], name, &*variable.value, &variable.why);
            }
        }
    }

    /// What is changed of the built-in windows.
    fn changes(&mut self, found: &Found) {
        if found.console.is_none() {
            self.put(&["window"], "cli", false, "");
        }
        for service in &found.services {
            if !self.is_built_in(service) {
                let table = ["window", &service.name];
                if service.port.is_some() {
                    self.put(&table, "dir", &*service.dir, "");
                } else {
                    // One with a name is one more.
                    self.put(&table, "name", &*service.name, "");
                }
                self.put(&table, "run", service.command(), &service.why);
            }
        }
        if let Some((dir, typed)) = &found.console {
            self.put(&["window", "cli"], "dir", &**dir, "");
            self.put(&["window", "cli"], "type", &*typed.value, "");
        }
    }

    /// Windows in the place of all built-in ones.
    fn windows(&mut self, found: &Found) {
        for service in &found.services {
            let name = match service.port {
                Some(_) => format!("{0}:{{{0}_port}}", service.name),
                None => service.name.clone(),
            };
            let run = ("run", service.command(), &*service.why);
            self.window(&name, &service.dir, Some(run));
        }
        self.window("claude", "", Some(("run", "{claude}".to_owned(), "")));
        self.window("shell", "", None);
        if let Some((dir, typed)) = &found.console {
            self.window("cli", dir, Some(("type", typed.value.clone(), &typed.why)));
        }
    }

    fn window(&mut self, name: &str, dir: &str, typed: Option<(&str, String, &str)>) {
        self.text += "\n[[window]]\n";
        self.line("name", &name.into(), "");
        if !dir.is_empty() {
            self.line("dir", &dir.into(), "");
        }
        if let Some((key, command, why)) = typed {
            self.line(key, &command.into(), why);
        }
    }
}

/// A hook's text, each part below what led to it.
fn script(parts: &[Because]) -> String {
    let part = |part: &Because| format!("# {}\n{}\n", doubled(&part.why), part.value.trim_end());
    parts.iter().map(part).collect()
}
