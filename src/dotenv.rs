//! Setting a variable in the text of an `.env` file, and reading it, byte by byte: all else stays as it is.

/// The text with `name=value` in it: every line that sets the variable is replaced in place, and if there is none, one
/// is appended. `export `, quotes, spaces around the name and CRLF line ends are kept; a file in any encoding that
/// extends ASCII comes back as it was.
pub fn set(text: &[u8], name: &str, value: &str) -> Vec<u8> {
    let mut result = Vec::with_capacity(text.len() + name.len() + value.len() + 4);
    let mut found = false;
    for entry in entries(text) {
        match assignment(entry, name) {
            Some(Assignment {
                before,
                quote,
                after,
                ..
            }) => {
                found = true;
                result.extend_from_slice(before);
                result.extend(quoted(value, quote));
                if after.starts_with(b"#") {
                    result.push(b' ');
                }
                result.extend_from_slice(after);
            }
            None => result.extend_from_slice(entry),
        }
    }
    if !found {
        let end: &[u8] = match entries(text).next() {
            Some(first) if first.ends_with(b"\r\n") => b"\r\n",
            Some(first) if first.ends_with(b"\r") => b"\r",
            _ => b"\n",
        };
        if !text.is_empty() && !text.ends_with(b"\n") && !text.ends_with(b"\r") {
            result.extend_from_slice(end);
        }
        result.extend_from_slice(name.as_bytes());
        result.push(b'=');
        result.extend(quoted(value, None));
        result.extend_from_slice(end);
    }
    result
}

/// A value in the quotes that are `there`, if they can stand, and else in some if it needs them.
fn quoted(value: &str, there: Option<u8>) -> Vec<u8> {
    let can_stand = |quote: &u8| !value.as_bytes().contains(quote) && !value.ends_with('\\');
    let needs_some = || value.contains([' ', '\t', '#', '"', '\'', '`']);
    let any = || b"\"'`".iter().copied().find(|quote| can_stand(quote));
    let quote = there
        .filter(can_stand)
        .or_else(|| needs_some().then(any).flatten());
    [quote.as_slice(), value.as_bytes(), quote.as_slice()].concat()
}

/// What the file sets the variable to: the last line counts, as it does for those who read such files.
pub fn value<'a>(text: &'a [u8], name: &str) -> Option<&'a [u8]> {
    entries(text)
        .filter_map(|entry| assignment(entry, name))
        .last()
        .map(|assignment| assignment.value)
}

/// The variables that the file sets, each time with its value, but for those that are not in UTF-8.
pub fn all(text: &[u8]) -> impl Iterator<Item = (String, String)> {
    entries(text).filter_map(|entry| {
        let body = without_export(entry);
        let name = body[..body.iter().position(|&byte| byte == b'=')?].trim_ascii_end();
        let name = str::from_utf8(name).ok()?;
        let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        let is_name = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
        let value = assignment(entry, name).filter(|_| is_name && name.bytes().all(is_word))?;
        Some((
            name.to_owned(),
            str::from_utf8(value.value).ok()?.to_owned(),
        ))
    })
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

/// The file's lines, each with its end: LF, CRLF or CR. A quoted value may go over several.
fn entries(mut text: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let length = value_length(text);
        let (entry, rest) = text.split_at(length + line_length(&text[length..]));
        text = rest;
        Some(entry).filter(|entry| !entry.is_empty())
    })
}

/// The length of the line that begins here.
fn line_length(text: &[u8]) -> usize {
    match text.iter().position(|&byte| byte == b'\n' || byte == b'\r') {
        Some(end) if text[end..].starts_with(b"\r\n") => end + 2,
        Some(end) => end + 1,
        None => text.len(),
    }
}

/// How far the quoted value of an assignment that begins here goes; nothing for any other line.
fn value_length(text: &[u8]) -> usize {
    let line = &text[..line_length(text)];
    let Some(equals) = line.iter().position(|&byte| byte == b'=') else {
        return 0;
    };
    let name = without_export(&line[..equals]).trim_ascii_end();
    let is_name = name
        .iter()
        .all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(byte))
        && !name.is_empty();
    let value = spaces(&text[equals + 1..]);
    match value.split_first() {
        Some((&quote @ (b'"' | b'\'' | b'`'), inside)) if is_name => {
            closing(inside, quote).map_or(0, |end| text.len() - inside.len() + end)
        }
        _ => 0,
    }
}

/// Where a quoted value ends: at the first quote of its kind that no backslash escapes. Those who read such files differ: dotenv
/// (JavaScript's, Next's and Vite's up to 7) and python-dotenv escape in double and in single quotes, Node (and Vite from 8) in none. A
/// variable that one of them takes for a part of a value is then never changed in it, but appended, and the last one counts for all.
fn closing(inside: &[u8], quote: u8) -> Option<usize> {
    let mut at = 0;
    loop {
        match inside.get(at)? {
            b'\\' => at += 2,
            byte if *byte == quote => return Some(at),
            _ => at += 1,
        }
    }
}

/// What follows the word `export` and the spaces before and after it.
fn without_export(line: &[u8]) -> &[u8] {
    let body = spaces(line);
    match body.strip_prefix(b"export") {
        Some(rest) if rest.first().is_some_and(|&byte| is_space(byte)) => spaces(rest),
        _ => body,
    }
}

