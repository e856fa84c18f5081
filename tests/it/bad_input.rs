//! Input that is wrong, broken, odd or missing: a message, the right status, and nothing changed.

mod claude_json;
mod dotenv;
mod escapes;
mod no_files;
mod paths;
mod projects;
mod store;
mod terminals;
