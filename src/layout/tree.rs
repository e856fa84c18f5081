//! `.tally-session.toml` as a tree of values, each with its place in the file, and one such tree over another.

use super::wrong::Wrong;
use super::{BUILT_IN, plain};
use std::mem;
use std::path::Path;
use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

/// A value with its place in the file.
pub type Value<'a> = Spanned<DeValue<'a>>;

/// A file's table of all there is.
///
/// # Errors
/// If the text is no TOML.
pub fn parse(text: &[u8]) -> Result<DeTable<'_>, Wrong> {
    Ok(DeTable::parse(str::from_utf8(text)?)?.into_inner())
}

/// The keys of a table with their values; none of anything else.
pub fn entries<'t, 'a>(
    table: Option<&'t Value<'a>>,
) -> impl Iterator<Item = (&'t Spanned<DeString<'a>>, &'t Value<'a>)> + use<'t, 'a> {
    table
        .and_then(|value| value.get_ref().as_table())
        .into_iter()
        .flatten()
}

/// The values of a list; none of anything else.
pub fn items<'t, 'a>(
    list: Option<&'t Value<'a>>,
) -> impl Iterator<Item = &'t Value<'a>> + use<'t, 'a> {
    list.and_then(|value| value.get_ref().as_array())
        .into_iter()
        .flatten()
}

/// The built-in layout, where each window stands under the first word of its name and Claude in a table, as they can be
/// changed.
pub fn built_in() -> DeTable<'static> {
    let mut layout = parse(BUILT_IN.as_bytes()).unwrap_or_default();
    let windows = items(layout.get("window")).filter_map(|window| {
        let word = window.get_ref()["name"]
            .get_ref()
            .as_str()?
            .split(':')
            .next()?;
        Some((built(word.to_owned().into()), window.clone()))
    });
    let windows = DeValue::Table(windows.collect());
    layout.insert(built("window".into()), built(windows));
    let claude = in_table("command", layout["claude"].clone());
    layout.insert(built("claude".into()), claude);
    layout
}

/// What has no place in the project's own file.
fn built<T>(value: T) -> Spanned<T> {
    Spanned::new(0..0, value)
}

/// A table of this value alone, in its place.
fn in_table<'a>(key: &'static str, value: Value<'a>) -> Value<'a> {
    let span = value.span();
    let table = [(built(key.into()), value)].into_iter().collect();
    Spanned::new(span, DeValue::Table(table))
}

/// The built-in layout with what a file says in its place. Whoever has written one has built-in files and variables only in folders
/// that are there.
///
/// # Errors
/// If the file changes a window that is not there, or leaves none.
pub fn over_built_in<'a>(
    own: &DeTable<'a>,
    is_there: impl Fn(&Path) -> bool,
) -> Result<DeTable<'a>, Wrong> {
    let mut layout = built_in();
    if !own.is_empty() {
        leave_out(&mut layout, |path| {
            Path::new(path).parent().is_none_or(&is_there)
        });
    }
    let windows = own.get("window");
    check_changes(windows, &layout["window"])?;
    merge(&mut layout, own, &[]);
    let last = entries(windows).last();
    match last.filter(|_| entries(layout.get("window")).next().is_none()) {
        Some((last, _)) => Err(Wrong::new(
            "window",
            last.span(),
            "leaves none: a session needs one",
        )),
        None => Ok(layout),
    }
}

/// Leaves out the files and the variables of a layout whose paths are not wanted.
fn leave_out(layout: &mut DeTable<'_>, is_wanted: impl Fn(&str) -> bool) {
    let is_kept = |path: &&Value<'_>| path.get_ref().as_str().is_none_or(&is_wanted);
    if let Some(DeValue::Table(files)) = layout.get_mut("files").map(Spanned::get_mut) {
        for key in ["link", "copy", "sqlite"] {
            if let Some(DeValue::Array(paths)) = files.get_mut(key).map(Spanned::get_mut) {
                *paths = paths.iter().filter(is_kept).cloned().collect();
            }
        }
    }
    if let Some(DeValue::Table(env)) = layout.get_mut("env").map(Spanned::get_mut) {
        let paths: Vec<_> = env.keys().cloned().collect();
        for path in paths.iter().filter(|path| !is_wanted(path.get_ref())) {
            env.remove(path);
        }
    }
}

/// Checks that the windows which a table changes are there; what has a name is one more.
fn check_changes(own: Option<&Value<'_>>, there: &Value<'_>) -> Result<(), Wrong> {
    for (name, change) in entries(own) {
        let word = &**name.get_ref();
        if ["name", "dir", "run", "type"].contains(&word) {
            let span = own.map_or(0..0, Spanned::span);
            let reason = "a window is written with two brackets, [[window]]; with one, [window.backend] changes the one that is built in, in `window`";
            return Err(Wrong::new("", span, reason));
        }
        if there.get_ref().get(word).is_none() && change.get_ref().get("name").is_none() {
            let there: Vec<_> = entries(Some(there))
                .map(|(name, _)| &**name.get_ref())
                .collect();
            let there = there.join(", ");
            let reason =
                format!("is none of those that are built in ({there}); one more needs a name");
            return Err(Wrong::new(
                format!("window.{}", bare(word)),
                name.span(),
                reason,
            ));
        }
    }
    Ok(())
}

/// Changes a table, which is below these keys, key by key; `false` takes one out.
fn merge<'a>(table: &mut DeTable<'a>, own: &DeTable<'a>, keys: &[&str]) {
    let can_go = matches!(keys, ["ports" | "env" | "window"] | ["env", _]);
    match keys {
        // What is typed is one thing, run or not.
        ["window", _] if ["run", "type"].iter().any(|key| own.contains_key(*key)) => {
            table.remove("run");
            table.remove("type");
        }
        // What is cloned is not linked, though the built-in layout says so.
        ["files"] => {
            let path = |value: &Value<'_>| value.get_ref().as_str().map(plain);
            let cloned: Vec<_> = items(own.get("clone")).map(path).collect();
            if let Some(DeValue::Array(links)) = table.get_mut("link").map(Spanned::get_mut) {
                let links_on = links.iter().filter(|link| !cloned.contains(&path(link)));
                *links = links_on.cloned().collect();
            }
        }
        _ => {}
    }
    for (key, value) in own {
        match value.get_ref() {
            DeValue::Boolean(false) if can_go => {
                table.remove(key);
            }
            DeValue::String(_) if keys.is_empty() && key.get_ref() == "claude" => {
                table.insert(key.clone(), in_table("command", value.clone()));
            }
            DeValue::Table(own) => {
                let there = table.entry(key.clone());
                let there = there.or_insert(built(DeValue::Table(DeTable::new())));
                let mut changed = match there.get_mut() {
                    DeValue::Table(there) => mem::take(there),
                    _ => DeTable::new(),
                };
                merge(&mut changed, own, &[keys, &[&**key.get_ref()]].concat());
                *there = Spanned::new(value.span(), DeValue::Table(changed));
            }
            _ => {
                table.insert(key.clone(), value.clone());
            }
        }
    }
}

/// A key as it is written in TOML.
pub fn bare(key: &str) -> String {
    let is_bare = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
    if !key.is_empty() && key.bytes().all(is_bare) {
        key.to_owned()
    } else {
        toml::Value::from(key).to_string()
    }
}
