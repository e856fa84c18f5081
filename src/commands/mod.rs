//! One file a subcommand: arguments in, outcome shown.

mod add;
mod attach;
mod claude;
pub mod completions;
mod doctor;
mod help;
mod layout;
mod list;
mod logs;
mod man;
mod purge;
mod remove;
mod restore;
mod resume;
mod stop;

use crate::claude::Claude;
use crate::cli::{self, Cli, Command};
use crate::file::read_if_there;
use crate::hint::{Hint, with_hint};
use crate::layout::{self as layouts, Hooks, Layout};
use crate::name::SessionName;
use crate::process::{self, quote_path};
use crate::project::{Project, without_symlinks};
use crate::session::belongings::env_files;
use crate::session::loss::{purge as deletion, trash};
use crate::session::records::unrecorded::Unrecorded;
use crate::session::windows::{living, open};
use crate::session::{self, Session};
use crate::store::atomic;
use crate::store::record::Record;
use crate::store::records::Records;
use crate::tmux::{self, TmuxSession};
use crate::ui;
use anyhow::{Context as _, Result, anyhow};
use indexmap::IndexSet;
use std::error::Error;
use std::fmt::{self, Display};
use std::fs;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};

/// What every command works with.
struct Context {
    /// The folder that the user is in, or names.
    here: PathBuf,
    project: Project,
    layout: Layout,
    claude: Claude,
}

/// Runs what was typed.
///
/// # Errors
/// What could not be done, or was refused.
pub fn run(cli: Cli) -> Result<()> {
    let no_hooks = matches!(
        cli.command,
        Command::Add(cli::Add { no_hooks: true, .. })
            | Command::Resume(cli::Resume { no_hooks: true, .. })
            | Command::Remove(cli::Remove { no_hooks: true, .. })
    );
    // What only leads to what runs.
    let is_lenient = matches!(
        cli.command,
        Command::Attach { .. } | Command::Logs(_) | Command::Stop(_)
    );
    let dir = cli.dir.as_deref();
    let in_project = |work: &dyn Fn(&Context) -> Result<()>| {
        in_project(dir, is_lenient, |context| {
            if no_hooks {
                context.layout.hooks = Hooks::default();
            }
            work(context)
        })
    };
    match cli.command {
        Command::Add(args) => in_project(&|context| add::run(context, &args)),
        Command::Resume(args) => in_project(&|context| resume::run(context, &args)),
        Command::List { json, removed } => in_project(&|context| list::run(context, json, removed)),
        Command::Stop(args) => in_project(&|context| stop::stop(context, &args)),
        Command::Restart(args) => in_project(&|context| stop::restart(context, &args)),
        Command::Logs(args) => in_project(&|context| logs::run(context, &args)),
        Command::Remove(args) => in_project(&|context| remove::run(context, &args)),
        Command::Restore { name } => in_project(&|context| restore::run(context, name.as_deref())),
        Command::Purge { names, yes } => in_project(&|context| purge::run(context, &names, yes)),
        Command::Sweep => in_project(&|context| {
            purge::sweep(context);
            Ok(())
        }),
        Command::Attach { name } => in_project(&|context| attach::run(context, name.as_deref())),
        Command::Opening { name } => in_project(&|context| claude::opening(context, &name)),
        Command::Hook { event, name } => {
            claude::hook(dir, event, &name);
            Ok(())
        }
        Command::Doctor { names, fix } => doctor::run(dir, &names, fix),
        Command::Layout { detect } => layout::run(dir, detect),
        Command::Completions { shell } => completions::run(&shell),
        Command::Man => man::run(),
        Command::Help { word } => {
            help::run(word.as_deref());
            Ok(())
        }
    }
}

/// Runs a command that needs a project, git and tmux; a lenient one may do with the layout as it was last.
fn in_project(
    dir: Option<&Path>,
    is_lenient: bool,
    work: impl FnOnce(&mut Context) -> Result<()>,
) -> Result<()> {
    for program in ["git", "tmux"] {
        which::which(program)
            .map_err(|_| anyhow!("{program} is not installed, or not on the PATH"))
            .hint(process::how_to_install(program))?;
    }
    let (here, project) = project_at(dir)?;
    let layout = read_layout(&project, is_lenient)?;
    let mut context = Context {
        layout: env_files::prefer_ignored(&project, layout),
        project,
        here,
        claude: Claude::of_user()?,
    };
    let outcome = work(&mut context);
    deletion::sweep(&context.project, context.layout.keep_removed);
    outcome
}

/// The project's layout. A copy of the file is kept while it is right: by that those go on who may, when it is wrong.
fn read_layout(project: &Project, is_lenient: bool) -> Result<Layout> {
    let [file, last] = [
        project.main.join(layouts::FILE),
        project.common.join("tally-session/layout.toml"),
    ];
    match Layout::read(&project.main) {
        Err(error) if is_lenient && last.exists() => {
            ui::warn(format_args!(
                "{error:#}; as long as it is, it counts as it was before"
            ));
            Layout::read_from(&last, &project.main)
        }
        read => {
            let layout = read?;
            let text = |path| read_if_there(path).ok().flatten();
            if let Some(now) = text(&file)
                && text(&last).as_ref() != Some(&now)
            {
                // Without it a mistake in the file is in everybody's way.
                let _ = atomic::replace_soon(&last, &now, 0o600);
            }
            Ok(layout)
        }
    }
}

/// The folder that is named, or else the one that the user is in, and the project there.
fn project_at(dir: Option<&Path>) -> Result<(PathBuf, Project)> {
    let here = dir.map_or_else(current_folder, |dir| Ok(dir.to_owned()))?;
    let project = Project::discover(&here)?;
    Ok((here, project))
}

