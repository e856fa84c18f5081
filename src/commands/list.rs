//! `list`: a table for people, or JSON for programs.

use super::Context;
use crate::cli;
use crate::session::status::{self, State, Status};
use crate::{session, ui};
use anyhow::Result;
use serde_json::{Map, Value, json};
use std::process::ExitCode;

pub fn run(context: &Context, args: &cli::List) -> Result<ExitCode> {
    let sessions = session::all(&context.project, &context.layout)?;
    let judged = status::judge(&context.project, &context.claude, &sessions)?;
    if args.json {
        let all: Vec<_> = judged.iter().map(as_json).collect();
        ui::answer(serde_json::to_string_pretty(&all)?);
    } else if judged.is_empty() {
        ui::answer(format_args!(
            "{} has no sessions yet; make one with: tally-session add <name>",
            context.project.name
        ));
    } else {
        show(context, &judged);
    }
    Ok(ExitCode::SUCCESS)
}

fn as_json(status: &Status<'_>) -> Value {
    let session = status.session;
    let mut object = Map::new();
    let mut put = |key: String, value: Value| object.insert(key, value);
    put("name".into(), session.name.as_str().into());
    put("branch".into(), session.record.branch().into());
    put(
        "worktree".into(),
        session.record.worktree().to_string_lossy().into(),
    );
    for service in &status.services {
        put(format!("{}_port", service.name), json!(service.port));
    }
    for service in &status.services {
        put(format!("{}_url", service.name), json!(service.url()));
    }
    put("tmux_session".into(), session.tmux_name().into());
    put("state".into(), json!(status.state));
    put("attached".into(), status.attached.into());
    for service in &status.services {
        put(format!("{}_up", service.name), service.up.into());
    }
    put("changes".into(), json!(status.changes));
    put(
        "ahead".into(),
        json!(status.distance.map(|distance| distance.ahead)),
    );
    put(
        "behind".into(),
        json!(status.distance.map(|distance| distance.behind)),
    );
    put("claude".into(), json!(status.claude));
    put("problems".into(), json!(status.problems));
    Value::Object(object)
}

/// Rows of text, each column as wide as its widest cell.
fn show(context: &Context, judged: &[Status<'_>]) {
    let mut rows = vec![header(context)];
    rows.extend(judged.iter().map(row));
    let columns = rows[0].len();
    let width = |column: usize| {
        rows.iter()
            .map(|row| row[column].chars().count())
            .max()
            .unwrap_or(0)
    };
    let widths: Vec<_> = (0..columns).map(width).collect();
    for row in &rows {
        let line: Vec<_> = row
            .iter()
            .zip(&widths)
            .map(|(cell, &width)| format!("{cell:<width$}"))
            .collect();
        ui::answer(line.join("  ").trim_end());
    }
    for status in judged {
        for problem in &status.problems {
            ui::answer(format_args!("{}: {problem}", status.session.name));
        }
    }
}

fn header(context: &Context) -> Vec<String> {
    let mut header = vec!["NAME".to_owned(), "STATE".to_owned()];
    header.extend(
        context
            .layout
            .ports
            .keys()
            .map(|service| service.to_uppercase()),
    );
    header.extend(["BRANCH", "CHANGES", "CLAUDE", "WORKTREE"].map(str::to_owned));
    header
}

fn row(status: &Status<'_>) -> Vec<String> {
    let state = match status.state {
        State::Running if status.attached => "attached",
        State::Running => "running",
        State::Stopped => "stopped",
        State::Broken => "broken",
    };
    let mut row = vec![status.session.name.to_string(), state.to_owned()];
    row.extend(status.services.iter().map(|service| {
        let port = || service.port.map(|port| port.to_string());
        let cell = if ui::answers_a_terminal() {
            service.url()
        } else {
            port()
        };
        cell.unwrap_or_else(|| "-".to_owned())
    }));
    row.push(status.session.record.branch().to_owned());
    row.push(changes(status));
    row.push(status.claude.clone().unwrap_or_else(|| "-".to_owned()));
    row.push(status.session.record.worktree().display().to_string());
    row
}

/// Changed files, then commits ahead and behind: `2 +3 -1`.
fn changes(status: &Status<'_>) -> String {
    let mut words = Vec::new();
    words.extend(
        status
            .changes
            .filter(|&files| files > 0)
            .map(|files| files.to_string()),
    );
    if let Some(distance) = status.distance {
        words.extend((distance.ahead > 0).then(|| format!("+{}", distance.ahead)));
        words.extend((distance.behind > 0).then(|| format!("-{}", distance.behind)));
    }
    if words.is_empty() {
        "-".to_owned()
    } else {
        words.join(" ")
    }
}
