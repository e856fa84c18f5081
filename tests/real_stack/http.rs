//! Fetching a page from a server on this machine.

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::time::Duration;

/// The body of a page, whichever loopback address the server listens on.
pub fn get(port: u16, path: &str) -> Result<String, String> {
    let mut stream = connect(port)?;
    // Version 1.0, so that the body comes in one piece.
    let request =
        format!("GET {path} HTTP/1.0\r\nHost: localhost:{port}\r\nAccept: text/html, */*\r\n\r\n");
    let mut answer = Vec::new();
    stream
        .write_all(request.as_bytes())
        .map_err(|error| error.to_string())?;
    stream
        .read_to_end(&mut answer)
        .map_err(|error| error.to_string())?;
    let answer = String::from_utf8_lossy(&answer);
    let (head, body) = answer.split_once("\r\n\r\n").ok_or("no whole answer")?;
    let status = head.lines().next().unwrap_or_default();
    if status.split(' ').nth(1) == Some("200") {
        Ok(body.to_owned())
    } else {
        Err(answer.into_owned())
    }
}

/// Whether anybody listens on a port, on either loopback address.
pub fn listens(port: u16) -> bool {
    connect(port).is_ok()
}

fn connect(port: u16) -> Result<TcpStream, String> {
    let mut seen = String::new();
    for address in [
        IpAddr::from(Ipv4Addr::LOCALHOST),
        IpAddr::from(Ipv6Addr::LOCALHOST),
    ] {
        match TcpStream::connect_timeout(&SocketAddr::new(address, port), Duration::from_secs(5)) {
            Ok(stream) => {
                let limit = Some(Duration::from_secs(30));
                stream
                    .set_read_timeout(limit)
                    .map_err(|error| error.to_string())?;
                return Ok(stream);
            }
            Err(error) => seen = format!("{seen}{address} port {port}: {error}\n"),
        }
    }
    Err(seen)
}
