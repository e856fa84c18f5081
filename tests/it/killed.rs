//! `kill -9` at any moment: nothing is lost, and the next command gets the user back to a good state.

pub mod aftermath;
#[cfg(target_os = "linux")]
mod at_a_step;
mod half_way;
#[cfg(target_os = "linux")]
pub mod steps;
