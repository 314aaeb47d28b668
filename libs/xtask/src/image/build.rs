//! The programs, built so that they need nothing but a kernel.

use crate::{
    servers::target,
    shell::{self, offline, root, say},
};
use anyhow::{Context, Result, bail};
use object::{
    LittleEndian, elf,
    read::elf::{FileHeader, ProgramHeader},
};
use serde::Deserialize;
use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

/// The profile of `Cargo.toml` that programs of images are built with.
const PROFILE: &str = "image";

/// A program of `services/`, which becomes an image of the same name.
pub(crate) struct Program {
    /// Its package.
    pub(crate) package: String,
    /// Its file.
    pub(crate) binary: String,
    /// The version of the suite.
    pub(crate) version: String,
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: String,
    manifest_path: PathBuf,
    targets: Vec<Target>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
    kind: Vec<String>,
}

/// Every program that a package of `services/` makes.
pub(crate) fn programs() -> Result<Vec<Program>> {
    let text = shell::output(&mut offline(["metadata", "--format-version=1", "--no-deps"], &[]))?;
    let metadata: Metadata = serde_json::from_str(&text).context("what cargo metadata printed")?;
    let mut programs = Vec::new();
    for package in metadata.packages {
        if !package.manifest_path.starts_with(root().canonicalize()?.join("services")) {
            continue;
        }
        let is_program = |target: &&Target| target.kind.iter().any(|kind| kind == "bin");
        programs.extend(package.targets.iter().filter(is_program).map(|target| Program {
            package: package.name.clone(),
            binary: target.name.clone(),
            version: package.version.clone(),
        }));
    }
    programs.sort_by(|one, other| one.binary.cmp(&other.binary));
    Ok(programs)
}

/// What this machine's compiler builds for.
pub(crate) fn triple() -> Result<String> {
    let about = shell::output(Command::new("rustc").arg("-vV"))?;
    let triple = about.lines().find_map(|line| line.strip_prefix("host: ")).context("rustc names no host")?;
    if !triple.contains("-linux-") {
        bail!("images hold Linux programs, and this machine builds for {triple}: use deploy/Dockerfile");
    }
    Ok(triple.to_owned())
}

/// Builds the programs statically; gives their folder.
pub(crate) fn build(programs: &[Program]) -> Result<PathBuf> {
    let triple = triple()?;
    say(&format!("building static programs for {triple} (optimised as a whole: some minutes each)"));
    let mut build = offline(["build", "--profile", PROFILE, "--locked", "--bins", "--target", &triple], &[]);
    for program in programs {
        build.args(["--package", &program.package]);
    }
    let variable = format!("CARGO_TARGET_{}_RUSTFLAGS", triple.to_uppercase().replace('-', "_"));
    shell::run(build.env(variable, flags()))?;
    Ok(target().join(triple).join(PROFILE))
}

/// Static, and without this machine's paths in messages: the same sources give the same program anywhere. Relocations are
/// packed, which saves two megabytes.
fn flags() -> String {
    let home = env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(Path::new(&env::var_os("HOME")?).join(".cargo")));
    let mut flags = "-Ctarget-feature=+crt-static -Clink-arg=-Wl,-z,pack-relative-relocs".to_owned();
    for (from, to) in [(Some(root()), "/src"), (Some(target()), "/target"), (home, "/cargo")] {
        if let Some(from) = from {
            flags.push_str(&format!(" --remap-path-prefix={}={to}", from.display()));
        }
    }
    flags
}

/// A program that starts without a loader, which the images don't have.
pub(crate) fn read_static(path: &Path) -> Result<Vec<u8>> {
    let bytes = fs::read(path).with_context(|| format!("reading {}", path.display()))?;
    if needs_loader(&bytes).with_context(|| format!("{} is no 64-bit Linux program", path.display()))? {
        bail!(
            "{} is linked dynamically, and the image has no libraries: leave --binaries out, or build with -Ctarget-feature=+crt-static",
            path.display()
        );
    }
    Ok(bytes)
}

fn needs_loader(bytes: &[u8]) -> object::Result<bool> {
    let header = elf::FileHeader64::<LittleEndian>::parse(bytes)?;
    let segments = header.program_headers(LittleEndian, bytes)?;
    Ok(segments.iter().any(|segment| segment.p_type(LittleEndian) == elf::PT_INTERP))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_programs_are_those_of_the_services() {
        let binaries: Vec<String> = programs().unwrap().into_iter().map(|program| program.binary).collect();
        assert!(binaries.contains(&"mentor".to_owned()), "{binaries:?}");
        assert!(binaries.contains(&"mentor-enrollment".to_owned()), "{binaries:?}");
    }

    #[test]
    fn a_dynamic_program_is_refused() {
        // Cargo links tests dynamically.
        let error = read_static(&env::current_exe().unwrap()).unwrap_err();
        assert!(error.to_string().contains("is linked dynamically"), "{error:#}");
        assert!(read_static(&root().join("Cargo.toml")).is_err());
    }
}
