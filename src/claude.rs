//! What we know of Claude Code: its files, and how it is started.

use crate::file::{open_if_there, read_if_there};
use crate::hint::Hint;
use crate::problem::Problem;
use crate::process::{Run, quote};
use crate::processes::Folders;
use crate::wait;
use anyhow::{Context, Result};
use serde::Deserialize;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// The user's own Claude Code, by its files.
#[derive(Debug)]
pub struct Claude {
    /// `~/.claude`, or `$CLAUDE_CONFIG_DIR`.
    dir: PathBuf,
    /// `~/.claude.json`, or the file of that name in `$CLAUDE_CONFIG_DIR`.
    pub json: PathBuf,
}

/// How a conversation begins.
#[derive(Debug, PartialEq, Eq)]
pub enum Opening<'a> {
    /// A new one, on a task or not.
    New {
        /// The file that has the task.
        prompt: Option<PathBuf>,
    },
    /// The one with this id, under the session's name.
    Continue(&'a str),
}

/// A Claude that runs, as it says itself.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Running {
    /// Its process.
    pub pid: u32,
    /// The folder it works in.
    pub cwd: PathBuf,
    /// When it began, in milliseconds since 1970.
    pub started_at: Option<u64>,
    /// What it does: `busy`, `idle`, `waiting`.
    pub status: Option<String>,
    /// What kind it is: `interactive`, or `bg` for one in the background.
    pub kind: Option<String>,
    /// What Claude calls it in the background.
    job_id: Option<String>,
    /// Its conversation.
    session_id: Option<String>,
}

impl Running {
    /// What `claude attach` and `claude stop` call it.
    pub fn job(&self) -> &str {
        let id = self.job_id.as_ref().or(self.session_id.as_ref());
        id.map_or("<id>", String::as_str)
    }
}

impl Claude {
    /// The user's, from the environment.
    ///
    /// # Errors
    /// If the user has no home folder.
    pub fn of_user() -> Result<Self> {
        if let Some(dir) = std::env::var_os("CLAUDE_CONFIG_DIR").filter(|dir| !dir.is_empty()) {
            let dir = PathBuf::from(dir);
            return Ok(Self {
                json: dir.join(".claude.json"),
                dir,
            });
        }
        let home = dirs::home_dir().context("cannot find your home folder: HOME is not set")?;
        Ok(Self {
            dir: home.join(".claude"),
            json: home.join(".claude.json"),
        })
    }

    /// The id of the conversation that was last worked on in a worktree, if that was after this time.
    pub fn conversation(&self, worktree: &Path, since: SystemTime) -> Option<String> {
        let folder = self.dir.join("projects").join(folder_name(worktree));
        let mut transcripts: Vec<(SystemTime, PathBuf)> = fs::read_dir(folder)
            .ok()?
            .flatten()
            .filter(|entry| is_transcript(&entry.path()))
            .filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry.path())))
            .filter(|(modified, _)| *modified > since)
            .collect();
        transcripts.sort_by(|one, other| other.cmp(one));
        let mut newest: Option<(SystemTime, Conversation)> = None;
        for (modified, path) in transcripts {
            if newest
                .as_ref()
                .is_some_and(|(newest, _)| modified < *newest)
            {
                break;
            }
            // `/clear` may write to the old transcript and the new one at the same moment: the one that began later counts.
            if let Some(found) = Conversation::read(&path)
                && newest
                    .as_ref()
                    .is_none_or(|(_, newest)| found.began > newest.began)
            {
                newest = Some((modified, found));
            }
        }
        newest.map(|(_, conversation)| conversation.id)
    }

    /// Every Claude that says it runs. Files that are stale, or that look different, are passed over; whether the process
    /// lives is for the caller to see.
    pub fn running(&self) -> Vec<Running> {
        let Ok(entries) = fs::read_dir(self.dir.join("sessions")) else {
            return Vec::new();
        };
        entries
            .flatten()
            .map(|entry| entry.path())
            .filter(|path| {
                path.extension()
                    .is_some_and(|extension| extension == "json")
            })
            .filter_map(|path| serde_json::from_slice(&read_if_there(&path).ok()??).ok())
            .collect()
    }
}

