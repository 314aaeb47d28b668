//! The files of an image.

use super::below;
use anyhow::{Context, Result};
use base64::{Engine, engine::general_purpose::STANDARD};
use std::{collections::BTreeMap, fs, os::unix::fs::PermissionsExt, path::Path};

/// A file, or a folder when it has no content.
#[derive(Clone)]
pub(crate) struct Entry {
    pub(crate) mode: u32,
    pub(crate) content: Option<Vec<u8>>,
}

/// What a layer adds, by path; sorted, so that a folder comes before what is in it.
pub(crate) type Files = BTreeMap<String, Entry>;

/// Who runs the program: nobody that a host is likely to know.
pub(crate) const USER: u32 = 65532;

/// What every image stands on: a user, trusted authorities, a place for temporary files.
pub(crate) fn base() -> Files {
    let mut files = Files::new();
    for (folder, mode) in [("/etc", 0o755), ("/etc/ssl", 0o755), ("/etc/ssl/certs", 0o755), ("/tmp", 0o1777)]
    {
        files.insert(folder.to_owned(), Entry { mode, content: None });
    }
    let passwd = format!("root:x:0:0:root:/:/none\nmentor:x:{USER}:{USER}:mentor:/:/none\n");
    file(&mut files, "/etc/passwd", 0o644, passwd);
    file(&mut files, "/etc/group", 0o644, format!("root:x:0:\nmentor:x:{USER}:\n"));
    file(&mut files, "/etc/nsswitch.conf", 0o644, "passwd: files\ngroup: files\nhosts: files dns\n");
    file(&mut files, "/etc/ssl/certs/ca-certificates.crt", 0o644, authorities());
    files
}

/// The program with its bill of materials and licence.
pub(crate) fn program(name: &str, binary: Vec<u8>, sbom: String) -> Files {
    let mut files = Files::new();
    for folder in ["/usr", "/usr/share", "/usr/share/doc", "/usr/share/doc/mentor"] {
        files.insert(folder.to_owned(), Entry { mode: 0o755, content: None });
    }
    file(&mut files, "/usr/share/doc/mentor/LICENSE", 0o644, include_str!("../../../../LICENSE"));
    file(&mut files, "/usr/share/doc/mentor/sbom.cdx.json", 0o644, sbom);
    file(&mut files, &format!("/{name}"), 0o755, binary);
    files
}

/// Writes them below a folder.
pub(crate) fn write(files: &Files, folder: &Path) -> Result<()> {
    for (path, entry) in files {
        let path = below(folder, path);
        match &entry.content {
            None => fs::create_dir_all(&path),
            Some(content) => fs::write(&path, content),
        }
        .and_then(|()| fs::set_permissions(&path, fs::Permissions::from_mode(entry.mode)))
        .with_context(|| format!("writing {}", path.display()))?;
    }
    Ok(())
}

/// Mozilla's list, in the form that TLS libraries look for.
fn authorities() -> String {
    let mut pem = String::new();
    for certificate in webpki_root_certs::TLS_SERVER_ROOT_CERTS {
        pem.push_str("-----BEGIN CERTIFICATE-----\n");
        let text = STANDARD.encode(certificate);
        let mut rest = text.as_str();
        while !rest.is_empty() {
            let (line, later) = rest.split_at(rest.len().min(64));
            pem.push_str(line);
            pem.push('\n');
            rest = later;
        }
        pem.push_str("-----END CERTIFICATE-----\n");
    }
    pem
}

fn file(files: &mut Files, path: &str, mode: u32, content: impl Into<Vec<u8>>) {
    files.insert(path.to_owned(), Entry { mode, content: Some(content.into()) });
}
