//! Who listens where.

use super::{Sandbox, eventually, shell};
use std::io::{ErrorKind, Read, Write};
use std::net::{IpAddr, TcpListener, TcpStream};
use std::process::{Child, Command};

/// All that a server can listen on.
pub const ADDRESSES: [&str; 4] = ["127.0.0.1", "0.0.0.0", "::1", "::"];

/// Listens on a port as soon as it is free: a process that ends keeps its sockets for a moment longer than its environment.
#[track_caller]
pub fn take_port(address: &str, port: u16) -> TcpListener {
    eventually("the port is free", || {
        TcpListener::bind((address, port)).ok()
    })
}

/// Nobody listens on a port.
#[track_caller]
pub fn assert_free(port: u16) {
    TcpListener::bind(("127.0.0.1", port)).unwrap_or_else(|error| panic!("{port}: {error}"));
}

/// Listens at an address, on the first port that nobody has at any: the very one that a session would get. None on a
/// machine without that address.
pub fn listen(address: &str, first: u16) -> Option<(u16, TcpListener)> {
    let bind = |address: &str, port| TcpListener::bind((address.parse::<IpAddr>().unwrap(), port));
    let is_free = |port| {
        let errors = ADDRESSES.map(|address| bind(address, port).err());
        !errors
            .into_iter()
            .flatten()
            .any(|error| error.kind() == ErrorKind::AddrInUse)
    };
    let port = (first..first + 1000).find(|&port| is_free(port)).unwrap();
    Some((port, bind(address, port).ok()?))
}

/// What a server on this machine answers.
#[track_caller]
pub fn http_get(port: u16) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.write_all(b"GET / HTTP/1.0\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.split_once("\r\n\r\n").unwrap().1.to_owned()
}

/// A process of nobody's, which ends when it is dropped.
pub struct Stranger(Child);

impl Stranger {
    pub fn id(&self) -> u32 {
        self.0.id()
    }

    /// Waits until somebody has ended it.
    pub fn await_end(mut self) {
        self.0.wait().unwrap();
    }
}

/// Starts a command that listens on a port.
#[track_caller]
pub fn stranger(command: &mut Command, port: u16) -> Stranger {
    drop(take_port("127.0.0.1", port));
    let stranger = Stranger(command.spawn().unwrap());
    eventually("the stranger listens", || {
        TcpStream::connect(("127.0.0.1", port)).ok()
    });
    stranger
}

impl Drop for Stranger {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Sandbox {
    /// A process that listens on a port and came from no session.
    #[track_caller]
    pub fn stranger_on(&self, port: u16) -> Stranger {
        assert!(self.turn.is_alone, "another sandbox may have the port");
        let script = "import socket, sys, time; s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1); \
                      s.bind(('127.0.0.1', int(sys.argv[1]))); s.listen(); time.sleep(600)";
        let mut python = self.command(shell::python(), &self.root);
        stranger(python.args(["-c", script, &port.to_string()]), port)
    }

    /// The servers of a session answer on its ports, each from its own folder.
    #[track_caller]
    pub fn assert_served(&self, name: &str) {
        let (backend, frontend) = self.ports(name);
        let worktree = self.worktree(name);
        for (port, program, folder) in [
            (backend, "python", "backend"),
            (frontend, "npm", "frontend"),
        ] {
            let folder = worktree.join(folder);
            assert_eq!(http_get(port), format!("{program} in {}", folder.display()));
        }
    }
}
