//! A TCP port, and the choice of the next one.

use anyhow::{Context, Result};
use serde::{Deserialize, Deserializer, Serialize, de};
use std::collections::BTreeSet;
use std::fmt;

/// A port that a server can listen on: 1 to 65535.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Port(u16);

impl Port {
    /// The number.
    pub fn number(self) -> u16 {
        self.0
    }

    /// A port from a number of any size.
    pub fn from_number(number: u64) -> Option<Self> {
        let number = u16::try_from(number).ok();
        number.filter(|&port| port > 0).map(Self)
    }
}

impl fmt::Display for Port {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<'de> Deserialize<'de> for Port {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = u64::deserialize(deserializer)?;
        Self::from_number(number)
            .ok_or_else(|| de::Error::custom(format_args!("{number} is no port: 1 to 65535")))
    }
}

/// The next port from `first` on that is not `taken` and that `is_free` says yes to.
///
/// # Errors
/// If there is none up to 65535.
pub fn next_free(
    first: Port,
    taken: &BTreeSet<Port>,
    is_free: impl Fn(Port) -> bool,
) -> Result<Port> {
    let mut ports = (first.0..=u16::MAX).map(Port);
    ports
        .find(|port| !taken.contains(port) && is_free(*port))
        .with_context(|| format!("no port from {first} to 65535 is free"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_free_port_is_neither_taken_nor_listened_on() {
        let taken = BTreeSet::from([Port(8000), Port(8002)]);
        let port = next_free(Port(8000), &taken, |port| port != Port(8001)).unwrap();
        assert_eq!(port, Port(8003));
        assert!(next_free(Port(65535), &taken, |_| false).is_err());
    }
}
