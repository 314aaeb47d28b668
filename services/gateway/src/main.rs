//! The gateway service alone in its process.

fn main() -> std::process::ExitCode {
    runtime::main::<gateway::Gateway>()
}
