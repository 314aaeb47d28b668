//! The scheduling service on its own.

use std::process::ExitCode;

fn main() -> ExitCode {
    runtime::main::<scheduling::Scheduling>()
}
