//! The only place that prints: the answer to stdout, the narration to stderr.
//!
//! Colour goes to terminals alone and not under `NO_COLOR`, which `anstream` decides. Whoever closed the other end
//! of a pipe has read enough: that is no error. What is told may come from anywhere, as the subject of a commit
//! does: no text gets out with a control character in it, but for our own colours, which are put around it here.

use crate::finding::State;
use crate::hint;
use crate::shell::quote;
use anstyle::{AnsiColor, Style};
use anyhow::{Context, Result, bail};
use rustix::termios::tcgetwinsize;
use std::collections::BTreeSet;
use std::fmt::{Display, Write as _};
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::path::Path;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Mutex, OnceLock};
use std::thread;
use std::time::Duration;

/// What was set for all that is printed.
struct Settings {
    /// Errors only.
    quiet: bool,
    /// Each git and tmux command too.
    verbose: bool,
    /// The folder that was named with `-C`, quoted; the commands that are told must name it too.
    folder: Option<String>,
}

static SETTINGS: OnceLock<Settings> = OnceLock::new();

/// Why an answer could not be written.
static UNWRITTEN: OnceLock<String> = OnceLock::new();

/// What is wrong.
pub const RED: Style = AnsiColor::Red.on_default().bold();
/// What the user must notice.
pub const YELLOW: Style = AnsiColor::Yellow.on_default().bold();
/// What the user can do, or has done.
pub const CYAN: Style = AnsiColor::Cyan.on_default().bold();
/// What runs.
pub const GREEN: Style = AnsiColor::Green.on_default();
/// What a line is about.
pub const BOLD: Style = Style::new().bold();
/// What may be passed over.
pub const DIM: Style = Style::new().dimmed();
/// All else.
pub const PLAIN: Style = Style::new();

/// Sets how much is told, and the folder that was named with `-C`; the first call counts.
pub fn set_up(quiet: bool, verbose: bool, folder: Option<&Path>) {
    let folder = folder.map(|folder| {
        let whole = std::path::absolute(folder);
        quote(&whole.as_deref().unwrap_or(folder).to_string_lossy())
    });
    let settings = Settings {
        quiet,
        verbose,
        folder,
    };
    // A second call would be a mistake of the program's own, and harmless.
    let _ = SETTINGS.set(settings);
}

/// Whether the user wants to be told what is done.
pub fn narrates() -> bool {
    SETTINGS.get().is_none_or(|set| !set.quiet)
}

/// A text whose commands can be pasted where this one was typed.
pub fn as_typed(text: impl Display) -> String {
    const VERBS: &str =
        "add,attach,doctor,layout --detect,list,logs,purge,remove,restart,restore,resume,stop";
    let text = text.to_string();
    let Some(folder) = SETTINGS.get().and_then(|set| set.folder.as_ref()) else {
        return text;
    };
    VERBS.split(',').fold(text, |text, verb| {
        text.replace(
            &format!("tally-session {verb}"),
            &format!("tally-session -C {folder} {verb}"),
        )
    })
}

/// A text that does nothing to a terminal, and to a program that reads it: each control character but the line feed is
/// shown, as JSON writes it.
pub fn harmless(text: impl Display) -> String {
    let text = text.to_string();
    let mut shown = String::with_capacity(text.len());
    for letter in text.chars() {
        // A text takes all that is written.
        let _ = match letter {
            '\t' => shown.write_str("\\t"),
            '\r' => shown.write_str("\\r"),
            '\n' => shown.write_char('\n'),
            _ if letter.is_control() => write!(shown, "\\u{:04x}", u32::from(letter)),
            _ => shown.write_char(letter),
        };
    }
    shown
}

fn narrate(style: Style, label: &str, text: impl Display) {
    let text = harmless(text);
    let _ = writeln!(anstream::stderr(), "{style}{label}{style:#}{text}");
}

/// A check, and below it what to do about it, on stdout; whoever wants errors only is told the failures alone.
pub fn finding(state: State, text: impl Display, cures: &[String]) {
    let (style, label) = match state {
        State::Fine => (GREEN, "ok"),
        State::Fixed => (CYAN, "fixed"),
        State::Skipped => (YELLOW, "skipped"),
        State::Warning => (YELLOW, "warning"),
        State::Failed => (RED, "failed"),
    };
    if state == State::Failed || narrates() {
        let text = harmless(text);
        as_it_is(format_args!("{style}{label:<7}{style:#}  {text}"));
        for cure in cures {
            let cure = harmless(as_typed(cure));
            as_it_is(format_args!("         {CYAN}{cure}{CYAN:#}"));
        }
    }
}

/// Part of the answer to a question, on stdout.
pub fn answer(text: impl Display) {
    as_it_is(harmless(text));
}

/// The same for a text of our own, or one that is [`harmless`] and has our colours around it.
pub fn as_it_is(text: impl Display) {
    if let Err(error) = writeln!(anstream::stdout(), "{text}")
        && error.kind() != ErrorKind::BrokenPipe
    {
        // The first one tells.
        let _ = UNWRITTEN.set(error.to_string());
    }
}

/// Whether all answers were written.
///
/// # Errors
/// If the disk is full, say, that stdout leads to.
pub fn check_written() -> Result<()> {
    let unwritten = UNWRITTEN.get();
    unwritten.map_or(Ok(()), |error| bail!("cannot write to stdout: {error}"))
}

/// What was done, on stdout; whoever wants errors only is not told.
pub fn done(text: impl Display) {
    if narrates() {
        answer(as_typed(text));
    }
}

/// The same, with what there is to tell of it before.
pub fn outcome(notes: impl IntoIterator<Item = impl Display>, done: impl Display) {
    notes.into_iter().for_each(warn);
    self::done(done);
}

