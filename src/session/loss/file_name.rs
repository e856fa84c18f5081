//! The name of a file, as it is written down in JSON: it need not be in UTF-8.

use serde::{Deserialize, Serialize};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// Such a name.
#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub enum FileName {
    /// Mostly it is in UTF-8.
    Text(String),
    /// It need not be.
    Bytes(Vec<u8>),
}

impl FileName {
    /// That of a file.
    pub fn of(name: &OsStr) -> Self {
        let text = name.to_str().map(|text| Self::Text(text.to_owned()));
        text.unwrap_or_else(|| Self::Bytes(name.as_bytes().to_vec()))
    }

    /// It as a path.
    pub fn path(&self) -> &Path {
        Path::new(match self {
            Self::Text(text) => OsStr::new(text),
            Self::Bytes(bytes) => OsStr::from_bytes(bytes),
        })
    }
}
