//! What a shell reads.

/// One word for a shell: bash, zsh and fish read it back as it is.
pub fn quote(word: &str) -> String {
    // A NUL can be in no argument: the system refuses it when the program is started.
    shlex::try_quote(word).map_or_else(|_| word.to_owned(), std::borrow::Cow::into_owned)
}
