//! What can be typed, for clap.

use crate::claude::settings::Event;
use clap::{ArgGroup, Args, Parser, Subcommand, ValueHint};
use std::path::PathBuf;

/// Work on several features of one web project at once. Each has its own session:
/// a git worktree with its branch, ports, database and settings, and tmux windows
/// where its servers and its Claude Code run.
#[derive(Parser)]
#[command(
    version,
    propagate_version = true,
    verbatim_doc_comment,
    disable_help_subcommand = true,
    next_help_heading = "Global options",
    after_help = "\
Examples:
  tally-session add feature-payment     make a session, start its servers
  tally-session resume                  bring all back after a restart
  tally-session remove feature-payment  clear it away
  tally-session restore feature-payment have it back as it was

More: tally-session help projects (or databases, remote, files, json, speed,
compare, script)"
)]
pub struct Cli {
    /// Work as if started in this folder
    #[arg(short = 'C', value_name = "DIR", value_hint = ValueHint::DirPath, global = true)]
    pub dir: Option<PathBuf>,
    /// Print each git and tmux command as it is run
    #[arg(short, long, global = true, conflicts_with = "quiet")]
    pub verbose: bool,
    /// Print only errors and what was asked for
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// What to do
    #[command(subcommand)]
    pub command: Command,
}

/// The subcommands.
#[derive(Subcommand)]
pub enum Command {
    Add(Add),
    Resume(Resume),
    /// Show the sessions and what each one is doing
    #[command(
        visible_alias = "ls",
        after_help = "\
Examples:
  tally-session list
  tally-session list --json | jq -r '.[].backend_url'"
    )]
    List {
        /// Print a JSON array, one object a session
        #[arg(long)]
        json: bool,
        /// Show what was removed and can be had back
        #[arg(long)]
        removed: bool,
    },
    /// Close the windows of sessions, and keep all else
    #[command(after_help = "\
Examples:
  tally-session stop feature-payment
  tally-session stop --force feature-payment bugfix-ui")]
    Stop(Stop),
    /// Stop sessions and resume them, as after a change of the layout
    #[command(after_help = "\
Examples:
  tally-session restart feature-payment
  tally-session restart --force feature-payment")]
    Restart(Stop),
    Logs(Logs),
    Remove(Remove),
    /// Bring back what was removed, as it was
    #[command(after_help = "\
Examples:
  tally-session restore                 show what can be had back
  tally-session restore feature-payment")]
    Restore {
        /// The session to bring back [default: show which there are]
        name: Option<String>,
    },
    /// Delete for good what was removed
    #[command(after_help = "\
Examples:
  tally-session purge feature-payment
  tally-session purge --yes")]
    Purge {
        /// What to delete [default: all that was removed]
        #[arg(value_name = "NAME")]
        names: Vec<String>,
        /// Delete without asking
        #[arg(short, long)]
        yes: bool,
    },
    /// Go to a session's windows; a stopped session is resumed first
    #[command(after_help = "\
Example:
  tally-session attach feature-payment")]
    Attach {
        /// The session to go to [default: the one you are in, or choose]
        name: Option<String>,
    },
    /// Find out what is wrong, and how to mend it
    #[command(after_help = "\
Example:
  tally-session doctor --fix")]
    Doctor {
        /// The sessions to look at alone [default: all]
        #[arg(value_name = "NAME")]
        names: Vec<String>,
        /// Mend what can be mended without a risk
        #[arg(long)]
        fix: bool,
    },
    /// Print the built-in layout, or one drafted for the project
    #[command(after_help = "\
Examples:
  tally-session layout
  tally-session layout --detect >.tally-session.toml")]
    Layout {
        /// Draft one from what is in the main checkout
        #[arg(long)]
        detect: bool,
    },
    /// Delete what was removed and is kept no longer
    #[command(hide = true)]
    Sweep,
    /// Print the command that opens a session's Claude
    #[command(hide = true)]
    Opening {
        /// The session's name
        name: String,
    },
    /// Hear what a session's Claude tells of itself
    #[command(hide = true)]
    Hook {
        /// What it tells
        event: Event,
        /// The session's name
        name: String,
    },
    /// Print what a shell needs to complete commands and session names
    #[command(after_help = "\
