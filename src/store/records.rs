//! `.tally-sessions`: which sessions there are.

use super::atomic;
use super::record::Record;
use crate::file::{check_room, read_text_if_there};
use crate::hint::Hint;
use crate::name::SessionName;
use crate::ports::Port;
use crate::process::quote_path;
use anyhow::{Context, Result};
use indexmap::IndexMap;
use serde::Serialize;
use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};
use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;

/// The file's name, in the main checkout.
pub const FILE: &str = ".tally-sessions";

/// All records, in the file's order.
#[derive(Debug, Default, Serialize)]
pub struct Records(IndexMap<SessionName, Record>);

impl Records {
    /// Reads the store of a main checkout. A missing or an empty file is an empty store; of a broken one the error has the line and
    /// the reason.
    ///
    /// # Errors
    /// If the file can't be read, does not parse, or has a wrong shape: with its path, the line and the reason.
    pub fn read(main: &Path) -> Result<Self> {
        let path = main.join(FILE);
        let text = read_text_if_there(&path)?.unwrap_or_default();
        if text.trim().is_empty() {
            return Ok(Self::default());
        }
        let (shown, quoted) = (path.display(), quote_path(&path));
        serde_json::from_str(&text)
            .with_context(|| format!("{shown} is broken (it stays as it is: mend it by hand)"))
            .hint(format!(
                "or have it made again from what git's folders have: mv {quoted} {quoted}.broken && tally-session resume"
            ))
    }

    /// Refuses a store that could not be written: to be known before anything is done that it has to follow.
    ///
    /// # Errors
    /// If the store could not be written: to be known before anything is done that it has to follow.
    pub fn check_writable(main: &Path) -> Result<()> {
        let path = main.join(FILE);
        let quoted = quote_path(&path);
        atomic::check_not_read_only(&path)
            .hint(format!("let it be written: chmod u+w {quoted}"))?;
        // A link is written through.
        let real = atomic::real_path(&path)?;
        check_room(&real).with_context(|| format!("cannot write {}", real.display()))
    }

    /// Writes the store of a main checkout, whole.
    ///
    /// # Errors
    /// If the file can't be written; it is as it was then.
    pub fn write(&self, main: &Path) -> Result<()> {
        let mut text = serde_json::to_string_pretty(self)?;
        text.push('\n');
        Self::check_writable(main)?;
        atomic::replace_for_good(&main.join(FILE), text.as_bytes(), 0o644)
    }

    /// The sessions with their records.
    pub fn iter(&self) -> impl Iterator<Item = (&SessionName, &Record)> {
        self.0.iter()
    }

    /// The record of a session.
    pub fn find(&self, name: &SessionName) -> Option<&Record> {
        self.0.get(name)
    }

    /// Puts a record in, in the place of one of the same name or at the end.
    pub fn put(&mut self, name: &SessionName, record: Record) {
        self.0.insert(name.clone(), record);
    }

    /// Takes a record out.
    pub fn take_out(&mut self, name: &SessionName) {
        self.0.shift_remove(name);
    }

    /// Every port that a record holds.
    pub fn ports(&self) -> BTreeSet<Port> {
        self.iter().flat_map(|(_, record)| record.ports()).collect()
    }
}

impl<'de> Deserialize<'de> for Records {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(RecordsVisitor)
    }
}

struct RecordsVisitor;

impl<'de> Visitor<'de> for RecordsVisitor {
    type Value = Records;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with a record for each session")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Records, A::Error> {
        let mut records = Records::default();
        while let Some(name) = map.next_key::<SessionName>()? {
            if records.0.contains_key(&name) {
                let twice = format_args!("the session {name} is there twice");
                return Err(de::Error::custom(twice));
            }
            records.0.insert(name, map.next_value()?);
        }
        Ok(records)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::{Map, Value};
    use std::fs;

