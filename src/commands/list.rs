//! `list`: a table for people, or JSON for programs.

pub mod removed;
mod table;

use super::Context;
use crate::session;
use crate::session::records::unrecorded::Unrecorded;
use crate::session::truth::status::{self, Service, Status};
use crate::store::records::Records;
use crate::ui;
use anyhow::Result;
use serde_json::{Map, Value, json};

pub fn run(context: &Context, json: bool, removed: bool) -> Result<()> {
    if removed {
        return removed::show(context, json);
    }
    let records = Records::read(&context.project.main)?;
    let sessions = session::all(&context.project, &context.layout, &records);
    let mut lost = Unrecorded::all(&context.project)?;
    // Where there are sessions, what is only like one is the user's own.
    lost.retain(|lost| lost.kept.is_some() || sessions.is_empty());
    let judged = status::judge(&context.project, &context.claude, &sessions)?;
    if json {
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
    Ok(())
}

fn as_json(status: &Status<'_>) -> Value {
    let session = status.session;
    let of_services = |what: &str, value: fn(&Service) -> Value| {
        let services = status.services.iter();
        let fields = services.map(|service| (format!("{}_{what}", service.name), value(service)));
        Value::Object(fields.collect())
    };
    let claude = status.claude.as_ref();
    let problems = status.problems.iter().map(ToString::to_string);
    let windows = status.windows.iter();
    let windows = windows.map(|(key, life)| (key.clone(), json!(life)));
    let parts = [
        json!({
            "name": session.name.as_str(),
            "branch": status.branch,
            "worktree": session.record.worktree().to_string_lossy(),
        }),
        of_services("port", |service| json!(service.port)),
        of_services("url", |service| json!(service.url)),
        json!({
            "tmux_session": status.tmux_session,
            "state": status.state,
            "attached": status.attached,
        }),
        of_services("up", |service| json!(service.up && !service.is_taken)),
        json!({
            "changes": status.changes,
            "ahead": status.distance.map(|(ahead, _)| ahead),
            "behind": status.distance.map(|(_, behind)| behind),
            "claude": claude.map(|doing| &doing.word),
            "problems": problems.collect::<Vec<_>>(),
            "merged": status.is_merged,
            "claude_in_background": claude.map(|doing| doing.in_background),
            "windows": windows.collect::<Map<_, _>>(),
        }),
    ];
    let fields = parts.into_iter().filter_map(|part| match part {
        Value::Object(fields) => Some(fields),
        _ => None,
    });
    Value::Object(fields.flatten().collect())
}
