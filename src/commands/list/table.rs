//! The table of `list`: as whole as can be in a pipe, as readable as can be on a terminal.

use crate::commands::Context;
use crate::session::Session;
use crate::session::truth::status::{Service, State, Status};
use crate::session::windows::claudes::Doing;
use crate::ui::{self, BOLD, CYAN, DIM, GREEN, PLAIN, RED, YELLOW};
use anstyle::Style;

/// Between two columns, and before the further lines of a session.
const GAP: usize = 2;

pub type Cell = (String, Style);

/// A heading and a cell of each session.
pub struct Column {
    cells: Vec<Cell>,
    width: usize,
    /// Whether it goes to a further line of its session where there is no room.
    is_detail: bool,
}

impl Column {
    pub fn new(heading: &str, cells: impl Iterator<Item = Cell>) -> Self {
        let mut all = vec![(heading.to_uppercase(), DIM)];
        all.extend(cells.map(|(text, style)| (ui::harmless(text), style)));
        let widths = all.iter().map(|(text, _)| text.chars().count());
        Self {
            width: widths.max().unwrap_or(0),
            cells: all,
            is_detail: false,
        }
    }

    pub fn detail(self) -> Self {
        Self {
            is_detail: true,
            ..self
        }
    }
}

/// Prints a row for each session, and the problems below them.
pub fn show(context: &Context, judged: &[Status<'_>]) {
    let width = ui::answer_width();
    let room = width.unwrap_or(usize::MAX);
    print(&columns(context, judged, width.is_some()), judged.len());
    for status in judged {
        let name = &status.session.name;
        for problem in &status.problems {
            let what = ui::harmless(&problem.what);
            let cure = ui::harmless(ui::as_typed(&problem.cure));
            let fits = format!("{name}: {what}: {cure}").chars().count() <= room;
            let gap = if fits { ": " } else { "\n  " };
            ui::as_it_is(format_args!("{RED}{name}{RED:#}: {what}{gap}{cure}"));
        }
    }
}

/// Prints so many rows, and the headings above them.
pub fn print(columns: &[Column], rows: usize) {
    let lines = fold(columns, ui::answer_width().unwrap_or(usize::MAX));
    for row in 0..=rows {
        for (at, columns) in lines.iter().enumerate() {
            let indent = if at == 0 { 0 } else { GAP };
            ui::as_it_is(format_args!("{:indent$}{}", "", line(columns, row)));
        }
    }
}

fn columns(context: &Context, judged: &[Status<'_>], on_terminal: bool) -> Vec<Column> {
    let column = |heading: &str, cell: &dyn Fn(&Status<'_>) -> Cell| {
        Column::new(heading, judged.iter().map(cell))
    };
    let name = |status: &Status<'_>| (status.session.name.to_string(), BOLD);
    let mut columns = vec![column("name", &name), column("state", &state)];
    for (at, service) in context.layout.ports.keys().enumerate() {
        let address = |status: &Status<'_>| address(status, &status.services[at], on_terminal);
        columns.push(column(service, &address).detail());
    }
    // What goes without saying is not shown to a person.
    let is_told =
        |is_plain: &dyn Fn(&Status<'_>) -> bool| !on_terminal || !judged.iter().all(is_plain);
    let branch = |status: &Status<'_>| status.branch.clone().unwrap_or_else(|| "(detached)".into());
    if is_told(&|status| branch(status) == status.session.name.as_str()) {
        columns.push(column("branch", &|status| (branch(status), PLAIN)));
    }
    columns.extend([column("changes", &changes), column("claude", &claude)]);
    let project = &context.project;
    let beside = project.main.parent().filter(|_| on_terminal);
    let worktree = |status: &Status<'_>| {
        let whole = status.session.record.worktree();
        // As one who is in the main checkout types it.
        let short = beside.and_then(|beside| whole.strip_prefix(beside).ok());
        let short = short.map(|short| format!("../{}", short.display()));
        (short.unwrap_or_else(|| whole.display().to_string()), PLAIN)
    };
    let is_in_place = |status: &Status<'_>| {
        let Session { name, record, .. } = status.session;
        record.worktree() == project.worktree_path(name)
    };
    if is_told(&is_in_place) {
        columns.push(column("worktree", &worktree).detail());
    }
    columns
}

/// A port, or on a terminal its address, and whether the session serves it.
fn address(status: &Status<'_>, service: &Service, on_terminal: bool) -> Cell {
    let number = service.port.map(|port| port.to_string());
    let url = service.url.clone().filter(|_| on_terminal);
    let (word, style) = match status.state {
        State::Running if service.is_taken => (" taken", RED),
        State::Running if service.up => ("", PLAIN),
        State::Running if service.is_starting => (" starting", DIM),
        State::Running => (" down", RED),
        _ => ("", PLAIN),
    };
    known(url.or(number).map(|address| address + word), style)
}

/// The columns of each line that a session takes: all in one if there is room, else the details below the rest.
fn fold(columns: &[Column], room: usize) -> Vec<Vec<&Column>> {
    let width = |columns: &[&Column]| -> usize {
        let widths = columns.iter().map(|column| column.width + GAP);
        widths.sum()
    };
    let all: Vec<_> = columns.iter().collect();
    // No gap is needed behind the last column.
    if width(&all) <= room.saturating_add(GAP) {
        return vec![all];
    }
    let (details, rest): (Vec<_>, Vec<_>) = all.into_iter().partition(|column| column.is_detail);
    let mut lines = Vec::new();
    for part in [rest, details] {
        lines.push(Vec::new());
        for column in part {
            match lines.last_mut() {
                Some(line) if line.is_empty() || width(line) + column.width + GAP <= room => {
                    line.push(column);
                }
                _ => lines.push(vec![column]),
            }
        }
    }
    lines
}

fn line(columns: &[&Column], row: usize) -> String {
    let cells = columns.iter().map(|column| {
        let (text, style) = &column.cells[row];
        let padding = column.width - text.chars().count() + GAP;
        format!("{style}{text}{style:#}{:padding$}", "")
    });
    cells.collect::<String>().trim_end().to_owned()
}

/// A dash for what is unknown or not there.
fn known(text: Option<String>, style: Style) -> Cell {
    text.map_or_else(|| ("-".to_owned(), DIM), |text| (text, style))
}

fn state(status: &Status<'_>) -> Cell {
    let (word, style) = match status.state {
        State::Running if status.attached => ("attached", GREEN),
        State::Running => ("running", GREEN),
        State::Stopped => ("stopped", DIM),
        State::Broken => ("broken", RED),
    };
    (word.to_owned(), style)
}

/// Changed files, then commits ahead and behind: `2 +3 -1`.
fn changes(status: &Status<'_>) -> Cell {
    let (ahead, behind) = status.distance.unwrap_or_default();
    let parts = [
        ("", status.changes.unwrap_or(0)),
        ("+", ahead),
        ("-", behind),
    ];
    let parts = parts.iter().filter(|(_, count)| *count > 0);
    let words: Vec<_> = parts
        .map(|(sign, count)| format!("{sign}{count}"))
        .collect();
    let words = if status.is_merged {
        "merged".to_owned()
    } else {
        words.join(" ")
    };
    known(Some(words).filter(|words| !words.is_empty()), CYAN)
}

/// What the user is waited for in has to be seen at once.
fn claude(status: &Status<'_>) -> Cell {
    let Some(Doing {
        word,
        in_background,
    }) = &status.claude
    else {
        return known(None, PLAIN);
    };
    let style = match word.as_str() {
        "waiting" => YELLOW,
        "busy" => GREEN,
        _ => PLAIN,
    };
    let place = if *in_background { " (background)" } else { "" };
    (format!("{word}{place}"), style)
}
