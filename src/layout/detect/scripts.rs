//! What a script of a `package.json` starts: itself, other scripts, or several commands at once.

use super::pattern;
use super::tools::without_prefix;
use regex_lite::{Regex, escape};
use serde_json::Value;
use std::sync::LazyLock;

/// A program that runs what its arguments name at once, or one after the other.
struct Runner {
    names: &'static [&'static str],
    /// Its options behind which a value stands.
    valued: &'static str,
    /// Whether its arguments are scripts' names; else commands, and `npm:` stands before a script's.
    takes_scripts: bool,
}

#[rustfmt::skip]
const RUNNERS: [Runner; 2] = [
    Runner { names: &["concurrently", "conc"], valued: r"^(-\w*[clmnpst]|--(names|name-separator|success|max-processes|hide|prefix|prefix-colors|prefix-length|timestamp-format|restart-tries|restart-after|kill-signal|kill-timeout|default-input-target|teardown|cwd))$", takes_scripts: false },
    Runner { names: &["npm-run-all", "npm-run-all2", "run-p", "run-s"], valued: r"^--(max-parallel|npm-path)$", takes_scripts: true },
];

/// So many scripts may start one another.
const DEEPEST: usize = 8;

/// The name of a script before which `npm:` stands.
static NAMED: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^(?:npm|pnpm|yarn|bun|node|deno):(\S+)$"));

/// A command that runs a script of the same `package.json`, and no more than that.
static RUNS: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"^(?:npm(?: run| run-script)?|(?:pnpm|yarn|bun)(?: run)?|node --run)(?: -s| --silent)? (\S+)$",
    )
});

/// A command as it stands up to what joins it to the next one, or what joins them.
static TOKEN: LazyLock<Regex> =
    LazyLock::new(|| pattern(r#"(?:>&|[^&;|"']|"[^"]*"|'[^']*'|["'])+|[&;|]+"#));

/// The name of the script that a command runs, if it does no more than that.
pub fn script_run_by(command: &str) -> Option<&str> {
    Some(RUNS.captures(command)?.get(1)?.as_str())
}

/// Something that a script starts.
pub struct Started {
    /// The script that does; none for a command that stands in one beside others.
    pub script: Option<String>,
    /// Its command, or several that are joined.
    pub text: String,
}

/// The scripts of a `package.json`.
pub struct Scripts<'a>(pub &'a Value);

impl Scripts<'_> {
    /// All that a script starts; nothing if there is none of that name.
    pub fn started_by(&self, name: &str) -> Vec<Started> {
        self.of_script(name, &[])
    }

    /// The same, where these scripts start it.
    fn of_script(&self, name: &str, within: &[&str]) -> Vec<Started> {
        let is_new = within.len() < DEEPEST && !within.contains(&name);
        let text = self.0[name].as_str().filter(|_| is_new);
        let text = text.map(|text| text.replace(char::is_control, " "));
        let within = [within, &[name]].concat();
        text.map_or_else(Vec::new, |text| self.of_line(Some(name), &text, &within))
    }

    /// What a line starts, which is a script or stands in one.
    fn of_line(&self, script: Option<&str>, line: &str, within: &[&str]) -> Vec<Started> {
        let parts = at_once(line);
        let script = script.filter(|_| parts.len() == 1);
        let mut started = Vec::new();
        for part in parts {
            let commands = commands(part);
            let is_elsewhere = commands.iter().any(|command| command.starts_with("cd "));
            let inner = commands.last().filter(|_| !is_elsewhere);
            if let Some(inner) = inner.and_then(|last| self.within(last, within)) {
                let before = &commands[..commands.len() - 1];
                started.extend(before.iter().map(|command| Started::alone(command)));
                started.extend(inner);
            } else {
                let script = script.map(ToOwned::to_owned);
                let text = part.to_owned();
                started.push(Started { script, text });
            }
        }
        started
    }

    /// What a command starts that runs scripts, or several commands; none if it does neither.
    fn within(&self, command: &str, within: &[&str]) -> Option<Vec<Started>> {
        if let Some(script) = script_run_by(command).filter(|script| self.0[script].is_string()) {
            return Some(self.of_script(script, within));
        }
        let (runner, arguments) = arguments(command)?;
        let started = arguments.iter().flat_map(|argument| {
            let script = NAMED.captures(argument);
            let glob = script.map(|script| script[1].replace('*', "**"));
            let glob = glob.or_else(|| runner.takes_scripts.then(|| argument.clone()));
            let Some(glob) = glob else {
                return self.of_line(None, argument, within);
            };
            let scripts = self.matching(&glob);
            if scripts.is_empty() {
                return vec![Started::alone(argument)];
            }
            let started = scripts.iter().map(|name| self.of_script(name, within));
            started.flatten().collect()
        });
        Some(started.collect())
    }

    /// The names of scripts in which `*` stands for all but a colon, and `**` for anything.
    fn matching(&self, glob: &str) -> Vec<&str> {
        let any = escape(glob).replace(r"\*\*", ".*").replace(r"\*", "[^:]*");
        let Ok(any) = Regex::new(&format!("^{any}$")) else {
            return Vec::new();
        };
        let names = self.0.as_object().into_iter().flat_map(|all| all.keys());
        let names = names.map(String::as_str);
        names.filter(|name| any.is_match(name)).collect()
    }
}

