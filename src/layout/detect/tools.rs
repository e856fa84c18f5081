//! What is known of tools: how each is recognised, how it is told its port, and which port it takes by itself. Another
//! one is a line here.

use super::pattern;
use Gets::{Everywhere, Variable, Words};
use Side::{Back, Front};
use regex_lite::Regex;
use std::borrow::Cow;
use std::sync::LazyLock;

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
}

/// Tools that scripts of a `package.json` and lines of a Procfile start.
#[rustfmt::skip]
pub const TOOLS: &[Tool] = &[
    Tool { commands: &["vite", "vite dev", "vite serve"], gets: Words("--port {port} --strictPort"), first: 5173, side: Front },
    Tool { commands: &["next", "next dev"], gets: Words("-p {port}"), first: 3000, side: Front },
    Tool { commands: &["nuxt dev", "nuxi dev"], gets: Words("--port {port}"), first: 3000, side: Front },
    Tool { commands: &["astro dev"], gets: Words("--port {port}"), first: 4321, side: Front },
    Tool { commands: &["react-router dev", "remix vite:dev"], gets: Words("--port {port}"), first: 5173, side: Front },
    Tool { commands: &["react-scripts start", "craco start"], gets: Variable("PORT"), first: 3000, side: Front },
    Tool { commands: &["ng serve"], gets: Words("--port {port}"), first: 4200, side: Front },
    Tool { commands: &["vue-cli-service serve"], gets: Words("--port {port}"), first: 8080, side: Front },
    Tool { commands: &["gatsby develop"], gets: Words("-p {port}"), first: 8000, side: Front },
    Tool { commands: &["webpack serve", "webpack-dev-server"], gets: Words("--port {port}"), first: 8080, side: Front },
    Tool { commands: &["expo start"], gets: Words("--port {port}"), first: 8081, side: Front },
    Tool { commands: &["wrangler dev"], gets: Words("--port {port}"), first: 8787, side: Back },
    Tool { commands: &["nest start"], gets: Variable("PORT"), first: 3000, side: Back },
    Tool { commands: &["bin/vite dev"], gets: Everywhere("VITE_RUBY_PORT"), first: 3036, side: Front },
    Tool { commands: &["bin/rails server", "bin/rails s", "rails server", "rails s"], gets: Words("-p {port}"), first: 3000, side: Back },
    Tool { commands: &["puma *"], gets: Words("-p {port}"), first: 9292, side: Back },
    Tool { commands: &["manage.py runserver"], gets: Words("{port}"), first: 8000, side: Back },
    Tool { commands: &["uvicorn *", "fastapi dev"], gets: Words("--port {port}"), first: 8000, side: Back },
    Tool { commands: &["flask run", "flask --app"], gets: Words("--port {port}"), first: 5000, side: Back },
];

/// What runs a program of the project's own, which may be a server.
#[rustfmt::skip]
pub const NODE: Tool =
    Tool { commands: &["node *", "nodemon *", "tsx *", "ts-node *", "ts-node-dev *", "bun *", "deno *"], gets: Variable("PORT"), first: 3000, side: Back };

/// Packages that make a program of NODE a server.
pub const NODE_SERVERS: &str = r#""(express|fastify|koa|hono|@hapi/hapi|h3|@apollo/server)":"#;

/// What programs are called that serve nobody.
pub const NO_SERVERS: &str = r"\b(workers?|queues?|cron|jobs?)\b";

/// A server that a file of its folder tells of.
pub struct Marker {
    pub file: &'static str,
    /// What is in that.
    pub text: &'static str,
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
    Marker { file: "manage.py", text: "", name: "Django", run: "python manage.py runserver {port}", first: 8000, console: "python manage.py ", installs: "" },
    Marker { file: "bin/rails", text: "", name: "Rails", run: "bin/rails server -p {port}", first: 3000, console: "bin/rails console", installs: "bundle check || bundle install" },
    Marker { file: "artisan", text: "", name: "Laravel", run: "php artisan serve --port={port}", first: 8000, console: "php artisan ", installs: "composer install" },
    Marker { file: "mix.exs", text: ":phoenix", name: "Elixir", run: "PORT={port} mix phx.server", first: 4000, console: "iex -S mix", installs: "mix deps.get" },
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
static BEFORE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"^\s*((npx|bunx|pnpm|yarn|cross-env|env|bundle|exec|uv|poetry|pipenv|run|python3?|\w+=\S*)\s+)*",
    )
});

