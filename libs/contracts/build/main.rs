//! Compiles every proto under `proto/mentor` (found by walking, no list to keep), and derives from the
//! descriptors what would otherwise be written by hand: validation of requests, the `Event` impls.

mod checks;
mod events;
mod names;
mod rules;

use prost::Message;
use prost_reflect::DescriptorPool;
use std::{
    env,
    error::Error,
    fs,
    path::{Path, PathBuf},
};

fn main() -> Result<(), Box<dyn Error>> {
    let protos = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../proto").canonicalize()?;
    println!("cargo:rerun-if-changed={}", protos.display());
    println!("cargo:rerun-if-changed=build");
    let out = PathBuf::from(env::var("OUT_DIR")?);

    let mut compiler = protox::Compiler::new([protos.clone(), protos.join("third_party")])?;
    compiler
        .include_source_info(true)
        .include_imports(true)
        .open_files(proto_files(&protos.join("mentor"))?)?
        .open_files(ERROR_MODEL)?;

    // Only this encoding keeps the custom options.
    let encoded = compiler.encode_file_descriptor_set();
    fs::write(out.join("descriptors.bin"), &encoded)?;
    let pool = DescriptorPool::decode(encoded.as_slice())?;

    let mut files = compiler.file_descriptor_set();
    files.file.retain(|file| !REFLECTED_ONLY.contains(&file.package()));
    let mut prost = prost_build::Config::new();
    prost.enable_type_names().include_file("mentor.rs");
    tonic_prost_build::configure().codec_path("crate::codec::Codec").compile_fds_with_config(
        prost_types::FileDescriptorSet::decode(files.encode_to_vec().as_slice())?,
        prost,
    )?;

    fs::write(out.join("checks.rs"), checks::generate(&pool)?)?;
    fs::write(out.join("events.rs"), events::generate(&pool)?)?;
    Ok(())
}

/// Of others, and only read by reflection: options, and the error model. No message of ours holds one.
const REFLECTED_ONLY: [&str; 3] = ["buf.validate", "google.api", "google.rpc"];

/// What nothing imports, and whoever shows errors as JSON needs.
const ERROR_MODEL: [&str; 2] = ["google/rpc/status.proto", "google/rpc/error_details.proto"];

/// Every `.proto` below a folder, in a fixed order.
fn proto_files(folder: &Path) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "proto") {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}
