//! Where git finds its hooks.

use super::{Git, line_of};
use anyhow::Result;

impl Git<'_> {
    /// The folder in which it looks for them in every checkout, from its root, if the configuration names such a one.
    pub fn hooks_in_each_checkout(self) -> Result<Option<String>> {
        let set = self.run(["config", "--type=path", "--get", "core.hooksPath"]);
        let path = line_of(&set.output()?);
        Ok(Some(path).filter(|path| !path.is_empty() && !path.starts_with('/')))
    }
}
