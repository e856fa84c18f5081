//! `layout`: prints the built-in layout, word for word, or one drafted for the project.

use crate::git::Git;
use crate::layout::{BUILT_IN, FILE, detect};
use crate::process::quote_path;
use crate::project::{Project, is_same};
use crate::session::belongings::environment;
use crate::ui;
use anyhow::Result;
use rustix::fs::{fstat, stat};
use std::env;
use std::io;
use std::path::Path;

/// A layout file that is there is not read: a shell that writes the draft to it has made it empty by then.
pub fn run(dir: Option<&Path>, detect: bool) -> Result<()> {
    if detect {
        let (_, project) = super::project_at(dir)?;
        let status = Git::at(&project.main).status::<&str>([], "matching")?;
        let has_virtualenv = environment::is_there(&project.name);
        let draft = detect::draft(&project.main, status.ignored, has_virtualenv);
        ui::as_it_is(draft.trim_end());
        if let Some(note) = misplaced(&project) {
            ui::warn(note);
        }
    } else {
        ui::as_it_is(BUILT_IN.trim_end());
    }
    Ok(())
}

/// Where a draft belongs that was asked for elsewhere, as a shell writes it to the folder that it is in; nothing if it goes to
/// the right file.
fn misplaced(project: &Project) -> Option<String> {
    let file = project.main.join(FILE);
    let there = stat(&file).ok();
    let answer = fstat(io::stdout()).ok();
    let [there_is, answer_is] = [there, answer].map(|about| Some((about?.st_dev, about?.st_ino)));
    let is_in_main = env::current_dir().is_ok_and(|here| is_same(&here, &project.main));
    if is_in_main || there_is.is_some() && there_is == answer_is {
        return None;
    }
    let replaces = if there.is_some_and(|about| about.st_size > 0) {
        ", in the place of what is there"
    } else {
        ""
    };
    Some(format!(
        "a layout is read in the main checkout alone; to write the draft there{replaces}: tally-session layout --detect >{}",
        quote_path(&file)
    ))
}
