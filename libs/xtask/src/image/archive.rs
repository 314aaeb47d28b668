//! An image as one file: the OCI image layout (<https://github.com/opencontainers/image-spec>), with the `manifest.json`
//! beside it that older engines' `docker load` asks for.

use super::{
    Origin,
    build::Program,
    rootfs::{Files, USER},
};
use anyhow::{Context, Result};
use flate2::{Compression, GzBuilder};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::{collections::BTreeMap, io::Write};

/// What the settings are in a container: reachable from outside of it. No secrets, which come at run time.
pub(crate) const ENVIRONMENT: [(&str, &str); 2] =
    [("MENTOR__SERVER__LISTEN", "0.0.0.0:50051"), ("MENTOR__TELEMETRY__LISTEN", "0.0.0.0:9464")];
/// gRPC; metrics and health over HTTP.
pub(crate) const PORTS: [u16; 2] = [50051, 9464];

/// An image, whole in memory.
pub(crate) struct Image {
    reference: String,
    index: Value,
    config: String,
    manifest: String,
    layers: Vec<Layer>,
}

struct Layer {
    /// Compressed.
    bytes: Vec<u8>,
    /// Digest of the compressed bytes.
    digest: String,
    /// Digest of the tar inside.
    content: String,
    unpacked: usize,
}

impl Image {
    pub(crate) fn new(program: &Program, name: &str, layers: &[Files], origin: &Origin) -> Result<Self> {
        let layers =
            layers.iter().map(|files| Layer::new(files, origin.epoch)).collect::<Result<Vec<_>>>()?;
        let created = jiff::Timestamp::from_second(i64::try_from(origin.epoch)?)?.to_string();
        let labels = labels(program, origin, &created);
        let config = config(program, &labels, &layers, &created);
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": descriptor("application/vnd.oci.image.config.v1+json", config.as_bytes()),
            "layers": layers.iter().map(Layer::descriptor).collect::<Vec<_>>(),
            "annotations": labels,
        })
        .to_string();
        let mut entry = descriptor("application/vnd.oci.image.manifest.v1+json", manifest.as_bytes());
        let reference = format!("{name}:{}", program.version);
        entry["annotations"] = json!({
            // The name for engines, and the tag for tools that take the layout.
            "io.containerd.image.name": reference,
            "org.opencontainers.image.ref.name": program.version,
        });
        let index = json!({
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.index.v1+json",
            "manifests": [entry],
        });
        Ok(Image { reference, index, config, manifest, layers })
    }

    /// The archive's bytes.
    pub(crate) fn archive(&self) -> Result<Vec<u8>> {
        let blob = |digest: &str| format!("blobs/sha256/{digest}");
        let mut files: BTreeMap<String, &[u8]> = BTreeMap::new();
        let (index, layout) = (self.index.to_string(), json!({"imageLayoutVersion": "1.0.0"}).to_string());
        let docker = json!([{
            "Config": blob(&sha256(self.config.as_bytes())),
            "RepoTags": [self.reference],
            "Layers": self.layers.iter().map(|layer| blob(&layer.digest)).collect::<Vec<_>>(),
        }])
        .to_string();
        files.insert("index.json".to_owned(), index.as_bytes());
        files.insert("oci-layout".to_owned(), layout.as_bytes());
        files.insert("manifest.json".to_owned(), docker.as_bytes());
        for json in [&self.config, &self.manifest] {
            files.insert(blob(&sha256(json.as_bytes())), json.as_bytes());
        }
        for layer in &self.layers {
            files.insert(blob(&layer.digest), &layer.bytes);
        }
        let mut tar = tar::Builder::new(Vec::new());
        for folder in ["blobs/", "blobs/sha256/"] {
            append(&mut tar, folder, 0o755, None, 0)?;
        }
        for (path, content) in files {
            append(&mut tar, &path, 0o644, Some(content), 0)?;
        }
        Ok(tar.into_inner()?)
    }

    /// Name and tag.
    pub(crate) fn reference(&self) -> &str {
        &self.reference
    }

    /// For people.
    pub(crate) fn sizes(&self) -> String {
        let mega = |bytes: usize| format!("{:.1} MB", bytes as f64 / 1e6);
        let packed = self.layers.iter().map(|layer| layer.bytes.len()).sum();
        let unpacked = self.layers.iter().map(|layer| layer.unpacked).sum();
        format!("{} ({} to pull)", mega(unpacked), mega(packed))
    }
}

