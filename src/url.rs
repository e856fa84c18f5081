//! Parts of URLs.

/// A part of a URL as it is meant, without `%` and the digits behind it.
pub fn decoded(part: &str) -> String {
    let mut texts = part.split('%');
    let mut bytes = texts.next().unwrap_or_default().as_bytes().to_vec();
    for text in texts {
        let byte = text.get(..2).map(|digits| u8::from_str_radix(digits, 16));
        if let Some(Ok(byte)) = byte {
            bytes.push(byte);
            bytes.extend(&text.as_bytes()[2..]);
        } else {
            bytes.push(b'%');
            bytes.extend(text.as_bytes());
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
