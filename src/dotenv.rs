//! Setting a variable in the text of an `.env` file, and reading it, byte by byte: all else stays as it is.

use std::iter;
use std::ops::Range;

/// The text with `name=value` in it: every line that sets the variable is replaced in place, and if there is none, one
/// is appended. `export `, quotes, spaces around the name and CRLF line ends are kept; a file in any encoding that
/// extends ASCII comes back as it was.
pub fn set(text: &[u8], name: &str, value: &str) -> Vec<u8> {
    let mut result = Vec::with_capacity(text.len() + name.len() + value.len() + 4);
    let mut found = false;
    for line in lines(text) {
        if line.name != name.as_bytes() {
            result.extend(line.text);
            continue;
        }
        found = true;
        let quotes = usize::from(line.quote.is_some());
        let after = &line.text[line.value.end + quotes..];
        result.extend(&line.text[..line.value.start - quotes]);
        result.extend(quoted(value, line.quote));
        if after.starts_with(b"#") {
            result.push(b' ');
        }
        result.extend(after);
    }
    if !found {
        let end: &[u8] = match lines(text).next() {
            Some(first) if first.text.ends_with(b"\r\n") => b"\r\n",
            Some(first) if first.text.ends_with(b"\r") => b"\r",
            _ => b"\n",
        };
        if !text.is_empty() && !text.ends_with(b"\n") && !text.ends_with(b"\r") {
            result.extend(end);
        }
        result.extend([name.as_bytes(), b"=", &quoted(value, None), end].concat());
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
    let sets = lines(text).filter(|line| line.name == name.as_bytes());
    sets.last().map(|line| &line.text[line.value])
}

/// The variables that the file sets, each time with its value, but for those that are not in UTF-8.
pub fn all(text: &[u8]) -> impl Iterator<Item = (&str, &str)> {
    lines(text).filter_map(|line| {
        let name = str::from_utf8(line.name).ok()?;
        let is_variable = !name.is_empty()
            && !name.starts_with(|first: char| first.is_ascii_digit())
            && !name.contains(['.', '-']);
        let value = str::from_utf8(&line.text[line.value]).ok()?;
        is_variable.then_some((name, value))
    })
}

/// A line of a file with its end: LF, CRLF or CR. A quoted value may go over several.
struct Line<'a> {
    text: &'a [u8],
    /// The variable that it sets; empty for none.
    name: &'a [u8],
    /// Where the value is, without its quotes.
    value: Range<usize>,
    /// The quote around the value.
    quote: Option<u8>,
}

fn lines(mut text: &[u8]) -> impl Iterator<Item = Line<'_>> {
    iter::from_fn(move || {
        let line = (!text.is_empty()).then(|| Line::at(text))?;
        text = &text[line.text.len()..];
        Some(line)
    })
}

impl<'a> Line<'a> {
    /// The one that a text begins with.
    fn at(text: &'a [u8]) -> Self {
        let mut line = Self {
            text: &text[..line_length(text)],
            name: b"",
            value: 0..0,
            quote: None,
        };
        let Some(equals) = line.text.iter().position(|&byte| byte == b'=') else {
            return line;
        };
        let name = without_export(&text[..equals]).trim_ascii_end();
        let is_of_name = |byte: &u8| byte.is_ascii_alphanumeric() || b"_.-".contains(byte);
        if name.is_empty() || !name.iter().all(is_of_name) {
            return line;
        }
        line.name = name;
        let start = text.len() - spaces(&text[equals + 1..]).len();
        let quote = text.get(start).filter(|quote| b"\"'`".contains(quote));
        line.quote = quote.copied();
        let closed = quote.and_then(|quote| closing(&text[start + 1..], *quote));
        if let Some(length) = closed {
            let end = start + 1 + length;
            line.value = start + 1..end;
            line.text = &text[..end + line_length(&text[end..])];
        } else {
            line.quote = None;
            line.value = start..start + bare_length(&line.text[start..]);
        }
        line
    }
}

/// The length of the line that begins here.
fn line_length(text: &[u8]) -> usize {
    match text.iter().position(|&byte| byte == b'\n' || byte == b'\r') {
        Some(end) if text[end..].starts_with(b"\r\n") => end + 2,
        Some(end) => end + 1,
        None => text.len(),
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
    use proptest::collection::vec;
    use proptest::prelude::*;
    use proptest::sample::select;

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

    /// What such files are made of.
    const PIECES: [&str; 19] = [
        "A", "A=", "export ", "=", " ", "\t", "\n", "\r\n", "\r", "'", "\"", "`", "\\", "\\\"",
        "\\'", "#", "old", "\nA=old", "\nX=1\n",
    ];

    /// Text of these pieces, and of any bytes.
    fn text() -> impl Strategy<Value = Vec<u8>> {
        let piece = select(&PIECES[..]).prop_map(|piece| piece.as_bytes().to_vec());
        let piece = prop_oneof![19 => piece, 1 => vec(any::<u8>(), 0..4)];
        vec(piece, 0..16).prop_map(|pieces| pieces.concat())
    }

    /// The lines that do not set `A`, without their ends: a last one may get one.
    fn others(text: &[u8]) -> Vec<&[u8]> {
        let others = lines(text).filter(|line| line.name != b"A");
        others.map(|line| line.text.trim_ascii_end()).collect()
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
