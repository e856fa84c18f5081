//! The checks that a person would make when something is off, and mending what is safe to mend.
//!
//! Each check gives [`Finding`]s, and none that can't be made keeps another from being made.

mod around;
mod mend;
mod ports;
mod programs;
mod reach;
mod sessions;
mod strays;

use crate::claude::Claude;
use crate::finding::{Finding, Mend, State};
use crate::hint;
use crate::layout::{self, Layout};
use crate::name::SessionName;
use crate::parallel;
use crate::project::Project;
use crate::session::belongings::{self, environment, fitting, hidden};
use crate::session::records::hold::check_locks;
use crate::session::{self, Session};
use crate::store::records::{self, Records};
use anyhow::Result;
use around::Around;
use std::collections::HashSet;

/// What is examined. What could not be had is a finding, and no reason to give up.
pub struct Subject<'a> {
    pub project: &'a Project,
    pub layout: Result<Layout>,
    pub claude: Result<Claude>,
    /// The sessions that are looked at alone; none for all, and what is around them.
    pub names: Vec<SessionName>,
}

impl Subject<'_> {
    /// What a session is made with.
    fn means(&self) -> Result<(&Layout, &Claude)> {
        Ok((
            self.layout.as_ref().map_err(hint::copy)?,
            self.claude.as_ref().map_err(hint::copy)?,
        ))
    }
}

/// Makes every check. Nothing is changed, but that what `remove` took away is deleted, as by every command. With `fix` what
/// is safe to mend is mended, and looked at again. Gives what was found, and what else there is to tell.
pub fn examine(subject: &Subject<'_>, fix: bool) -> (Vec<Finding>, Vec<String>) {
    let claude = subject.layout.as_ref().ok();
    let claude = claude.map(|layout| layout.claude.command.as_str());
    let asked = programs::ask(claude);
    let mut found = check(subject, &[]);
    let mut notes = Vec::new();
    if fix && found.iter().any(|finding| finding.mend.is_some()) {
        let mended = mend::mend(subject, &found);
        found = compare(&found, check(subject, &mended.started));
        found.extend(mended.failures);
        notes = mended.notes;
        notes.retain(|note| !found.iter().any(|finding| finding.tells(note)));
    }
    let mut findings = programs::check(asked, claude);
    findings.extend(found);
    (findings, notes)
}

/// What a person has to see of it: of a session without a fault one line, and what is wrong last, where the screen ends.
pub fn in_brief(findings: Vec<&Finding>) -> Vec<&Finding> {
    let is_fine = |finding: &&Finding| finding.state == State::Fine;
    let faulty: HashSet<_> = findings
        .iter()
        .filter(|finding| !is_fine(finding))
        .filter_map(|finding| finding.session.as_ref())
        .collect();
    let mut told = HashSet::new();
    let (fine, mut rest): (Vec<_>, Vec<_>) = findings.into_iter().partition(is_fine);
    let mut brief: Vec<_> = fine
        .into_iter()
        .filter(|finding| match &finding.session {
            Some(session) => !faulty.contains(session) && told.insert(session),
            None => true,
        })
        .collect();
    brief.append(&mut rest);
    brief
}

/// What became of what was found before.
fn compare(before: &[Finding], mut after: Vec<Finding>) -> Vec<Finding> {
    let mendable = || before.iter().filter(|one| one.mend.is_some());
    let is_gone = |old: &&Finding| after.iter().all(|new| new.checked != old.checked);
    let gone = mendable().filter(is_gone).filter_map(Finding::taken_away);
    let gone: Vec<_> = gone.collect();
    for new in &mut after {
        if new.state == State::Fine && mendable().any(|old| old.checked == new.checked) {
            new.state = State::Fixed;
        }
    }
    after.extend(gone);
    after
}

