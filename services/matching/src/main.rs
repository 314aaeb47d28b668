//! The matching service as a process of its own.

fn main() -> std::process::ExitCode {
    runtime::main::<matching::Matching>()
}
