//! What folders here and on servers have in common: which files count, and how large they may be.

use kernel::{Error, ErrorKind};

/// The most names of one folder that are looked at.
pub(super) const MAX_NAMES: usize = 10_000;

/// Whether a name matches a pattern, in which `*` stands for any letters. Files that begin with a dot never do: they are
/// still written.
pub(super) fn matches(pattern: &str, name: &str) -> bool {
    let pattern = if pattern.is_empty() { "*.csv" } else { pattern };
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| name.strip_prefix(first)) else { return false };
    if name.starts_with('.') {
        return false;
    }
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        match rest.find(part) {
            Some(at) => rest = rest.get(at + part.len()..).unwrap_or_default(),
            None => return false,
        }
    }
    true
}

/// A file that nobody should read.
pub(super) fn too_large(name: &str, most: u64) -> Box<Error> {
    let message = format!("the file {name} is larger than {} MiB (setting sync.max_file_bytes)", most >> 20);
    Error::new(ErrorKind::InvalidArgument, "FILE_INVALID", message)
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn stars_stand_for_any_letters() {
        for (pattern, name, fits) in [
            ("", "staff.csv", true),
            ("", "staff.csv.done", false),
            ("", ".staff.csv", false),
            ("staff-*.csv", "staff-2026.csv", true),
            ("staff-*.csv", "staff.csv", false),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "a-c-b", false),
            ("staff.csv", "staff.csv", true),
            ("staff.csv", "staff.csv.csv", false),
            ("a*a", "a", false),
            ("*", "anything", true),
        ] {
            assert_eq!(matches(pattern, name), fits, "{pattern} {name}");
        }
    }
}
