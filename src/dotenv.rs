//! Setting a variable in the text of an `.env` file, and reading it, byte by byte: all else stays as it is.

/// The text with `name=value` in it: every line that sets the variable is replaced in place, and if there is none, one
/// is appended. `export `, quotes, spaces around the name and CRLF line ends are kept; a file in any encoding that
/// extends ASCII comes back as it was.
pub fn set(text: &[u8], name: &str, value: &str) -> Vec<u8> {
    let mut result = Vec::with_capacity(text.len() + name.len() + value.len() + 4);
    let mut found = false;
    for line in text.split_inclusive(|&byte| byte == b'\n') {
        match assignment(line, name) {
            Some(Assignment {
                before,
                quote,
                after,
                ..
            }) => {
                found = true;
                result.extend_from_slice(before);
                result.extend(quote);
                result.extend_from_slice(value.as_bytes());
                result.extend(quote);
                if after.starts_with(b"#") {
                    result.push(b' ');
                }
                result.extend_from_slice(after);
            }
            None => result.extend_from_slice(line),
        }
    }
    if !found {
        let end: &[u8] =
            if text.ends_with(b"\r\n") || !text.contains(&b'\n') && text.ends_with(b"\r") {
                b"\r\n"
            } else {
                b"\n"
            };
        if !text.is_empty() && !text.ends_with(b"\n") {
            result.extend_from_slice(end);
        }
        result.extend_from_slice(format!("{name}={value}").as_bytes());
        result.extend_from_slice(end);
    }
    result
}

/// What the file sets the variable to: the last line counts, as it does for those who read such files.
pub fn value<'a>(text: &'a [u8], name: &str) -> Option<&'a [u8]> {
    text.split_inclusive(|&byte| byte == b'\n')
        .filter_map(|line| assignment(line, name))
        .next_back()
        .map(|assignment| assignment.value)
}

/// A line that sets the variable, in its parts.
struct Assignment<'a> {
    /// Up to the value or its opening quote.
    before: &'a [u8],
    /// The quote around the value.
    quote: Option<u8>,
    value: &'a [u8],
    /// From behind the value or its closing quote: spaces, a comment, the line end.
    after: &'a [u8],
}

fn assignment<'a>(line: &'a [u8], name: &str) -> Option<Assignment<'a>> {
    let body = spaces(line);
    let body = match body.strip_prefix(b"export") {
        Some(rest) if rest.first().is_some_and(|&byte| is_space(byte)) => spaces(rest),
        _ => body,
    };
    let rest = spaces(body.strip_prefix(name.as_bytes())?).strip_prefix(b"=")?;
    let value = spaces(rest);
    let before = &line[..line.len() - value.len()];
    if let Some((&quote @ (b'"' | b'\'' | b'`'), inside)) = value.split_first()
        && let Some(length) = inside.iter().position(|&byte| byte == quote)
    {
        return Some(Assignment {
            before,
            quote: Some(quote),
            value: &inside[..length],
            after: &inside[length + 1..],
        });
    }
    let length = bare_length(value);
    Some(Assignment {
        before,
        quote: None,
        value: &value[..length],
        after: &value[length..],
    })
}

/// An unquoted value ends before a comment (a `#` behind a space), or before the spaces and the end of the line.
fn bare_length(value: &[u8]) -> usize {
    let comment = (0..value.len())
        .find(|&at| value[at] == b'#' && (at == 0 || is_space(value[at - 1])))
        .unwrap_or(value.len());
    value[..comment].trim_ascii_end().len()
}

fn is_space(byte: u8) -> bool {
    byte == b' ' || byte == b'\t'
}

fn spaces(text: &[u8]) -> &[u8] {
    let start = text
        .iter()
        .position(|&byte| !is_space(byte))
        .unwrap_or(text.len());
    &text[start..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_replaced_in_place_and_all_else_stays() {
        for (before, after) in [
            ("", "A=new\n"),
            ("A=old\n", "A=new\n"),
            ("A=old", "A=new"),
            ("A=\n", "A=new\n"),
            ("A=", "A=new"),
            ("X=1\nA=old\nY=2\n", "X=1\nA=new\nY=2\n"),
            ("X=1", "X=1\nA=new\n"),
            ("X=1\r\n", "X=1\r\nA=new\r\n"),
            ("X=1\r\nA=old\r\nY=2\r\n", "X=1\r\nA=new\r\nY=2\r\n"),
            ("export A=old\n", "export A=new\n"),
            ("  export\tA = old \n", "  export\tA = new \n"),
            ("A=\"old value\"\n", "A=\"new\"\n"),
            ("A='old'  # why\n", "A='new'  # why\n"),
            ("A=old # why\n", "A=new # why\n"),
            ("A=http://x/#top\n", "A=new\n"),
            ("A= # why\n", "A= new # why\n"),
            ("A=\"open\n", "A=new\n"),
            ("#A=old\n", "#A=old\nA=new\n"),
            ("AB=1\nXA=2\n", "AB=1\nXA=2\nA=new\n"),
            ("A=1\nA=2\n", "A=new\nA=new\n"),
            ("exportA=1\n", "exportA=1\nA=new\n"),
        ] {
            let set = set(before.as_bytes(), "A", "new");
            assert_eq!(String::from_utf8(set).unwrap(), after, "{before:?}");
        }
    }

    #[test]
    fn bytes_that_are_no_utf8_stay() {
        assert_eq!(set(b"X=\xff\xe9\nA=1\n", "A", "2"), b"X=\xff\xe9\nA=2\n");
    }

    #[test]
    fn what_was_set_is_read_back() {
        for text in ["", "A=1", "export A = '1' # x\r\n", "A=1\nA=2\n"] {
            assert_eq!(
                value(&set(text.as_bytes(), "A", "http://h:1"), "A"),
                Some(&b"http://h:1"[..]),
                "{text:?}"
            );
        }
        assert_eq!(value(b"B=1\n", "A"), None);
    }
}
