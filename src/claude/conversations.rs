//! The conversations that Claude Code keeps, by its transcripts.

use super::Claude;
use super::transcripts::{Transcript, begin, id};
use crate::file::{open_if_there, read_if_there};
use serde::Deserialize;
use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// A conversation that Claude resumes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conversation {
    /// Its id.
    pub id: String,
    /// What it is called, if it has a name.
    pub name: Option<String>,
}

impl Claude {
    /// The conversation that was last worked on of those that began in a worktree, of the one that is `known` and those in which
    /// something was said after this time. A transcript goes where its Claude goes. What `claude -p` left does not count, and no task
    /// in the background that was never a conversation here. One that `runs` may have no transcript yet.
    pub fn conversation(
        &self,
        worktree: &Path,
        since: SystemTime,
        known: Option<&str>,
        runs: impl Fn(&str) -> bool,
    ) -> Option<Conversation> {
        let files = entries(&self.dir.join("projects")).flat_map(|folder| entries(&folder));
        let is_known = |id: Option<&str>| id.is_some() && id == known;
        let may_count = |path: &PathBuf| {
            let modified = fs::metadata(path).and_then(|about| about.modified());
            is_known(id(path)) || modified.is_ok_and(|modified| modified > since)
        };
        let files = files.filter(|path| id(path).is_some() && may_count(path));
        let found = files.filter_map(|path| Transcript::read(&path, worktree));
        let found = found.filter(|found| found.last > since || is_known(Some(&found.id)));
        let found: Vec<_> = found.collect();
        let continued = found.iter().filter_map(|found| found.continued_in.as_ref());
        let continued: HashSet<_> = continued.collect();
        let counts = |found: &&Transcript| {
            let is_own = continued.contains(&found.id) || is_known(Some(&found.id));
            !found.in_background || is_own
        };
        // `/clear` may write to the old one and the new one at the same moment: the one that began later counts.
        let counting = found.iter().filter(counts);
        let mut last = counting.max_by_key(|found| (found.last, found.began))?;
        let by_id: HashMap<_, _> = found.iter().map(|found| (&*found.id, found)).collect();
        // After a `/clear` in the background the job goes on under another id.
        let in_job = |found: &Transcript| {
            let job = self.conversation_of_job(&found.id)?;
            // Where something was said here after that, it came back.
            let is_later = by_id.get(&*job).is_none_or(|it| it.last >= found.last);
            is_later.then_some(job)
        };
        let mut seen = HashSet::from([last.id.clone()]);
        let mut id = last.id.clone();
        while let Some(next) = last.continued_in.clone().or_else(|| in_job(last))
            && seen.insert(next.clone())
        {
            let there = by_id.get(&*next);
            // In one that runs nothing was said so far.
            if there.is_some() || runs(&next) {
                id = next;
            }
            let Some(there) = there else {
                break;
            };
            last = there;
        }
        let name = last.name.clone();
        Some(Conversation { id, name })
    }

    /// The folder that a conversation began in.
    pub fn began_in(&self, id: &str) -> Option<PathBuf> {
        let folders = entries(&self.dir.join("projects"));
        let mut files = folders.map(|folder| folder.join(format!("{id}.jsonl")));
        let file = files.find_map(|path| open_if_there(&path).ok()?)?;
        begin(&file).map(|(cwd, _)| cwd)
    }

    /// The conversation that a job in the background is in, which began as this one.
    fn conversation_of_job(&self, id: &str) -> Option<String> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Job {
            session_id: String,
        }
        let job = self.dir.join("jobs").join(job_of(id)).join("state.json");
        let job: Job = serde_json::from_slice(&read_if_there(&job).ok()??).ok()?;
        Some(job.session_id)
    }
}

/// What is in a folder, as far as it can be read.
pub fn entries(folder: &Path) -> impl Iterator<Item = PathBuf> + use<> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    entries.flatten().map(|entry| entry.path())
}

