//! The sandbox's tmux server, and a terminal to look at it from.

use super::{PROGRAM, Sandbox, Words, eventually_or, until};
use rustix::termios::tcgetwinsize;
use std::fs::File;
use std::path::Path;
use std::process::Output;

impl Sandbox {
    /// Runs tmux, which must not fail, and gives what it says without the last line end.
    #[track_caller]
    pub fn tmux(&self, words: impl Words) -> String {
        let words = words.words();
        let output = self.try_tmux(&words);
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "tmux {words:?}: {told}");
        String::from_utf8(output.stdout)
            .unwrap()
            .trim_end_matches('\n')
            .to_owned()
    }

    fn try_tmux(&self, words: impl Words) -> Output {
        let mut tmux = self.command("tmux", &self.root);
        tmux.arg("-u").args(words.words()).output().unwrap()
    }

    /// The names of the tmux sessions; none if no server runs.
    pub fn tmux_sessions(&self) -> Vec<String> {
        let output = self.try_tmux("list-sessions -F #{session_name}");
        String::from_utf8(output.stdout)
            .unwrap()
            .lines()
            .map(str::to_owned)
            .collect()
    }

    /// Ends the tmux server, as a restart of the machine does.
    pub fn restart(&self) {
        let before = super::processes::of(&self.root);
        self.tmux("kill-server");
        until("the tmux server ends", || self.tmux_sessions().is_empty());
        until("the windows' programs end", || {
            super::processes::of(&self.root).is_empty() && super::processes::have_ended(&before)
        });
    }

    /// What tmux calls a session.
    pub fn tmux_name(&self, session: &str) -> String {
        let worktree = self.worktree(session);
        worktree
            .file_name()
            .unwrap()
            .to_str()
            .unwrap()
            .replace(['.', ':', '#', '$', '\\'], "_")
    }

    /// A line for each window of a session.
    #[track_caller]
    pub fn windows(&self, session: &str, format: &str) -> Vec<String> {
        let target = format!("={}:", self.tmux_name(session));
        let windows = self.tmux(["list-windows", "-t", &target, "-F", format]);
        windows.lines().map(str::to_owned).collect()
    }

    /// The id of a window's pane, by the beginning of the window's name.
    #[track_caller]
    pub fn pane(&self, session: &str, window: &str) -> String {
        let windows = self.windows(session, "#{pane_id} #{window_name}");
        let found = windows
            .iter()
            .filter_map(|line| line.split_once(' '))
            .find(|(_, name)| name.starts_with(window));
        found
            .unwrap_or_else(|| panic!("no window {window}: {windows:?}"))
            .0
            .to_owned()
    }

    /// What a window shows, its lines joined where they were wrapped, without empty ends.
    pub fn screen(&self, session: &str, window: &str) -> String {
        let pane = self.pane(session, window);
        let screen = self.tmux(["capture-pane", "-p", "-J", "-S", "-", "-t", &pane]);
        let lines: Vec<_> = screen.lines().map(str::trim_end).collect();
        lines.join("\n").trim_end().to_owned()
    }

    /// What all windows of a session show, for a message.
    pub fn screens(&self, session: &str) -> String {
        let name = self.tmux_name(session);
        let panes = self.try_tmux(format!("list-panes -s -t ={name}: -F #{{pane_id}}"));
        let panes = String::from_utf8(panes.stdout).unwrap();
        let show = |pane: &str| {
            let screen = self
                .try_tmux(["capture-pane", "-p", "-J", "-t", pane])
                .stdout;
            let screen = String::from_utf8_lossy(&screen);
            format!("--- {pane}\n{}\n", screen.trim_end())
        };
        panes.lines().map(show).collect()
    }

    /// Waits until a window shows something that is wanted, and gives all it shows.
    #[track_caller]
    pub fn await_screen(
        &self,
        session: &str,
        window: &str,
        wanted: impl Fn(&str) -> bool,
    ) -> String {
        let screen = || self.screen(session, window);
        let what = || format!("{window} of {session} shows:\n{}", screen());
        eventually_or(what, || Some(screen()).filter(|screen| wanted(screen)))
    }

    /// Waits until a window shows a text, and gives all it shows.
    #[track_caller]
    pub fn await_text(&self, session: &str, window: &str, text: &str) -> String {
        self.await_screen(session, window, |screen| screen.contains(text))
    }

    /// Waits until a window shows this at its end, and gives all it shows.
    #[track_caller]
    pub fn await_end_of(&self, session: &str, window: &str, end: &str) -> String {
        self.await_screen(session, window, |screen| screen.ends_with(end))
    }

    /// Presses keys in a window, by tmux's names.
    pub fn press(&self, session: &str, window: &str, keys: &str) {
        let pane = self.pane(session, window);
        self.tmux(format!("send-keys -t {pane} {keys}"));
    }

    /// Types a text into a window, and leaves it there.
    pub fn type_text(&self, session: &str, window: &str, text: &str) {
        let pane = self.pane(session, window);
        self.tmux(["send-keys", "-t", &pane, "-l", "--", text]);
    }

    /// Types a line into a window.
    pub fn enter(&self, session: &str, window: &str, line: &str) {
        self.type_text(session, window, line);
        self.press(session, window, "Enter");
    }

    /// Types a line into a window's shell and waits for its end: all that was typed before has been read by then.
    #[track_caller]
    pub fn settle(&self, session: &str, window: &str) {
        self.enter(session, window, "echo settled-$TALLY_SESSION-");
        let answer = format!("settled-{session}-");
        self.await_screen(session, window, |screen| {
            screen.lines().any(|line| line == answer)
        });
    }

    /// Waits until a terminal shows a tmux session.
    #[track_caller]
    pub fn await_client(&self, session: &str) {
        let clients = || self.try_tmux("list-clients -F #{session_name}").stdout;
        let what = || {
            format!(
                "{session} is shown, not {:?}",
                String::from_utf8_lossy(&clients())
            )
        };
        let wanted = format!("{session}\n");
        eventually_or(what, || (clients() == wanted.as_bytes()).then_some(()));
    }

    /// Runs a line of the program's in a terminal of its own, to its end: its status, and what is on the screen.
    #[track_caller]
    pub fn on_terminal(&self, args: &str) -> (i32, String) {
        let terminal = self.terminal(&self.main);
        terminal.run(args);
        terminal.await_status()
    }

    /// A terminal with a shell in it, of a tmux server beside the sandbox's own.
    pub fn terminal(&self, dir: &Path) -> Terminal<'_> {
        self.terminal_with(dir, "PS1='$ ' exec bash --norc --noprofile")
    }

    /// A terminal with the user's own shell in it, start-up files and all.
    #[track_caller]
    pub fn shell_terminal(&self, dir: &Path) -> Terminal<'_> {
        let shell = shlex::try_quote(self.shell_path().to_str().unwrap()).unwrap();
        let terminal =
            self.terminal_with(dir, &format!("exec env -u TMUX -u TMUX_PANE {shell} -l"));
        terminal.await_screen(|screen| screen.contains("$ "));
        terminal
    }

    fn terminal_with(&self, dir: &Path, command: &str) -> Terminal<'_> {
        let terminal = Terminal { sandbox: self };
        let mut words = "-f /dev/null new-session -d -x 150 -y 40 -c".words();
        words.extend([dir.to_str().unwrap(), command].map(str::to_owned));
        terminal.tmux(words);
        terminal
    }
}

