//! What is written down of a session, and who works on it. What gives a [`Result`](anyhow::Result) fails if git does, or a file
//! can't be read or written, and says of its errors only where there is more to say.

pub mod hold;
pub mod kept;
pub mod moved;
pub mod record;
pub mod taking;
pub mod unrecorded;