    const OLD: &str = r#"{ "feature-auth": { "backend_port": 8000, "frontend_port": 5000,
                    "worktree": "/Users/rasca/Dev/tally-feature-auth", "branch": "feature-auth", "note": 1.50 } }"#;

    fn parse(text: &str) -> Result<Records> {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(FILE), text).unwrap();
        Records::read(dir.path())
    }

    #[test]
    fn a_file_of_the_old_script_is_read_and_written_back_with_what_it_does_not_know() {
        let dir = tempfile::tempdir().unwrap();
        parse(OLD).unwrap().write(dir.path()).unwrap();
        let text = fs::read_to_string(dir.path().join(FILE)).unwrap();
        let (old, new): (Value, Value) = (
            serde_json::from_str(OLD).unwrap(),
            serde_json::from_str(&text).unwrap(),
        );
        assert_eq!(old.to_string(), new.to_string());
        assert!(text.contains("1.50"));
    }

    #[test]
    fn missing_and_empty_files_are_empty_stores() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(Records::read(dir.path()).unwrap().iter().count(), 0);
        assert_eq!(parse(" \n").unwrap().iter().count(), 0);
    }

    #[test]
    fn a_broken_file_is_named_with_line_and_reason() {
        for (text, words) in [
            ("{\n\"a\": {", "line 2"),
            ("[]", "expected an object with a record"),
            ("{\"a\": 1}", "expected an object with the ports"),
            ("{\"a\": {\n\"backend_port\": 70000,\n", "line 2"),
            (
                "{\"a\": {\"backend_port\": \"8000\", ",
                "a port from 1 to 65535",
            ),
            ("{\"a\": {\"backend_port\": 0, ", "a port from 1 to 65535"),
            (
                "{\"a\": {\"backend_port\": 8000.5, ",
                "a port from 1 to 65535",
            ),
            ("{\"a\": {\"worktree\": \"x\", ", "an absolute path"),
            ("{\"a\": {\"branch\": \"b\"}}", "missing field `worktree`"),
            ("{\"a\": {\"worktree\": \"/x\"}}", "missing field `branch`"),
            ("{\"a\": {\"branch\": \"-f\"}}", "not a branch"),
            ("{\"../a\": {}}", "must start with a letter"),
            (
                "{\"a\": {\"worktree\": \"/x\", \"branch\": \"b\"}, \"a\": {\"worktree\": \"/x\", \"branch\": \"b\"}}",
                "twice",
            ),
        ] {
            let error = format!("{:#}", parse(text).unwrap_err());
            assert!(
                error.contains(words) && error.contains(FILE),
                "{text:?}: {error}"
            );
        }
    }

    /// Any JSON of a few levels, its keys often those of a record.
    fn json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            (-1_i64..70_000).prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            "/[a-z/ é]{0,9}".prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        let key = prop_oneof![
            Just("backend_port".to_owned()),
            Just("frontend_port".to_owned()),
            Just("worktree".to_owned()),
            Just("branch".to_owned()),
            "[a-z0-9][-_./a-z]{0,4}",
            any::<String>(),
        ];
        leaf.prop_recursive(3, 24, 6, move |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                proptest::collection::vec((key.clone(), inner), 0..6)
                    .prop_map(|fields| Value::Object(fields.into_iter().collect())),
            ]
        })
    }

    /// A store that is right, with fields that it does not know.
    fn store() -> impl Strategy<Value = Value> {
        let record = (
            "/[a-z]{1,8}",
            "[a-z][a-z/]{0,8}",
            1_u16..,
            1_u16..,
            "[a-z]{1,5}",
            json(),
        )
            .prop_map(|(worktree, branch, backend, frontend, key, more)| {
                let mut fields = Map::new();
                fields.insert(format!("x{key}"), more);
                fields.insert("frontend_port".to_owned(), frontend.into());
                fields.insert("worktree".to_owned(), worktree.into());
                fields.insert("branch".to_owned(), branch.into());
                fields.insert("backend_port".to_owned(), backend.into());
                Value::Object(fields)
            });
        proptest::collection::vec(("[a-z0-9]{1,6}", record), 0..5)
            .prop_map(|records| Value::Object(records.into_iter().collect()))
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused_without_a_crash(text in any::<String>()) {
            let _ = serde_json::from_str::<Records>(&text);
        }

        #[test]
        fn any_json_is_read_or_refused_without_a_crash_and_what_is_read_is_kept(value in json()) {
            if let Ok(records) = serde_json::from_str::<Records>(&value.to_string()) {
                prop_assert_eq!(written(&records), value);
            }
        }

        #[test]
        fn a_store_that_is_read_and_written_is_the_same(value in store()) {
            let records: Records = serde_json::from_str(&value.to_string()).unwrap();
            // As text: the order counts too.
            prop_assert_eq!(written(&records).to_string(), value.to_string());
        }
    }

    fn written(records: &Records) -> Value {
        let dir = tempfile::tempdir().unwrap();
        records.write(dir.path()).unwrap();
        serde_json::from_str(&fs::read_to_string(dir.path().join(FILE)).unwrap()).unwrap()
    }
}
