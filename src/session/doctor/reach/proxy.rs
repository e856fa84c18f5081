//! Vite's proxy, where it goes to a port that is another one's: the front end of a session talks to another back end.

use crate::finding::Finding;
use crate::ports::Port;
use crate::process::quote_path;
use crate::session::Session;
use crate::session::doctor::reach::{Scope, read_inside};
use regex_lite::{Captures, Regex};
use std::collections::BTreeSet;
use std::sync::LazyLock;

const ENDS: [&str; 6] = ["js", "ts", "mjs", "mts", "cjs", "cts"];

/// What of a script is not to be taken apart: a comment, a text in quotes, a letter that a backslash makes plain; and a brace.
static TOKEN: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r#"(?s)//[^\n]*|/\*.*?(?:\*/|$)|"(?:[^"\\\n]|\\.)*["\n]?|'(?:[^'\\\n]|\\.)*['\n]?|`(?:[^`\\]|\\.)*`?|\\.|[{}]"#,
    )
});

static PROXY: LazyLock<Regex> = LazyLock::new(|| pattern(r#"\bproxy['"]?\s*:\s*\{"#));

/// What a value of an object stands behind: a key that is a word or a text.
static KEY: LazyLock<Regex> =
    LazyLock::new(|| pattern(r#"[{,]\s*(?:[\w$]*|"[^"]*"|'[^']*')\s*:\s*$"#));

/// A URL of this machine.
static URL: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"^[^:]*://(?:localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1\]):(\d+)(?:/|$)")
});

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("a pattern is in order")
}

pub fn check(scope: &Scope<'_>) -> Vec<Finding> {
    let sessions = scope.sessions.iter();
    sessions
        .flat_map(|session| of_session(scope, session))
        .collect()
}

fn of_session(scope: &Scope<'_>, session: &Session<'_>) -> Vec<Finding> {
    let windows = session.layout.windows.iter();
    let folders: BTreeSet<_> = windows.map(|window| window.dir.as_str()).collect();
    let files = folders.iter().flat_map(|folder| {
        ENDS.map(|end| {
            format!("{folder}/vite.config.{end}")
                .trim_start_matches('/')
                .to_owned()
        })
    });
    let mut findings = Vec::new();
    for path in files {
        let Some((there, text)) = read_inside(session, &path) else {
            continue;
        };
        for (url, port) in fixed_ports(&String::from_utf8_lossy(&text)) {
            let Some(service) = of_another(scope, session, port) else {
                continue;
            };
            let service = service.to_uppercase();
            let read = format!(":${{process.env.{service}_PORT ?? {port}}}");
            let own = url.replace(&format!(":{port}"), &read);
            let file = quote_path(&there);
            let found = format!("goes to {url} in every session, whatever its own port is");
            findings.push(
                Finding::failed(format!("the proxy in {path}"), found)
                    .cure(format!("write `{own}` for '{url}' in {file}")),
            );
        }
    }
    findings
}

/// The service of the main checkout's or of another session's that has a port which is none of this one's.
fn of_another<'a>(scope: &'a Scope<'_>, session: &Session<'_>, port: u16) -> Option<&'a str> {
    let is_it = |other: Port| other.number() == port;
    if session.ports().any(|(_, own)| is_it(own)) {
        return None;
    }
    let mut services = scope.layout.ports.iter();
    let of_record = |service: &str| {
        let mut records = scope.records.iter();
        records.any(|(_, record)| record.port(service).is_some_and(is_it))
    };
    services
        .find(|(service, first)| is_it(**first) || of_record(service))
        .map(|(service, _)| service.as_str())
}

/// The URLs of this machine that a configuration of Vite has as the plain values of a `proxy`, and their ports.
fn fixed_ports(script: &str) -> Vec<(String, u16)> {
    let uncommented = |token: &Captures<'_>| match &token[0] {
        comment if comment.starts_with("//") || comment.starts_with("/*") => " ".to_owned(),
        token => token.to_owned(),
    };
    let script = TOKEN.replace_all(script, uncommented);
    let mut found = Vec::new();
    for proxy in PROXY.find_iter(&script) {
        let value = &script[proxy.end() - 1..];
        let mut depth = 0_i32;
        for token in TOKEN.find_iter(value) {
            let behind = value[token.end()..].trim_start();
            match token.as_str() {
                "{" => depth += 1,
                "}" => depth -= 1,
                text if behind.starts_with([',', '}']) && KEY.is_match(&value[..token.start()]) => {
                    let url = text.trim_matches(['\'', '"', '`']);
                    let port = URL.captures(url).and_then(|url| url[1].parse().ok());
                    found.extend(port.map(|port| (url.to_owned(), port)));
                }
                _ => {}
            }
            if depth == 0 {
                break;
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ports(proxy: &str) -> Vec<u16> {
        let script = format!(
            "// proxy: {{ '/x': 'http://localhost:1' }}\nexport default {{ server: {{ proxy: {{ {proxy} }}, origin: 'http://localhost:2' }} }}"
        );
        let found = fixed_ports(&script).into_iter();
        found.map(|(_, port)| port).collect()
    }

    #[test]
    fn only_a_port_that_stands_there_as_it_is_is_fixed() {
        for proxy in [
            "'/api': 'http://localhost:8000'",
            "\"/api\" : { target: \"http://127.0.0.1:8000/v1\", changeOrigin: true }",
            "'/api': { rewrite: (path) => path.replace(/^\\/api\\//, ''), target: 'http://localhost:8000' }",
            "'^/a': 'http://localhost:8000', // '/b': 'http://localhost:8001'\n",
        ] {
            assert_eq!(ports(proxy), [8000], "{proxy}");
        }
        for proxy in [
            "// '/api': 'http://localhost:8000',\n /* '/b': 'http://localhost:8001' */",
            "'/api': process.env.VITE_API_URL ?? 'http://localhost:8000'",
            "'/api': process.env.A ? 'http://a' : 'http://localhost:8000'",
            "'/api': `http://localhost:${process.env.BACKEND_PORT ?? 8000}`",
            "'/api': 'http://localhost:' + port",
            "'/api': 'http://localhost:8000' + path",
            "'/api': { target: env.API || 'http://localhost:8000' }",
            "'/api': 'https://api.example.com:8000', '/b': 'http://localhost'",
        ] {
            assert!(ports(proxy).is_empty(), "{proxy}");
        }
        let several =
            "api: `http://[::1]:8000`, '/ws': { ws: true, target: 'ws://localhost:8001', },";
        assert_eq!(ports(several), [8000, 8001]);
        let others = "'proxy': target, noproxy: { a: 'http://localhost:1' }, proxy";
        assert!(fixed_ports(others).is_empty());
    }
}
