//! `layout`: prints the built-in layout, word for word, or one drafted for the project.

use crate::git::Git;
use crate::layout::{BUILT_IN, detect};
use crate::session::belongings::environment;
use crate::ui;
use anyhow::Result;
use std::path::Path;

/// A layout file that is there is not read: a shell that writes the draft to it has made it empty by then.
pub fn run(dir: Option<&Path>, detect: bool) -> Result<()> {
    if detect {
        let (_, project) = super::project_at(dir)?;
        let status = Git::at(&project.main).status::<&str>([], "matching")?;
        let has_virtualenv = environment::is_there(&project.name);
        let draft = detect::draft(&project.main, status.ignored, has_virtualenv);
        ui::as_it_is(draft.trim_end());
    } else {
        ui::as_it_is(BUILT_IN.trim_end());
    }
    Ok(())
}
