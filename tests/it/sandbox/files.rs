//! Reading and writing files.

use serde_json::Value;
use std::fs;
use std::path::Path;

/// Writes a file, and makes its folder.
pub fn write(path: &Path, text: impl AsRef<[u8]>) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// Reads a file as text.
#[track_caller]
pub fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Reads a file as JSON.
#[track_caller]
pub fn read_json(path: &Path) -> Value {
    serde_json::from_str(&read(path)).unwrap()
}
