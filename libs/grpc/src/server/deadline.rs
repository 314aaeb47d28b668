//! How long a call may take.

use http::HeaderMap;
use kernel::{Error, ErrorKind};
use std::time::Duration;

/// The caller's `grpc-timeout`: at most eight digits and a unit.
pub(crate) fn asked(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get("grpc-timeout")?.to_str().ok()?;
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if digits.is_empty() || digits.len() > 8 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number: u64 = digits.parse().ok()?;
    Some(match unit {
        "H" => Duration::from_secs(number * 3600),
        "M" => Duration::from_secs(number * 60),
        "S" => Duration::from_secs(number),
        "m" => Duration::from_millis(number),
        "u" => Duration::from_micros(number),
        "n" => Duration::from_nanos(number),
        _ => return None,
    })
}

/// The time this call has: what the caller gives, at most what the server gives. A little less than the caller's, so
/// that our answer, which says more, comes before the transport's.
pub(crate) fn of(headers: &HeaderMap, most: Duration) -> Duration {
    match asked(headers) {
        Some(asked) => asked.saturating_sub((asked / 10).min(Duration::from_millis(5))).min(most),
        None => most,
    }
}

/// The refusal of a call whose time is over.
pub(crate) fn passed(deadline: Duration) -> Box<Error> {
    let message = format!("the call's deadline of {deadline:?} has passed");
    Error::new(ErrorKind::DeadlineExceeded, "DEADLINE_EXCEEDED", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(text: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert("grpc-timeout", text.parse().expect("a header"));
        headers
    }

    #[test]
    fn every_unit_is_read() {
        for (text, nanos) in [("1H", 3_600_000_000_000_u128), ("2M", 120_000_000_000), ("3S", 3_000_000_000)]
        {
            assert_eq!(asked(&headers(text)).map(|d| d.as_nanos()), Some(nanos), "{text}");
        }
        for (text, nanos) in [("4m", 4_000_000_u128), ("5u", 5_000), ("6n", 6)] {
            assert_eq!(asked(&headers(text)).map(|d| d.as_nanos()), Some(nanos), "{text}");
        }
    }

    #[test]
    fn nonsense_is_no_deadline() {
        for text in ["", "S", "5", "-1S", "123456789S", "5x", "+5S"] {
            assert_eq!(asked(&headers(text)), None, "{text}");
        }
    }

    #[test]
    fn the_servers_maximum_holds() {
        assert_eq!(of(&headers("9H"), Duration::from_secs(30)), Duration::from_secs(30));
        assert_eq!(of(&HeaderMap::new(), Duration::from_secs(30)), Duration::from_secs(30));
        assert_eq!(of(&headers("100m"), Duration::from_secs(30)), Duration::from_millis(95));
    }
}
