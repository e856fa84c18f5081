//! An error that knows the next command to type.

use std::error::Error;
use std::fmt;

/// An error and the exact command, or the short sentence, that gets the user further.
///
/// It stands in the error's place: its message and its causes are those of the error that it holds.
#[derive(Debug)]
struct Hinted {
    error: anyhow::Error,
    hints: Vec<String>,
}

impl fmt::Display for Hinted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl Error for Hinted {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.error.source()
    }
}

/// Adds a hint to a failed result.
pub trait Hint<T> {
    /// Keeps the error's message and causes, and adds what to do next.
    fn hint(self, hint: impl Into<String>) -> anyhow::Result<T>;
}

impl<T, E: Into<anyhow::Error>> Hint<T> for Result<T, E> {
    fn hint(self, hint: impl Into<String>) -> anyhow::Result<T> {
        self.map_err(|error| with_hint(error.into(), hint.into()))
    }
}

/// Adds a hint to an error, behind those that it has.
pub fn with_hint(error: anyhow::Error, hint: String) -> anyhow::Error {
    // `downcast` would also find one below a context, and drop the context.
    let outermost = error.chain().next();
    let hinted = if outermost.is_some_and(<dyn Error>::is::<Hinted>) {
        error.downcast::<Hinted>()
    } else {
        Err(error)
    };
    let mut hinted = hinted.unwrap_or_else(|error| Hinted {
        error,
        hints: Vec::new(),
    });
    hinted.hints.push(hint);
    anyhow::Error::new(hinted)
}

/// The same error once more, for another thing that it keeps from being done.
pub fn copy(error: &anyhow::Error) -> anyhow::Error {
    reworded(error, format!("{error:#}"))
}

/// An error in other words, with the same hints.
pub fn reworded(error: &anyhow::Error, words: String) -> anyhow::Error {
    let reworded = anyhow::Error::msg(words);
    hints(error)
        .map(ToOwned::to_owned)
        .fold(reworded, with_hint)
}

/// The hints of an error and of its causes, outermost first.
pub fn hints(error: &anyhow::Error) -> impl Iterator<Item = &str> {
    error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<Hinted>())
        .flat_map(|hinted| hinted.hints.iter().map(String::as_str))
}

/// Whether an error is of a kind, with hints or without.
pub fn is<E: Error + Send + Sync + 'static>(error: &anyhow::Error) -> bool {
    error.is::<E>()
        || error
            .downcast_ref::<Hinted>()
            .is_some_and(|hinted| is::<E>(&hinted.error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::{Context, anyhow};

    #[test]
    fn a_hint_survives_further_context_and_repeats_no_message() {
        let failed: anyhow::Result<()> = Err(anyhow!("disk full")).context("cannot write");
        let error = failed
            .hint("free some space")
            .hint("or stop")
            .context("add failed")
            .hint("look again")
            .unwrap_err();
        assert_eq!(format!("{error:#}"), "add failed: cannot write: disk full");
        assert_eq!(
            hints(&error).collect::<Vec<_>>(),
            ["look again", "free some space", "or stop"]
        );
    }
}
