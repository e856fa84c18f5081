//! Texts as TOML writes them.

/// A list of texts in TOML.
pub fn list(texts: &[String]) -> String {
    let texts: Vec<_> = texts.iter().map(|text| string(text)).collect();
    format!("[{}]", texts.join(", "))
}

/// A text in TOML, on one line.
pub fn string(text: &str) -> String {
    let is_plain = !text.contains(['"', '\\']) && !text.contains(char::is_control);
    if is_plain {
        format!("\"{text}\"")
    } else if !text.contains('\'') && !text.contains(char::is_control) {
        format!("'{text}'")
    } else {
        let escaped = text.replace('\\', "\\\\").replace('"', "\\\"");
        format!("\"{}\"", escaped.replace(char::is_control, " "))
    }
}

/// A key in TOML.
pub fn key(text: &str) -> String {
    let is_bare = text
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
    if is_bare && !text.is_empty() {
        text.to_owned()
    } else {
        string(text)
    }
}

/// A text of several lines in TOML.
pub fn lines(text: &str) -> String {
    if text.contains("'''") {
        let escaped = text.replace('\\', "\\\\").replace('"', "\\\"");
        format!("\"\"\"\n{escaped}\"\"\"")
    } else {
        format!("'''\n{text}'''")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_is_read_back() {
        for text in [
            "",
            "a b",
            "it's",
            "say \"a\"",
            r"a\b",
            "it's \"a\" \\",
            "'''",
        ] {
            let written = format!(
                "{} = [{}]\nlines = {}",
                key(text),
                string(text),
                lines(text)
            );
            let read: toml::Table = toml::from_str(&written).unwrap();
            assert_eq!(read[text][0].as_str(), Some(text));
            assert_eq!(read["lines"].as_str(), Some(text));
        }
    }
}
