//! What is known of tools: how each is recognised, how it is told its port, and which port it takes by itself. Another
//! one is a line here.

use Gets::{Everywhere, Variable, Words};
use Side::{Back, Front};

/// Which half of a project a server is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// What others ask.
    Back,
    /// What people see.
    Front,
}

/// How a tool gets its port. In commands `{port}` stands for it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Gets {
    /// By these words behind its command.
    Words(&'static str),
    /// By a variable in its own environment.
    Variable(&'static str),
    /// By a variable that others have to know too.
    Everywhere(&'static str),
}

/// A tool that is started by a command.
pub struct Tool {
    /// The beginnings of its command, by words. Behind a single one only options may follow, unless there is a `*`.
    pub commands: &'static [&'static str],
    pub gets: Gets,
    /// The port that it takes by itself.
    pub first: u16,
    pub side: Side,
    /// Whether it reads `.env.local` beside `.env`.
    pub reads_local: bool,
}

const fn tool(
    commands: &'static [&'static str],
    gets: Gets,
    first: u16,
    side: Side,
    reads_local: bool,
) -> Tool {
    Tool {
        commands,
        gets,
        first,
        side,
        reads_local,
    }
}

/// Tools that scripts of a `package.json` and lines of a Procfile start.
#[rustfmt::skip]
pub const TOOLS: &[Tool] = &[
    tool(&["vite", "vite dev", "vite serve"], Words("--port {port} --strictPort"), 5173, Front, true),
    tool(&["next", "next dev"], Words("-p {port}"), 3000, Front, true),
    tool(&["nuxt dev", "nuxi dev"], Words("--port {port}"), 3000, Front, false),
    tool(&["astro dev"], Words("--port {port}"), 4321, Front, true),
    tool(&["react-router dev", "remix vite:dev"], Words("--port {port}"), 5173, Front, true),
    tool(&["react-scripts start", "craco start"], Variable("PORT"), 3000, Front, true),
    tool(&["ng serve"], Words("--port {port}"), 4200, Front, false),
    tool(&["vue-cli-service serve"], Words("--port {port}"), 8080, Front, true),
    tool(&["gatsby develop"], Words("-p {port}"), 8000, Front, false),
    tool(&["webpack serve", "webpack-dev-server"], Words("--port {port}"), 8080, Front, false),
    tool(&["expo start"], Words("--port {port}"), 8081, Front, true),
    tool(&["wrangler dev"], Words("--port {port}"), 8787, Back, false),
    tool(&["nest start"], Variable("PORT"), 3000, Back, false),
    tool(&["bin/vite dev"], Everywhere("VITE_RUBY_PORT"), 3036, Front, false),
    tool(&["bin/rails server", "bin/rails s", "rails server", "rails s"], Words("-p {port}"), 3000, Back, false),
    tool(&["puma *"], Words("-p {port}"), 9292, Back, false),
    tool(&["manage.py runserver"], Words("{port}"), 8000, Back, false),
    tool(&["uvicorn *", "fastapi dev"], Words("--port {port}"), 8000, Back, false),
    tool(&["flask run", "flask --app"], Words("--port {port}"), 5000, Back, false),
];

/// What runs a program of the project's own, which may be a server.
pub const NODE: Tool = tool(
    &[
        "node *",
        "nodemon *",
        "tsx *",
        "ts-node *",
        "ts-node-dev *",
        "bun *",
        "deno *",
    ],
    Variable("PORT"),
    3000,
    Back,
    false,
);

/// Packages that make a program of NODE a server.
pub const NODE_SERVERS: [&str; 7] = [
    "express",
    "fastify",
    "koa",
    "hono",
    "@hapi/hapi",
    "h3",
    "@apollo/server",
];

/// A server that a file of its folder tells of.
pub struct Marker {
    pub file: &'static str,
    pub name: &'static str,
    /// How it is started.
    pub run: &'static str,
    pub first: u16,
    /// What a console for one-off commands begins with.
    pub console: &'static str,
    /// What makes a new checkout ready; nothing for what the environment's own manager does.
    pub installs: &'static str,
}