fn assignment<'a>(line: &'a [u8], name: &str) -> Option<Assignment<'a>> {
    let body = without_export(line);
    let rest = spaces(body.strip_prefix(name.as_bytes())?).strip_prefix(b"=")?;
    let value = spaces(rest);
    let before = &line[..line.len() - value.len()];
    if let Some((&quote @ (b'"' | b'\'' | b'`'), inside)) = value.split_first()
        && let Some(length) = closing(inside, quote)
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
    use proptest::prelude::*;

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
            ("X=1\rA=old\rY=2\r", "X=1\rA=new\rY=2\r"),
            ("X=\"1\nA=inner\n2\"\n", "X=\"1\nA=inner\n2\"\nA=new\n"),
            ("A='1\n2' # why\nY=2\n", "A='new' # why\nY=2\n"),
            ("X=\"open\nA=old\n", "X=\"open\nA=new\n"),
            ("A=\"open\n", "A=new\n"),
            ("#A=old\n", "#A=old\nA=new\n"),
            ("AB=1\nXA=2\n", "AB=1\nXA=2\nA=new\n"),
            ("A=1\nA=2\n", "A=new\nA=new\n"),
            ("exportA=1\n", "exportA=1\nA=new\n"),
            (
                "X=\"1\n\\\"2\nA=inner\n3\"\nA=old\n",
                "X=\"1\n\\\"2\nA=inner\n3\"\nA=new\n",
            ),
            (
                "X='it\\'s\nA=inner\n'\nY=2\n",
                "X='it\\'s\nA=inner\n'\nY=2\nA=new\n",
            ),
            ("X=`\\`\nA=inner\n`\n", "X=`\\`\nA=inner\n`\nA=new\n"),
            (
                "X=\"1\\\\\"\nA=old\nY=\"2\"\n",
                "X=\"1\\\\\"\nA=new\nY=\"2\"\n",
            ),
            ("X=\"C:\\\"\nA=old\n", "X=\"C:\\\"\nA=new\n"),
            ("A=\"1\n\\\"2\" # why\nY=2\n", "A=\"new\" # why\nY=2\n"),
            ("A=\"C:\\\"\nY=2\n", "A=new\nY=2\n"),
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

    #[test]
    fn all_variables_are_read() {
        let text = "# A=0\nA=1\n export B = 'x y' # why\r\nno line\nC-D=1\n1E=2\nF=\n";
        let all: Vec<_> = all(text.as_bytes()).collect();
        let all: Vec<_> = all
            .iter()
            .map(|(name, value)| (&**name, &**value))
            .collect();
        assert_eq!(all, [("A", "1"), ("B", "x y"), ("F", "")]);
    }

    #[test]
    fn a_value_gets_the_quotes_that_it_needs() {
        for (before, value, after) in [
            ("", "a b", "A=\"a b\"\n"),
            ("", "a#b", "A=\"a#b\"\n"),
            ("", "say \"a\"", "A='say \"a\"'\n"),
            ("A=1 # why\n", "a b", "A=\"a b\" # why\n"),
            ("A='1'\n", "it's", "A=\"it's\"\n"),
            ("A='1'\n", "a b", "A='a b'\n"),
            ("A='1'\n", "a\\", "A=a\\\n"),
        ] {
            let set = set(before.as_bytes(), "A", value);
            assert_eq!(String::from_utf8(set).unwrap(), after, "{before:?}");
            assert_eq!(super::value(after.as_bytes(), "A"), Some(value.as_bytes()));
        }
    }

    /// Text made of the pieces that such files are made of, and of any bytes.
    fn text() -> impl Strategy<Value = Vec<u8>> {
        let piece = prop_oneof![
            Just(b"A".to_vec()),
            Just(b"A=".to_vec()),
            Just(b"export ".to_vec()),
            Just(b"=".to_vec()),
            Just(b" ".to_vec()),
            Just(b"\t".to_vec()),
            Just(b"\n".to_vec()),
            Just(b"\r\n".to_vec()),
            Just(b"\r".to_vec()),
            Just(b"'".to_vec()),
            Just(b"\"".to_vec()),
            Just(b"`".to_vec()),
            Just(b"\\".to_vec()),
            Just(b"\\\"".to_vec()),
            Just(b"\\'".to_vec()),
            Just(b"#".to_vec()),
            Just(b"old".to_vec()),
            Just(b"\nA=old".to_vec()),
            Just(b"\nX=1\n".to_vec()),
            proptest::collection::vec(any::<u8>(), 0..4),
        ];
        proptest::collection::vec(piece, 0..16).prop_map(|pieces| pieces.concat())
    }

    /// The entries that set no `A`, without their ends: a last one may get one.
    fn others(text: &[u8]) -> Vec<&[u8]> {
        entries(text)
            .filter(|entry| assignment(entry, "A").is_none())
            .map(<[u8]>::trim_ascii_end)
            .collect()
    }

    proptest! {
        #[test]
        fn whatever_the_text_what_was_set_is_read_back_and_twice_is_once(text in text(), port in 1_u16..) {
            let url = format!("http://localhost:{port}");
            let once = set(&text, "A", &url);
            prop_assert_eq!(value(&once, "A"), Some(url.as_bytes()), "{}", once.escape_ascii());
            prop_assert_eq!(&set(&once, "A", &url), &once, "{}", text.escape_ascii());
        }

        #[test]
        fn whatever_the_text_every_other_line_stays(text in text(), port in 1_u16..) {
            let new = set(&text, "A", &format!("http://localhost:{port}"));
            prop_assert_eq!(others(&new), others(&text), "{} {}", text.escape_ascii(), new.escape_ascii());
            // Without a line that sets it, all of the text stands at the beginning of the new one.
            if value(&text, "A").is_none() {
                prop_assert!(new.starts_with(&text), "{}", text.escape_ascii());
            }
        }
    }
}