impl Layer {
    fn new(files: &Files, epoch: u64) -> Result<Self> {
        let mut tar = tar::Builder::new(Vec::new());
        for (path, entry) in files {
            append(&mut tar, path.trim_start_matches('/'), entry.mode, entry.content.as_deref(), epoch)
                .with_context(|| path.clone())?;
        }
        let content = tar.into_inner()?;
        // The header of gzip has a time of its own.
        let mut gzip = GzBuilder::new().mtime(0).write(Vec::new(), Compression::best());
        gzip.write_all(&content)?;
        let bytes = gzip.finish()?;
        Ok(Layer { digest: sha256(&bytes), content: sha256(&content), unpacked: content.len(), bytes })
    }

    fn descriptor(&self) -> Value {
        descriptor("application/vnd.oci.image.layer.v1.tar+gzip", &self.bytes)
    }
}

/// What is said of an image, in its configuration and in its manifest.
fn labels(program: &Program, origin: &Origin, created: &str) -> BTreeMap<&'static str, String> {
    BTreeMap::from([
        ("org.opencontainers.image.title", program.binary.clone()),
        (
            "org.opencontainers.image.description",
            "Mentoring programs, from the first invitation to the last report".to_owned(),
        ),
        ("org.opencontainers.image.version", program.version.clone()),
        ("org.opencontainers.image.revision", origin.revision.clone()),
        ("org.opencontainers.image.created", created.to_owned()),
        ("org.opencontainers.image.licenses", "Apache-2.0".to_owned()),
    ])
}

fn config(program: &Program, labels: &BTreeMap<&str, String>, layers: &[Layer], created: &str) -> String {
    let ports: BTreeMap<String, Value> = PORTS.map(|port| (format!("{port}/tcp"), json!({}))).into();
    json!({
        "created": created,
        "architecture": architecture(),
        "os": "linux",
        "config": {
            "User": format!("{USER}:{USER}"),
            "Env": ENVIRONMENT.map(|(name, value)| format!("{name}={value}")),
            "Entrypoint": [format!("/{}", program.binary)],
            "ExposedPorts": ports,
            "WorkingDir": "/",
            "StopSignal": "SIGTERM",
            "Labels": labels,
        },
        "rootfs": {
            "type": "layers",
            "diff_ids": layers.iter().map(|layer| format!("sha256:{}", layer.content)).collect::<Vec<_>>(),
        },
        "history": [
            { "created": created, "created_by": "cargo xtask image: user, authorities" },
            { "created": created, "created_by": "cargo xtask image: program, bill of materials" },
        ],
    })
    .to_string()
}

/// Go's name for this machine's processor, which images use.
fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

fn descriptor(kind: &str, bytes: &[u8]) -> Value {
    json!({ "mediaType": kind, "digest": format!("sha256:{}", sha256(bytes)), "size": bytes.len() })
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// One entry whose header depends on the arguments alone. A folder has no content.
fn append(
    tar: &mut tar::Builder<Vec<u8>>,
    path: &str,
    mode: u32,
    content: Option<&[u8]>,
    epoch: u64,
) -> Result<()> {
    let mut header = tar::Header::new_ustar();
    header.set_entry_type(if content.is_some() {
        tar::EntryType::Regular
    } else {
        tar::EntryType::Directory
    });
    header.set_mode(mode);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(epoch);
    let content = content.unwrap_or_default();
    header.set_size(content.len() as u64);
    let path = if header.entry_type().is_dir() {
        format!("{}/", path.trim_end_matches('/'))
    } else {
        path.to_owned()
    };
    tar.append_data(&mut header, path, content)?;
    Ok(())
}

#[cfg(test)]
mod tests;
