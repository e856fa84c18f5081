//! The program driven as a user does, on real git, real tmux and real shells.

mod add;
mod attach;
mod claude;
mod cli;
mod database;
mod failures;
mod guards;
mod killed;
mod list;
mod remove;
mod resume;
mod sandbox;
mod store;
mod windows;
