//! The same bytes from every build: plain instructions without optimisation here, and those of the
//! machine with optimisation in a program of its own.

use std::path::Path;
use std::process::Command;

use crate::digest;

#[test]
fn bytes_do_not_depend_on_instructions_optimisation_or_threads() {
    let here = digest::lines(1);
    assert_eq!(here, digest::lines(2));
    let package = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/levels/Cargo.toml");
    let built = Command::new(env!("CARGO"))
        .args(["run", "--quiet", "--release", "--locked", "--offline", "--manifest-path"])
        .arg(package)
        .arg("--target-dir")
        .arg(Path::new(env!("CARGO_TARGET_TMPDIR")).join("levels"))
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .env("RUSTFLAGS", "-Ctarget-cpu=native")
        .output()
        .expect("cargo runs");
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    assert_eq!(here, String::from_utf8_lossy(&built.stdout));
}
