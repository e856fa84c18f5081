//! `doctor`: says what is wrong, with its cure, and mends what is safe to mend.

use crate::claude::Claude;
use crate::cli;
use crate::finding::{FIX, Finding, State};
use crate::layout::Layout;
use crate::session::belongings::env_files;
use crate::session::doctor::{self, Subject};
use crate::ui::{self, Mark};
use anyhow::Result;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;

/// Needs less than every other command: it is for when something is broken.
pub fn run(dir: Option<PathBuf>, args: &cli::Doctor) -> Result<ExitCode> {
    let (_, project) = super::project_at(dir)?;
    let subject = Subject {
        project: &project,
        layout: Layout::read(&project.main)
            .map(|layout| env_files::prefer_ignored(&project, layout)),
        claude: Claude::of_user(),
        names: super::parse_names(&args.names)?,
    };
    let report = doctor::examine(&subject, args.fix);
    report.notes.iter().for_each(ui::warn);
    let mut findings: Vec<_> = report.findings.iter().collect();
    if std::io::stdout().is_terminal() {
        findings = doctor::in_brief(findings);
    }
    for finding in findings {
        let mark = match finding.state {
            State::Fine => Mark::Ok,
            State::Fixed => Mark::Fixed,
            State::Skipped => Mark::Skipped,
            State::Warning => Mark::Warning,
            State::Failed => Mark::Failed,
        };
        ui::finding(mark, finding.text(), &finding.cures);
    }
    ui::done(summary(&report.findings));
    let has_failed = |finding: &Finding| finding.state == State::Failed;
    Ok(if report.findings.iter().any(has_failed) {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

/// How many problems there are, and how many of them need no thought.
fn summary(findings: &[Finding]) -> String {
    let count =
        |is_meant: fn(&Finding) -> bool| findings.iter().filter(|one| is_meant(one)).count();
    let problems = count(Finding::is_problem);
    let told = match problems {
        0 => "no problems".to_owned(),
        1 => "1 problem".to_owned(),
        _ => format!("{problems} problems"),
    };
    let told = match count(Finding::is_mendable) {
        0 => told,
        1 if problems == 1 => format!("{told}; {FIX} mends it"),
        mendable => format!("{told}; {FIX} mends {mendable} of them"),
    };
    match count(|finding| finding.state == State::Fixed) {
        0 => told,
        fixed => format!("{fixed} mended, {told}"),
    }
}