/// How many columns the terminal has that the answer goes to; none if it goes elsewhere.
pub fn answer_width() -> Option<usize> {
    let columns = tcgetwinsize(io::stdout()).ok()?.ws_col;
    // A terminal that does not say is one of any width.
    Some(if columns == 0 {
        usize::MAX
    } else {
        columns.into()
    })
}

/// What somebody would have been asked about.
pub fn say(text: impl Display) {
    if narrates() {
        let _ = writeln!(anstream::stderr(), "{}", harmless(as_typed(text)));
    }
}

/// Something that is not as the user may expect, and did not stop the work.
pub fn warn(text: impl Display) {
    if narrates() {
        narrate(YELLOW, "warning: ", as_typed(text));
    }
}

/// Whether somebody is there to be asked something.
pub fn can_ask() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Asks on the terminal; these are the answers that it takes.
fn ask(question: &str, answers: &str) -> io::Result<String> {
    let _ = write!(
        anstream::stderr(),
        "{YELLOW}{question}{YELLOW:#} [{answers}] "
    );
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    Ok(answer.trim().to_owned())
}

/// Tells on the terminal what somebody has to know, also whoever wants errors only, and asks whether to go on; none if there is
/// no terminal to ask on. Whoever says `yes` beforehand is told without being asked.
pub fn agrees(what: &str, yes: bool, question: &str) -> Option<bool> {
    if yes {
        say(what);
        return Some(true);
    }
    can_ask().then(|| {
        let _ = writeln!(anstream::stderr(), "{}", harmless(as_typed(what)));
        let answer = ask(question, "y/N").unwrap_or_default().to_lowercase();
        answer == "y" || answer == "yes"
    })
}

/// Which of these somebody chooses on the terminal; none if there is no terminal to ask on.
///
/// # Errors
/// If the answer is none of them.
pub fn choose(all: &[impl Display]) -> Result<Option<usize>> {
    if !can_ask() {
        return Ok(None);
    }
    for (at, one) in all.iter().enumerate() {
        narrate(CYAN, &format!("{:>3}  ", at + 1), one);
    }
    let answer = ask("which one?", &format!("1-{}", all.len()))?;
    let is_it = |at: &usize| answer == (at + 1).to_string() || answer == all[*at].to_string();
    let chosen = (0..all.len()).find(is_it);
    let chosen = chosen.with_context(|| format!("{answer:?} is none of them"))?;
    Ok(Some(chosen))
}

/// A line of what a program says that the user has us run.
pub fn said(who: &str, line: &str) {
    narrate(DIM, &format!("{who}: "), line.replace('\t', "    "));
}

/// What has been told of that the program waits for.
static WAITED_FOR: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// What the program waits for, told when it takes long. What it waits for several times is told once.
pub fn waiting(what: &str) {
    let is_new = WAITED_FOR
        .lock()
        .is_ok_and(|mut told| told.insert(what.to_owned()));
    if is_new && narrates() {
        narrate(DIM, "waiting ", what);
    }
}

/// Does some work, and tells what is waited for when it takes long. Whoever tells that is not waited for.
pub fn with_word<T>(what: &'static str, work: impl FnOnce() -> T) -> T {
    let (end, ended) = mpsc::channel::<()>();
    thread::spawn(move || {
        if ended.recv_timeout(Duration::from_secs(1)) == Err(RecvTimeoutError::Timeout) {
            waiting(what);
        }
    });
    let result = work();
    drop(end);
    result
}

/// Whether work shows on a terminal how much of it is done.
pub fn shows_progress() -> bool {
    narrates() && io::stderr().is_terminal()
}

/// Does some work, and shows on a terminal how many percent of it are done, from the first second on, as far as it is known.
pub fn with_progress<T>(
    what: &str,
    percent: impl Fn() -> Option<u64> + Sync,
    work: impl FnOnce() -> T,
) -> T {
    if !shows_progress() {
        return work();
    }
    let (end, ended) = mpsc::channel::<()>();
    thread::scope(|scope| {
        scope.spawn(|| {
            let ended = ended;
            let mut wait = Duration::from_secs(1);
            let mut shown = String::new();
            while ended.recv_timeout(wait) == Err(RecvTimeoutError::Timeout) {
                let percent = percent().map_or(String::new(), |percent| format!(": {percent} %"));
                shown = format!("{what}{percent}");
                let _ = write!(anstream::stderr(), "\r{DIM}{shown}{DIM:#}");
                wait = Duration::from_millis(200);
            }
            if !shown.is_empty() {
                // The line is taken back: what follows starts at its beginning.
                let _ = write!(anstream::stderr(), "\r{:1$}\r", "", shown.len());
            }
        });
        let result = work();
        drop(end);
        result
    })
}

/// A command that is about to be run, quoted so that it can be pasted.
pub fn command(line: impl Display) {
    if SETTINGS.get().is_some_and(|set| set.verbose) {
        narrate(DIM, "+ ", line);
    }
}

/// An error in one sentence, its causes behind it, and what to type next below it.
pub fn error(error: &anyhow::Error) {
    narrate(RED, "error: ", format_args!("{error:#}"));
    for hint in hint::hints(error) {
        narrate(CYAN, "hint: ", as_typed(hint));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_shown_as_json_writes_them_and_all_else_stays() {
        for (text, shown) in [
            ("\x1b[31mred\x07\n", "\\u001b[31mred\\u0007\n"),
            ("a\tb\r\n", "a\\tb\\r\n"),
            ("\0\x7f\u{9b}", "\\u0000\\u007f\\u009b"),
            ("é ␛ \u{2028}😀 \\", "é ␛ \u{2028}😀 \\"),
        ] {
            assert_eq!(harmless(text), shown, "{text:?}");
        }
    }
}
