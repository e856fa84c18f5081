//! Writing a layout: what differs from the built-in one, a comment behind each line.

use super::found::{Because, Found, Service};
use super::toml::{self, key, list, string};
use super::tools::{Side, doubled};
use crate::layout::{Layout, Window};
use indexmap::IndexMap;
use std::fmt::Display;
use std::path::Path;

/// Where comments begin, if there is room.
const COLUMN: usize = 40;

/// A longer line has its comment above it.
const WIDTH: usize = 110;

const HEAD: &str = "\
# Drafted by `tally-session layout --detect`. What is not here is as it is built in: `tally-session layout` shows that.
";

/// What has Vite fail where it else would take another port; the built-in window does without.
const STRICT: &str = " --strictPort";

/// The windows that every layout has, but for the built-in console.
const OTHERS: &str = "
[[window]]
name = \"claude\"
run = \"{claude}\"

[[window]]
name = \"shell\"
";

/// The text of the layout.
pub fn write(found: &Found) -> String {
    // It is compared with the built-in one, which no file of a project stands in the way of.
    let Ok(built_in) = Layout::read(Path::new("/nonexistent")) else {
        return HEAD.to_owned();
    };
    let is_pair = found.services.len() == 2
        && ["backend", "frontend"]
            .iter()
            .all(|name| found.services.iter().any(|service| service.name == *name));
    let draft = Draft {
        found,
        built_in: &built_in,
        is_pair,
        text: HEAD.to_owned(),
    };
    draft.write()
}

struct Draft<'a> {
    found: &'a Found,
    built_in: &'a Layout,
    /// Whether the built-in windows fit, changed here and there.
    is_pair: bool,
    text: String,
}

