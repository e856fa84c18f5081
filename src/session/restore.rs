//! Bringing back what was removed, as it was.

use crate::claude::Claude;
use crate::hint::{Hint, with_hint};
use crate::layout::Layout;
use crate::name::SessionName;
use crate::project::{Project, admin_folder};
use crate::session::belongings::claude_entry;
use crate::session::loss::removed::Removed;
use crate::session::loss::trash;
use crate::session::records::hold::Hold;
use crate::session::records::record::{self, Moved};
use crate::session::windows::opening;
use crate::session::{change_records, tmux_name};
use crate::store::records::Records;
use crate::tmux;
use anyhow::{Result, anyhow};

/// What came back.
pub struct Restored {
    /// Its name.
    pub name: SessionName,
    /// Whether it is a session, and not only what git keeps of a worktree.
    pub is_session: bool,
    /// What there is to tell.
    pub notes: Vec<String>,
}

/// Brings back the last of this name, or the one of this id, but for its windows.
///
/// # Errors
/// A refusal, which changes nothing, or the step that failed; it can be done again then.
pub fn restore(
    project: &Project,
    layout: &Layout,
    claude: &Claude,
    wanted: &str,
) -> Result<Restored> {
    let Removed { id, about, .. } = find(project, wanted, "restore")?;
    let name = about.name;
    let mut hold = Hold::take(project, &name)?;
    // Another command may have been at work on it.
    let removed = Removed::open(project, &id)
        .map_err(|_| anyhow!("{id} is no longer there"))
        .hint("see what there is: tally-session list --removed")?;
    let begun = hold.removed(project).is_some_and(|begun| begun.id == id);
    if !begun {
        refuse(project, &removed)?;
        hold.begin_too(|left| left.removed = Some(id))?;
    }
    let is_session = removed.about.record.is_some();
    let notes = put_back(project, layout, claude, removed, &mut hold)?;
    if !is_session {
        hold.finish();
    }
    Ok(Restored {
        name,
        is_session,
        notes,
    })
}

/// Puts all back where it was, also the record, with other ports where those are taken. What is left for a resume stands in
/// the hold.
///
/// # Errors
/// The first step that fails; it can be done again.
pub fn put_back(
    project: &Project,
    layout: &Layout,
    claude: &Claude,
    removed: Removed,
    hold: &mut Hold,
) -> Result<Vec<String>> {
    removed.put_back(project)?;
    let worktree = removed.about.worktree.clone();
    let mut notes = Vec::from_iter(removed.lacks());
    if let Some(from) = &removed.moved_from {
        let (name, worktree) = (&removed.about.name, worktree.display());
        let from = from.display();
        notes.push(format!("{name} is at {worktree} now; it was at {from}"));
    }
    if let Some(entry) = removed.claude_entry()? {
        notes.extend(claude_entry::put_back(claude, &worktree, &entry)?);
    }
    if let Ok(Some(admin)) = admin_folder(&worktree) {
        // Later sessions of its name may have been in conversations of their own.
        opening::go_on(&admin, removed.about.conversation.clone())?;
    }
    let moved = put_record(project, layout, &removed, &mut notes)?;
    hold.begin_too(|left| {
        left.is_new |= removed.about.is_new;
        left.sets_variables |= moved || removed.moved_from.is_some();
    })?;
    removed.forget(project)?;
    hold.begin_too(|left| left.removed = None)?;
    Ok(notes)
}

/// Writes the record again, if it is not there; gives whether it has other ports now.
fn put_record(
    project: &Project,
    layout: &Layout,
    removed: &Removed,
    notes: &mut Vec<String>,
) -> Result<bool> {
    let (name, Some(record)) = (&removed.about.name, &removed.about.record) else {
        return Ok(false);
    };
    let moved = change_records(project, |records| match records.find(name) {
        Some(_) => Ok(Vec::new()),
        None => record::put_again(layout, records, name, record.clone()),
    })?;
    let told = |moved: &Moved| moved.told(name, "another session has that by now");
    notes.extend(moved.iter().map(told));
    Ok(!moved.is_empty())
}

/// The last one of this name, or the one of this id. `command` is what to type again with the name that was meant.
///
/// # Errors
/// If there is none, or what is written down of it can't be read.
pub fn find(project: &Project, wanted: &str, command: &str) -> Result<Removed> {
    // Whoever asks for one of a session that is there wants it whole.
    let all: Vec<_> = Removed::noted(project).collect();
    let is_wanted =
        |removed: &Removed| removed.id == wanted || removed.about.name.as_str() == wanted;
    let names: Vec<_> = all
        .iter()
        .map(|removed| removed.about.name.clone())
        .collect();
    if let Some(found) = all.into_iter().find(is_wanted) {
        return Ok(found);
    }
    let parsed = SessionName::parse(wanted).ok();
    let slug = parsed.as_ref().map(SessionName::slug);
    let is_its = |id: &str| {
        id == wanted || slug.is_some() && slug == trash::name(id).ok().map(|it| it.slug())
    };
    if let Some((_, error)) = Removed::unreadable(project).find(|(id, _)| is_its(id)) {
        return Err(error);
    }
    let error = anyhow!("nothing of the name {wanted} was removed, or it is deleted by now");
    let records = Records::read(&project.main).unwrap_or_default();
    if parsed
        .as_ref()
        .is_some_and(|name| records.find(name).is_some())
    {
        return Err(anyhow!(
            "{wanted} was not removed, or is back: it is a session"
        ))
        .hint(format!("go to it: tally-session attach {wanted}"));
    }
    let like = parsed
        .as_ref()
        .and_then(|wanted| wanted.most_like(names.iter()));
    let error = match like {
        Some(like) => with_hint(
            error,
            format!("did you mean {like}? tally-session {command} {like}"),
        ),
        None => error,
    };
    Err(error).hint("see what there is: tally-session list --removed")
}

/// Refuses what would not be as it was, or would be in the way of what is there now.
fn refuse(project: &Project, removed: &Removed) -> Result<()> {
    let name = &removed.about.name;
    if removed.about.expired {
        let tip = removed.about.commits.first().map_or("", String::as_str);
        return Err(anyhow!(
            "the files of {name} are deleted, as their time is over; its commits are kept"
        ))
        .hint(format!(
            "make a session of them: tally-session add {name} --from {tip}"
        ));
    }
    Records::check_writable(&project.main)?;
    if let Some(other) = record::like(project, name, &Records::read(&project.main)?) {
        return Err(anyhow!("the session {other} is in its place by now")).hint(format!(
            "clear that one away first: tally-session remove {other} && tally-session restore {}",
            removed.id
        ));
    }
    let tmux_name = tmux_name(project, name);
    if tmux::sessions()?.iter().any(|tmux| tmux.name == tmux_name) {
        return Err(anyhow!("there is a tmux session {tmux_name} already")).hint(format!(
            "look at it with: {}",
            tmux::attach_command(&tmux_name)
        ));
    }
    removed.check_places(project)
}
