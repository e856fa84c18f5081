//! The name of a session.

use anyhow::{Result, bail};
use serde::{Deserialize, Serialize};
use std::fmt;

/// The longest name, in bytes.
const LONGEST: usize = 100;

/// How many letters an identifier may have; see [`SessionName::ident`].
pub const LONGEST_IDENT: usize = 40;

/// How like two names are, from 0 to 1, when one may be meant by the other: as in clap's own suggestions.
const LIKE: f64 = 0.7;

/// A name that git takes as a branch and that is safe in a path: checked once, here.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct SessionName(String);

impl TryFrom<String> for SessionName {
    type Error = anyhow::Error;

    fn try_from(name: String) -> Result<Self> {
        Self::parse(&name)
    }
}

impl SessionName {
    /// Checks a name against the contract's rules and those of `git check-ref-format --branch`.
    ///
    /// # Errors
    /// Which rule it breaks, in words.
    pub fn parse(name: &str) -> Result<Self> {
        let broken = if name.is_empty() {
            "is empty"
        } else if name.len() > LONGEST {
            "is longer than 100 bytes"
        } else if !name.starts_with(|first: char| first.is_ascii_alphanumeric()) {
            "must start with a letter (a to z) or a digit"
        } else if !name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_./".contains(&byte))
        {
            "may only have letters (a to z), digits and - _ . / in it"
        } else if name.contains("..") {
            "may not have two dots in a row: git takes no such branch"
        } else if name.ends_with('.') || name.ends_with('/') {
            "may not end with a dot or a slash: git takes no such branch"
        } else if name.contains("//") || name.contains("/.") {
            "may not have an empty part or one that starts with a dot: git takes no such branch"
        } else if format!("{name}/").contains(".lock/") {
            "may not have a part that ends with .lock: git takes no such branch"
        } else if name == "HEAD" {
            "is git's own word for the current commit"
        } else {
            return Ok(Self(name.to_owned()));
        };
        bail!("the name {name:?} {broken}");
    }

    /// A name like this text, with dashes for what can't be in one; none if there is none.
    pub fn near(text: &str) -> Option<Self> {
        let fits = |letter: char| letter.is_ascii_alphanumeric() || "-_./".contains(letter);
        let words = text.split(|letter| !fits(letter));
        let words: Vec<_> = words.filter(|word| !word.is_empty()).collect();
        Self::parse(words.join("-").trim_matches(['-', '_', '.', '/'])).ok()
    }

    /// The name as it was given, which is the branch's too.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name where a slash cannot stand.
    pub fn slug(&self) -> String {
        self.0.replace('/', "-")
    }

    /// The slug where only `a` to `z`, digits and `_` can stand, as in the name of a database: at most 40 of them. What is lost of
    /// it on the way is told by a hash, so that no two names meet.
    pub fn ident(&self) -> String {
        /// FNV-1a, of 32 bits.
        const BASIS: u32 = 0x811c_9dc5;
        const PRIME: u32 = 0x0100_0193;
        let slug = self.slug();
        let mut ident = slug.to_ascii_lowercase();
        ident = ident.replace(|letter: char| !letter.is_ascii_alphanumeric(), "_");
        let is_plain = slug.replace('-', "_") == ident && !slug.contains('_');
        // It could be what another name becomes with its hash.
        let is_hashed = ident.rsplit_once('_').is_some_and(|(_, end)| {
            end.len() == 8 && end.bytes().all(|byte| byte.is_ascii_hexdigit())
        });
        if ident.len() <= LONGEST_IDENT && is_plain && !is_hashed {
            return ident;
        }
        let mix = |hash: u32, byte| (hash ^ u32::from(byte)).wrapping_mul(PRIME);
        let hash = format!("_{:08x}", slug.bytes().fold(BASIS, mix));
        ident.truncate(LONGEST_IDENT - hash.len());
        ident + &hash
    }

    /// Whether another name begins or ends with this one, or has it as a word.
    pub fn is_part_of(&self, other: &Self) -> bool {
        let (part, whole) = (self.0.as_str(), other.0.as_str());
        let mut words = whole.split(|letter: char| !letter.is_alphanumeric());
        part != whole
            && (whole.starts_with(part) || whole.ends_with(part) || words.any(|word| word == part))
    }

    /// Whether another name differs from it in case alone.
    pub fn differs_in_case(&self, other: &str) -> bool {
        self.0 != other && self.0.eq_ignore_ascii_case(other)
    }

    /// The one of some names that this one may be a slip of the keyboard for.
    pub fn most_like<'a>(&self, names: impl Iterator<Item = &'a Self>) -> Option<&'a Self> {
        names
            .map(|name| (strsim::jaro(&self.0, &name.0), name))
            .filter(|(likeness, _)| *likeness > LIKE)
            .max_by(|(one, _), (other, _)| one.total_cmp(other))
            .map(|(_, name)| name)
    }
}

