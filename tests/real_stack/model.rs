//! A stand-in for the model's API: it says what the last words of the user tell it to, so that a real Claude Code can be driven
//! without a login, and remembers what it was sent.
//!
//! `@@bash COMMAND` has Claude run a command, `@@ask` has it ask the user something, `@@slow SECONDS` takes its time. Whatever else is
//! said, and what a tool gives back, it takes note of.

use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// What it answers.
pub const ANSWER: &str = "It is noted.";

/// A server on a port of its own; it ends with the tests.
#[derive(Clone)]
pub struct Model {
    pub port: u16,
    heard: Arc<Mutex<Vec<String>>>,
}

/// What it does for one request.
enum Step {
    Say(&'static str),
    Call(&'static str, Value),
    Wait(Duration),
}

impl Model {
    pub fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("listen");
        let model = Self {
            port: listener.local_addr().expect("a port").port(),
            heard: Arc::default(),
        };
        let server = model.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let server = server.clone();
                // Claude may go away in the middle of an answer.
                thread::spawn(move || server.serve(&stream).ok());
            }
        });
        model
    }

    /// Whether a request had this text in it.
    pub fn has_heard(&self, text: &str) -> bool {
        let heard = self.heard.lock().expect("what was heard");
        heard.iter().any(|body| body.contains(text))
    }

    fn serve(&self, stream: &TcpStream) -> std::io::Result<()> {
        let mut reader = BufReader::new(stream);
        let mut head = Vec::new();
        loop {
            let mut line = String::new();
            reader.read_line(&mut line)?;
            if line.trim().is_empty() {
                break;
            }
            head.push(line.to_lowercase());
        }
        let length = head
            .iter()
            .find_map(|line| line.strip_prefix("content-length:"));
        let length = length.and_then(|length| length.trim().parse().ok());
        let mut body = vec![0; length.unwrap_or(0)];
        reader.read_exact(&mut body)?;
        let body = String::from_utf8_lossy(&body).into_owned();
        let is_message = head
            .first()
            .is_some_and(|line| line.starts_with("post /v1/messages"));
        let is_count = head
            .first()
            .is_some_and(|line| line.contains("count_tokens"));
        let request: Value = serde_json::from_str(&body).unwrap_or_default();
        if !is_message || is_count {
            return answer(
                stream,
                "application/json",
                &json!({ "input_tokens": 9 }).to_string(),
            );
        }
        // Claude takes messages with one id for parts of one.
        let number = {
            let mut bodies = self.heard.lock().expect("what was heard");
            bodies.push(body);
            bodies.len()
        };
        let step = step(&request);
        let content = match step {
            Step::Say(text) => json!({ "type": "text", "text": text }),
            Step::Wait(time) => {
                thread::sleep(time);
                json!({ "type": "text", "text": ANSWER })
            }
            Step::Call(name, ref input) => {
                json!({ "type": "tool_use", "id": format!("toolu_{number}"), "name": name, "input": input })
            }
        };
        let reason = if content["type"] == "text" {
            "end_turn"
        } else {
            "tool_use"
        };
        let message = json!({
            "id": format!("msg_{number}"), "type": "message", "role": "assistant", "model": request["model"], "content": [content],
            "stop_reason": reason, "stop_sequence": null, "usage": { "input_tokens": 1, "output_tokens": 1 },
        });
        if request["stream"] == true {
            answer(stream, "text/event-stream", &events(message))
        } else {
            answer(stream, "application/json", &message.to_string())
        }
    }
}

fn answer(mut stream: &TcpStream, kind: &str, body: &str) -> std::io::Result<()> {
    write!(
        stream,
        "HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )
}

/// A message as it comes when it is streamed.
fn events(mut message: Value) -> String {
    let content = message["content"][0].take();
    message["content"] = json!([]);
    let (start, delta) = if content["type"] == "text" {
        let delta = json!({ "type": "text_delta", "text": content["text"] });
        (json!({ "type": "text", "text": "" }), delta)
    } else {
        let input = content["input"].to_string();
        let mut start = content;
        start["input"] = json!({});
        (
            start,
            json!({ "type": "input_json_delta", "partial_json": input }),
        )
    };
    let stop = json!({ "stop_reason": message["stop_reason"], "stop_sequence": null });
    let events = [
        ("message_start", json!({ "message": message })),
        (
            "content_block_start",
            json!({ "index": 0, "content_block": start }),
        ),
        ("content_block_delta", json!({ "index": 0, "delta": delta })),
        ("content_block_stop", json!({ "index": 0 })),
        (
            "message_delta",
            json!({ "delta": stop, "usage": { "output_tokens": 1 } }),
        ),
        ("message_stop", json!({})),
    ];
    let events = events.into_iter().map(|(name, mut data)| {
        data["type"] = name.into();
        format!("event: {name}\ndata: {data}\n\n")
    });
    events.collect()
}

/// What the last words of the user, if they are no tool's, tell it to do.
fn step(request: &Value) -> Step {
    let has_tools = request["tools"]
        .as_array()
        .is_some_and(|tools| !tools.is_empty());
    let mut messages = request["messages"].as_array().into_iter().flatten();
    let last = messages.rfind(|message| message["role"] == "user");
    let content = last.map(|message| &message["content"]);
    let blocks = || content.and_then(Value::as_array).into_iter().flatten();
    let is_answer = blocks().any(|block| block["type"] == "tool_result");
    let texts = blocks().filter_map(|block| block["text"].as_str());
    let text = content.and_then(Value::as_str).into_iter().chain(texts);
    let told = text.filter_map(|text| text.split_once("@@")).next_back();
    let told = told.map_or("", |(_, told)| told.lines().next().unwrap_or_default());
    match told.split_once(' ').unwrap_or((told, "")) {
        _ if !has_tools => Step::Say("A title"),
        _ if is_answer => Step::Say(ANSWER),
        ("bash", command) => Step::Call(
            "Bash",
            json!({ "command": command, "description": "run it" }),
        ),
        ("slow", seconds) => Step::Wait(Duration::from_secs(seconds.trim().parse().unwrap_or(1))),
        ("ask", _) => Step::Call(
            "AskUserQuestion",
            json!({ "questions": [{
                "question": "Red or blue?", "header": "Colour", "multiSelect": false,
                "options": [{ "label": "Red", "description": "r" }, { "label": "Blue", "description": "b" }],
            }] }),
        ),
        _ => Step::Say(ANSWER),
    }
}
