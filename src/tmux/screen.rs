//! What a pane shows.

use super::{Pane, tmux};
use anyhow::{Context, Result};

/// So many letters of a line tell which one it is.
const TELLING: usize = 20;

/// The last lines that a pane has shown, without empty ones at the end.
pub fn shown(pane: &Pane, lines: usize) -> Result<String> {
    let screen = tmux()
        .args(["capture-pane", "-p", "-J", "-S", "-", "-t", &pane.id])
        .stdout()?;
    let screen = String::from_utf8_lossy(&screen);
    let all: Vec<_> = screen.trim_end().lines().map(str::trim_end).collect();
    Ok(all[all.len().saturating_sub(lines)..].join("\n"))
}

/// Whether nothing is typed at the prompt that a pane shows, as far as the screen tells.
pub fn has_empty_prompt(pane: &Pane) -> Result<bool> {
    let at = ["-t", &pane.id];
    let screen = tmux()
        .args(["display-message", "-p"])
        .args(at)
        .args(["#{cursor_x}:#{cursor_y}", ";", "capture-pane", "-p"])
        .args(at)
        .stdout()?;
    let screen = String::from_utf8_lossy(&screen);
    let mut lines = screen.lines();
    let cursor = lines.next().and_then(|cursor| cursor.split_once(':'));
    let cursor = cursor.and_then(|(x, y)| Some((x.parse().ok()?, y.parse().ok()?)));
    let (x, y): (usize, usize) = cursor.context("tmux does not say where the cursor is")?;
    let line: Vec<char> = lines.nth(y).unwrap_or_default().chars().collect();
    let (before, behind) = line.split_at(x.min(line.len()));
    let [before, behind]: [String; 2] = [before, behind].map(|part| part.iter().collect());
    let is_further = before.trim_end().ends_with('>') && {
        let all = shown(pane, usize::MAX)?;
        let typed = pane.typed.as_ref().map(|typed| typed.line.as_str());
        is_for_further_lines(&before, typed.and_then(|typed| prompt_of(typed, &all)))
    };
    Ok(is_prompt(&before, &behind) && !is_further)
}

/// Whether the cursor is at the end of a prompt: that ends with a sign, and what is typed mostly does not. A prompt at the right end
/// of the line does not count.
fn is_prompt(before: &str, behind: &str) -> bool {
    let is_word = |letter: char| letter.is_alphanumeric() || "-_./\\,=*\"'`|&;<(".contains(letter);
    let last = before.trim_end().chars().last();
    let is_within = behind.chars().next().is_some_and(|it| !it.is_whitespace());
    !is_within && last.is_some_and(|last| !is_word(last))
}

/// The prompt that a line was typed at.
fn prompt_of<'a>(typed: &str, screen: &'a str) -> Option<&'a str> {
    let start: String = typed.chars().take(TELLING).collect();
    let mut lines = screen.lines().rev();
    lines.find_map(|line| Some(&line[..line.find(&start)?]))
}

/// Whether a prompt with a `>` at its end is that of a shell for the further lines of a command, with the prompt for a first one if
/// that is known.
fn is_for_further_lines(prompt: &str, first: Option<&str>) -> bool {
    let prompt = prompt.trim();
    match first.map(str::trim) {
        Some(first) => !first.ends_with('>') || prompt.len() < first.len() && is_in_words(prompt),
        None => is_in_words(prompt),
    }
}

/// Whether it is one as shells have it: bash `>`, and zsh with what is open before that, as in `cmdsubst dquote>`.
fn is_in_words(prompt: &str) -> bool {
    let words = prompt.trim_end_matches('>');
    let is_of_words = |letter: char| letter.is_ascii_lowercase() || letter == ' ';
    words.chars().all(is_of_words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prompt_ends_with_a_sign_and_what_is_typed_does_not() {
        for prompt in ["$ ", "(tally) me@host ~ % ", "❯ ", "~/x> ", "# "] {
            assert!(is_prompt(prompt, ""), "{prompt}");
        }
        for used in ["$ git", "$ ls -", "$ echo \"", "", "  ", "$ cd ../"] {
            assert!(!is_prompt(used, ""), "{used}");
        }
        assert!(!is_prompt("$ ", "git log"));
    }

    #[test]
    fn a_prompt_for_further_lines_is_told_by_the_one_before() {
        for (prompt, first, is_further) in [
            ("> ", Some("$ "), true),
            ("> ", None, true),
            ("> ", Some("> "), false),
            ("> ", Some("me ~/x> "), true),
            ("cmdsubst dquote> ", Some("host% "), true),
            ("heredoc> ", None, true),
            ("me@host ~/tally-a/backend> ", Some("me@host ~> "), false),
            ("me@host ~> ", Some("me@host ~/tally-a/backend> "), false),
            ("~/x> ", None, false),
        ] {
            assert_eq!(
                is_for_further_lines(prompt, first),
                is_further,
                "{prompt} after {first:?}"
            );
        }
        let screen = "x$ workon tally && cd /a && run\nwent wrong\n> ";
        let typed = "workon tally && cd /a && run";
        assert_eq!(prompt_of(typed, screen), Some("x$ "));
        assert_eq!(prompt_of(typed, "$ clear"), None);
    }
}