impl Tool {
    /// Whether it reads its port from its environment.
    pub fn reads_port(&self) -> bool {
        matches!(self.gets, Variable(_))
    }

    /// Whether a command starts it.
    pub fn is_started_by(&self, command: &str) -> bool {
        let command = without_prefix(command) + " ";
        self.commands.iter().any(|beginning| {
            let rest = command.strip_prefix(beginning.trim_end_matches(" *"));
            // Behind it stand nothing, options, or whatever is free to.
            let free = if beginning.contains(' ') { " " } else { " -" };
            rest.is_some_and(|rest| rest == " " || rest.starts_with(free))
        })
    }
}

/// A command without the words before it that change nothing in what it is.
pub fn without_prefix(command: &str) -> Cow<'_, str> {
    BEFORE.replace(command, "")
}

/// A project's own text, for a place where braces mean something.
pub fn doubled(text: &str) -> String {
    text.replace('{', "{{").replace('}', "}}")
}

/// How a command names its port: by a number, or by the variable with or without one.
static PORT: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?:^|\s)(?:(?:(?:--port|-p)[ =]|runserver )(?:\S*:)?|PORT=)(\d+)\b|\$\{PORT(?::-(\d+))?\}|\$PORT\b",
    )
});

/// A command with `{port}` in the place of the port that it names, if it does, and the number of that, if it has one. A second
/// number is another port; the variable is the same one wherever it stands.
pub fn with_port(command: &str) -> Option<(Option<u16>, String)> {
    let (mut written, mut number, mut end) = (String::new(), None, 0);
    for named in PORT.captures_iter(command) {
        if named.get(1).is_some() && end > 0 {
            continue;
        }
        let place = named.get(1).or(named.get(0))?;
        written += &doubled(&command[end..place.start()]);
        written += "{port}";
        end = place.end();
        let named = named.get(1).or(named.get(2));
        number = number.or_else(|| named?.as_str().parse().ok());
    }
    (end > 0).then(|| (number, written + &doubled(&command[end..])))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tool_is_known_by_its_command() {
        let known = |command: &str| {
            let tool = TOOLS.iter().find(|tool| tool.is_started_by(command));
            tool.map_or("none", |tool| tool.commands[0])
        };
        for (command, tool) in [
            ("vite", "vite"),
            ("vite dev --host", "vite"),
            ("vite build", "none"),
            ("NODE_ENV=x npx vite --open", "vite"),
            ("cross-env A=1 ng serve", "ng serve"),
            ("next build", "none"),
            ("next dev apps/x", "next"),
            ("uv run python manage.py runserver", "manage.py runserver"),
            ("bundle exec puma -C config/puma.rb", "puma *"),
            ("bin/vite dev", "bin/vite dev"),
            ("echo vite", "none"),
            ("", "none"),
        ] {
            assert_eq!(known(command), tool, "{command}");
        }
        assert!(NODE.is_started_by("node server.js") && !NODE.is_started_by("nodejs"));
    }

    #[test]
    fn a_port_in_a_command_is_found_and_replaced() {
        for (command, number) in [
            ("vite --port 3001 --open", "3001"),
            ("next dev -p 4000", "4000"),
            ("astro dev --port=4000", "4000"),
            ("PORT=3005 react-scripts start", "3005"),
            ("manage.py runserver 0.0.0.0:8080", "8080"),
        ] {
            let written = command.replace(number, "{port}");
            let port = number.parse().ok();
            assert_eq!(with_port(command), Some((port, written)), "{command}");
        }
        for (command, port, written) in [
            ("puma -p ${PORT:-80} {a}", Some(80), "puma -p {port} {{a}}"),
            ("x -b 0.0.0.0:$PORT", None, "x -b 0.0.0.0:{port}"),
            ("x ${PORT}", None, "x {port}"),
        ] {
            let written = written.to_owned();
            assert_eq!(with_port(command), Some((port, written)), "{command}");
        }
        for command in ["vite", "tsc -p tsconfig.json", "x $PORTS", "kill -9 3000"] {
            assert_eq!(with_port(command), None, "{command}");
        }
    }
}
