//! `list`: a table for people, or JSON for programs.

pub mod removed;
mod table;

use super::Context;
use crate::cli;
use crate::session;
use crate::session::records::unrecorded::Unrecorded;
use crate::session::truth::status::{self, Status};
use crate::store::records::Records;
use crate::ui;
use anyhow::Result;
use serde_json::{Map, Value, json};
use std::process::ExitCode;

pub fn run(context: &Context, args: &cli::List) -> Result<ExitCode> {
    if args.removed {
        removed::show(context, args.json)?;
        return Ok(ExitCode::SUCCESS);
    }
    let records = Records::read(&context.project.main)?;
    let sessions = session::all(&context.project, &context.layout, &records);
    let mut lost = Unrecorded::all(&context.project)?;
    // Where there are sessions, what is only like one is the user's own.
    lost.retain(|lost| lost.kept.is_some() || sessions.is_empty());
    let judged = status::judge(&context.project, &context.claude, &sessions)?;
    if args.json {
        let all: Vec<_> = judged.iter().map(as_json).collect();
        ui::answer(serde_json::to_string_pretty(&all)?);
    } else if judged.is_empty() && lost.is_empty() {
        ui::answer(ui::as_typed(format_args!(
            "{} has no sessions yet; make one with: tally-session add <name>",
            context.project.name
        )));
    } else if !judged.is_empty() {
        table::show(context, &judged);
    }
    Unrecorded::told(&lost).iter().for_each(ui::warn);
    Ok(ExitCode::SUCCESS)
}

fn as_json(status: &Status<'_>) -> Value {
    let session = status.session;
    let mut object = Map::new();
    let mut put = |key: String, value: Value| object.insert(key, value);
    put("name".into(), session.name.as_str().into());
    put("branch".into(), json!(status.branch));
    put(
        "worktree".into(),
        session.record.worktree().to_string_lossy().into(),
    );
    for service in &status.services {
        put(format!("{}_port", service.name), json!(service.port));
    }
    for service in &status.services {
        put(format!("{}_url", service.name), json!(service.url));
    }
    put("tmux_session".into(), status.tmux_session.as_str().into());
    put("state".into(), json!(status.state));
    put("attached".into(), status.attached.into());
    for service in &status.services {
        let is_up = service.up && !service.is_taken;
        put(format!("{}_up", service.name), is_up.into());
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
    let claude = status.claude.as_ref();
    put("claude".into(), json!(claude.map(|doing| &doing.word)));
    let problems = status.problems.iter().map(ToString::to_string);
    put("problems".into(), problems.collect());
    put("merged".into(), status.is_merged.into());
    let in_background = claude.map(|doing| doing.in_background);
    put("claude_in_background".into(), json!(in_background));
    let windows = status.windows.iter();
    let windows = windows.map(|(key, life)| (key.clone(), json!(life)));
    put("windows".into(), windows.collect::<Map<_, _>>().into());
    Value::Object(object)
}