/// Servers that are recognised by a file.
#[rustfmt::skip]
pub const MARKERS: &[Marker] = &[
    Marker { file: "manage.py", name: "Django", run: "python manage.py runserver {port}", first: 8000, console: "python manage.py ", installs: "" },
    Marker { file: "bin/rails", name: "Rails", run: "bin/rails server -p {port}", first: 3000, console: "bin/rails console", installs: "bundle check || bundle install" },
    Marker { file: "artisan", name: "Laravel", run: "php artisan serve --port={port}", first: 8000, console: "php artisan ", installs: "composer install" },
    Marker { file: "mix.exs", name: "Elixir", run: "PORT={port} mix phx.server", first: 4000, console: "iex -S mix", installs: "mix deps.get" },
];

/// A Python server that is recognised by a package among the requirements, and by the line that makes it.
pub struct Package {
    pub name: &'static str,
    /// What its program's text has in it, behind the variable of the server if that matters.
    pub made_by: &'static str,
    /// How it is started: `{module}` and `{name}` are where the server is, `{file}` its program.
    pub run: &'static str,
    pub first: u16,
}

/// Python servers without a `manage.py`.
#[rustfmt::skip]
pub const PACKAGES: &[Package] = &[
    Package { name: "fastapi", made_by: "FastAPI(", run: "uvicorn {module}:{name} --reload --port {port}", first: 8000 },
    Package { name: "litestar", made_by: "Litestar(", run: "uvicorn {module}:{name} --reload --port {port}", first: 8000 },
    Package { name: "starlette", made_by: "Starlette(", run: "uvicorn {module}:{name} --reload --port {port}", first: 8000 },
    Package { name: "flask", made_by: "Flask(", run: "flask --app {file} run --debug --port {port}", first: 5000 },
    Package { name: "streamlit", made_by: "import streamlit", run: "streamlit run {file} --server.port {port}", first: 8501 },
];

/// Words before a command that change nothing in what it is.
const BEFORE: [&str; 14] = [
    "npx",
    "bunx",
    "pnpm",
    "yarn",
    "cross-env",
    "env",
    "bundle",
    "exec",
    "uv",
    "poetry",
    "pipenv",
    "run",
    "python",
    "python3",
];

impl Tool {
    /// Whether a command starts it.
    pub fn is_started_by(&self, command: &str) -> bool {
        let words: Vec<_> = command.split_whitespace().collect();
        let is_before = |word: &&&str| BEFORE.contains(*word) || is_assignment(word);
        let words = &words[words.iter().take_while(is_before).count()..];
        self.commands.iter().any(|beginning| {
            let named: Vec<_> = beginning.split(' ').filter(|word| *word != "*").collect();
            let Some((first, behind)) = words.split_at_checked(named.len()) else {
                return false;
            };
            let only_options = behind.first().is_none_or(|word| word.starts_with('-'));
            first == named && (only_options || beginning.contains(' '))
        })
    }
}

/// Whether a word sets a variable for the command behind it.
pub fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty()
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    })
}

/// A project's own text, for a place where braces mean something.
pub fn doubled(text: &str) -> String {
    text.replace('{', "{{").replace('}', "}}")
}

/// A command with `{port}` in the place of the port that it names, and that port, if it is a number.
pub fn with_port(command: &str) -> Result<(Option<u16>, String), String> {
    let words: Vec<_> = command.split(' ').collect();
    let mut port = None;
    let mut found = false;
    let mut before = "";
    let mut written = Vec::new();
    for word in words {
        let at = number_at(before, word).filter(|_| !found);
        before = word;
        if let Some(at) = at {
            found = true;
            port = word[at..].parse().ok();
            written.push(format!("{}{{port}}", doubled(&word[..at])));
            continue;
        }
        let variable = variable_in(word).filter(|_| !found);
        if let Some((start, end, number)) = variable {
            found = true;
            port = number;
            let (ahead, behind) = (doubled(&word[..start]), doubled(&word[end..]));
            written.push(format!("{ahead}{{port}}{behind}"));
            continue;
        }
        written.push(doubled(word));
    }
    let written = written.join(" ");
    if found {
        Ok((port, written))
    } else {
        Err(written)
    }
}