/// Ends a Claude that works in the background, and waits until it has.
///
/// # Errors
/// If it can't be told so, or goes on.
pub fn stop(background: &Running) -> Result<()> {
    /// How long it may take.
    const LIMIT: Duration = Duration::from_secs(10);
    let id = background.job();
    Run::new("claude")
        .args(["stop", id])
        .stdout()
        .with_context(|| format!("cannot end the Claude {id}, which works in the background"))?;
    let what = format!("for the Claude {id} to end");
    let has_ended = || {
        let processes = Folders::of([background.pid])?;
        let works = processes.works_in(background.pid, &background.cwd, background.started_at);
        Ok((!works).then_some(()))
    };
    wait::until(LIMIT, &what, has_ended)?
        .with_context(|| format!("the Claude {id} goes on though it was told to end"))
        .hint(format!("look at it: claude attach {id}"))
}

/// The program that a command starts, if it names one.
pub fn program(command: &str) -> Option<&str> {
    command.split_whitespace().next()
}

/// A Claude that is missing is found out in its window only; better to hear it before. What else a command begins with may be
/// there in the windows alone.
pub fn missing(command: &str) -> Option<Problem> {
    let is_missing = |program: &&str| *program == "claude" && which::which(program).is_err();
    let program = program(command).filter(is_missing)?;
    Some(Problem::new(
        format!("{program} is not on the PATH here, so the claude window may stay without it"),
        "npm install -g @anthropic-ai/claude-code",
    ))
}

/// What follows the program in Claude's command line, quoted for a shell.
pub fn arguments(name: &str, opening: &Opening<'_>) -> String {
    match opening {
        Opening::New { prompt: None } => format!("--name {}", quote(name)),
        // A task may begin with a dash.
        Opening::New {
            prompt: Some(prompt),
        } => {
            let [name, prompt] = [name, &prompt.to_string_lossy()].map(quote);
            format!("--name {name} -- \"$(cat {prompt})\"")
        }
        // Without the name, some versions forget it after a `/clear`.
        Opening::Continue(id) => format!("--resume {} --name {}", quote(id), quote(name)),
    }
}

/// How Claude Code calls the folder of a project's transcripts: each UTF-16 unit of the path that is no letter or digit
/// becomes a dash, and a long name is cut and gets a hash of the path (that of Java's strings, in base 36).
fn folder_name(worktree: &Path) -> String {
    const LONGEST: usize = 200;
    let path = worktree.to_string_lossy();
    let plain = |unit: u16| {
        u8::try_from(unit)
            .ok()
            .filter(u8::is_ascii_alphanumeric)
            .map_or('-', char::from)
    };
    let mut name: String = path.encode_utf16().map(plain).collect();
    if name.len() > LONGEST {
        let hash = path.encode_utf16().fold(0_i32, |hash, unit| {
            hash.wrapping_mul(31).wrapping_add(i32::from(unit))
        });
        name.truncate(LONGEST);
        name.push('-');
        name.push_str(&base36(hash.unsigned_abs()));
    }
    name
}

fn base36(mut number: u32) -> String {
    let mut digits = Vec::new();
    loop {
        digits.extend(char::from_digit(number % 36, 36));
        number /= 36;
        if number == 0 {
            return digits.into_iter().rev().collect();
        }
    }
}

/// Whether a file is called like a transcript: by an id, as in `0189f7c2-….jsonl`.
fn is_transcript(path: &Path) -> bool {
    const ID: usize = 36;
    path.extension()
        .is_some_and(|extension| extension == "jsonl")
        && path
            .file_stem()
            .and_then(|stem| stem.to_str())
            .is_some_and(|stem| {
                stem.len() == ID
                    && stem
                        .bytes()
                        .all(|byte| byte == b'-' || byte.is_ascii_hexdigit())
            })
}

/// A transcript that Claude resumes.
struct Conversation {
    id: String,
    /// When its first line was written, in ISO 8601.
    began: String,
}

