//! Which ports, files and windows a session gets.

use crate::ports::Port;
use anyhow::{Context, Result, bail};
use indexmap::IndexMap;
use serde::Deserialize;

/// The layout of a Django backend and a Svelte frontend, in the format that describes any other.
const BUILT_IN: &str = include_str!("layout.toml");

/// What differs from one project to another. Texts may hold placeholders: see [`expand`].
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Layout {
    /// Typed first in every window; empty for nothing.
    pub activate: String,
    /// How Claude Code is started, options included.
    pub claude: String,
    /// Each service with the first port to try.
    pub ports: IndexMap<String, Port>,
    /// What a worktree gets from the main checkout.
    pub files: Files,
    /// By file: the variables set in it, and in every window's environment.
    pub env: IndexMap<String, IndexMap<String, String>>,
    /// The windows, in their order.
    #[serde(rename = "window")]
    pub windows: Vec<Window>,
}

/// Paths from the main checkout's root.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Files {
    /// Symlinked to the main checkout's.
    pub link: Vec<String>,
    /// Copied, permissions kept.
    pub copy: Vec<String>,
    /// `SQLite` databases, copied whole while others write to them.
    pub sqlite: Vec<String>,
}

/// A window of the tmux session.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// What tmux calls it.
    pub name: String,
    /// Its folder, from the worktree's root; empty for the root itself.
    #[serde(default)]
    pub dir: String,
    /// A command that is typed and run.
    pub run: Option<String>,
    /// A text that is typed and left at the prompt.
    #[serde(rename = "type")]
    pub typed: Option<String>,
}

impl Layout {
    /// The layout of a project that says nothing else.
    ///
    /// # Errors
    /// None that a test of this file would not find.
    pub fn built_in() -> Result<Self> {
        toml::from_str(BUILT_IN).context("the built-in layout is broken")
    }
}

/// Replaces each `{word}` by what `value` has for the word.
///
/// # Errors
/// A placeholder without a value, or one without its closing brace.
pub fn expand(text: &str, value: impl Fn(&str) -> Option<String>) -> Result<String> {
    let mut expanded = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((word, behind)) = after.split_once('}') else {
            bail!("the placeholder in {text:?} has no closing brace");
        };
        let Some(value) = value(word) else {
            bail!("{text:?} has no such placeholder: {{{word}}}");
        };
        expanded.push_str(before);
        expanded.push_str(&value);
        rest = behind;
    }
    expanded.push_str(rest);
    Ok(expanded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_layout_has_the_contract_s_windows_and_ports() {
        let layout = Layout::built_in().unwrap();
        let names: Vec<_> = layout
            .windows
            .iter()
            .map(|window| window.name.as_str())
            .collect();
        assert_eq!(
            names,
            [
                "backend:{backend_port}",
                "frontend:{frontend_port}",
                "claude",
                "shell",
                "cli"
            ]
        );
        let ports: Vec<_> = layout
            .ports
            .iter()
            .map(|(service, port)| (service.as_str(), port.number()))
            .collect();
        assert_eq!(ports, [("backend", 8000), ("frontend", 5000)]);
    }

    #[test]
    fn placeholders_are_replaced_and_unknown_ones_refused() {
        let value = |word: &str| (word == "a").then(|| "1".to_owned());
        assert_eq!(expand("x{a}y{a}", value).unwrap(), "x1y1");
        assert!(
            expand("{b}", value)
                .unwrap_err()
                .to_string()
                .contains("{b}")
        );
        assert!(
            expand("{a", value)
                .unwrap_err()
                .to_string()
                .contains("closing brace")
        );
    }
}
