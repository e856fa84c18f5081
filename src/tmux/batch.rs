//! Many commands for tmux in one call.

use super::{tmux, word};
use crate::process::{Ending, Output};
use crate::store::lock::Lock;
use anyhow::{Context, Result, anyhow};
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::Write;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Commands for one call of tmux.
#[derive(Default)]
pub struct Batch(Vec<Vec<String>>);

impl Batch {
    /// Adds a command.
    pub fn command<S: Into<String>>(&mut self, words: impl IntoIterator<Item = S>) {
        self.0.push(words.into_iter().map(Into::into).collect());
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether it is too long for the arguments of one call: tmux takes 16 kB.
    fn is_long(&self) -> bool {
        let words = self.0.iter().flatten();
        words.map(|word| word.len() + 1).sum::<usize>() > 8000
    }

    /// As arguments. tmux takes one that ends with a semicolon for the end of a command, unless it is escaped.
    pub(super) fn arguments(&self) -> Vec<String> {
        let escaped = |word: &String| match word.strip_suffix(';') {
            Some(start) => format!("{start}\\;"),
            None => word.clone(),
        };
        let commands = self.0.iter().map(|words| words.iter().map(escaped));
        let commands: Vec<Vec<_>> = commands.map(Iterator::collect).collect();
        commands.join(&";".to_owned())
    }

    /// As the text of a file: one line, as tmux goes on behind a command that fails only in another line.
    pub(super) fn text(&self) -> String {
        let commands = self.0.iter().map(|words| {
            let words: Vec<_> = words.iter().map(|text| word(text)).collect();
            words.join(" ")
        });
        commands.collect::<Vec<_>>().join(" ; ")
    }
}

/// Has tmux carry out these, each up to its first command that fails. A server that it starts has none of the `variables` from here:
/// they are those of the session in whose window this program runs. Holds the lock until tmux has ended, even if this
/// program is killed.
pub fn run(batches: &[Batch], variables: &[String], lock: &Lock) -> Result<Output> {
    let tmux = tmux()
        .without_env(variables.iter().cloned())
        .holding(lock.file());
    if let [batch] = batches
        && !batch.is_long()
    {
        return Ok(tmux.args(batch.arguments()).output()?);
    }
    let lines: Vec<_> = batches.iter().map(Batch::text).collect();
    // What a killed command left of it the next one writes over.
    let path = lock.beside("tmux");
    let failed = || format!("cannot write {}", path.display());
    let mut options = File::options();
    let file = options.write(true).create(true).truncate(true).mode(0o600);
    let mut file = file.open(&path).with_context(failed)?;
    file.write_all(lines.join("\n").as_bytes())
        .with_context(failed)?;
    // Only with another command before it does it start a server.
    let tmux = tmux.args(["start-server", ";", "source-file"]);
    let output = tmux.arg(without_globs(&path)).output()?;
    fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))?;
    Ok(output)
}

/// A path that tmux takes for a pattern, so that it means this file.
fn without_globs(path: &Path) -> OsString {
    let bytes = path.as_os_str().as_bytes().iter();
    let escaped = bytes.flat_map(|&byte| {
        let escape = b"*?[\\".contains(&byte).then_some(b'\\');
        escape.into_iter().chain([byte])
    });
    OsString::from_vec(escaped.collect())
}

/// A text that tmux expands as a format, so that it comes out as it is. What looks like a style does so by itself.
pub fn literal(text: &str) -> String {
    text.replace('#', "##").replace("##[", "#[")
}

/// What tmux said when it failed: that which ends with this name, if anything does.
pub fn said(output: &Output, name: &str) -> anyhow::Error {
    let lines: Vec<_> = output.stderr.lines().collect();
    let its = lines.iter().copied().filter(|line| line.ends_with(name));
    let its: Vec<_> = its.collect();
    let words = if its.is_empty() { lines } else { its }.join(", ");
    if words.is_empty() {
        let ending = Ending(output.status);
        return anyhow!("tmux ended with {ending}, and said nothing");
    }
    anyhow!("tmux said: {words}")
}
