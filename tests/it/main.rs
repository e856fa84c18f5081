//! The program driven as a user does, on real git, real tmux and real shells.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends so")]

mod add;
mod attach;
mod bad_input;
mod checkout;
mod claude;
mod cli;
mod clone;
mod completions;
mod crypt;
mod database;
mod doctor;
mod failing;
mod failures;
mod guards;
mod help;
mod install;
mod installed;
mod killed;
mod layouts;
mod links;
mod list;
mod many;
mod moved;
mod placed;
mod ports;
mod readme;
mod remove;
mod restore;
mod resume;
mod sandbox;
mod servers;
mod settings;
mod staying;
mod stop;
mod store;
mod untouched;
mod windows;
