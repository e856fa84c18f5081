//! Who listens on a port.

use crate::ports::Port;
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketType, bind, ipproto, socket, sockopt};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

/// Whether nobody listens on a port: not on IPv4 nor IPv6, not on loopback nor on the wildcard address.
///
/// All four are tried, since macOS lets a loopback bind succeed beside a wildcard listener. The sockets are bound and
/// never listen, so that a server that starts at this moment is not disturbed.
pub fn is_free(port: Port) -> bool {
    [
        SocketAddr::from((Ipv4Addr::LOCALHOST, port.number())),
        SocketAddr::from((Ipv4Addr::UNSPECIFIED, port.number())),
        SocketAddr::from((Ipv6Addr::LOCALHOST, port.number())),
        SocketAddr::from((Ipv6Addr::UNSPECIFIED, port.number())),
    ]
    .iter()
    .all(can_bind)
}

/// An address that this machine does not have, as without IPv6, hides nobody.
fn can_bind(address: &SocketAddr) -> bool {
    let family = if address.is_ipv4() {
        AddressFamily::INET
    } else {
        AddressFamily::INET6
    };
    let tried = socket(family, SocketType::STREAM, Some(ipproto::TCP)).and_then(|socket| {
        // Servers set it as well: a port that is only waiting for its last packets is free.
        sockopt::set_socket_reuseaddr(&socket, true)?;
        bind(&socket, address)
    });
    matches!(
        tried,
        Ok(()) | Err(Errno::ADDRNOTAVAIL | Errno::AFNOSUPPORT | Errno::PROTONOSUPPORT)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::STARTING;
    use std::net::TcpListener;

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
            let address: std::net::IpAddr = address.parse().unwrap();
            let Ok(listener) = TcpListener::bind((address, port.number())) else {
                assert!(address.is_ipv6(), "{address}");
                continue;
            };
            assert!(!is_free(port), "{address}");
            drop(listener);
            assert!(is_free(port), "{address}");
        }
    }

    #[test]
    fn a_server_can_start_on_a_port_that_is_being_tried() {
        let _none_starts = STARTING.lock().unwrap();
        let port = quiet_port(26_000);
        std::thread::scope(|scope| {
            let trying = scope.spawn(|| (0..2000).filter(|_| is_free(port)).count());
            while !trying.is_finished() {
                drop(TcpListener::bind(("127.0.0.1", port.number())).unwrap());
            }
        });
    }
}
