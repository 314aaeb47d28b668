//! The kinds of sources: how their settings are checked, and how they are opened for a run.

pub(crate) mod file;
mod files;
pub(crate) mod folder;
mod http;
mod ldap;
pub(crate) mod sftp;

use super::{connector::Connector, convert::mapping_in, secrets::Secrets};
use crate::config::Settings;
use contracts::mentor::gateway::v1::{self as wire, source_settings::Kind};
use jiff::Timestamp;
use kernel::{Error, Result, SharedClock};
use std::sync::Arc;

/// What a connector may use.
pub(crate) struct Means {
    pub(crate) settings: Arc<Settings>,
    pub(crate) secrets: Secrets,
    pub(crate) now: Timestamp,
    pub(crate) clock: SharedClock,
}

/// The names of all kinds.
pub(crate) const KINDS: [&str; 8] =
    ["upload", "folder", "sftp", "ldap", "success_factors", "bamboo_hr", "personio", "workday"];

/// The name of a kind in the database.
pub(crate) fn kind(settings: &wire::SourceSettings) -> &'static str {
    match settings.kind {
        Some(Kind::Upload(_)) => "upload",
        Some(Kind::Folder(_)) => "folder",
        Some(Kind::Sftp(_)) => "sftp",
        Some(Kind::Ldap(_)) => "ldap",
        Some(Kind::SuccessFactors(_)) => "success_factors",
        Some(Kind::BambooHr(_)) => "bamboo_hr",
        Some(Kind::Personio(_)) => "personio",
        Some(Kind::Workday(_)) => "workday",
        None => "",
    }
}

/// How the files of a source are read; `None` for sources without files.
pub(crate) fn csv(settings: &wire::SourceSettings) -> Option<wire::CsvSettings> {
    match &settings.kind {
        Some(Kind::Upload(upload)) => Some(upload.csv.clone().unwrap_or_default()),
        Some(Kind::Folder(folder)) => Some(folder.csv.clone().unwrap_or_default()),
        Some(Kind::Sftp(sftp)) => Some(sftp.csv.clone().unwrap_or_default()),
        _ => None,
    }
}

/// Checks what the rules beside the fields can't.
///
/// # Errors
/// `FIELD_INVALID` with the path of the field below `source.settings`.
pub(crate) fn check(settings: &wire::SourceSettings, means: &Means) -> Result<()> {
    if let Some(csv) = csv(settings).filter(|csv| !csv.mapping.is_empty()) {
        mapping_in(&format!("source.settings.{}.csv", kind(settings)), &csv.mapping)?;
    }
    match &settings.kind {
        Some(Kind::Folder(_)) if means.settings.sync.drop_dir.as_os_str().is_empty() => {
            let message = "needs the setting services.gateway.sync.drop_dir, which is not set";
            Err(Error::field("source.settings.folder", message))
        }
        Some(Kind::Sftp(sftp)) => sftp::check(sftp, &means.secrets),
        Some(Kind::Ldap(ldap)) => ldap::check(ldap, means),
        Some(kind) => http::check(kind, means),
        None => Err(Error::field("source.settings", "must be of some kind")),
    }
}

/// Opens a source that is no file.
///
/// # Errors
/// `SOURCE_REFUSED`, `SOURCE_UNAVAILABLE`, `SOURCE_INVALID`.
pub(crate) async fn open(settings: &wire::SourceSettings, means: &Means) -> Result<Box<dyn Connector>> {
    let files_only =
        || Error::precondition("SOURCE_INVALID", "the source has files only, and no file was given");
    match &settings.kind {
        Some(Kind::Ldap(ldap)) => ldap::open(ldap, means).await,
        Some(kind) => http::open(kind, means).await?.ok_or_else(files_only),
        None => Err(files_only()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use prost_reflect::{DynamicMessage, Value};

    #[test]
    fn every_kind_of_the_contract_is_named() {
        let message =
            contracts::pool().get_message_by_name("mentor.gateway.v1.SourceSettings").expect("declared");
        let kinds = message.oneofs().next().expect("of some kind");
        let named = kinds.fields().map(|field| {
            let mut settings = DynamicMessage::new(message.clone());
            settings.set_field(&field, Value::default_value_for_field(&field));
            kind(&settings.transcode_to().expect("the same message"))
        });
        assert_eq!(named.collect::<Vec<_>>(), KINDS);
    }
}
