//! Ports for servers that are ended and started again.

use super::shared::home;
use std::{
    fs::{self, File},
    net::TcpListener,
    process,
    sync::{
        Mutex,
        atomic::{AtomicU32, Ordering},
    },
};

/// Below these the system takes no port for an outgoing connection, unless it says otherwise.
const OUTGOING: u32 = 32_768;
/// Below these are those of well-known servers.
const FIRST: u32 = 10_000;

/// Locks on the ports of this process.
static MINE: Mutex<Vec<File>> = Mutex::new(Vec::new());

/// A port of 127.0.0.1 for a server of this process: no other test of this checkout gets it while the process lives, and
/// no outgoing connection takes it while the server is down.
///
/// # Panics
/// When there is none, or no file can be made beside the build's output.
pub fn free_port() -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let candidates = outgoing().saturating_sub(FIRST).max(1);
    // Processes begin far from each other.
    let begin = process::id().wrapping_mul(0x9e37_79b1);
    let free = (0..candidates).find_map(|_| {
        let offset = begin.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed)) % candidates;
        let port = u16::try_from(FIRST + offset).ok()?;
        reserve(port).then_some(port)
    });
    free.expect("a free port")
}

fn reserve(port: u16) -> bool {
    let folder = home().join("ports");
    fs::create_dir_all(&folder).expect("the build's folder can be written");
    let lock = File::create(folder.join(port.to_string())).expect("the build's folder can be written");
    if lock.try_lock().is_err() || TcpListener::bind(("127.0.0.1", port)).is_err() {
        return false;
    }
    MINE.lock().expect("nobody panics with it").push(lock);
    true
}

/// Where the system's own choice begins.
fn outgoing() -> u32 {
    let range = fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range").unwrap_or_default();
    let first = range.split_whitespace().next().and_then(|first| first.parse().ok());
    first.unwrap_or(OUTGOING).clamp(FIRST + 1_000, 65_535)
}

#[cfg(test)]
mod tests {
    use super::{free_port, outgoing, reserve};

    #[test]
    fn a_port_is_given_once_and_never_to_a_connection() {
        let ports: Vec<u16> = (0..20).map(|_| free_port()).collect();
        for (n, port) in ports.iter().enumerate() {
            assert!(!ports[..n].contains(port), "{port} twice");
            assert!(u32::from(*port) < outgoing(), "{port} is one of those for connections");
            assert!(!reserve(*port), "{port} is in other hands");
        }
    }
}