/// All checks but those of the programs. What the servers of sessions that were only just `started` do is not looked at.
fn check(subject: &Subject<'_>, started: &[SessionName]) -> Vec<Finding> {
    let project = subject.project;
    let records = Records::read(&project.main);
    let mut findings = Vec::new();
    let around = Around::look(subject, records.as_ref().ok(), started, &mut findings);
    findings.extend(store(project, &records));
    let no_lock = |error| Finding::error("the locks:", &error);
    findings.extend(check_locks(project).into_iter().map(no_lock));
    match (&subject.layout, &records) {
        (Ok(layout), Ok(records)) => {
            findings.extend(of_sessions(subject, layout, records, &around));
        }
        (Err(error), _) => {
            let file = project.main.join(layout::FILE);
            findings.push(Finding::error("the layout:", error).edit(&file));
            findings.push(Finding::skipped("the sessions", "the layout is broken"));
        }
        (_, Err(_)) => {
            let checks = "the sessions, and what none of them owns";
            findings.push(Finding::skipped(checks, "the store can't be read"));
        }
    }
    if subject.names.is_empty() {
        if let Ok(records) = &records {
            findings.extend(strays::check(project, records, &around));
        }
        let json = subject.claude.as_ref().ok();
        let json = json.map(|claude| claude.json.as_path());
        findings.extend(strays::leftovers(project, records.as_ref().ok(), json));
    }
    // What concerns several sessions is said once.
    let mut told = HashSet::new();
    findings.retain(|finding| told.insert(finding.text()));
    findings
}

/// The sessions, by themselves and together, and what all of them need.
fn of_sessions(
    subject: &Subject<'_>,
    layout: &Layout,
    records: &Records,
    around: &Around<'_>,
) -> Vec<Finding> {
    let (project, names) = (subject.project, &subject.names);
    let unknown = names.iter().filter_map(|name| {
        let error = Session::find(project, layout, records, name, "doctor").err()?;
        Some(Finding::error(format!("{name}:"), &error))
    });
    let mut findings: Vec<_> = unknown.collect();
    let mut sessions = session::all(project, layout, records);
    sessions.retain(|session| names.is_empty() || names.contains(&session.name));
    findings.extend(reach::check(project, layout, &sessions, records));
    let mut lacking = Vec::from_iter(fitting::lacking_folders(project, layout, &[&project.main]));
    if lacking.is_empty() {
        let environments = check_environments(project, layout, &sessions);
        let are_there = environments.iter().all(|it| it.state == State::Fine);
        findings.extend(environments);
        if sessions.is_empty() && are_there {
            lacking = belongings::lacking(project, layout);
        }
    }
    let warn = |problem| Finding::of(State::Warning, problem);
    findings.extend(lacking.into_iter().map(warn));
    let checked = parallel::map(&sessions, |session| {
        let mut checked = sessions::check(session, around);
        for finding in &mut checked {
            finding.session = Some(Box::new(session.name.clone()));
        }
        checked
    });
    findings.extend(checked.into_iter().flatten());
    findings.extend(ports::shared(&sessions, around.tmux.as_deref()));
    findings
}

/// Whether each environment that the sessions' windows work on is there.
fn check_environments(
    project: &Project,
    layout: &Layout,
    sessions: &[Session<'_>],
) -> Vec<Finding> {
    let Some(home) = environment::home() else {
        return Vec::new();
    };
    let wanted = environment::wanted(project, layout, sessions).into_iter();
    let check = |name: String| match environment::lacking(project, layout, &name) {
        Some(problem) => Finding::of(State::Failed, problem)
            .cure("if yours are elsewhere, export WORKON_HOME in your shell's start-up file"),
        None => Finding::fine(
            format!("the virtual environment {name}"),
            format!("is in {}", home.display()),
        ),
    };
    wanted.map(check).collect()
}

/// Whether the store can be read, and is not in git's way.
fn store(project: &Project, records: &Result<Records>) -> Vec<Finding> {
    let path = project.main.join(records::FILE);
    let checked = format!("the store {}", path.display());
    let mut findings = Vec::new();
    if let Err(error) = Records::check_writable(&project.main) {
        findings.push(Finding::error("the store:", &error));
    }
    findings.push(match records {
        Ok(_) if !path.exists() => {
            Finding::fine(checked, "is not there yet: there are no sessions")
        }
        Ok(records) => {
            let count = records.iter().count();
            let plural = if count == 1 { "" } else { "s" };
            Finding::fine(checked, format!("has {count} session{plural}"))
        }
        Err(error) => Finding::error("the store:", error).edit(&path),
    });
    if path.exists() {
        let exclude = project.common.join("info/exclude");
        let checked = exclude.display().to_string();
        findings.push(match hidden::shown_of_our_own(project) {
            Ok(lines) if lines.is_empty() => Finding::fine(checked, "keeps the store out of git"),
            Ok(lines) => Finding::warning(checked, format!("lacks {}", lines.join(" and ")))
                .mended_by(Mend::Hide),
            Err(error) => Finding::error(checked, &error),
        });
    }
    findings
}
