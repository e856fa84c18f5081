//! Files and other things in one line of a message.

/// How many things of a kind a line names.
const NAMED: usize = 10;

/// The first of these, and how many more there are.
pub fn named(all: &[String]) -> String {
    let named: Vec<_> = all.iter().take(NAMED).map(|one| in_one_line(one)).collect();
    match all.len() - named.len() {
        0 => named.join(", "),
        more => format!("{} and {more} more", named.join(", ")),
    }
}

/// A file's name, so that it can't pass for another line of the message.
fn in_one_line(file: &str) -> String {
    if file.contains(char::is_control) {
        format!("{file:?}")
    } else {
        file.to_owned()
    }
}
