//! How far git is.

use crate::process::{Failure, Run};
use crate::ui;
use std::fs::File;
use std::os::unix::fs::FileExt;

/// Runs a git command that tells its progress where work shows it, and shows it.
pub fn shown(what: &str, run: Run<'_>) -> Result<(), Failure> {
    // Without the file nothing is shown, and the work is done all the same.
    let Some(words) = tempfile::tempfile().ok().filter(|_| ui::shows_progress()) else {
        return run.stdout().map(drop);
    };
    let run = run.env("GIT_PROGRESS_DELAY", "0").words(&words);
    let done = ui::with_progress(what, || percent(&words), || run.stdout());
    done.map(drop).map_err(|mut failure| {
        if let Failure::Ended { stderr, .. } = &mut failure {
            *stderr = without_progress(stderr);
        }
        failure
    })
}

/// The last percentage in git's words so far: `Updating files:  45% (5400/12000)`.
fn percent(words: &File) -> Option<u64> {
    const TAIL: usize = 200;
    let end = words.metadata().ok()?.len();
    let mut tail = vec![0; TAIL];
    let read = words
        .read_at(&mut tail, end.saturating_sub(TAIL as u64))
        .ok()?;
    let tail = String::from_utf8_lossy(&tail[..read]).into_owned();
    let before = tail.rsplit_once('%')?.0;
    before.rsplit(' ').next()?.parse().ok()
}

/// git's words without those of its progress.
fn without_progress(words: &str) -> String {
    let is_progress = |line: &&str| {
        let starts = ["Preparing worktree", "Updating files", "Filtering content"];
        starts.iter().any(|start| line.starts_with(start))
    };
    let lines = words.split(['\r', '\n']).filter(|line| !is_progress(line));
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn the_last_percentage_counts() {
        let mut words = tempfile::tempfile().unwrap();
        assert_eq!(percent(&words), None);
        writeln!(words, "Preparing worktree (new branch 'a')").unwrap();
        assert_eq!(percent(&words), None);
        for done in [1, 45, 100] {
            write!(words, "Updating files: {done:3}% ({done}0/1000)\r").unwrap();
            assert_eq!(percent(&words), Some(done));
        }
    }

    #[test]
    fn what_went_wrong_is_told_without_the_progress() {
        let words = "Preparing worktree (new branch 'a')\nUpdating files:   1% (1/100)\rUpdating files: 100% (100/100), done.\n\
                     error: no space\nfatal: could not reset\n";
        assert_eq!(
            without_progress(words),
            "error: no space\nfatal: could not reset\n"
        );
    }
}
