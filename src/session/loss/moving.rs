//! What a command holds of a session while it is taken away or brought back.

use super::removed::{About, Removed};
use crate::hint::Hint;
use crate::project::Project;
use crate::session::records::hold::{self, Hold, Unfinished};
use anyhow::{Result, anyhow};

impl Unfinished {
    fn removed(&self, project: &Project) -> Option<Removed> {
        Removed::open(project, self.removed.as_ref()?).ok()
    }

    /// What was being taken away or brought back, if some of it is at its place.
    pub fn moving(&self, project: &Project) -> Option<Removed> {
        let removed = self.removed(project)?;
        (!removed.is_away(project).unwrap_or_default()).then_some(removed)
    }
}

impl Removed {
    /// Whether something of it was taken away and is not back; of a branch alone that can't be seen.
    pub(super) fn has_taken(&self, project: &Project) -> bool {
        let mut admins = self.admins(project).into_iter();
        self.about.expired
            || self.about.admins.is_empty()
            || admins.any(|(_, kept)| kept.exists())
            || self.folder().is_some()
    }

    /// Whether it is one: a command that was killed before it had taken anything has left none, unless it says that it is half way
    /// with it.
    pub(super) fn counts(&self, project: &Project) -> bool {
        let is_half_way = || hold::moving(project, &self.about.name).as_ref() == Some(&self.id);
        self.has_taken(project) || is_half_way()
    }
}

impl Hold {
    /// What a command that was cut short was taking away or bringing back.
    pub fn removed(&self, project: &Project) -> Option<Removed> {
        self.unfinished.as_ref()?.removed(project)
    }

    /// Refuses to begin anew while something of that is at its place.
    ///
    /// # Errors
    /// The refusal.
    pub fn refuse_moving(&self, project: &Project) -> Result<()> {
        let unfinished = self.unfinished.as_ref();
        match unfinished.and_then(|unfinished| unfinished.moving(project)) {
            None => Ok(()),
            Some(Removed { id, about, .. }) => Err(anyhow!(
                "a restore of {} was cut short, and it is only half there",
                about.name
            ))
            .hint(format!("finish it: tally-session restore {id}")),
        }
    }

    /// Writes down what is about to be taken away, and that it is.
    ///
    /// # Errors
    /// If it can't be written.
    pub fn begin_taking(&mut self, project: &Project, about: About) -> Result<Removed> {
        let is_new = self.is_new();
        let removed = Removed::begin(project, About { is_new, ..about })?;
        self.begin_moving(&removed)?;
        Ok(removed)
    }

    /// Says that this is about to be taken away or brought back.
    ///
    /// # Errors
    /// If it can't be written.
    pub fn begin_moving(&mut self, removed: &Removed) -> Result<()> {
        self.begin(Unfinished {
            removed: Some(removed.id.clone()),
            ..self.so_far()
        })
    }
}
