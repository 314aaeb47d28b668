//! The evaluation service as a process of its own.

use std::process::ExitCode;

fn main() -> ExitCode {
    runtime::main::<evaluation::Evaluation>()
}