impl fmt::Display for SessionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::process::{Command, Stdio};

    #[test]
    fn an_identifier_is_plain_where_nothing_is_lost_and_told_apart_by_a_hash_elsewhere() {
        let ident = |name: &str| SessionName::parse(name).unwrap().ident();
        assert_eq!(ident("feature-payment-2"), "feature_payment_2");
        assert_eq!(ident("feat/pay"), ident("feat-pay"));
        let met = ["a-b", "a_b", "A-b", "a.b", "a-b-1ba46871"].map(ident);
        assert!(met.iter().all(|ident| ident.starts_with("a_b")), "{met:?}");
        assert_eq!(std::collections::HashSet::from(met).len(), 5);
        let (one, other) = ("x".repeat(99) + "y", "x".repeat(100));
        assert_ne!(ident(&one), ident(&other));
        assert_eq!(ident(&one).len(), 40);
    }

    #[test]
    fn good_names_keep_their_letters() {
        let longest = "n".repeat(100);
        for name in ["a", "1", "feature-auth", "feat/pay.v2", "A_b", &longest] {
            assert_eq!(SessionName::parse(name).unwrap().as_str(), name);
        }
        let name = SessionName::parse("feat/pay/x").unwrap();
        assert_eq!(name.slug(), "feat-pay-x");
    }

    #[test]
    fn each_rule_is_named_when_it_is_broken() {
        for (name, words) in [
            ("", "is empty"),
            (&"n".repeat(101), "longer than 100 bytes"),
            ("-x", "start with a letter"),
            (".x", "start with a letter"),
            ("/x", "start with a letter"),
            ("a b", "only have letters"),
            ("a;b", "only have letters"),
            ("a\nb", "only have letters"),
            ("é", "start with a letter"),
            ("aé", "only have letters"),
            ("a..b", "two dots"),
            ("a.", "end with a dot"),
            ("a/", "end with a dot or a slash"),
            ("a//b", "empty part"),
            ("a/.b", "starts with a dot"),
            ("a.lock", "ends with .lock"),
            ("a.lock/b", "ends with .lock"),
            ("HEAD", "git's own word"),
        ] {
            let error = SessionName::parse(name).unwrap_err().to_string();
            assert!(error.contains(words), "{name:?}: {error}");
        }
    }

    #[test]
    fn a_mistyped_name_is_most_like_the_one_that_was_meant() {
        let names = ["feature-auth", "feature-payment", "bugfix-ui"]
            .map(|name| SessionName::parse(name).unwrap());
        for (typed, meant) in [
            ("featur-auth", Some("feature-auth")),
            ("feature-paymnet", Some("feature-payment")),
            ("bugfix", Some("bugfix-ui")),
            ("main", None),
        ] {
            let typed = SessionName::parse(typed).unwrap();
            let found = typed.most_like(names.iter()).map(SessionName::as_str);
            assert_eq!(found, meant, "{typed}");
        }
    }

    #[test]
    fn a_text_that_is_no_name_has_one_like_it() {
        for (text, name) in [
            ("my feature", Some("my-feature")),
            ("-x", Some("x")),
            ("fix: a  bug!", Some("fix-a-bug")),
            ("größe", Some("gr-e")),
            ("a..b", None),
            ("!", None),
        ] {
            let near = SessionName::near(text);
            assert_eq!(near.as_ref().map(SessionName::as_str), name, "{text:?}");
        }
    }

    /// Whether git takes it as a branch.
    fn git_takes(name: &str) -> bool {
        let mut git = Command::new("git");
        git.args(["check-ref-format", "--branch", name]);
        git.stdout(Stdio::null()).stderr(Stdio::null());
        git.status().unwrap().success()
    }

    #[test]
    fn git_takes_every_good_name_as_a_branch() {
        let _starting = crate::process::STARTING.lock().unwrap();
        let parts = ["a", "1", "-", "_", ".", "/", "lock", ".lock", "HEAD"];
        let two = parts.map(|first| parts.map(|second| format!("{first}{second}")));
        for name in two
            .iter()
            .flatten()
            .flat_map(|two| parts.map(|third| format!("{two}{third}")))
        {
            let starts_well = name.starts_with(|first: char| first.is_ascii_alphanumeric());
            let is_good = git_takes(&name) && starts_well;
            assert_eq!(SessionName::parse(&name).is_ok(), is_good, "{name}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_accepted_or_refused_without_a_crash(text in any::<String>()) {
            let _ = SessionName::parse(&text);
        }
    }

    proptest! {
        // Each case starts a git, so there are few of them.
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn git_agrees_on_every_name_of_our_letters(text in "[a-zA-Z0-9]([-_./@{~a-cH0-2]|\\.lock|\\.\\.|//|HEAD){0,6}") {
            let _starting = crate::process::STARTING.lock().unwrap();
            let ours = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_./".contains(&byte));
            prop_assert_eq!(SessionName::parse(&text).is_ok(), git_takes(&text) && ours, "{}", text);
        }
    }
}