/// What a person sits at.
pub struct Terminal<'a> {
    sandbox: &'a Sandbox,
}

impl Terminal<'_> {
    #[track_caller]
    fn tmux(&self, words: impl Words) -> String {
        let mut all = "-L terminal".words();
        all.extend(words.words());
        self.sandbox.tmux(all)
    }

    /// Types a line. The shell in it does not know that it is in tmux.
    pub fn enter(&self, line: &str) {
        self.type_text(line);
        self.press("Enter");
    }

    /// Types a text, and leaves it there.
    pub fn type_text(&self, text: &str) {
        self.tmux(["send-keys", "-l", "--", text]);
    }

    /// Presses a key that has a name.
    pub fn press(&self, key: &str) {
        self.tmux(["send-keys", key]);
    }

    /// Types a call of the program.
    pub fn run(&self, args: &str) {
        self.enter(&format!(
            "env -u TMUX -u TMUX_PANE {PROGRAM} {args}; echo status-$?-"
        ));
    }

    /// Makes it so many columns wide. tmux takes its time to tell the programs in it.
    #[track_caller]
    pub fn resize(&self, columns: u16) {
        self.tmux(["resize-window", "-x", &columns.to_string()]);
        let tty = self.tmux("display-message -p #{pane_tty}");
        let tty = File::open(tty.trim_end()).unwrap();
        until("the terminal has its new size", || {
            tcgetwinsize(&tty).is_ok_and(|size| size.ws_col == columns)
        });
    }

    /// Leaves nothing of what it has shown.
    #[track_caller]
    pub fn clear(&self) {
        self.enter("clear");
        self.await_screen(|screen| screen.trim_end() == "$");
    }

    /// The lines that it shows, without colours, down to the last one that has something on it.
    pub fn lines(&self) -> Vec<String> {
        let screen = self.tmux("capture-pane -p");
        screen.trim_end().lines().map(str::to_owned).collect()
    }

    /// What it shows, with the colours as escape sequences.
    pub fn screen(&self) -> String {
        self.tmux("capture-pane -p -e -J")
    }

    /// Waits until the program has ended, and gives its status and the whole screen.
    #[track_caller]
    pub fn await_status(&self) -> (i32, String) {
        let what = || format!("the terminal shows:\n{}", self.screen());
        eventually_or(what, || {
            // Between the lines there may be colours on the screen.
            let lines = self.lines();
            let status = lines
                .iter()
                .rev()
                .find_map(|line| line.strip_prefix("status-"));
            let status = status?.split_once('-')?.0.parse().ok()?;
            Some((status, self.screen()))
        })
    }

    /// Waits until it shows something that is wanted.
    #[track_caller]
    pub fn await_screen(&self, wanted: impl Fn(&str) -> bool) -> String {
        let what = || format!("the terminal shows:\n{}", self.screen());
        eventually_or(what, || Some(self.screen()).filter(|screen| wanted(screen)))
    }

    /// Waits until it shows a text.
    #[track_caller]
    pub fn await_text(&self, text: &str) -> String {
        self.await_screen(|screen| screen.contains(text))
    }
}
