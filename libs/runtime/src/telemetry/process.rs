//! What the process uses, read from `/proc` when metrics are asked for. Elsewhere than on Linux: nothing.

use metrics::{counter, gauge};
use std::fs;

/// Memory pages and clock ticks as Linux reports them on every platform that Rust's standard library supports.
const PAGE_BYTES: f64 = 4096.0;
const TICKS_PER_SECOND: u64 = 100;

/// Sets the `process_*` metrics that Prometheus' own clients define.
pub(super) fn record() {
    let Ok(stat) = fs::read_to_string("/proc/self/stat") else { return };
    let Some(usage) = parse(&stat) else { return };
    counter!("process_cpu_seconds_total").absolute(usage.cpu_ticks / TICKS_PER_SECOND);
    gauge!("process_resident_memory_bytes").set(usage.resident_pages * PAGE_BYTES);
    gauge!("process_threads").set(usage.threads);
    let open = fs::read_dir("/proc/self/fd").map(Iterator::count).unwrap_or(0);
    gauge!("process_open_fds").set(u32::try_from(open).map(f64::from).unwrap_or(0.0));
}

#[derive(Debug, PartialEq)]
struct Usage {
    cpu_ticks: u64,
    threads: f64,
    resident_pages: f64,
}

/// `man 5 proc`: the fields after the command, which is in parentheses and may itself contain any character.
fn parse(stat: &str) -> Option<Usage> {
    let (_, rest) = stat.rsplit_once(')')?;
    let fields: Vec<&str> = rest.split_whitespace().collect();
    let number = |field: usize| fields.get(field - 3)?.parse::<u64>().ok();
    let small = |field: usize| number(field).and_then(|value| u32::try_from(value).ok()).map(f64::from);
    Some(Usage { cpu_ticks: number(14)? + number(15)?, threads: small(20)?, resident_pages: small(24)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_a_line_with_a_strange_command() {
        let line = "42 (a) b (c)) S 1 2 3 0 -1 4194560 1 0 0 0 150 50 0 0 20 0 7 0 100 1000 256 18446744073709551615";
        assert_eq!(parse(line), Some(Usage { cpu_ticks: 200, threads: 7.0, resident_pages: 256.0 }));
    }
}
