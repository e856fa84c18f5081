//! `completions`: what a shell needs to complete command lines, and the answers to its questions.
//!
//! The script that is printed makes the shell call this program at each Tab, with a variable set: the names are those
//! of that very moment.

use super::help;
use crate::cli::Cli;
use crate::git::Git;
use crate::name::SessionName;
use crate::project::Project;
use crate::session::loss::removed::Removed;
use crate::shell;
use crate::store::records::Records;
use crate::ui;
use anyhow::{Context, Result};
use clap::{Arg, Command, CommandFactory};
use clap_complete::CompletionCandidate;
use clap_complete::engine::ArgValueCompleter;
use clap_complete::env::{Bash, CompleteEnv, Fish, Shells, Zsh};
use std::collections::BTreeSet;
use std::env;
use std::ffi::OsStr;
use std::path::{self, PathBuf};

const NAME: &str = env!("CARGO_PKG_NAME");

/// The shells that can complete.
const SHELLS: Shells<'static> = Shells(&[&Bash, &Zsh, &Fish]);

/// The variable that tells a shell's question from a command.
const VARIABLE: &str = "TALLY_SESSION_COMPLETE";

/// zsh has no `compdef` before its completion is switched on, which no start-up file of the system does.
const SWITCH_ON: &str = "(( $+functions[compdef] )) || { autoload -Uz compinit && compinit }";

/// What is offered for an argument, in a project. Whatever is wrong is not: a prompt is no place to say so.
type Offer = fn(&Project) -> BTreeSet<String>;

/// What is offered for this argument of a command, if anything is.
fn offer(command: &str, arg: &str) -> Option<Offer> {
    Some(match (command, arg) {
        ("add", "name") => free_branches,
        ("add", "from") => all_refs,
        ("restore" | "purge", "name" | "names") => removed,
        (_, "name" | "names") => sessions,
        _ => return None,
    })
}

pub fn run(shell: &str) -> Result<()> {
    if shell == "zsh" {
        ui::as_it_is(SWITCH_ON);
    }
    let completer = SHELLS.completer(shell).context("no such shell")?;
    let mut script = Vec::new();
    completer.write_registration(VARIABLE, NAME, NAME, &program(), &mut script)?;
    ui::as_it_is(String::from_utf8_lossy(&script).trim());
    Ok(())
}

/// What a shell has to type for this program, in any folder.
fn program() -> String {
    let called = env::args_os().next().map(PathBuf::from);
    // What has no slash in it was found on the PATH.
    let called = called.filter(|called| called.components().count() > 1);
    let path = called.and_then(|called| path::absolute(called).ok());
    path.map_or(NAME.to_owned(), |path| path.display().to_string())
}

/// If a shell asks how a line may go on, answers it and ends the program.
pub fn answer_shell() {
    CompleteEnv::with_factory(command)
        .var(VARIABLE)
        .shells(SHELLS)
        .complete();
}

/// All that can be typed. Hidden is what is offered only where nothing else is: options, before a dash is typed.
fn command() -> Command {
    let hide_option = |arg: Arg| {
        let is_option = !arg.is_positional();
        arg.hide(is_option)
    };
    let mut command = Cli::command();
    command.build();
    let commands = command.get_subcommands();
    let commands = commands.filter(|command| !command.is_hide_set());
    let words: BTreeSet<_> = commands
        .map(|command| command.get_name().to_owned())
        .chain(help::topics().map(ToOwned::to_owned))
        .collect();
    let complete = move |begun: &OsStr| {
        let words = words.iter();
        let words = words.filter(|word| word.starts_with(&*begun.to_string_lossy()));
        words.map(CompletionCandidate::new).collect()
    };
    let command = command.mut_args(hide_option).mut_subcommands(|command| {
        let name = command.get_name().to_owned();
        command.mut_args(|arg| {
            let id = arg.get_id().to_string();
            let arg = hide_option(arg);
            let Some(offer) = offer(&name, &id) else {
                return arg;
            };
            let complete = move |begun: &OsStr| names(&id, offer, begun).unwrap_or_default();
            arg.add(ArgValueCompleter::new(complete))
        })
    });
    command.mut_subcommand("help", |help| {
        help.mut_arg("word", |word| word.add(ArgValueCompleter::new(complete)))
    })
}

