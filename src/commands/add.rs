//! `add`: makes a session and shows what it got.

use super::Context;
use crate::cli;
use crate::git::Start;
use crate::name::SessionName;
use crate::session::add::{self, Added, Wish};
use crate::ui;
use anyhow::Result;
use std::process::ExitCode;

pub fn run(context: &Context, args: &cli::Add) -> Result<ExitCode> {
    let wish = Wish {
        name: SessionName::parse(&args.name)?,
        from: args.from.as_deref(),
        here: &context.here,
        prompt: args.prompt.as_deref(),
    };
    super::warn_without_claude(context);
    let added = add::add(&context.project, &context.layout, &context.claude, &wish)?;
    added.notes.iter().for_each(ui::warn);
    show(&added);
    if args.attach {
        super::attach_to(context, &wish.name)
    } else {
        Ok(ExitCode::SUCCESS)
    }
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
    ui::done(format_args!("added {}", session.name));
    ui::done(format_args!(
        "  branch    {} ({base})",
        session.record.branch()
    ));
    ui::done(format_args!(
        "  worktree  {}",
        session.record.worktree().display()
    ));
    for (service, port) in session.ports() {
        ui::done(format_args!("  {service:<8}  http://localhost:{port}"));
    }
    ui::done(format_args!(
        "  attach    tally-session attach {}",
        session.name
    ));
}
