//! Making a session true, step by step, from whatever is there; and taking back what was made.

use crate::claude::Claude;
use crate::file::check_room;
use crate::git::keep::Changing;
use crate::git::worktrees::{self, INITIALIZING};
use crate::git::{Git, Start, crypt};
use crate::hint::{Hint, with_hint};
use crate::parallel::joined;
use crate::process::{Failure, PAUSES, quote};
use crate::project;
use crate::session::belongings::fitting;
use crate::session::belongings::inheritance::Inheritance;
use crate::session::belongings::{self, packages};
use crate::session::loss::removed::{About, Removed};
use crate::session::making::hooks;
use crate::session::records::hold::Hold;
use crate::session::records::kept;
use crate::session::truth::problems;
use crate::session::windows::{self, Waiting, opening};
use crate::session::{Session, lock_store};
use crate::store::claude_json::Before;
use anyhow::{Context, Result, anyhow};
use std::fs;
use std::path::Path;
use std::thread;

/// What one command made of a session: as much as it may take back.
#[derive(Debug, Default)]
pub struct Made {
    pub branch: bool,
    pub worktree: bool,
    /// Claude's entry of the worktree, and what it was before.
    pub entry: Option<Before>,
    pub tmux: bool,
}

/// Makes a new session and its windows. Says what these wait for, and what there is to tell. `start` and `made` are those of
/// [`complete`]; what failed is for [`crate::session::making::undo`].
///
/// # Errors
/// The first step that fails.
pub fn make(
    session: &Session<'_>,
    start: &Start,
    hold: &Hold,
    claude: &Claude,
    made: &mut Made,
) -> Result<(Vec<Waiting>, Vec<String>)> {
    let open = || {
        let opened = windows::create(session.project, &[session], hold.lock())?;
        opened.into_iter().next().context("no window was opened")?
    };
    made.tmux = true;
    if !session.layout.hooks.post_add.is_empty() {
        let notes = complete(session, start, hold, claude, made)?;
        return Ok((open()?, notes));
    }
    // The shells need nothing but their folder, and their start-up files take time: they start meanwhile.
    make_folder(session, made)?;
    thread::scope(|scope| {
        let windows = scope.spawn(open);
        let notes = complete(session, start, hold, claude, made);
        let windows = joined(windows);
        notes.and_then(|notes| Ok((windows?, notes)))
    })
}

/// Makes what one session lacks, but for its windows; see [`prepare`].
///
/// # Errors
/// The first step that fails.
pub fn complete(
    session: &Session<'_>,
    start: &Start,
    hold: &Hold,
    claude: &Claude,
    made: &mut Made,
) -> Result<Vec<String>> {
    let worktree = session.record.worktree();
    let (project, layout, before) = (session.project, session.layout, &mut made.entry);
    let mut inheritance = Inheritance::pass_on(project, layout, claude, &[worktree], before)?;
    let (mut notes, _) = prepare(session, start, hold, &inheritance, made)?;
    notes.append(&mut inheritance.notes);
    Ok(notes)
}

/// Makes what the session lacks, but for its windows and Claude's entry: branch, worktree, files and Claude's settings, and
/// for a new worktree what the project's own command makes. Gives what there is to tell, and the paths
/// that the worktree lacked.
///
/// `start` is what its branch starts from; `made` tells what was done, also when a step fails. Where a command was cut short
/// the layout's variables are set in files that are there too, and all that was placed is hidden from git.
///
/// # Errors
/// The first step that fails.
pub fn prepare(
    session: &Session<'_>,
    start: &Start,
    hold: &Hold,
    inheritance: &Inheritance,
    made: &mut Made,
) -> Result<(Vec<String>, Vec<String>)> {
    let in_full = hold.sets_variables();
    let mut notes = Vec::new();
    if !is_whole(session) {
        check_out(session, start, hold, made, &mut notes)?;
    }
    if crypt::has_keys(&session.project.common) {
        crypt::share_keys(&session.project.common, &session.admin()?)?;
    }
    if let Some(taking) = hold.taking() {
        notes.extend(taking.arrive(session, hold.lock().file(), made.worktree)?);
    }
    if hold.is_new() {
        notes.extend(fitting::misfit(session).map(|problem| problem.to_string()));
    }
    if let Some(unfinished) = &hold.unfinished {
        opening::begin(session, unfinished)?;
    }
    kept::keep(session)?;
    let (mut told, placed) =
        belongings::place(session, &inheritance.files, made.worktree, in_full)?;
    if made.worktree && session.record.worktree().join(".gitmodules").is_file() {
        let worktree = quote(&session.record.worktree().to_string_lossy());
        notes.push(format!(
            "its submodules are empty until you type: git -C {worktree} submodule update --init"
        ));
    }
    notes.append(&mut told);
    let others = packages::other_versions(session);
    notes.extend(others.iter().map(ToString::to_string));
    if hold.is_new() {
        hooks::post_add(session, hold)?;
    }
    Ok((notes, placed))
}

/// Whether the worktree is there, and not just being made when a command was killed.
pub fn is_whole(session: &Session<'_>) -> bool {
    session.project.owns_worktree(session.record.worktree())
        && !is_initializing(session.record.worktree())
}

fn is_initializing(worktree: &Path) -> bool {
    let admin = project::admin_folder(worktree).ok().flatten();
    admin
        .and_then(|admin| fs::read_to_string(admin.join("locked")).ok())
        .is_some_and(|reason| reason.trim() == INITIALIZING)
}

