//! Which services a command is about.

use crate::embedded;
use clap::builder::PossibleValuesParser;
use runtime::Entry;

/// A parser that knows the services' names.
pub(crate) fn parser() -> PossibleValuesParser {
    PossibleValuesParser::new(embedded::services().into_iter().map(|entry| entry.name))
}

/// The services that were named; all where none was.
pub(crate) fn chosen(names: &[String]) -> Vec<Entry> {
    let all = embedded::services().into_iter();
    all.filter(|entry| names.is_empty() || names.iter().any(|name| name == entry.name)).collect()
}