/// The names on offer that begin so and that the line does not have yet.
fn names(arg: &str, offer: Offer, begun: &OsStr) -> Option<Vec<CompletionCandidate>> {
    let line = env::args_os().skip_while(|word| word != "--").skip(1);
    let line = Cli::command()
        .ignore_errors(true)
        .try_get_matches_from(line)
        .ok()?;
    let dir = match line.get_one::<PathBuf>("dir") {
        // The shell has not replaced it yet.
        Some(dir) if dir.starts_with("~") => shell::home()?.join(dir.strip_prefix("~").ok()?),
        Some(dir) => dir.clone(),
        None => env::current_dir().ok()?,
    };
    let (_, command) = line.subcommand()?;
    let typed = || command.get_many::<String>(arg).into_iter().flatten();
    let names = offer(&Project::discover(&dir).ok()?);
    let offered = names.into_iter().filter(|name| {
        // The word that is being typed is one of those on the line.
        let given =
            typed().filter(|typed| *typed == name).count() > usize::from(begun == name.as_str());
        name.starts_with(&*begun.to_string_lossy()) && !given
    });
    Some(offered.map(CompletionCandidate::from).collect())
}

fn sessions(project: &Project) -> BTreeSet<String> {
    let records = Records::read(&project.main).unwrap_or_default();
    records.iter().map(|(name, _)| name.to_string()).collect()
}

fn removed(project: &Project) -> BTreeSet<String> {
    let removed = Removed::all(project).into_iter();
    removed
        .map(|removed| removed.about.name.to_string())
        .collect()
}

/// The branches that a session could be made for: of this repository those that are checked out nowhere, and the others of the
/// remotes, without these.
fn free_branches(project: &Project) -> BTreeSet<String> {
    let git = Git::at(&project.main);
    let records = Records::read(&project.main).unwrap_or_default();
    let remotes = git.remotes().unwrap_or_default();
    let branches = git
        .branches(["refs/heads", "refs/remotes"])
        .unwrap_or_default();
    let of_remote = |name: &str| {
        let of = |remote: &String| name.strip_prefix(remote)?.strip_prefix('/');
        // The longest name of a remote leaves the shortest of a branch.
        let names = remotes.iter().filter_map(of);
        names.min_by_key(|name| name.len()).map(ToOwned::to_owned)
    };
    let (mut free, mut taken) = (BTreeSet::new(), BTreeSet::new());
    for branch in &branches {
        if let Some(name) = branch.refname.strip_prefix("refs/heads/") {
            let set = match branch.worktree {
                None => &mut free,
                Some(_) => &mut taken,
            };
            set.insert(name.to_owned());
        } else if let Some(name) = branch.refname.strip_prefix("refs/remotes/") {
            free.extend(of_remote(name));
        }
    }
    free.retain(|name| {
        let name = SessionName::parse(name).ok();
        name.is_some_and(|name| !taken.contains(name.as_str()) && records.find(&name).is_none())
    });
    free
}

/// Branches, remote ones and tags.
fn all_refs(project: &Project) -> BTreeSet<String> {
    let kinds = ["refs/heads", "refs/remotes", "refs/tags"];
    let refs = Git::at(&project.main).branches(kinds).unwrap_or_default();
    let names = refs.iter().filter_map(|found| {
        let (_, name) = found.refname.strip_prefix("refs/")?.split_once('/')?;
        // A remote's is another name for its main branch.
        (!name.ends_with("/HEAD")).then(|| name.to_owned())
    });
    names.collect()
}