/// Makes the branch, if it is not there, and its worktree.
fn check_out(
    session: &Session<'_>,
    start: &Start,
    hold: &Hold,
    made: &mut Made,
    notes: &mut Vec<String>,
) -> Result<()> {
    let (project, path, branch) = (
        session.project,
        session.record.worktree(),
        session.record.branch(),
    );
    let git = Git::at(&project.main).holding(hold.lock().file());
    let mut new_from = None;
    match start {
        Start::Existing => {}
        Start::Tracking { remote } => {
            let _lock = lock_store(project)?;
            git.create_tracking_branch(branch, remote)?;
            made.branch = true;
        }
        Start::New { commit, .. } => new_from = Some(commit.as_str()),
    }
    make_folder(session, made)?;
    let mut pauses = PAUSES.into_iter();
    loop {
        let result = git.add_worktree(&project.common, path, branch, new_from);
        // When it fails git may have made the branch all the same; one that starts elsewhere is somebody else's.
        let starts_at = |from| matches!(git.branch(branch), Ok(Some(tip)) if tip.commit == from);
        if new_from.is_some_and(|from| result.is_ok() || starts_at(from)) {
            made.branch = true;
            new_from = None;
        }
        match (&result, pauses.next()) {
            // Another git was in its way; see `is_empty`.
            (Err(Failure::Ended { .. }), Some(pause)) if is_empty(path) => thread::sleep(pause),
            _ => return checked_out(session, result, notes),
        }
    }
}

/// Whether an empty folder is there: git has not begun with a worktree in it then. It begins when it has looked at the
/// others, and has made the branch and the worktree's entry, where it may meet another git that makes or removes one. From
/// then on all is its own, and it takes the folder away when it fails: the same would fail again.
fn is_empty(folder: &Path) -> bool {
    fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_none())
}

/// Makes the empty folder of a worktree that is to be made. One that is there already is somebody else's.
fn make_folder(session: &Session<'_>, made: &mut Made) -> Result<()> {
    if !made.worktree {
        let path = session.record.worktree();
        fs::create_dir(path)
            .with_context(|| format!("cannot make the folder {}", path.display()))?;
        made.worktree = true;
    }
    Ok(())
}

/// A worktree that is complete is one, though a hook of git's failed.
fn checked_out(
    session: &Session<'_>,
    result: Result<(), Failure>,
    notes: &mut Vec<String>,
) -> Result<()> {
    match result {
        Err(Failure::Ended { stderr, .. }) if is_whole(session) => {
            let words = stderr.trim();
            notes.push(format!(
                "the worktree is complete, but a hook of git's failed: {words}"
            ));
            Ok(())
        }
        result => result.with_context(|| {
            format!(
                "cannot make the worktree {}",
                session.record.worktree().display()
            )
        }),
    }
}

/// Clears what a killed command left of a worktree that is to be made: an empty folder, a checkout that git had not
/// finished, an entry whose folder is gone. It is kept as what was removed is; anything else is the user's, and an error.
///
/// # Errors
/// If the folder holds something that is not ours, git keeps the worktree locked, or a step fails.
pub fn clear_half_made(session: &Session<'_>, hold: &Hold) -> Result<()> {
    let path = session.record.worktree();
    if is_whole(session) {
        return Ok(());
    }
    let worktrees = worktrees::list(&session.project.common)?;
    let entry = worktrees.iter().find(|worktree| worktree.path == path);
    if path.symlink_metadata().is_ok() && !session.project.owns_worktree(path) {
        // An empty folder is what an add that was cut short has made.
        if hold.unfinished.is_none() || fs::remove_dir(path).is_err() {
            return Err(if entry.is_some() {
                lost_git_file(session, path)
            } else {
                not_ours(session, path)
            });
        }
    }
    // Without its entry git would know nothing of what is staged there, and of what it is on.
    let is_moving = hold.removed(session.project).is_some();
    if let Some(moved) = problems::moved(session, &worktrees).filter(|_| !is_moving) {
        return Err(moved.into_error(&session.name));
    }
    let room = check_room(path);
    let room = room.with_context(|| format!("cannot make the folder {}", path.display()));
    let Some(entry) = entry else {
        return room;
    };
    room.hint(format!(
        "if you have moved it, tell git where it is: {} worktree repair <its folder>",
        session.project.git()
    ))?;
    if let Some(reason) = entry
        .locked
        .as_ref()
        .filter(|reason| *reason != INITIALIZING)
    {
        return Err(locked(session, path, reason));
    }
    let about = About::of(session, Some(entry), &worktrees, None)?;
    Removed::begin(session.project, about, |_| Ok(()))?.take(
        session.project,
        hold.lock().file(),
        Changing::default(),
        None,
    )
}

/// Something that is not the session's, where its worktree would be.
fn not_ours(session: &Session<'_>, path: &Path) -> anyhow::Error {
    let error = anyhow!(
        "{}, where the worktree of {} belongs, is something else",
        path.display(),
        session.name
    );
    with_hint(
        error,
        format!("move it away, then tally-session resume {}", session.name),
    )
}

/// A worktree without its `.git` file is an ordinary folder to git, with the user's work in it.
pub fn lost_git_file(session: &Session<'_>, path: &Path) -> anyhow::Error {
    let error = anyhow!(
        "the worktree {} of {} has lost its .git file",
        path.display(),
        session.name
    );
    with_hint(error, format!("{} worktree repair", session.project.git()))
}

/// A worktree that the user has locked.
pub fn locked(session: &Session<'_>, path: &Path, reason: &str) -> anyhow::Error {
    let reason = if reason.is_empty() {
        "without a reason"
    } else {
        reason
    };
    let error = anyhow!(
        "the worktree {} of {} is locked: {reason}",
        path.display(),
        session.name
    );
    with_hint(
        error,
        format!(
            "{} worktree unlock {}",
            session.project.git(),
            quote(&path.to_string_lossy())
        ),
    )
}
