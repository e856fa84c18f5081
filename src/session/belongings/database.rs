//! A consistent copy of an `SQLite` database that others write to.

use crate::file;
use crate::hint::Hint;
use crate::process::{quote, quote_path};
use crate::store::atomic;
use crate::ui;
use crate::wait;
use anyhow::{Context, Result, anyhow, bail};
use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};
use std::fs::{self, File};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long a database may stay locked by others.
const PATIENCE: Duration = Duration::from_secs(10);

/// Copies a database to `part`, to be renamed `copy`, with `SQLite`'s online backup, in one step: it has all that was committed
/// before, and nothing half, and the original's permissions.
///
/// # Errors
/// If an older one's journal is in the copy's place, the source is no database, stays locked for ten seconds, or the copy can't be written.
pub(super) fn copy(source: &Path, part: &Path, copy: &Path) -> Result<()> {
    let work = || {
        check_is_file(source)?;
        check_no_journal(copy)?;
        // Nobody else may read it, whatever the original says: it is not whole yet.
        let mut empty = File::options();
        empty.write(true).create_new(true).mode(0o600).open(part)?;
        back_up(source, part)?;
        fs::set_permissions(part, fs::metadata(source)?.permissions())?;
        Ok(atomic::write_out(&File::open(part)?)?)
    };
    work().map_err(said_once).with_context(|| {
        let (source, copy) = (source.display(), copy.display());
        format!("cannot copy the database {source} to {copy}")
    })
}

fn check_no_journal(copy: &Path) -> Result<()> {
    let Some(journal) = journals(copy).into_iter().next() else {
        return Ok(());
    };
    let quoted = quote_path(&journal);
    Err(anyhow!(
        "{} is left of a database that was there before, and SQLite would play it into the new one",
        journal.display()
    ))
    .hint(format!("move it away: mv {quoted} {quoted}.old"))
}

/// The database that a file of this path would belong to, by what `SQLite` calls those beside one.
pub fn beside(path: &Path) -> Option<PathBuf> {
    let name = path.file_name()?.to_str()?;
    let ends = ["-journal", "-shm", "-wal"];
    let database = ends.iter().find_map(|end| name.strip_suffix(end))?;
    Some(path.with_file_name(database))
}

/// The files beside a database that are there and hold a part of it.
pub fn journals(database: &Path) -> Vec<PathBuf> {
    let beside = ["-wal", "-journal"].map(|end| {
        let mut path = database.as_os_str().to_owned();
        path.push(end);
        PathBuf::from(path)
    });
    beside.into_iter().filter(|path| path.exists()).collect()
}

/// Whether a file is a part of a database that is in several just now: without one of them it lacks what was committed last, or
/// has half of what was not. A server keeps it so as long as it runs, and leaves it so when it is killed.
pub fn is_of_open_one(path: &Path) -> bool {
    beside(path).is_some_and(|database| database.is_file()) || !journals(path).is_empty()
}

/// The command that moves a database away, with its journals: `SQLite` would play them into another one in its place.
pub(super) fn move_aside(database: &Path) -> String {
    let journals = journals(database);
    let there = database.exists().then(|| database.to_owned());
    let moves = there.into_iter().chain(journals).map(|path| {
        let path = path.to_string_lossy();
        let aside = (1..).map(|number| format!("{path}.old{number}"));
        let free = aside.into_iter().find(|aside| !Path::new(aside).exists());
        format!("mv {} {}", quote(&path), quote(&free.unwrap_or_default()))
    });
    moves.collect::<Vec<_>>().join(" && ")
}

/// Whether a file is a database, by what each one begins with; a link is none.
///
/// The file is opened, and closing it again takes away the locks of another thread that copies it: this is asked before any is.
pub fn is_one(path: &Path) -> bool {
    /// The smallest one is a page of this size.
    const SMALLEST: u64 = 512;
    let about = path.symlink_metadata();
    about.is_ok_and(|about| about.is_file() && about.len() >= SMALLEST)
        && file::begins_with(path, file::SQLITE)
}

/// Whether a database has any tables.
///
/// Only its first page is read, without a lock: nobody is kept waiting, and no file is made beside it. One with a journal
/// may have them there.
///
/// # Errors
/// If it is no database, or can't be read.
pub(super) fn has_tables(path: &Path) -> Result<bool> {
    check_is_file(path)?;
    let letter = |&byte: &u8| match byte {
        b'/' | b'-' | b'.' | b'_' | b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' => {
            char::from(byte).to_string()
        }
        _ => format!("%{byte:02X}"),
    };
    let letters: String = path.as_os_str().as_bytes().iter().map(letter).collect();
    let uri = format!("file:{letters}?immutable=1");
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
    let read = || -> rusqlite::Result<i64> {
        let database = Connection::open_with_flags(uri, flags)?;
        database.pragma_query_value(None, "schema_version", |row| row.get(0))
    };
    let schema = read().map_err(|error| said_once(error.into()))?;
    let has_more = |journal: &PathBuf| fs::metadata(journal).is_ok_and(|file| file.len() > 0);
    let has_more = journals(path).iter().any(has_more);
    Ok(schema > 0 || has_more)
}

/// `SQLite`'s errors say the same again as their own cause.
fn said_once(error: anyhow::Error) -> anyhow::Error {
    match error.downcast::<rusqlite::Error>() {
        Ok(error) => anyhow!("{error}"),
        Err(error) => error,
    }
}

/// A pipe would be waited for until somebody writes to it. The file is not opened for that: closing it again would take away
/// the locks of another thread that copies it.
fn check_is_file(path: &Path) -> Result<()> {
    if !fs::metadata(path)?.is_file() {
        bail!("{} is not a file", path.display());
    }
    Ok(())
}

/// The source is opened for writing if it may be written, so that a journal that a dead writer left is rolled back, and the
/// files that `SQLite` makes beside a WAL database go again.
fn back_up(source: &Path, part: &Path) -> Result<()> {
    let source = Connection::open_with_flags(source, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    let mut copy = Connection::open(part)?;
    // Nobody sees the file before it is whole and synced: it needs no way back, and a killed command leaves no journal of it.
    copy.pragma_update(None, "journal_mode", "off")?;
    copy.pragma_update(None, "synchronous", "off")?;
    let backup = Backup::new(&source, &mut copy)?;
    let path = source.path().unwrap_or_default();
    let what = format!("for the database to be unlocked ({path})");
    let size_of = |path: &Path| fs::metadata(path).ok().map(|metadata| metadata.len());
    let whole = size_of(Path::new(path));
    let percent = || Some((size_of(part)? * 100 / whole?.max(1)).min(100));
    let done = ui::with_progress("copying the database", percent, || {
        wait::until(PATIENCE, &what, || match backup.step(-1)? {
            StepResult::Done => Ok(Some(())),
            StepResult::More | StepResult::Busy | StepResult::Locked => Ok(None),
            other => bail!("the backup stopped: {other:?}"),
        })
    })?;
    let seconds = PATIENCE.as_secs();
    done.with_context(|| {
        format!("it was locked for {seconds} s: end what writes to it, then try again")
    })
}
