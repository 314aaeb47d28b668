//! `cargo xtask image`: the suite's container images from local binaries, without a daemon.
//!
//! An image is the same files that `deploy/Dockerfile` copies (`--files`), so both ways give the same image. The same
//! sources give the same bytes: times are `SOURCE_DATE_EPOCH` (the commit's), entries are sorted, owners are numbers.

mod archive;
mod build;
mod rootfs;
mod sbom;

use crate::{
    servers::target,
    shell::{self, say},
};
use anyhow::{Context, Result, bail};
use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

/// What to make.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Images to make, such as `mentor` or `mentor-enrollment`; all when absent.
    names: Vec<String>,
    /// A folder with static binaries; they are built when absent.
    #[arg(long)]
    binaries: Option<PathBuf>,
    /// Where the archives go; target/images when absent.
    #[arg(long)]
    out: Option<PathBuf>,
    /// Writes each image's files into a folder instead of an archive.
    #[arg(long)]
    files: bool,
    /// Put before the images' names, such as `registry.example.com/mentoring`.
    #[arg(long)]
    repository: Option<String>,
}

/// What is said of the origin.
pub(crate) struct Origin {
    /// The commit, or what was given.
    pub(crate) revision: String,
    /// Seconds since 1970 that every time in the image is.
    pub(crate) epoch: u64,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    let programs = chosen(build::programs()?, &options.names)?;
    let origin = Origin::find()?;
    let binaries = match &options.binaries {
        Some(folder) => folder.clone(),
        None => build::build(&programs)?,
    };
    let out = options.out.clone().unwrap_or_else(|| target().join("images"));
    fs::create_dir_all(&out).with_context(|| format!("making {}", out.display()))?;
    for program in &programs {
        let sbom = sbom::of(program, &origin)?;
        let binary = build::read_static(&binaries.join(&program.binary))?;
        let layers = [rootfs::base(), rootfs::program(&program.binary, binary, sbom.clone())];
        if options.files {
            write_files(program, &layers, &out)?;
        } else {
            let name = options.name(program);
            let image = archive::Image::new(program, &name, &layers, &origin)?;
            write_archive(program, &image, &sbom, &out)?;
        }
    }
    Ok(())
}

fn write_files(program: &build::Program, layers: &[rootfs::Files], out: &Path) -> Result<()> {
    let folder = out.join(&program.binary);
    layers.iter().try_for_each(|layer| rootfs::write(layer, &folder))?;
    say(&format!("{}: files in {}", program.binary, folder.display()));
    Ok(())
}

fn write_archive(program: &build::Program, image: &archive::Image, sbom: &str, out: &Path) -> Result<()> {
    let file = out.join(format!("{}-{}.tar", program.binary, program.version));
    fs::write(&file, image.archive()?).with_context(|| format!("writing {}", file.display()))?;
    fs::write(file.with_extension("cdx.json"), sbom)?;
    say(&format!("{}  {}  {}", image.reference(), image.sizes(), file.display()));
    Ok(())
}

impl Options {
    /// The image's name without its tag.
    fn name(&self, program: &build::Program) -> String {
        match &self.repository {
            Some(repository) => format!("{}/{}", repository.trim_end_matches('/'), program.binary),
            None => program.binary.clone(),
        }
    }
}

fn chosen(programs: Vec<build::Program>, names: &[String]) -> Result<Vec<build::Program>> {
    let known: Vec<String> = programs.iter().map(|program| program.binary.clone()).collect();
    if let Some(unknown) = names.iter().find(|name| !known.contains(name)) {
        bail!("there is no image {unknown}; there are {}", known.join(", "));
    }
    let wanted = |program: &build::Program| names.is_empty() || names.contains(&program.binary);
    Ok(programs.into_iter().filter(wanted).collect())
}

impl Origin {
    /// From the environment (`SOURCE_DATE_EPOCH`, `REVISION`), else from git.
    fn find() -> Result<Self> {
        let given = |name: &str| env::var(name).ok().filter(|value| !value.is_empty());
        let epoch = match given("SOURCE_DATE_EPOCH") {
            Some(epoch) => epoch,
            None => git(&["log", "-1", "--format=%ct"])?,
        };
        let epoch = epoch.parse().with_context(|| {
            format!("SOURCE_DATE_EPOCH is `{epoch}`: it must be the seconds since 1970, a whole number")
        })?;
        let revision = match given("REVISION") {
            Some(revision) => revision,
            None => git(&["describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"])?,
        };
        Ok(Origin { revision, epoch })
    }
}

fn git(arguments: &[&str]) -> Result<String> {
    let answer = shell::output(Command::new("git").args(arguments));
    let answer = answer.context("outside of a git checkout, set SOURCE_DATE_EPOCH and REVISION")?;
    Ok(answer.trim().to_owned())
}

/// A path of an image is a path below its folder.
fn below(folder: &Path, path: &str) -> PathBuf {
    folder.join(path.trim_start_matches('/'))
}
