//! Shows where the simulation is.

use super::simulation::Watcher;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use owo_colors::{OwoColorize, Stream::Stderr};
use std::{fmt, time::Instant};

/// A bar over the days, and a line for each step.
pub(crate) struct Progress {
    bar: ProgressBar,
    began: Instant,
}

impl Progress {
    /// Over so many days; the time runs from now on.
    pub(crate) fn new(days: i64) -> Self {
        let bar = ProgressBar::with_draw_target(Some(days.unsigned_abs()), ProgressDrawTarget::stderr());
        let style = ProgressStyle::with_template("    {bar:40.green} day {pos}/{len}  {msg}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        Progress { bar, began: Instant::now() }
    }

    /// A step begins.
    pub(crate) fn say(&self, step: &str) {
        let seconds = format!("{:5.1} s", self.began.elapsed().as_secs_f64());
        let line = format!(
            "{} {}",
            seconds.if_supports_color(Stderr, |text| text.dimmed()),
            step.if_supports_color(Stderr, |text| text.bold())
        );
        if self.bar.is_hidden() {
            eprintln!("{line}");
        } else {
            self.bar.println(line);
        }
    }

    /// The end; gives the seconds it took.
    pub(crate) fn finish(&self) -> f64 {
        self.bar.finish_and_clear();
        self.began.elapsed().as_secs_f64()
    }
}

impl Watcher for Progress {
    fn step(&self, name: &str) {
        self.say(name);
    }

    fn day(&self, day: i64, text: fmt::Arguments<'_>) {
        self.bar.set_position(day.unsigned_abs());
        self.bar.set_message(text.to_string());
    }
}
