//! `layout`: prints the built-in layout, word for word.

use crate::{layout, ui};
use std::process::ExitCode;

pub fn run() -> ExitCode {
    ui::as_it_is(layout::BUILT_IN.trim_end());
    ExitCode::SUCCESS
}
