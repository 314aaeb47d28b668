//! The enrollment service alone in its process.

fn main() -> std::process::ExitCode {
    runtime::main::<enrollment::Enrollment>()
}
