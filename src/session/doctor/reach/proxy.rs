//! Vite's proxy, where it goes to a port that is another one's: the front end of a session talks to another back end.

use crate::file::read_text_if_there;
use crate::finding::Finding;
use crate::ports::Port;
use crate::process::quote;
use crate::session::Session;
use crate::session::belongings::inside;
use crate::session::doctor::reach::Scope;
use std::collections::BTreeSet;

const ENDS: [&str; 6] = ["js", "ts", "mjs", "mts", "cjs", "cts"];

pub fn check(scope: &Scope<'_>) -> Vec<Finding> {
    let sessions = scope.sessions.iter();
    sessions
        .flat_map(|session| of_session(scope, session))
        .collect()
}

fn of_session(scope: &Scope<'_>, session: &Session<'_>) -> Vec<Finding> {
    let worktree = session.record.worktree();
    let windows = session.layout.windows.iter();
    let folders: BTreeSet<_> = windows.map(|window| window.dir.as_str()).collect();
    let mut findings = Vec::new();
    for (folder, end) in folders
        .iter()
        .flat_map(|folder| ENDS.map(|end| (folder, end)))
    {
        let path = format!("{folder}/vite.config.{end}");
        let path = path.trim_start_matches('/');
        let Ok(there) = inside::follow(worktree, path) else {
            continue;
        };
        let there = worktree.join(there);
        let Ok(Some(text)) = read_text_if_there(&there) else {
            continue;
        };
        for (url, port) in fixed_ports(&text) {
            let Some(service) = of_another(scope, session, port) else {
                continue;
            };
            let own = url.replace(
                &format!(":{port}"),
                &format!(
                    ":${{process.env.{}_PORT ?? {port}}}",
                    service.to_uppercase()
                ),
            );
            findings.push(
                Finding::failed(
                    format!("the proxy in {path}"),
                    format!("goes to {url} in every session, whatever its own port is"),
                )
                .cure(format!(
                    "write `{own}` for '{url}' in {}",
                    quote(&there.to_string_lossy())
                )),
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
fn fixed_ports(text: &str) -> Vec<(String, u16)> {
    let text = without_comments(text);
    let mut found = Vec::new();
    for (at, _) in text.match_indices("proxy") {
        let is_word = !text[..at].ends_with(is_of_word);
        let behind = text[at + "proxy".len()..].trim_start_matches(['\'', '"']);
        let value = behind.trim_start().strip_prefix(':').map(str::trim_start);
        let Some(value) = value.filter(|value| is_word && value.starts_with('{')) else {
            continue;
        };
        let mut depth = 0_i32;
        for (at, token) in tokens(value) {
            match token {
                "{" => depth += 1,
                "}" => depth -= 1,
                _ => {
                    let [before, behind] = [&value[..at], &value[at + token.len()..]];
                    if is_value(before) && behind.trim_start().starts_with([',', '}']) {
                        let url = token.trim_matches(['\'', '"', '`']);
                        found.extend(port(url).map(|port| (url.to_owned(), port)));
                    }
                }
            }
            if depth == 0 {
                break;
            }
        }
    }
    found
}

fn is_of_word(letter: char) -> bool {
    letter.is_alphanumeric() || "_$".contains(letter)
}

/// Whether a value of an object follows: behind a key that is a word or a text.
fn is_value(before: &str) -> bool {
    let Some(key) = before.trim_end().strip_suffix(':').map(str::trim_end) else {
        return false;
    };
    let above = match key.chars().next_back() {
        Some(quote @ ('\'' | '"')) => {
            let inside = &key[..key.len() - 1];
            inside.rfind(quote).map_or("", |at| &inside[..at])
        }
        _ => key.trim_end_matches(is_of_word),
    };
    above.trim_end().ends_with(['{', ','])
}

/// The port of a URL of this machine.
fn port(url: &str) -> Option<u16> {
    let (_, behind) = url.split_once("://")?;
    let place = behind.split('/').next()?;
    let (host, port) = place.rsplit_once(':')?;
    let is_here = ["localhost", "127.0.0.1", "0.0.0.0", "[::1]"].contains(&host);
    port.parse().ok().filter(|_| is_here)
}

/// The texts in quotes and the braces of a script, each with its place.
fn tokens(script: &str) -> Vec<(usize, &str)> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(letter) = script[at..].chars().next() {
        let length = token_length(&script[at..]);
        let token = &script[at..at + length];
        if "'\"`{}".contains(letter) {
            tokens.push((at, token));
        }
        at += length;
    }
    tokens
}

/// The same script, a space for each comment.
fn without_comments(script: &str) -> String {
    let mut plain = String::new();
    let mut rest = script;
    while !rest.is_empty() {
        let (token, behind) = rest.split_at(token_length(rest));
        let is_comment = token.starts_with("//") || token.starts_with("/*");
        plain.push_str(if is_comment { " " } else { token });
        rest = behind;
    }
    plain
}

/// How long what a script begins with is: a comment, a text in quotes, a letter that a backslash makes plain, any other
/// letter.
fn token_length(script: &str) -> usize {
    let end = |end: Option<usize>| end.unwrap_or(script.len());
    let mut letters = script.char_indices();
    match letters.next() {
        Some((_, '/')) if script.starts_with("//") => end(script.find('\n')),
        Some((_, '/')) if script.starts_with("/*") => end(script.find("*/").map(|at| at + 2)),
        Some((_, quote @ ('\'' | '"' | '`'))) => {
            let mut is_plain = false;
            let last = letters.find(|(_, letter)| {
                let ends = !is_plain && (*letter == quote || *letter == '\n' && quote != '`');
                is_plain = !is_plain && *letter == '\\';
                ends
            });
            end(last.map(|(at, _)| at + 1))
        }
        Some((_, '\\')) => letters.nth(1).map_or(script.len(), |(at, _)| at),
        Some((_, letter)) => letter.len_utf8(),
        None => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_port_that_stands_there_as_it_is_is_fixed() {
        for (proxy, ports) in [
            ("'/api': 'http://localhost:8000'", vec![8000]),
            (
                "\"/api\" : { target: \"http://127.0.0.1:8000/v1\", changeOrigin: true }",
                vec![8000],
            ),
            (
                "api: `http://[::1]:8000`, '/ws': { ws: true, target: 'ws://localhost:8001', },",
                vec![8000, 8001],
            ),
            (
                "'/api': { rewrite: (path) => path.replace(/^\\/api\\//, ''), target: 'http://localhost:8000' }",
                vec![8000],
            ),
            (
                "'^/a': 'http://localhost:8000', // '/b': 'http://localhost:8001'\n",
                vec![8000],
            ),
            (
                "// '/api': 'http://localhost:8000',\n /* '/b': 'http://localhost:8001' */",
                vec![],
            ),
            (
                "'/api': process.env.VITE_API_URL ?? 'http://localhost:8000'",
                vec![],
            ),
            (
                "'/api': process.env.A ? 'http://a' : 'http://localhost:8000'",
                vec![],
            ),
            (
                "'/api': `http://localhost:${process.env.BACKEND_PORT ?? 8000}`",
                vec![],
            ),
            ("'/api': 'http://localhost:' + port", vec![]),
            ("'/api': 'http://localhost:8000' + path", vec![]),
            (
                "'/api': { target: env.API || 'http://localhost:8000' }",
                vec![],
            ),
            (
                "'/api': 'https://api.example.com:8000', '/b': 'http://localhost'",
                vec![],
            ),
        ] {
            let script = format!(
                "// proxy: {{ '/x': 'http://localhost:1' }}\nexport default {{ server: {{ proxy: {{ {proxy} }}, origin: 'http://localhost:2' }} }}"
            );
            let found: Vec<_> = fixed_ports(&script)
                .into_iter()
                .map(|(_, port)| port)
                .collect();
            assert_eq!(found, ports, "{proxy}");
        }
        assert_eq!(
            fixed_ports("'proxy': target, noproxy: { a: 'http://localhost:1' }, proxy"),
            []
        );
    }
}
