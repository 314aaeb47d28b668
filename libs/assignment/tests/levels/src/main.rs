//! Prints the digests of `tests/it/digest.rs`, as computed by this build.

#[path = "../../it/digest.rs"]
mod digest;
#[path = "../../it/invented.rs"]
mod invented;

fn main() {
    print!("{}", digest::lines(1));
}