impl Started {
    fn alone(command: &str) -> Self {
        Self {
            script: None,
            text: command.to_owned(),
        }
    }
}

/// The arguments of a runner that name what it runs.
fn arguments(command: &str) -> Option<(&'static Runner, Vec<String>)> {
    let mut words = shlex::split(&without_prefix(command))?.into_iter();
    let name = words.next()?;
    let runner = RUNNERS
        .iter()
        .find(|runner| runner.names.contains(&&*name))?;
    let valued = pattern(runner.valued);
    let mut arguments = Vec::new();
    while let Some(word) = words.next() {
        if valued.is_match(&word) {
            words.next();
        } else if !word.starts_with('-') {
            arguments.push(word);
        }
    }
    Some((runner, arguments))
}

/// The parts of a line that a shell starts at once.
fn at_once(line: &str) -> Vec<&str> {
    let (mut parts, mut begins) = (Vec::new(), 0);
    for join in TOKEN.find_iter(line).filter(|token| token.as_str() == "&") {
        parts.push(&line[begins..join.start()]);
        begins = join.end();
    }
    parts.push(&line[begins..]);
    let parts = parts.into_iter().map(str::trim);
    parts.filter(|part| !["", "wait"].contains(part)).collect()
}

/// The commands of a line, in their order.
pub fn commands(line: &str) -> Vec<&str> {
    let tokens = TOKEN.find_iter(line).map(|token| token.as_str().trim());
    let commands = tokens.filter(|token| !token.is_empty() && !token.starts_with(['&', ';', '|']));
    commands.collect()
}

/// The folder that a line goes to, if it does, by its path from where it is typed.
pub fn folder_of(line: &str) -> Option<String> {
    let goes = pattern(r"(?:^cd| --prefix| --cwd| --dir| -C)[ =](?:\./)?([\w./-]*\w)/?(?:[ ;&]|$)");
    Some(goes.captures(line)?[1].to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_a_script_starts_is_known_by_its_name_or_its_command() {
        let mut scripts = json!({
            "server": "node 'a & b.js' 2>&1 | pretty",
            "client": "cd client && npm start",
            "start": "react-scripts start",
            "watch:css": "tailwindcss -w",
            "watch:js:x": "esbuild --watch",
            "loop": "npm run loop",
        });
        for (script, expected) in [
            ("vite --open", "dev = vite --open"),
            ("tsc -b && vite", "dev = tsc -b && vite"),
            ("vite & tsc -w; x & wait", "vite, tsc -w; x"),
            ("npm run server", "server = node 'a & b.js' 2>&1 | pretty"),
            ("yarn client", "client = cd client && npm start"),
            (
                "npm start --prefix client",
                "dev = npm start --prefix client",
            ),
            (
                "npm run gen && yarn -s start",
                "npm run gen, start = react-scripts start",
            ),
            (
                r#"cross-env A=1 concurrently -k --names "x,y" -c "red,blue" "npm:start" 'nodemon "x y.js"' "vite & x""#,
                r#"start = react-scripts start, nodemon "x y.js", vite, x"#,
            ),
            (
                "concurrently --kill-others=1 npm:watch:* npm:no",
                "watch:css = tailwindcss -w, watch:js:x = esbuild --watch, npm:no",
            ),
            (
                "run-p -l watch:* start",
                "watch:css = tailwindcss -w, start = react-scripts start",
            ),
            (
                "npm-run-all clean --parallel watch:**",
                "clean, watch:css = tailwindcss -w, watch:js:x = esbuild --watch",
            ),
            ("yarn run loop", ""),
            ("concurrently npm:dev 'yarn dev'", ""),
            ("concurrently \"unclosed", "dev = concurrently \"unclosed"),
        ] {
            scripts["dev"] = script.into();
            let started = Scripts(&scripts).started_by("dev").into_iter();
            let started = started.map(|one| match one.script {
                Some(name) => format!("{name} = {}", one.text),
                None => one.text,
            });
            let started: Vec<_> = started.collect();
            assert_eq!(started.join(", "), expected, "{script}");
        }
        assert!(Scripts(&scripts).started_by("none").is_empty());
    }
}
