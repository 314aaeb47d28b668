//! How help looks.

use clap::builder::styling::{AnsiColor, Styles};
use std::fmt::Write;

pub(crate) const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

/// A title of a part of the help.
pub(crate) fn header(text: &str) -> String {
    let style = STYLES.get_header();
    format!("{style}{text}:{style:#}")
}

/// Examples under a command's help: a line to type, and what it does.
pub(crate) fn examples(lines: &[(&str, &str)]) -> String {
    let style = STYLES.get_literal();
    let mut text = header("Examples");
    for (line, what) in lines {
        let _ = write!(text, "\n  {style}{line}{style:#}\n      {what}");
    }
    text
}
