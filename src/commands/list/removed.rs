//! What was removed and can be had back.

use super::table::{self, Cell, Column};
use crate::commands::Context;
use crate::finding::Finding;
use crate::session::loss::purge::DAY;
use crate::session::loss::removed::{About, Removed};
use crate::session::loss::trash;
use crate::ui::{self, BOLD, CYAN, PLAIN};
use anyhow::Result;
use serde_json::{Value, json};
use std::collections::HashSet;

/// Shows it as a table, or as JSON.
pub fn show(context: &Context, as_json: bool) -> Result<()> {
    let all = Removed::all(&context.project);
    let days = context.layout.keep_removed;
    for (id, error) in Removed::unreadable(&context.project) {
        let found = Finding::error(format!("{id} can't be had back:"), &error);
        ui::warn(found.problem());
    }
    if as_json {
        let json = |removed| json_of(context, removed, days);
        let all: Vec<_> = all.iter().map(json).collect();
        ui::answer(serde_json::to_string_pretty(&all)?);
        return Ok(());
    }
    if all.is_empty() {
        ui::answer("nothing was removed that can be had back");
        return Ok(());
    }
    let column =
        |heading: &str, cell: &dyn Fn(&Removed) -> Cell| Column::new(heading, all.iter().map(cell));
    // The name means the newest.
    let mut newest = HashSet::new();
    let commands = all.iter().map(|removed| {
        let name = removed.about.name.as_str();
        let called = if newest.insert(name) {
            name
        } else {
            &removed.id
        };
        (cure(called, removed, days), CYAN)
    });
    let columns = [
        column("name", &|removed| (removed.about.name.to_string(), BOLD)),
        column("removed", &|removed| (age(removed.since()), PLAIN)),
        column("kept", &|removed| (kept(removed, days), PLAIN)),
        column("size", &|removed| (size(removed.bytes()), PLAIN)),
        Column::new("get it back", commands).detail(),
    ];
    table::print(&columns, all.len());
    Ok(())
}

/// What to type for it, by the name that means this one.
fn cure(name: &str, removed: &Removed, days: u64) -> String {
    let About {
        name: own, commits, ..
    } = &removed.about;
    ui::as_typed(match commits.first() {
        _ if removed.has_files(days) => format!("tally-session restore {name}"),
        Some(tip) => format!("tally-session add {own} --from {tip}"),
        None => String::new(),
    })
}

fn json_of(context: &Context, removed: &Removed, days: u64) -> Value {
    let about = &removed.about;
    let beside_git = removed.beside_git(&context.project);
    json!({
        "name": about.name.as_str(),
        "id": removed.id,
        "branch": about.branch.as_ref().map(|branch| &branch.name),
        "worktree": about.worktree.to_string_lossy(),
        "removed_at": removed.since(),
        "kept_until": removed.until(days),
        "bytes": removed.bytes(),
        "files_kept": removed.has_files(days),
        "not_committed": not_committed(about, &beside_git),
    })
}

/// How long ago a time was, given in seconds since 1970.
pub fn age(since: u64) -> String {
    match trash::now().saturating_sub(since) {
        0..60 => "just now".to_owned(),
        seconds => format!("{} ago", span(seconds)),
    }
}

/// For how long it is kept.
fn kept(removed: &Removed, days: u64) -> String {
    if !removed.has_files(days) {
        return "its commits".to_owned();
    }
    let left = removed.until(days).saturating_sub(trash::now());
    // Of the last day's hours it is said how many are left, and of the others that they have begun.
    let begun = if left > DAY { left + DAY - 1 } else { left };
    format!("{} more", span(begun.min(days * DAY)))
}

/// Seconds in the largest unit that fits.
fn span(seconds: u64) -> String {
    let (count, unit) = match seconds {
        0..60 => (seconds, "second"),
        60..3600 => (seconds / 60, "minute"),
        3600..DAY => (seconds / 3600, "hour"),
        _ => (seconds / DAY, "day"),
    };
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {unit}{plural}")
}

/// Bytes in the largest unit that fits.
pub fn size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["kB", "MB", "GB", "TB"];
    let mut size = bytes.div_ceil(1000);
    let mut unit = 0;
    while size >= 1000 && unit + 1 < UNITS.len() {
        size = size.div_ceil(1000);
        unit += 1;
    }
    format!("{size} {}", UNITS[unit])
}

/// What is in no commit, and what hooks keep in git's folder, as the user is told.
pub fn not_committed(about: &About, beside_git: &[(String, u64)]) -> Vec<String> {
    let beside_git = beside_git.iter();
    let beside_git = beside_git.map(|(name, bytes)| format!("{name} ({})", size(*bytes)));
    about.went.iter().cloned().chain(beside_git).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_sizes_are_told_in_the_largest_unit_that_fits() {
        for (seconds, told) in [
            (59, "59 seconds"),
            (60, "1 minute"),
            (7300, "2 hours"),
            (3 * DAY, "3 days"),
        ] {
            assert_eq!(span(seconds), told);
        }
        for (bytes, told) in [
            (0, "0 kB"),
            (1, "1 kB"),
            (1_500_000, "2 MB"),
            (3_000_000_000, "3 GB"),
        ] {
            assert_eq!(size(bytes), told);
        }
    }
}
