//! Texts with `{words}` in them.

/// The placeholder of the whole Claude command, which is for windows alone.
pub const CLAUDE: &str = "{claude}";

/// The words that every session has a value for, beside a `<service>_port` for each service.
pub const WORDS: [&str; 8] = [
    "project", "name", "slug", "ident", "branch", "worktree", "main", "host",
];

/// Why a text can't be expanded.
#[derive(Debug, PartialEq, Eq)]
pub enum Broken {
    /// A brace without its other one.
    Open,
    /// A word without a value.
    Unknown(String),
}

/// Replaces each `{word}` by what `value` has for the word; `{{` and `}}` stand for a brace.
///
/// # Errors
/// A placeholder without a value, or one without its closing brace.
pub fn expand(text: &str, value: impl Fn(&str) -> Option<String>) -> Result<String, Broken> {
    let mut expanded = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']) {
        let (before, from) = rest.split_at(at);
        expanded.push_str(before);
        let mut braces = ["{{", "}}", "}"].into_iter();
        if let Some(brace) = braces.find(|brace| from.starts_with(brace)) {
            expanded.push_str(&brace[..1]);
            rest = &from[brace.len()..];
        } else {
            let (word, behind) = from[1..].split_once('}').ok_or(Broken::Open)?;
            expanded.push_str(&value(word).ok_or_else(|| Broken::Unknown(word.to_owned()))?);
            rest = behind;
        }
    }
    expanded.push_str(rest);
    Ok(expanded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_replaced_and_unknown_ones_refused() {
        let value = |word: &str| (word == "a").then(|| "1".to_owned());
        assert_eq!(expand("x{a}y{a}", value).unwrap(), "x1y1");
        assert_eq!(expand("${{b}} {{{a}}} }", value).unwrap(), "${b} {1} }");
        let unknown = Broken::Unknown("b".to_owned());
        assert_eq!(expand("{b}", value), Err(unknown));
        assert_eq!(expand("{a", value), Err(Broken::Open));
    }
}