/// The folder that the user is in. Of a removed worktree there may be something for a moment more.
fn current_folder() -> Result<PathBuf> {
    match std::env::current_dir() {
        Ok(here) if !trash::has(&here) => Ok(here),
        here => {
            // Linux tells where a folder was that is deleted.
            let here = here.or_else(|_| fs::read_link("/proc/self/cwd"));
            let main = here.as_deref().ok().and_then(trash::main_of);
            let cure = match main.filter(|main| main.join(".git").is_dir()) {
                Some(main) => format!(": cd {}", quote_path(main)),
                None => ", or name it: tally-session -C <folder> …".to_owned(),
            };
            let cure = format!("go to the project's folder{cure}");
            Err(anyhow!("the folder you are in is gone")).hint(cure)
        }
    }
}

/// Checks several names before anything is done with one of them; each counts once.
fn parse_names(names: &[String]) -> Result<Vec<SessionName>> {
    let parsed = names.iter().map(|name| SessionName::parse(name));
    let parsed = parsed.collect::<Result<IndexSet<_>>>()?;
    Ok(parsed.into_iter().collect())
}

/// The names that were typed; without one, that of the session whose worktree or window this is. `verb` is the command.
fn names_or_here(context: &Context, names: &[String], verb: &str) -> Result<Vec<SessionName>> {
    if !names.is_empty() {
        return parse_names(names);
    }
    let records = Records::read(&context.project.main)?;
    match session_here(context, &records)? {
        Some(here) => Ok(vec![here]),
        None => Err(which(context, &records, verb)),
    }
}

/// That a command does not know which session is meant.
fn which(context: &Context, records: &Records, verb: &str) -> anyhow::Error {
    let names: Vec<_> = records.iter().map(|(name, _)| name.as_str()).collect();
    let error = anyhow!("which session? This is no session's worktree or window");
    let lost = Unrecorded::all(&context.project).unwrap_or_default();
    let lost = Unrecorded::told(&lost).into_iter();
    let error = lost.fold(error, |error, lost| with_hint(error, lost.to_string()));
    let cure = match names.first() {
        None => "there is none; make one with: tally-session add <name>".to_owned(),
        Some(first) => {
            let names = names.join(", ");
            format!("name one of {names}: tally-session {verb} {first}")
        }
    };
    with_hint(error, cure)
}

/// The session whose worktree the user is in, or in whose window.
fn session_here(context: &Context, records: &Records) -> Result<Option<SessionName>> {
    let here = fs::canonicalize(&context.here).unwrap_or_else(|_| context.here.clone());
    let is_here = |record: &Record| {
        without_symlinks(record.worktree()).is_some_and(|path| here.starts_with(path))
    };
    let mut in_worktree = records.iter().filter(|(_, record)| is_here(record));
    if let Some((name, _)) = in_worktree.next() {
        return Ok(Some(name.clone()));
    }
    let open = open::here(&context.project)?;
    let mut names = records.iter().map(|(name, _)| name);
    let in_window = names.find(|name| has_window(context, name, &open));
    Ok(in_window.cloned())
}

/// Whether one of these tmux sessions, or a pane of them, is a session's.
fn has_window(context: &Context, name: &SessionName, open: &[TmuxSession]) -> bool {
    let project = &context.project;
    open.iter().any(|tmux| {
        let is_its = |pane: &tmux::Pane| pane.is_of(&project.main, name.as_str());
        session::owns(project, name, tmux) || tmux.panes.iter().any(is_its)
    })
}

/// That of these sessions in a window of which this program runs, if it would end with the window.
fn closing_here<'a>(
    context: &Context,
    names: &'a [SessionName],
) -> Result<Option<&'a SessionName>> {
    if process::outlives_terminal() {
        return Ok(None);
    }
    let open = open::here(&context.project)?;
    Ok(names.iter().find(|name| has_window(context, name, &open)))
}

/// What was told of already, and fails the command all the same.
#[derive(Debug)]
pub struct Told;

impl Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not all was done")
    }
}

impl Error for Told {}

/// Shows one outcome after the other, the failures as errors.
fn show_all<T>(
    results: impl IntoIterator<Item = (SessionName, Result<T>)>,
    mut show: impl FnMut(&SessionName, T),
) -> Result<()> {
    let mut all = Ok(());
    for (name, result) in results {
        match result {
            Ok(outcome) => show(&name, outcome),
            Err(error) => {
                ui::error(&error);
                all = Err(Told.into());
            }
        }
    }
    all
}

fn warn_without_claude(context: &Context) {
    let layout = &context.layout;
    let missing = crate::claude::missing(&layout.claude.command).filter(|_| layout.runs_claude());
    if let Some(problem) = missing {
        ui::warn(problem);
    }
}

/// Shows a session on this terminal, whose windows were only just opened.
fn attach_to(context: &Context, name: &SessionName) -> Result<()> {
    let records = Records::read(&context.project.main)?;
    let session = Session::find(&context.project, &context.layout, &records, name, "attach")?;
    let open = open::all(&context.project)?;
    let own = living::shown_in(&session, &open)
        .with_context(|| format!("the windows of {name} are closed"))
        .hint(format!("open them: tally-session resume {name}"))?;
    show_windows(name, own)
}

/// Shows a session's windows on this terminal.
fn show_windows(name: &SessionName, own: &TmuxSession) -> Result<()> {
    if !tmux::is_inside() && !std::io::stdin().is_terminal() {
        let again = format!("type it in a terminal: tally-session attach {name}");
        return Err(anyhow!("there is no terminal here to show {name} on")).hint(again);
    }
    tmux::attach(own)
}
