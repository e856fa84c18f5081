//! `layout`: prints the built-in layout, word for word, or one drafted for the project.

use crate::git::Git;
use crate::layout::BUILT_IN;
use crate::layout::detect::{Around, draft};
use crate::session::belongings::environment;
use crate::ui;
use anyhow::Result;
use std::path::Path;

/// A layout file that is there is not read: a shell that writes the draft to it has made it empty by then.
pub fn run(dir: Option<&Path>, detect: bool) -> Result<()> {
    if detect {
        let (_, project) = super::project_at(dir)?;
        let status = Git::at(&project.main).status::<&str>([], "matching")?;
        let around = Around {
            ignored: status.ignored,
            has_virtualenv: environment::is_there(&project.name),
        };
        ui::as_it_is(draft(&project.main, around).trim_end());
    } else {
        ui::as_it_is(BUILT_IN.trim_end());
    }
    Ok(())
}
