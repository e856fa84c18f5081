//! Who listens on a port.

use crate::ports::Port;
use rustix::io::Errno;
#[cfg(target_os = "linux")]
use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, ipproto, socket_with, sockopt};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
#[cfg(any(test, not(target_os = "linux")))]
use {std::net::TcpStream, std::time::Duration};

const LOOPBACK: [IpAddr; 2] = [
    IpAddr::V4(Ipv4Addr::LOCALHOST),
    IpAddr::V6(Ipv6Addr::LOCALHOST),
];

/// Whether nobody listens on a port where a server of a session would: not on IPv4 nor IPv6, not on loopback nor on the
/// wildcard address. All are tried: a server on any one of them is in the way of one on the wildcard address.
///
/// The sockets are bound and never listen, so that a server that starts at this moment is not disturbed.
#[cfg(target_os = "linux")]
pub fn is_free(port: Port) -> bool {
    let wildcard = [Ipv4Addr::UNSPECIFIED.into(), Ipv6Addr::UNSPECIFIED.into()];
    LOOPBACK
        .into_iter()
        .chain(wildcard)
        .all(|address| can_bind(SocketAddr::new(address, port.number())))
}

#[cfg(target_os = "linux")]
fn can_bind(address: SocketAddr) -> bool {
    let family = if address.is_ipv4() {
        AddressFamily::INET
    } else {
        AddressFamily::INET6
    };
    let closing = SocketFlags::CLOEXEC;
    let tried = socket_with(family, SocketType::STREAM, closing, Some(ipproto::TCP));
    let tried = tried.and_then(|socket| {
        // Servers set it as well: a port that is only waiting for its last packets is free.
        sockopt::set_socket_reuseaddr(&socket, true)?;
        bind(&socket, &address)
    });
    tried.map_or_else(is_nowhere, |()| true)
}

/// Whether nobody listens on a port where a server of a session would: not on IPv4 nor IPv6, not on loopback nor on the
/// wildcard address.
///
/// Here a socket that is only bound makes a server fail that starts at this moment, and can be bound beside one that listens.
#[cfg(not(target_os = "linux"))]
pub fn is_free(port: Port) -> bool {
    nobody_answers(port)
}

/// The same by calling: who listens on the wildcard address answers on loopback too.
#[cfg(any(test, not(target_os = "linux")))]
fn nobody_answers(port: Port) -> bool {
    /// Where nobody listens the system says so at once; it says nothing for one who is too busy to take a call.
    const PATIENCE: Duration = Duration::from_millis(200);
    LOOPBACK.into_iter().all(|address| {
        let address = SocketAddr::new(address, port.number());
        let called = TcpStream::connect_timeout(&address, PATIENCE);
        let error = called.err().as_ref().and_then(Errno::from_io_error);
        error.is_some_and(|error| error == Errno::CONNREFUSED || is_nowhere(error))
    })
}

/// Whether this machine does not have an address, as without IPv6: it hides nobody.
fn is_nowhere(error: Errno) -> bool {
    matches!(
        error,
        Errno::ADDRNOTAVAIL
            | Errno::AFNOSUPPORT
            | Errno::PROTONOSUPPORT
            | Errno::HOSTUNREACH
            | Errno::NETUNREACH
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::STARTING;
    use std::net::TcpListener;

    /// Each system's own way to ask.
    const WAYS: [fn(Port) -> bool; 2] = [is_free, nobody_answers];

    /// A free port that no program gets by chance: it is below the range that the system gives out. Each test has its own.
    fn quiet_port(first: u16) -> Port {
        let offset = u16::try_from(std::process::id() % 5000).unwrap();
        (first + offset..first + 6000)
            .filter_map(|number| Port::from_number(number.into()))
            .find(|&port| is_free(port))
            .unwrap()
    }

    #[test]
    fn a_listener_on_any_address_is_seen_and_the_port_is_free_when_it_ends() {
        let _none_starts = STARTING.lock().unwrap();
        let port = quiet_port(20_000);
        for address in ["127.0.0.1", "0.0.0.0", "::1", "::"] {
            let address: IpAddr = address.parse().unwrap();
            let Ok(listener) = TcpListener::bind((address, port.number())) else {
                assert!(address.is_ipv6(), "{address}");
                continue;
            };
            assert_eq!(WAYS.map(|is_free| is_free(port)), [false; 2], "{address}");
            drop(listener);
            assert_eq!(WAYS.map(|is_free| is_free(port)), [true; 2], "{address}");
        }
    }

    #[test]
    fn a_listener_that_takes_no_more_calls_is_seen() {
        let _none_starts = STARTING.lock().unwrap();
        let port = quiet_port(26_000);
        let listener = TcpListener::bind(("127.0.0.1", port.number())).unwrap();
        rustix::net::listen(&listener, 1).unwrap();
        let address = listener.local_addr().unwrap();
        let briefly = Duration::from_millis(50);
        let call = || TcpStream::connect_timeout(&address, briefly).ok();
        let calls: Vec<_> = std::iter::from_fn(call).take(100).collect();
        assert!(calls.len() < 100);
        assert_eq!(WAYS.map(|is_free| is_free(port)), [false; 2]);
    }

    #[test]
    fn a_server_can_start_on_a_port_that_is_being_tried() {
        let _none_starts = STARTING.lock().unwrap();
        for (is_free, first) in WAYS.into_iter().zip([10_000, 15_000]) {
            let port = quiet_port(first);
            std::thread::scope(|scope| {
                let trying = scope.spawn(move || (0..2000).filter(|_| is_free(port)).count());
                while !trying.is_finished() {
                    drop(TcpListener::bind(("127.0.0.1", port.number())).unwrap());
                }
            });
        }
    }
}
