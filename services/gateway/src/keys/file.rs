//! The file that the keys come from.

use super::{Keys, new_line};
use kernel::{Error, Result};
use std::{
    fs,
    io::{ErrorKind, Write},
    path::Path,
};

/// Reads the keys, making the file where that is wanted; keys of this process where no file is named.
///
/// # Errors
/// `FIELD_INVALID` with the setting and what to do.
pub(crate) fn load(file: &Path, generate: bool) -> Result<Keys> {
    if file.as_os_str().is_empty() {
        return Keys::fleeting();
    }
    let wrong = |what: &str, error: std::io::Error| {
        let what = format!("names {}, which can't be {what}: {error}", file.display());
        Error::field("services.gateway.keys_file", what)
    };
    let text = match fs::read_to_string(file) {
        Err(error) if error.kind() == ErrorKind::NotFound && generate => {
            let line = new_line()?;
            write(file, &line).map_err(|error| wrong("written", error))?;
            line
        }
        read => read.map_err(|error| wrong("read", error))?,
    };
    Keys::read(&text)
}

/// Makes the file, for its owner's eyes only.
fn write(file: &Path, line: &str) -> std::io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(file)?.write_all(line.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_made_only_when_asked_for_and_then_kept() {
        assert!(!load(Path::new(""), true).expect("keys of this process").last());
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("gateway-keys");
        let none = load(&file, false).err().expect("no file");
        assert_eq!(none.violations[0].field, "services.gateway.keys_file");
        assert!(none.message.contains("can't be read"), "{none}");
        let sealed = load(&file, true).expect("made").seal("x", b"secret").expect("sealed");
        let again = load(&file, true).expect("read");
        assert_eq!(again.open("x", &sealed).as_deref(), Some(&b"secret"[..]), "the same keys");
        assert!(again.last());
        #[cfg(unix)]
        {
            let mode =
                std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&file).expect("there").permissions());
            assert_eq!(mode & 0o777, 0o600);
        }
        fs::write(&file, "x").expect("written");
        assert!(load(&file, true).err().expect("no key").message.contains("key 1"));
        let nowhere = load(&folder.path().join("not/there"), true).err().expect("no folder");
        assert!(nowhere.message.contains("can't be written"), "{nowhere}");
    }
}
