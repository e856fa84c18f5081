//! What a session has.

pub mod clone;
pub mod database;
pub mod env_files;
pub mod environment;
pub mod files;
pub mod fitting;
pub mod hidden;
pub mod inheritance;
pub mod inside;
pub mod look;
pub mod packages;
pub mod place;
pub mod placed;
pub mod placing;
pub mod told;