/// What Claude calls a conversation in the background: by the beginning of the id that it had first.
pub fn job_of(id: &str) -> &str {
    id.split('-').next().unwrap_or(id)
}

#[cfg(test)]
mod tests {
    use super::super::transcripts::END;
    use super::*;
    use serde_json::json;
    use std::time::Duration;

    /// A user's Claude.
    struct Home(tempfile::TempDir);

    fn id(digit: char) -> String {
        format!(
            "{0}-0000-0000-0000-000000000000",
            digit.to_string().repeat(8)
        )
    }

    fn said(minute: u32) -> serde_json::Value {
        json!({
            "type": "user", "isSidechain": false, "entrypoint": "cli", "cwd": "/w",
            "timestamp": format!("2026-01-01T00:{minute:02}:00.000Z"),
        })
    }

    fn with(mut line: serde_json::Value, name: &str, value: &str) -> serde_json::Value {
        line[name] = value.into();
        line
    }

    impl Home {
        fn new() -> Self {
            Self(tempfile::tempdir().unwrap())
        }

        fn write(&self, path: &str, text: &str) {
            let path = self.0.path().join("projects").join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }

        /// Writes a transcript.
        fn with(self, folder: &str, digit: char, lines: &[serde_json::Value]) -> Self {
            let lines: Vec<_> = lines.iter().map(ToString::to_string).collect();
            let path = format!("{folder}/{}.jsonl", id(digit));
            self.write(&path, &(lines.join("\n") + "\n"));
            self
        }

        fn claude(&self) -> Claude {
            Claude {
                dir: self.0.path().to_owned(),
                json: self.0.path().join(".claude.json"),
            }
        }

        /// The conversation, where something was said after this minute.
        fn since(&self, minute: u64, known: Option<&str>, runs: &str) -> Option<Conversation> {
            let new_year = humantime::parse_rfc3339_weak("2026-01-01 00:00:00").unwrap();
            let since = new_year + Duration::from_secs(60 * minute);
            let worktree = Path::new("/w");
            self.claude()
                .conversation(worktree, since, known, |id| id == runs)
        }

        fn found(&self) -> Option<String> {
            self.since(0, None, "").map(|found| found.id)
        }
    }

    #[test]
    fn the_one_in_which_something_was_said_last_is_the_conversation() {
        let first = || Home::new().with("-w", 'a', &[said(1)]);
        assert_eq!(Home::new().found(), None);
        assert_eq!(first().found(), Some(id('a')));
        assert_eq!(first().with("-w", 'b', &[said(2)]).found(), Some(id('b')));
        // Written to last, and nothing said in it.
        let title = json!({ "type": "custom-title", "customTitle": "x" });
        let side = json!({ "type": "user", "isSidechain": true, "cwd": "/w", "timestamp": "2026-01-01T00:09:00Z" });
        let printed = with(said(9), "entrypoint", "sdk-cli");
        let elsewhere = with(said(9), "cwd", "/else");
        for unusable in [&title, &side, &printed, &elsewhere, &json!(null)] {
            let home = first().with("-w", 'b', std::slice::from_ref(unusable));
            assert_eq!(home.found(), Some(id('a')), "{unusable}");
        }
        let old = first().with("-w", 'b', &[said(2), title.clone()]);
        let old = old.with("-w", 'c', &[said(1), title]);
        assert_eq!(old.found(), Some(id('b')));
        let notes = first();
        notes.write("-w/agent-1.jsonl", &said(9).to_string());
        assert_eq!(notes.found(), Some(id('a')));
        let half = first();
        let text = format!("{}\n{{\"type\":\"user\",\"isSide", said(3));
        half.write(&format!("-w/{}.jsonl", id('b')), &text);
        assert_eq!(half.found(), Some(id('b')));
    }

