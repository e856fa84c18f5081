//! The transcripts of conversations, as far as they tell which one goes on.

use crate::file::open_if_there;
use serde::Deserialize;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// So much of a transcript's end is read at first, in bytes: mostly there is all that has to be known.
pub const END: u64 = 1 << 16;

/// A line of a transcript, as far as it matters.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    is_sidechain: bool,
    entrypoint: Option<String>,
    session_kind: Option<String>,
    cwd: Option<PathBuf>,
    timestamp: Option<String>,
    custom_title: Option<String>,
    continued_in_session_id: Option<String>,
}

impl Line {
    /// Those of a text that are whole.
    fn all(text: &[u8]) -> impl DoubleEndedIterator<Item = Self> {
        let lines = text.split(|&byte| byte == b'\n');
        lines.filter_map(|line| serde_json::from_slice(line).ok())
    }

    /// Whether somebody says something in it.
    fn is_message(&self) -> bool {
        !self.is_sidechain && matches!(self.kind.as_str(), "user" | "assistant")
    }

    fn time(&self) -> Option<SystemTime> {
        humantime::parse_rfc3339_weak(self.timestamp.as_ref()?).ok()
    }
}

/// What there is to know of a transcript.
#[derive(Debug)]
pub struct Transcript {
    /// Its id.
    pub id: String,
    /// When its first line was written.
    pub began: SystemTime,
    /// When somebody said something last.
    pub last: SystemTime,
    /// Whether that was in the background.
    pub in_background: bool,
    /// What it is called, if it has a name.
    pub name: Option<String>,
    /// The conversation that it goes on in.
    pub continued_in: Option<String>,
}

/// The conversation whose transcript a file is, if it is called so: `0189f7c2-….jsonl`.
pub fn id(path: &Path) -> Option<&str> {
    const LENGTH: usize = 36;
    let id = path.file_name()?.to_str()?.strip_suffix(".jsonl")?;
    let is_of_id = |byte: u8| byte == b'-' || byte.is_ascii_hexdigit();
    (id.len() == LENGTH && id.bytes().all(is_of_id)).then_some(id)
}

impl Transcript {
    /// None for one that began elsewhere, that Claude would refuse, as it has no word of anybody's in it, and for one that
    /// `claude -p` left.
    pub fn read(path: &Path, worktree: &Path) -> Option<Self> {
        let mut file = open_if_there(path).ok()??;
        let (_, began) = begin(&file).filter(|(cwd, _)| cwd.starts_with(worktree))?;
        let length = file.metadata().ok()?.len();
        let mut end = END;
        loop {
            let from = length.saturating_sub(end);
            file.seek(SeekFrom::Start(from)).ok()?;
            let mut text = Vec::new();
            (&file).take(length - from).read_to_end(&mut text).ok()?;
            let mut found = Self {
                id: id(path)?.to_owned(),
                began,
                last: SystemTime::UNIX_EPOCH,
                in_background: false,
                name: None,
                continued_in: None,
            };
            let mut has_message = false;
            // What is cut at the beginning does not parse.
            for line in Line::all(&text).rev() {
                if line.is_message() && !has_message {
                    has_message = true;
                    found.last = line.time().unwrap_or(found.last);
                    found.in_background = line.session_kind.as_deref() == Some("bg");
                }
                // Where something was said after that, it went on here.
                if !has_message && found.continued_in.is_none() {
                    found.continued_in = line.continued_in_session_id;
                }
                found.name = found.name.or(line.custom_title);
            }
            if from == 0 || has_message && found.name.is_some() {
                return has_message.then_some(found);
            }
            end *= 8;
        }
    }
}

/// Where and when a transcript began, if that was with somebody at the keys.
pub fn begin(file: &File) -> Option<(PathBuf, SystemTime)> {
    let mut began = None;
    for line in BufReader::new(file).split(b'\n').map_while(Result::ok) {
        let Ok(line) = serde_json::from_slice::<Line>(&line) else {
            continue;
        };
        began = began.or(line.time());
        if let Some(cwd) = line.cwd {
            let is_typed = line.entrypoint.is_none_or(|entrypoint| entrypoint == "cli");
            let began = began?;
            return is_typed.then_some((cwd, began));
        }
    }
    None
}
