use super::{super::rootfs, *};
use crate::{image::build, shell::root};
use flate2::read::GzDecoder;
use oci_spec::image::{ImageConfiguration, ImageIndex, ImageManifest, OciLayout};
use std::{fs, io::Read};

/// Path, mode, time, owner.
type Listed = (String, u32, u64, u64);

fn origin(epoch: u64) -> Origin {
    Origin { revision: "0123abcd".to_owned(), epoch }
}

fn made(epoch: u64) -> Vec<u8> {
    let program = Program {
        package: "enrollment".to_owned(),
        binary: "mentor-enrollment".to_owned(),
        version: "1.2.3".to_owned(),
    };
    let layers = [rootfs::base(), rootfs::program(&program.binary, b"a program".to_vec(), "{}".to_owned())];
    let image =
        Image::new(&program, "registry.example.com/mentor-enrollment", &layers, &origin(epoch)).unwrap();
    image.archive().unwrap()
}

fn files(archive: &[u8]) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in tar::Archive::new(archive).entries().unwrap() {
        let mut entry = entry.unwrap();
        let path = entry.path().unwrap().display().to_string();
        let mut content = Vec::new();
        entry.read_to_end(&mut content).unwrap();
        files.insert(path, content);
    }
    files
}

/// The manifest, the configuration and the layers' entries, read by the specification's own types.
fn read(archive: &[u8]) -> (ImageManifest, ImageConfiguration, Vec<Listed>) {
    let files = files(archive);
    let layout = OciLayout::from_reader(files["oci-layout"].as_slice()).unwrap();
    assert_eq!(layout.image_layout_version(), "1.0.0");
    let index = ImageIndex::from_reader(files["index.json"].as_slice()).unwrap();
    let blob = |digest: String| {
        let (_, hex) = digest.split_once(':').unwrap();
        let bytes = &files[&format!("blobs/sha256/{hex}")];
        assert_eq!(sha256(bytes), hex);
        bytes.as_slice()
    };
    let manifest = ImageManifest::from_reader(blob(index.manifests()[0].digest().to_string())).unwrap();
    let config = ImageConfiguration::from_reader(blob(manifest.config().digest().to_string())).unwrap();
    let mut entries = Vec::new();
    for (layer, content) in manifest.layers().iter().zip(config.rootfs().diff_ids()) {
        let packed = blob(layer.digest().to_string());
        assert_eq!(layer.size(), packed.len() as u64);
        let mut tar = Vec::new();
        GzDecoder::new(packed).read_to_end(&mut tar).unwrap();
        assert_eq!(&format!("sha256:{}", sha256(&tar)), content);
        for entry in tar::Archive::new(tar.as_slice()).entries().unwrap() {
            let entry = entry.unwrap();
            let header = entry.header();
            let path = entry.path().unwrap().display().to_string();
            entries.push((path, header.mode().unwrap(), header.mtime().unwrap(), header.uid().unwrap()));
        }
    }
    (manifest, config, entries)
}

#[test]
fn the_same_sources_give_the_same_bytes() {
    assert_eq!(sha256(&made(1_700_000_000)), sha256(&made(1_700_000_000)));
    assert_ne!(sha256(&made(1_700_000_000)), sha256(&made(1_700_000_001)));
}

#[test]
fn an_archive_is_an_image_by_the_specification() {
    let (manifest, config, _) = read(&made(1_700_000_000));
    assert_eq!(manifest.layers().len(), 2);
    assert_eq!(config.created().as_deref(), Some("2023-11-14T22:13:20Z"));
    let inner = config.config().clone().unwrap();
    assert_eq!(inner.user().as_deref(), Some("65532:65532"));
    assert_eq!(inner.entrypoint().clone().unwrap(), ["/mentor-enrollment"]);
    assert_eq!(inner.labels().clone().unwrap()["org.opencontainers.image.revision"], "0123abcd");
}

