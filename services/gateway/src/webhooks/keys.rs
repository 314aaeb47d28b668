//! The file with the keys that seal secrets.

use super::{
    Settings,
    seal::{Sealer, new_key},
};
use kernel::{Error, Result};
use ring::rand::SystemRandom;
use std::{
    fmt::Display,
    fs,
    io::{ErrorKind, Write},
    path::Path,
};

/// Reads the keys, making the file where that is wanted.
///
/// # Errors
/// `WEBHOOK_KEY_MISSING` with the setting and what to do.
pub(crate) fn load(settings: &Settings) -> Result<Sealer> {
    let path = &settings.key_file;
    if path.as_os_str().is_empty() {
        return Err(missing(
            "is not set: name a file with 32 random bytes in base64, such as `openssl rand -base64 32` prints",
        ));
    }
    let text = match fs::read_to_string(path) {
        Err(error) if error.kind() == ErrorKind::NotFound && settings.generate_key => generate(path)?,
        read => {
            read.map_err(|error| missing(format!("names {}, which can't be read: {error}", path.display())))?
        }
    };
    Sealer::read(&text).map_err(|wrong| missing(format!("names {}, which {wrong}", path.display())))
}

/// Makes the file, for its owner's eyes only.
fn generate(path: &Path) -> Result<String> {
    let key = new_key(&SystemRandom::new())?;
    let write = || {
        let mut options = fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(path)?.write_all(key.as_bytes())
    };
    match write() {
        Ok(()) => Ok(key),
        Err(error) => Err(missing(format!("names {}, which can't be written: {error}", path.display()))),
    }
}

fn missing(what: impl Display) -> Box<Error> {
    Error::precondition("WEBHOOK_KEY_MISSING", format!("services.gateway.webhooks.key_file {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::{Clock, SystemClock, Uuid};

    #[test]
    fn a_key_file_is_made_only_when_asked_for_and_then_kept() {
        let unset = load(&Settings::default()).err().expect("not set");
        assert!(unset.reason == "WEBHOOK_KEY_MISSING" && unset.message.contains("key_file"), "{unset}");
        let path = std::env::temp_dir().join(format!("webhooks-{}.key", SystemClock.new_id()));
        let mut settings = Settings { key_file: path.clone(), ..Settings::default() };
        assert!(load(&settings).err().expect("no file").message.contains("can't be read"));
        settings.generate_key = true;
        let made = load(&settings).expect("made");
        let (_, sealed) = made.new_secret(Uuid::nil(), Uuid::nil(), &SystemRandom::new()).expect("sealed");
        let again = load(&settings).expect("read");
        assert!(again.open(&sealed, Uuid::nil(), Uuid::nil()).is_ok(), "the same key");
        #[cfg(unix)]
        {
            let mode =
                std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&path).expect("there").permissions());
            assert_eq!(mode & 0o777, 0o600);
        }
        fs::write(&path, "x").expect("written");
        assert!(load(&settings).err().expect("no key").message.contains("line 1"));
        fs::remove_file(&path).expect("removed");
    }
}