/// Where the number of a port begins in a word of a command, which is the whole rest of it.
fn number_at(before: &str, word: &str) -> Option<usize> {
    let behind = ["--port=", "-p=", "PORT="]
        .iter()
        .find(|start| word.starts_with(*start));
    let start = match behind {
        Some(start) => start.len(),
        None if ["-p", "--port", "runserver"].contains(&before) => {
            word.rfind(':').map_or(0, |at| at + 1)
        }
        None => return None,
    };
    let digits = &word[start..];
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then_some(start)
}

/// Where `$PORT`, `${PORT}` or `${PORT:-3000}` stands in a word, and the number in it.
fn variable_in(word: &str) -> Option<(usize, usize, Option<u16>)> {
    if let Some(start) = word.find("${PORT") {
        let end = start + word[start..].find('}')?;
        let number = word[start..end]
            .trim_start_matches("${PORT")
            .trim_start_matches(":-");
        return Some((start, end + 1, number.parse().ok()));
    }
    let start = word.find("$PORT")?;
    let end = start + "$PORT".len();
    let ends = !word[end..].starts_with(|next: char| next.is_alphanumeric() || next == '_');
    ends.then_some((start, end, None))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tool_is_known_by_its_command() {
        let known = |command: &str| {
            let tool = TOOLS.iter().find(|tool| tool.is_started_by(command));
            tool.map(|tool| tool.commands[0])
        };
        for (command, tool) in [
            ("vite", Some("vite")),
            ("vite dev --host", Some("vite")),
            ("vite build", None),
            ("NODE_ENV=x npx vite --open", Some("vite")),
            (
                "cross-env A=1 react-scripts start",
                Some("react-scripts start"),
            ),
            ("next build", None),
            ("next dev apps/x", Some("next")),
            (
                "uv run python manage.py runserver",
                Some("manage.py runserver"),
            ),
            ("bundle exec puma -C config/puma.rb", Some("puma *")),
            ("bin/vite dev", Some("bin/vite dev")),
            ("echo vite", None),
            ("", None),
        ] {
            assert_eq!(known(command), tool, "{command}");
        }
        assert!(NODE.is_started_by("node server.js") && !NODE.is_started_by("nodejs"));
    }

    #[test]
    fn a_port_in_a_command_is_found_and_replaced() {
        for (command, port, written) in [
            (
                "vite --port 3001 --open",
                Some(3001),
                "vite --port {port} --open",
            ),
            ("next dev -p 4000", Some(4000), "next dev -p {port}"),
            (
                "astro dev --port=4000",
                Some(4000),
                "astro dev --port={port}",
            ),
            (
                "PORT=3005 react-scripts start",
                Some(3005),
                "PORT={port} react-scripts start",
            ),
            (
                "manage.py runserver 0.0.0.0:8080",
                Some(8080),
                "manage.py runserver 0.0.0.0:{port}",
            ),
            (
                "puma -p ${PORT:-3000} {a}",
                Some(3000),
                "puma -p {port} {{a}}",
            ),
            ("x -b 0.0.0.0:$PORT", None, "x -b 0.0.0.0:{port}"),
            ("x ${PORT}", None, "x {port}"),
        ] {
            assert_eq!(
                with_port(command),
                Ok((port, written.to_owned())),
                "{command}"
            );
        }
        for command in ["vite", "tsc -p tsconfig.json", "x $PORTS", "kill -9 3000"] {
            assert_eq!(with_port(command), Err(command.to_owned()));
        }
    }
}