#[test]
fn an_image_has_nothing_but_the_program_and_what_it_reads() {
    let (_, _, entries) = read(&made(1_700_000_000));
    let paths: Vec<&str> = entries.iter().map(|(path, ..)| path.as_str()).collect();
    let expected = [
        "etc/",
        "etc/group",
        "etc/nsswitch.conf",
        "etc/passwd",
        "etc/ssl/",
        "etc/ssl/certs/",
        "etc/ssl/certs/ca-certificates.crt",
        "tmp/",
        "mentor-enrollment",
        "usr/",
        "usr/share/",
        "usr/share/doc/",
        "usr/share/doc/mentor/",
        "usr/share/doc/mentor/LICENSE",
        "usr/share/doc/mentor/sbom.cdx.json",
    ];
    assert_eq!(paths, expected);
    assert!(entries.iter().all(|(_, _, time, owner)| (*time, *owner) == (1_700_000_000, 0)));
    // Nobody but the owner, who is not the one that runs it, can change anything; but for temporary files.
    let open: Vec<&str> =
        entries.iter().filter(|(_, mode, ..)| mode & 0o022 != 0).map(|(path, ..)| path.as_str()).collect();
    assert_eq!(open, ["tmp/"]);
}

#[test]
fn older_engines_find_what_they_look_for() {
    let files = files(&made(1_700_000_000));
    let docker: Value = serde_json::from_slice(&files["manifest.json"]).unwrap();
    assert_eq!(docker[0]["RepoTags"], json!(["registry.example.com/mentor-enrollment:1.2.3"]));
    let paths = docker[0]["Layers"].as_array().unwrap().iter().chain([&docker[0]["Config"]]);
    for path in paths {
        assert!(files.contains_key(path.as_str().unwrap()), "{path}");
    }
}

/// The other way to make the images must say the same.
#[test]
fn the_dockerfile_makes_the_same_images() {
    let text = fs::read_to_string(root().join("deploy/Dockerfile")).unwrap();
    let program = Program { package: String::new(), binary: String::new(), version: String::new() };
    for label in labels(&program, &origin(0), "").keys() {
        assert!(text.contains(&format!("{label}=")), "no label {label}");
    }
    for (name, value) in ENVIRONMENT {
        assert!(text.contains(&format!("{name}={value}")), "no setting {name}={value}");
    }
    for port in PORTS {
        assert!(
            text.lines().any(|line| line.starts_with("EXPOSE ") && line.contains(&port.to_string())),
            "{port}"
        );
    }
    assert!(text.contains(&format!("USER {0}:{0}\n", rootfs::USER)));
    let stages: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("FROM runtime AS ")).collect();
    let programs = build::programs().unwrap();
    let mut packages: Vec<String> = programs.iter().map(|one| format!("--package {}", one.package)).collect();
    packages.sort();
    assert!(text.contains(&format!("ARG PACKAGES=\"{}\"\n", packages.join(" "))), "{packages:?}");
    assert!(text.contains(&format!("ARG VERSION={}\n", programs[0].version)));
    let programs: Vec<String> = programs.into_iter().map(|one| one.binary).collect();
    assert_eq!(stages, programs, "one stage a program, sorted by name");
    for name in programs {
        assert!(text.contains(&format!("COPY --from=build /images/{name}/ /\n")), "{name}");
        assert!(text.contains(&format!("ENTRYPOINT [\"/{name}\"]\n")), "{name}");
    }
}

#[test]
fn compose_runs_every_image() {
    let text = fs::read_to_string(root().join("deploy/compose.yaml")).unwrap();
    for program in build::programs().unwrap() {
        let image = format!("${{IMAGES:-}}{}:${{VERSION:-{}}}\n", program.binary, program.version);
        assert!(text.contains(&image), "{}", program.binary);
        assert!(text.contains(&format!("target: {}}}\n", program.binary)), "{}", program.binary);
    }
}