impl Draft<'_> {
    fn write(mut self) -> String {
        let services = &self.found.services;
        if self.is_pair && services.iter().all(|service| self.is_built_in(service)) {
            self.comment("The built-in windows fit: Django in backend/, Vite in frontend/.");
        }
        if self.found.services.is_empty() {
            self.comment(
                "Nothing was found that serves: add a [[window]] with a `run` for each server.",
            );
        }
        for check in &self.found.checks {
            self.comment(&format!("Check: {check}."));
        }
        if let Some(activate) = &self.found.activate {
            self.line("activate", &string(&activate.value), &activate.why);
        }
        self.table("ports", Self::ports);
        self.table("files", Self::files);
        self.env();
        if self.is_pair {
            self.changes();
        } else {
            self.windows();
        }
        self.table("hooks", Self::hooks);
        self.text
    }

    fn put(&mut self, text: impl Display) {
        self.text += &text.to_string();
    }

    fn comment(&mut self, text: &str) {
        self.put(format_args!("# {}\n", text.replace(char::is_control, " ")));
    }

    fn line(&mut self, key: &str, value: &str, why: &str) {
        let line = format!("{key} = {value}");
        let why = why.replace(char::is_control, " ");
        if why.is_empty() {
            self.put(format_args!("{line}\n"));
        } else if line.len() + why.len() > WIDTH {
            self.put(format_args!("# {why}\n{line}\n"));
        } else {
            self.put(format_args!("{line:<COLUMN$} # {why}\n"));
        }
    }

    /// A table, if it has anything in it.
    fn table(&mut self, name: &str, fill: impl Fn(&mut Self)) {
        let head = format!("\n[{name}]\n");
        self.text.push_str(&head);
        fill(self);
        if self.text.ends_with(&head) {
            self.text.truncate(self.text.len() - head.len());
        }
    }

    /// The built-in window that is known by a key.
    fn window(&self, key: &str) -> Option<&Window> {
        self.built_in
            .windows
            .iter()
            .find(|window| window.key == key)
    }

    /// Whether a service's window is the built-in one.
    fn is_built_in(&self, service: &Service) -> bool {
        let run = service.command();
        let window = self.window(&service.name).filter(|_| self.is_pair);
        window.is_some_and(|window| {
            window.dir == service.dir && window.run.as_deref() == Some(run.trim_end_matches(STRICT))
        })
    }

    fn ports(&mut self) {
        let found = self.found;
        for service in &found.services {
            let Some(port) = &service.port else {
                continue;
            };
            let is_there = self
                .built_in
                .ports
                .get(&service.name)
                .is_some_and(|there| there.number() == port.number);
            let is_own = port.named_in.is_some() || !self.is_built_in(service);
            if is_own && !(is_there && self.is_pair) {
                let why = port.named_in.as_deref().unwrap_or("the tool's own");
                self.line(&service.name, &port.number.to_string(), why);
            }
        }
        for service in self.built_in.ports.keys() {
            if found
                .services
                .iter()
                .all(|other| &other.name != service || other.port.is_none())
            {
                self.line(service, "false", "");
            }
        }
    }

    fn paths(&mut self, key: &str, paths: &[String], why: &str) {
        self.line(key, &list(paths), if paths.is_empty() { "" } else { why });
    }

    fn files(&mut self) {
        let (found, files) = (self.found, &self.built_in.files);
        let is_cloned = |link: &String| found.clone.iter().any(|clone| clone.value == *link);
        let mut links = files.link.iter();
        if links.any(|link| !is_cloned(link) && !self.is_linked(link)) {
            self.line("link", "[]", "");
        }
        if let Some(first) = found.clone.first() {
            let paths: Vec<_> = found
                .clone
                .iter()
                .map(|clone| clone.value.clone())
                .collect();
            self.line("clone", &list(&paths), &first.why);
        }
        if !is_same(&found.copy, &files.copy) {
            self.paths("copy", &found.copy, "what git ignores and servers read");
        }
        let makes_one = found.pre_remove.is_empty()
            && self.is_pair
            && found
                .services
                .iter()
                .any(|service| self.is_built_in(service) && service.side == Side::Back);
        let is_left = found.sqlite.is_empty() && makes_one;
        if !is_left && !is_same(&found.sqlite, &files.sqlite) {
            self.paths("sqlite", &found.sqlite, "databases that git ignores");
        }
    }

    /// Whether the front end's packages are where the built-in layout links them.
    fn is_linked(&self, link: &str) -> bool {
        let mut services = self.found.services.iter();
        services.any(|service| {
            link.strip_suffix("/node_modules") == Some(&service.dir) && self.is_built_in(service)
        }) && self.found.post_add.is_empty()
    }

    fn env(&mut self) {
        let mut files: IndexMap<&str, Vec<_>> = IndexMap::new();
        for variable in &self.found.env {
            let there = self
                .built_in
                .env
                .get(&variable.file)
                .and_then(|file| file.get(&variable.name));
            if there.map(|there| there.replace("{host}", "localhost"))
                != Some(variable.value.replace("{host}", "localhost"))
            {
                files.entry(&variable.file).or_default().push(variable);
            }
        }
        let keeps = |file: &str| {
            let is_set = self.found.env.iter().any(|variable| variable.file == file);
            let is_of_front = |service: &Service| {
                file == format!("{}/.env", service.dir) && service.run.ends_with(STRICT)
            };
            let sets_other = self
                .found
                .env
                .iter()
                .any(|variable| variable.value.contains("{backend_port}"));
            self.is_pair && (is_set || !sets_other && self.found.services.iter().any(is_of_front))
        };
        let out: Vec<_> = self
            .built_in
            .env
            .keys()
            .filter(|file| !keeps(file))
            .cloned()
            .collect();
        self.table("env", |draft| {
            for file in &out {
                draft.line(&key(file), "false", "");
            }
        });
        for (file, variables) in files {
            self.put(format_args!("\n[env.{}]\n", key(file)));
            for variable in variables {
                self.line(&variable.name, &string(&variable.value), &variable.why);
            }
        }
    }

    /// What is changed of the built-in windows.
    fn changes(&mut self) {
        let found = self.found;
        let console = found.console.as_ref();
        self.table("window", |draft| {
            if console.is_none() {
                draft.line("cli", "false", "");
            }
        });
        for service in &found.services {
            let changed = self
                .window(&service.name)
                .filter(|_| !self.is_built_in(service));
            let Some(same_dir) = changed.map(|window| window.dir == service.dir) else {
                continue;
            };
            self.put(format_args!("\n[window.{}]\n", service.name));
            self.check(service);
            if !same_dir {
                self.line("dir", &string(&service.dir), "");
            }
            self.line("run", &string(&service.command()), &service.why);
        }
        if let Some((dir, typed)) = console {
            let built_in = self.window("cli");
            let same_dir = built_in.is_some_and(|window| &window.dir == dir);
            let same_type =
                built_in.is_some_and(|window| window.typed.as_ref() == Some(&typed.value));
            self.table("window.cli", |draft| {
                if !same_dir {
                    draft.line("dir", &string(dir), "");
                }
                if !same_type {
                    draft.line("type", &string(&typed.value), "");
                }
            });
        }
    }

    fn check(&mut self, service: &Service) {
        if let Some(check) = &service.check {
            self.comment(check);
        }
    }

    /// Windows in the place of all built-in ones.
    fn windows(&mut self) {
        let found = self.found;
        for service in &found.services {
            self.text.push_str("\n[[window]]\n");
            let name = match service.port {
                Some(_) => format!("{0}:{{{0}_port}}", service.name),
                None => service.name.clone(),
            };
            self.check(service);
            self.line("name", &string(&name), "");
            if !service.dir.is_empty() {
                self.line("dir", &string(&service.dir), "");
            }
            self.line("run", &string(&service.command()), &service.why);
        }
        self.text.push_str(OTHERS);
        if let Some((dir, typed)) = &found.console {
            self.text.push_str("\n[[window]]\n");
            self.line("name", "\"cli\"", "");
            if !dir.is_empty() {
                self.line("dir", &string(dir), "");
            }
            self.line("type", &string(&typed.value), &typed.why);
        }
    }

    fn hooks(&mut self) {
        for (name, lines) in [
            ("post_add", &self.found.post_add),
            ("pre_remove", &self.found.pre_remove),
        ] {
            if let Some(script) = script(lines) {
                self.line(name, &script, "");
            }
        }
    }
}

fn is_same(ours: &[String], theirs: &[String]) -> bool {
    ours.len() == theirs.len() && ours.iter().all(|path| theirs.contains(path))
}

/// A hook's text, each part below what led to it.
fn script(lines: &[Because<String>]) -> Option<String> {
    let part = |line: &Because<String>| format!("# {}\n{}\n", doubled(&line.why), line.value);
    let text: String = lines.iter().map(part).collect();
    (!text.is_empty()).then(|| toml::lines(&text))
}
