//! `doctor`: says what is wrong, with its cure, and mends what is safe to mend.

use crate::claude::Claude;
use crate::finding::{FIX, Finding, State};
use crate::layout::Layout;
use crate::session::belongings::env_files;
use crate::session::doctor::{self, Subject};
use crate::ui;
use anyhow::Result;
use std::io::IsTerminal;
use std::path::Path;

/// Needs less than every other command: it is for when something is broken.
pub fn run(dir: Option<&Path>, names: &[String], fix: bool) -> Result<()> {
    let (_, project) = super::project_at(dir)?;
    let subject = Subject {
        project: &project,
        layout: Layout::read(&project.main)
            .map(|layout| env_files::prefer_ignored(&project, layout)),
        claude: Claude::of_user(),
        names: super::parse_names(names)?,
    };
    let (all, notes) = doctor::examine(&subject, fix);
    notes.iter().for_each(ui::warn);
    let mut findings: Vec<_> = all.iter().collect();
    if std::io::stdout().is_terminal() {
        findings = doctor::in_brief(findings);
    }
    for finding in findings {
        ui::finding(finding.state, finding.text(), &finding.cures);
    }
    ui::done(summary(&all));
    if all.iter().any(|finding| finding.state == State::Failed) {
        return Err(super::Told.into());
    }
    Ok(())
}

/// How many problems there are, and how many of them need no thought.
fn summary(findings: &[Finding]) -> String {
    let count =
        |is_meant: fn(&Finding) -> bool| findings.iter().filter(|one| is_meant(one)).count();
    let problems = count(|one| matches!(one.state, State::Warning | State::Failed));
    let told = match problems {
        0 => "no problems".to_owned(),
        1 => "1 problem".to_owned(),
        _ => format!("{problems} problems"),
    };
    let told = match count(|one| one.mend.is_some()) {
        0 => told,
        1 if problems == 1 => format!("{told}; {FIX} mends it"),
        mendable => format!("{told}; {FIX} mends {mendable} of them"),
    };
    match count(|finding| finding.state == State::Fixed) {
        0 => told,
        fixed => format!("{fixed} mended, {told}"),
    }
}