impl Conversation {
    /// None for one that Claude would refuse, as it has no word of anybody's in it, and for one that `claude -p` left.
    fn read(transcript: &Path) -> Option<Self> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Line {
            #[serde(rename = "type")]
            kind: String,
            #[serde(default)]
            is_sidechain: bool,
            entrypoint: Option<String>,
            timestamp: Option<String>,
        }
        let mut began = None;
        for line in BufReader::new(open_if_there(transcript).ok()??)
            .split(b'\n')
            .map_while(Result::ok)
        {
            let Ok(line) = serde_json::from_slice::<Line>(&line) else {
                continue;
            };
            began = began.or(line.timestamp);
            if line
                .entrypoint
                .is_some_and(|entrypoint| entrypoint != "cli")
            {
                return None;
            }
            if !line.is_sidechain && matches!(line.kind.as_str(), "user" | "assistant" | "system") {
                let id = transcript.file_stem()?.to_str()?.to_owned();
                return Some(Self {
                    id,
                    began: began.unwrap_or_default(),
                });
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::File;

    const USER: &str = r#"{"type":"user","isSidechain":false,"entrypoint":"cli","timestamp":"2026-01-01T00:00:00Z"}"#;

    fn id(digit: char) -> String {
        format!(
            "{0}-0000-0000-0000-000000000000",
            digit.to_string().repeat(8)
        )
    }

    /// A user's Claude with these transcripts: name, text, seconds of its age.
    fn conversation(transcripts: &[(&str, &str, u64)]) -> Option<String> {
        let home = tempfile::tempdir().unwrap();
        let claude = Claude {
            dir: home.path().to_owned(),
            json: home.path().join(".claude.json"),
        };
        let folder = home.path().join("projects/-w");
        fs::create_dir_all(&folder).unwrap();
        let now = SystemTime::now();
        for (name, text, age) in transcripts {
            let path = folder.join(name);
            fs::write(&path, text).unwrap();
            File::options()
                .write(true)
                .open(&path)
                .unwrap()
                .set_modified(now - Duration::from_secs(*age))
                .unwrap();
        }
        claude.conversation(Path::new("/w"), SystemTime::UNIX_EPOCH)
    }

    #[test]
    fn the_newest_transcript_with_a_word_in_it_is_the_conversation() {
        let (a, b) = (format!("{}.jsonl", id('a')), format!("{}.jsonl", id('b')));
        let title = r#"{"type":"custom-title"}"#;
        let half = r#"{"type":"user","isSide"#;
        let side = r#"{"type":"user","isSidechain":true}"#;
        let printed = r#"{"type":"user","isSidechain":false,"entrypoint":"sdk-cli"}"#;
        assert_eq!(conversation(&[]), None);
        assert_eq!(conversation(&[(&a, USER, 9), (&b, USER, 1)]), Some(id('b')));
        for unusable in ["", title, half, side, printed] {
            assert_eq!(
                conversation(&[(&a, USER, 9), (&b, unusable, 1)]),
                Some(id('a')),
                "{unusable}"
            );
            assert_eq!(conversation(&[(&b, unusable, 1)]), None, "{unusable}");
        }
        assert_eq!(
            conversation(&[(&a, USER, 9), ("agent-1.jsonl", USER, 1)]),
            Some(id('a'))
        );
        let titled = format!("{title}\n{USER}\n{half}");
        assert_eq!(conversation(&[(&a, &titled, 1)]), Some(id('a')));
    }

    #[test]
    fn of_two_written_at_one_moment_the_later_begun_is_the_conversation() {
        let (a, b) = (format!("{}.jsonl", id('a')), format!("{}.jsonl", id('b')));
        let later = USER.replace("2026-01-01", "2026-01-02");
        assert_eq!(
            conversation(&[(&a, USER, 5), (&b, &later, 5)]),
            Some(id('b'))
        );
        assert_eq!(
            conversation(&[(&a, &later, 5), (&b, USER, 5)]),
            Some(id('a'))
        );
    }

    #[test]
    fn the_folder_of_the_transcripts_is_named_as_claude_names_it() {
        assert_eq!(folder_name(Path::new("/a/b_c.d-é😀")), "-a-b-c-d----");
        let long = format!("/{}", "x".repeat(200));
        assert_eq!(
            folder_name(Path::new(&long)),
            format!("-{}-{}", "x".repeat(199), base36(hash_of(&long)))
        );
        assert_eq!(base36(0), "0");
        assert_eq!(base36(35 * 36 + 10), "za");
    }

    /// Java's `String.hashCode`, by its definition: the sum of each unit times 31 to the power of the units behind it.
    fn hash_of(text: &str) -> u32 {
        let units: Vec<u16> = text.encode_utf16().collect();
        let power = |behind: usize| (0..behind).fold(1_i32, |power, _| power.wrapping_mul(31));
        let sum = units.iter().enumerate().fold(0_i32, |sum, (at, unit)| {
            sum.wrapping_add(i32::from(*unit).wrapping_mul(power(units.len() - 1 - at)))
        });
        sum.unsigned_abs()
    }
}
