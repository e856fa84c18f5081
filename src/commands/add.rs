//! `add`: makes a session and shows what it got.

use super::Context;
use crate::cli;
use crate::git::Start;
use crate::hint::Hint;
use crate::name::SessionName;
use crate::process::quote;
use crate::session::add::{self, Added, Wish};
use crate::session::making::start::Wanted;
use crate::ui;
use anyhow::Result;
use std::fmt::Display;

pub fn run(context: &Context, args: &cli::Add) -> Result<()> {
    let wish = Wish {
        wanted: Wanted {
            name: parse(args)?,
            from: args.from.as_deref(),
            here: &context.here,
        },
        fetch: args.fetch,
        take_changes: args.take_changes,
        prompt: args.prompt.as_deref(),
        typed: typed(args, &args.name),
    };
    super::warn_without_claude(context);
    let added = add::add(&context.project, &context.layout, &context.claude, &wish)?;
    show(&added);
    if args.attach {
        super::attach_to(context, &wish.wanted.name)?;
    }
    Ok(())
}

fn show(added: &Added<'_>) {
    const SHORT: usize = 10;
    let session = &added.session;
    let base = match &added.start {
        Start::Existing => "which was there already".to_owned(),
        Start::Tracking { remote } => format!("new, tracks {remote}"),
        Start::New { commit, from } => {
            format!("new, from {from} at {}", &commit[..SHORT.min(commit.len())])
        }
    };
    let width = session.ports().map(|(service, _)| service.len());
    let width = width.chain(["worktree".len()]).max().unwrap_or_default();
    let line =
        |label: &str, text: &dyn Display| ui::done(format_args!("  {label:<width$}  {text}"));
    ui::outcome(&added.notes, format_args!("added {}", session.name));
    let branch = format_args!("{} ({base})", session.record.branch());
    line("branch", &branch);
    line("worktree", &session.record.worktree().display());
    if added.taken > 0 {
        let files = if added.taken == 1 { "file" } else { "files" };
        let moved = format_args!("{} {files}, moved from the main checkout", added.taken);
        line("changes", &moved);
    }
    for (service, port) in session.ports() {
        line(service, &session.url(port));
    }
    let attach = format_args!("tally-session attach {}", session.name);
    line("attach", &attach);
}

fn parse(args: &cli::Add) -> Result<SessionName> {
    let parsed = SessionName::parse(&args.name);
    match SessionName::near(&args.name) {
        Some(near) => parsed.hint(typed(args, &near)),
        None => parsed,
    }
}

/// What was typed, with this name.
fn typed(args: &cli::Add, name: &impl Display) -> String {
    let option = |option: &str, value: &Option<String>| {
        let value = value.as_ref().map(|value| quote(value));
        value.map_or_else(String::new, |value| format!(" --{option} {value}"))
    };
    let flag = |flag: &str, is_set: bool| {
        if is_set {
            format!(" --{flag}")
        } else {
            String::new()
        }
    };
    let options = [
        option("from", &args.from),
        flag("fetch", args.fetch),
        flag("take-changes", args.take_changes),
        option("prompt", &args.prompt),
        flag("attach", args.attach),
    ];
    format!("tally-session add {name}{}", options.concat())
}