Examples, each a line for the shell's start-up file:
  eval \"$(tally-session completions bash)\"  # ~/.bashrc
  eval \"$(tally-session completions zsh)\"   # ~/.zshrc
  tally-session completions fish | source   # ~/.config/fish/config.fish")]
    Completions {
        /// bash, zsh or fish
        #[arg(value_parser = ["bash", "zsh", "fish"], hide_possible_values = true)]
        shell: String,
    },
    /// Print the manual page
    #[command(after_help = "\
Example, which installs it for man tally-session:
  mkdir -p ~/.local/share/man/man1
  tally-session man >~/.local/share/man/man1/tally-session.1")]
    Man,
    /// Tell what a command does, or about a topic
    #[command(after_help = "\
Examples:
  tally-session help add
  tally-session help projects   another layout; databases, remote, files, json,
                                speed, compare and script are topics too")]
    Help {
        /// A command, or a topic
        #[arg(value_name = "WORD")]
        word: Option<String>,
    },
}

/// Make a session: worktree, branch, ports, database and windows
#[derive(Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option")]
#[command(after_help = "\
Examples:
  tally-session add feature-payment
  tally-session add bugfix-ui --from v1.2
  tally-session add feature-auth --prompt 'Let users log in' --attach")]
pub struct Add {
    /// The session's name, which is its branch's too
    pub name: String,
    /// Start a new branch here, not at the main checkout's HEAD
    #[arg(long, value_name = "REF")]
    pub from: Option<String>,
    /// Fetch from the remote first
    #[arg(long)]
    pub fetch: bool,
    /// Move what is not committed in the main checkout there
    #[arg(long)]
    pub take_changes: bool,
    /// Start Claude on this task at once
    #[arg(short, long, value_name = "TEXT", allow_hyphen_values = true)]
    pub prompt: Option<String>,
    /// Leave out what the layout has run then
    #[arg(long)]
    pub no_hooks: bool,
    /// Attach to the session when it is ready
    #[arg(short, long)]
    pub attach: bool,
}

/// Bring sessions back, each Claude in its conversation
#[derive(Args)]
#[command(after_help = "\
Examples:
  tally-session resume
  tally-session resume feature-payment --attach")]
pub struct Resume {
    /// The sessions to bring back [default: all]
    #[arg(value_name = "NAME")]
    pub names: Vec<String>,
    /// Leave out what the layout has run then
    #[arg(long)]
    pub no_hooks: bool,
    /// Attach to the session when it is ready
    #[arg(short, long)]
    pub attach: bool,
}

// What `stop` and `restart` take.
#[derive(Args)]
pub struct Stop {
    /// The sessions [default: the one you are in]
    #[arg(value_name = "NAME")]
    pub names: Vec<String>,
    /// Stop it though its Claude is busy
    #[arg(short, long)]
    pub force: bool,
}

/// Print the end of what a session's windows show
#[derive(Args)]
#[command(after_help = "\
Examples:
  tally-session logs feature-payment
  tally-session logs feature-payment backend -n 1000")]
pub struct Logs {
    /// The session [default: the one you are in]
    pub name: Option<String>,
    /// The window, by its first word [default: the servers']
    pub window: Option<String>,
    /// So many lines of each, or 200
    #[arg(short = 'n', long, default_value_t = 200, hide_default_value = true)]
    pub lines: usize,
}

/// Clear sessions away, so that they can be had back
#[derive(Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option")]
#[command(
    visible_alias = "rm",
    group = ArgGroup::new("asks").args(["purge", "merged"]).multiple(true),
    after_help = "\
Examples:
  tally-session remove feature-payment
  tally-session remove --merged
  tally-session remove --force bugfix-ui"
)]
pub struct Remove {
    /// The sessions to clear away [default: the one you are in]
    #[arg(value_name = "NAME")]
    pub names: Vec<String>,
    /// Remove it though there is work in it that is nowhere else
    #[arg(short, long)]
    pub force: bool,
    /// Leave the branch
    #[arg(long)]
    pub keep_branch: bool,
    /// Leave out what the layout has run then
    #[arg(long)]
    pub no_hooks: bool,
    /// Delete it for good, its commits too
    #[arg(long)]
    pub purge: bool,
    /// All that are merged and not in use; asks first
    #[arg(long, conflicts_with = "names")]
    pub merged: bool,
    /// Ask nothing
    #[arg(short, long, requires = "asks")]
    pub yes: bool,
}