    #[test]
    fn what_was_said_before_a_time_counts_only_in_a_known_conversation() {
        let home = Home::new().with("-w", 'a', &[said(1)]);
        assert_eq!(home.since(2, None, ""), None);
        let known = home.since(2, Some(&id('a')), "").unwrap();
        assert_eq!(known.id, id('a'));
        let home = home.with("-w", 'b', &[said(3)]);
        assert_eq!(home.since(2, Some(&id('a')), "").unwrap().id, id('b'));
    }

    #[test]
    fn a_conversation_is_found_wherever_its_claude_went() {
        let moved = Home::new().with(
            "-w-backend",
            'a',
            &[said(1), with(said(2), "cwd", "/w/backend")],
        );
        assert_eq!(moved.found(), Some(id('a')));
    }

    #[test]
    fn of_two_written_at_one_moment_the_later_begun_is_the_conversation() {
        let home = Home::new().with("-w", 'a', &[said(2), said(5)]);
        let home = home.with("-w", 'b', &[said(3), said(5)]);
        assert_eq!(home.found(), Some(id('b')));
    }

    #[test]
    fn a_conversation_goes_on_in_the_background_and_other_tasks_there_are_none() {
        let bg = |minute| with(said(minute), "sessionKind", "bg");
        let to = |digit| json!({ "type": "continued-in", "continuedInSessionId": id(digit) });
        let side_task = || Home::new().with("-w", 'b', &[bg(1), bg(9)]);
        assert_eq!(side_task().found(), None);
        let own = || side_task().with("-w", 'a', &[said(2), to('c')]);
        assert_eq!(own().found(), Some(id('a')));
        assert_eq!(own().since(0, None, &id('c')).unwrap().id, id('c'));
        let gone_on = own().with("-w", 'c', &[bg(2), bg(3)]);
        assert_eq!(gone_on.found(), Some(id('c')));
        // It came back.
        let back = own().with("-w", 'c', &[bg(2), bg(3), said(4)]);
        assert_eq!(back.found(), Some(id('c')));
        let taken_up_again = own().with("-w", 'a', &[said(2), to('c'), said(7)]);
        let taken_up_again = taken_up_again.with("-w", 'c', &[bg(2), bg(3)]);
        assert_eq!(taken_up_again.found(), Some(id('a')));
        let round = Home::new().with("-w", 'a', &[said(2), to('b')]);
        let round = round.with("-w", 'b', &[said(1), to('a')]);
        assert!(round.found().is_some());
    }

    #[test]
    fn a_known_conversation_counts_in_the_background_and_a_job_is_followed_through_a_clear() {
        let bg = |minute| with(said(minute), "sessionKind", "bg");
        let home = Home::new().with("-w", 'c', &[bg(2)]);
        let known = || home.since(5, Some(&id('c')), "").map(|found| found.id);
        assert_eq!(known(), Some(id('c')));
        let job = home.0.path().join("jobs/cccccccc/state.json");
        fs::create_dir_all(job.parent().unwrap()).unwrap();
        fs::write(job, json!({ "sessionId": id('d') }).to_string()).unwrap();
        assert_eq!(known(), Some(id('c')));
        let home = home.with("-w", 'd', &[bg(7)]);
        let found = home.since(5, Some(&id('c')), "");
        assert_eq!(found.unwrap().id, id('d'));
        let back = home.with("-w", 'c', &[bg(2), said(9)]);
        assert_eq!(back.found(), Some(id('c')));
    }

    #[test]
    fn the_name_is_the_last_one_given_also_far_from_the_end() {
        let title = |name| json!({ "type": "custom-title", "customTitle": name });
        let long = "x".repeat(usize::try_from(END).unwrap());
        let lines = [
            title("one"),
            said(1),
            title("two"),
            with(said(2), "text", &long),
        ];
        let home = Home::new().with("-w", 'a', &lines);
        let found = home.since(0, None, "").unwrap();
        assert_eq!(found.name.as_deref(), Some("two"));
    }
}
