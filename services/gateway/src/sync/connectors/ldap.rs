//! An LDAP directory: everybody, or who changed since, with managers by DN.

use super::Means;
use crate::{
    outgoing::{self, Guard},
    sync::{
        connector::{Ask, Connector, Page},
        convert::mapping_in,
        employee::{Fault, Record, shown},
        mapping::{Mapping, takes},
    },
};
use contracts::mentor::gateway::v1::LdapSettings;
use jiff::{civil::Date, tz::TimeZone};
use kernel::{Error, ErrorKind, Result};
use ldap3::{
    Ldap, LdapConnAsync, LdapConnSettings, LdapError, Scope, SearchEntry, StdStream,
    adapters::{Adapter, EntriesOnly, PagedResults},
    ldap_escape,
};
use reqwest::Url;
use rustls::pki_types::{CertificateDer, pem::PemObject};
use secrecy::{ExposeSecret, SecretString};
use std::{borrow::Cow, collections::HashMap, sync::Arc, time::Duration};
use tokio::net::TcpStream;

/// How long connecting may take, and each page.
const PATIENCE: Duration = Duration::from_secs(30);
/// Entries a page when nobody says.
const PAGE: i32 = 500;
/// Whom to take when nobody says.
const FILTER: &str = "(objectClass=inetOrgPerson)";
/// The most entries of one directory.
const MAX_ENTRIES: usize = 1_000_000;
/// The longest value that is looked at.
const MAX_VALUE: usize = 8_192;
/// Attributes of inetOrgPerson and the fields that they are.
const OWN: [(&str, &str); 9] = [
    ("external_id", "employeeNumber"),
    ("manager", "manager"),
    ("user_name", "uid"),
    ("display_name", "displayName"),
    ("display_name", "cn"),
    ("email", "mail"),
    ("job_title", "title"),
    ("unit", "departmentNumber"),
    ("organisation", "o"),
];

/// Checks what the rules beside the fields can't.
///
/// # Errors
/// `FIELD_INVALID` naming the field.
pub(super) fn check(settings: &LdapSettings, means: &Means) -> Result<()> {
    let wrong = |field: &str, what: &str| Err(Error::field(format!("source.settings.ldap.{field}"), what));
    match (settings.url.split_once("://"), settings.start_tls) {
        (Some(("ldaps", host)), false) if is_host(host) => {}
        (Some(("ldap", host)), true) if is_host(host) => {}
        (Some(("ldap", host)), false) if is_host(host) && means.settings.sync.allow_http => {}
        _ => return wrong("url", "must be ldaps://host[:port], or ldap://host[:port] with start_tls"),
    }
    if ldap3::parse_filter(filter(settings)).is_err() {
        return wrong("filter", "must be an LDAP filter, such as (&(objectClass=person)(employeeNumber=*))");
    }
    if !means.secrets.has(&settings.password_secret) {
        let what = "names no secret of this tenant; see the setting services.gateway.sync.secrets";
        return wrong("password_secret", what);
    }
    if !settings.ca_certificates.is_empty() && certificates(&settings.ca_certificates).is_none() {
        return wrong("ca_certificates", "must hold certificates as PEM");
    }
    mapping(settings).map(drop)
}

fn is_host(text: &str) -> bool {
    !text.is_empty() && !text.contains(['/', '@', '?', '#', ' '])
}

fn filter(settings: &LdapSettings) -> &str {
    if settings.filter.is_empty() { FILTER } else { &settings.filter }
}

fn mapping(settings: &LdapSettings) -> Result<Mapping> {
    if !settings.mapping.is_empty() {
        return mapping_in("source.settings.ldap", &settings.mapping);
    }
    let own: Vec<_> = OWN.into_iter().map(|(field, attribute)| takes(field, &[attribute])).collect();
    Mapping::new(&own, &[])
}

fn certificates(pem: &str) -> Option<rustls::RootCertStore> {
    let mut roots = rustls::RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
        roots.add(certificate.ok()?).ok()?;
    }
    (!roots.is_empty()).then_some(roots)
}

/// A directory, opened for one run.
struct Directory {
    settings: LdapSettings,
    mapping: Mapping,
    attributes: Vec<String>,
    password: SecretString,
    guard: Guard,
    today: Date,
    read: Option<Everybody>,
}

/// What was read, in the order of the ids.
struct Everybody {
    records: Vec<Record>,
    faults: Vec<Fault>,
    mark: Option<String>,
}

/// Opens a directory. Nothing is asked yet.
///
/// # Errors
/// `SOURCE_REFUSED` when the secret is missing or empty.
pub(super) async fn open(settings: &LdapSettings, means: &Means) -> Result<Box<dyn Connector>> {
    // A bind without a password succeeds as nobody (RFC 4513, 5.1.2): what is empty is refused before.
    let password = means.secrets.read(&settings.password_secret).await?;
    let mapping = mapping(settings)?;
    let mut attributes: Vec<String> = mapping.columns().map(str::to_owned).collect();
    attributes.push("cn".to_owned());
    if !settings.change_attribute.is_empty() {
        attributes.push(settings.change_attribute.clone());
    }
    let today = means.now.to_zoned(TimeZone::UTC).date();
    let (settings, guard) = (settings.clone(), means.settings.sync.guard());
    Ok(Box::new(Directory { settings, mapping, attributes, password, guard, today, read: None }))
}

#[async_trait::async_trait]
impl Connector for Directory {
    /// The cursor is the last id of the page before: whoever comes or goes between two processes does not move the
    /// others.
    async fn page(&mut self, ask: &Ask, cursor: Option<&str>) -> Result<Page> {
        if self.read.is_none() {
            self.read = Some(self.everybody(ask.since.as_deref()).await?);
        }
        let Some(read) = &self.read else { return Err(Error::internal("the directory was read")) };
        let after = |record: &&Record| cursor.is_none_or(|cursor| record.external_id.as_str() > cursor);
        let mut records: Vec<Record> =
            read.records.iter().filter(after).take(ask.page_size + 1).cloned().collect();
        let more = records.len() > ask.page_size;
        records.truncate(ask.page_size);
        let next = records.last().filter(|_| more).map(|record| record.external_id.clone());
        Ok(Page {
            faults: if cursor.is_none() { read.faults.clone() } else { Vec::new() },
            total: i64::try_from(read.records.len() + read.faults.len()).ok(),
            complete: ask.since.is_none(),
            mark: read.mark.clone().or_else(|| ask.since.clone()).filter(|_| next.is_none()),
            records,
            next,
        })
    }
}

impl Directory {
    async fn everybody(&self, since: Option<&str>) -> Result<Everybody> {
        let mut ldap = self.connect().await?;
        let filter = changed_since(filter(&self.settings), &self.settings.change_attribute, since);
        let entries = self.search(&mut ldap, &filter).await?;
        let mut everybody = self.translate(&entries);
        self.name_managers(&mut ldap, &entries, &mut everybody.records, since.is_some()).await?;
        // Best effort: everything was read.
        let _ = ldap.unbind().await;
        everybody.records.sort_by(|one, other| one.external_id.cmp(&other.external_id));
        Ok(everybody)
    }

    async fn connect(&self) -> Result<Ldap> {
        let mut settings =
            LdapConnSettings::new().set_conn_timeout(PATIENCE).set_starttls(self.settings.start_tls);
        if let Some(roots) = certificates(&self.settings.ca_certificates) {
            let config = rustls::ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
            settings = settings.set_config(Arc::new(config));
        }
        let url = &self.settings.url;
        let connecting = async {
            let stream = self.stream().await?.into_std().map_err(Error::internal)?;
            let settings = settings.set_std_stream(StdStream::Tcp(stream));
            LdapConnAsync::with_settings(settings, url).await.map_err(|error| unreachable_server(url, error))
        };
        let (connection, mut ldap) = tokio::time::timeout(PATIENCE, connecting)
            .await
            .map_err(|_| unavailable(format!("{url} does not answer")))??;
        tokio::spawn(async move {
            if let Err(error) = connection.drive().await {
                tracing::debug!(%error, "the connection to an LDAP directory ended");
            }
        });
        let bound =
            ldap.with_timeout(PATIENCE).simple_bind(&self.settings.bind_dn, self.password.expose_secret());
        match bound.await.and_then(ldap3::LdapResult::success) {
            Ok(_) => Ok(ldap),
            Err(LdapError::LdapResult { result }) if result.rc == 49 => {
                let message = format!("{url} does not know settings.ldap.bind_dn with this password");
                Err(Error::precondition("SOURCE_REFUSED", message))
            }
            Err(error) => Err(asked(error)),
        }
    }

    /// A connection to a host that may be called.
    async fn stream(&self) -> Result<TcpStream> {
        let url = &self.settings.url;
        let invalid = || Error::precondition("SOURCE_INVALID", "settings.ldap.url names no host");
        let address = Url::parse(url).map_err(|_| invalid())?;
        let tls = address.scheme() == "ldaps";
        let port = address.port().unwrap_or(if tls { 636 } else { 389 });
        let host = address.host_str().ok_or_else(invalid)?;
        match outgoing::connect(&self.guard, host, port, !tls && !self.settings.start_tls).await {
            Ok(stream) => stream.map_err(|error| unreachable_server(url, error.into())),
            Err(refused) => {
                Err(Error::precondition("SOURCE_REFUSED", format!("{url} may not be called: {refused}")))
            }
        }
    }

    async fn search(&self, ldap: &mut Ldap, filter: &str) -> Result<Vec<SearchEntry>> {
        let size = if self.settings.page_size == 0 { PAGE } else { self.settings.page_size };
        let adapters: Vec<Box<dyn Adapter<'_, &str, Vec<&str>>>> =
            vec![Box::new(EntriesOnly::new()), Box::new(PagedResults::new(size))];
        let attributes: Vec<&str> = self.attributes.iter().map(String::as_str).collect();
        let base = &self.settings.base_dn;
        let search = ldap.with_timeout(PATIENCE);
        let search = search.streaming_search_with(adapters, base, Scope::Subtree, filter, attributes);
        let mut search = search.await.map_err(asked)?;
        let mut entries = Vec::new();
        while let Some(entry) = search.next().await.map_err(asked)? {
            entries.push(SearchEntry::construct(entry));
            if entries.len() > MAX_ENTRIES {
                let message =
                    format!("the directory has more than {MAX_ENTRIES} entries; narrow settings.ldap.filter");
                return Err(Error::precondition("SOURCE_INVALID", message));
            }
        }
        search.finish().await.success().map_err(asked)?;
        Ok(entries)
    }

    fn translate(&self, entries: &[SearchEntry]) -> Everybody {
        let mut everybody = Everybody { records: Vec::new(), faults: Vec::new(), mark: None };
        for entry in entries {
            let value = |name: &str| attribute(entry, name);
            match self.mapping.record(value, self.today) {
                Ok(record) => {
                    if record.external_id.trim().is_empty() {
                        everybody.faults.push(nameless(entry));
                    } else {
                        everybody.records.push(record);
                    }
                }
                Err(fault) => everybody.faults.push(*fault),
            }
            let changed = attribute(entry, &self.settings.change_attribute).map(Cow::into_owned);
            everybody.mark = later(everybody.mark.take(), changed);
        }
        everybody
    }

    /// Puts ids in the place of the DNs of managers. A manager who did not change is not among the entries of a run for
    /// changes: each is asked for.
    async fn name_managers(
        &self,
        ldap: &mut Ldap,
        entries: &[SearchEntry],
        records: &mut [Record],
        ask: bool,
    ) -> Result<()> {
        let id = |entry: &SearchEntry| self.mapping.record(|name| attribute(entry, name), self.today);
        let mut ids: HashMap<String, String> = HashMap::new();
        for entry in entries {
            if let Ok(record) = id(entry) {
                ids.insert(key(&entry.dn), record.external_id.trim().to_owned());
            }
        }
        for record in records {
            // Only a DN has an equals sign: an id may stand there just as well.
            if !record.manager.contains('=') {
                continue;
            }
            let dn = key(&record.manager);
            if ask && !ids.contains_key(&dn) {
                let found = self.find(ldap, &record.manager).await?;
                let found = found.and_then(|entry| id(&entry).ok()).map(|record| record.external_id);
                ids.insert(dn.clone(), found.unwrap_or_default());
            }
            record.manager = ids.get(&dn).cloned().unwrap_or_default();
        }
        Ok(())
    }

    /// The entry of a DN, if there is one.
    async fn find(&self, ldap: &mut Ldap, dn: &str) -> Result<Option<SearchEntry>> {
        let attributes: Vec<&str> = self.attributes.iter().map(String::as_str).collect();
        let search = ldap.with_timeout(PATIENCE).search(dn, Scope::Base, "(objectClass=*)", attributes).await;
        match search.and_then(ldap3::SearchResult::success) {
            Ok((entries, _)) => Ok(entries.into_iter().next().map(SearchEntry::construct)),
            // No such object, or no DN at all.
            Err(LdapError::LdapResult { result }) if [32, 34].contains(&result.rc) => Ok(None),
            Err(error) => Err(asked(error)),
        }
    }
}

/// The filter for whom to take, and changed since; the mark is a value, never part of the filter's grammar.
fn changed_since(filter: &str, attribute: &str, since: Option<&str>) -> String {
    match since {
        Some(mark) if !attribute.is_empty() => format!("(&{filter}({attribute}>={}))", ldap_escape(mark)),
        _ => filter.to_owned(),
    }
}

/// The first value of an attribute, whatever the case of its name.
fn attribute<'e>(entry: &'e SearchEntry, name: &str) -> Option<Cow<'e, str>> {
    let found = entry.attrs.iter().find(|(given, _)| given.eq_ignore_ascii_case(name));
    let value = found.and_then(|(_, values)| values.first())?;
    Some(Cow::Owned(value.chars().take(MAX_VALUE).collect()))
}

/// A DN as it can be compared: case and blanks around its parts do not count (RFC 4517, 4.2.15).
fn key(dn: &str) -> String {
    dn.split(',').map(|part| part.trim().to_lowercase()).collect::<Vec<_>>().join(",")
}

/// The later of two marks: numbers by size, times by their digits.
fn later(one: Option<String>, other: Option<String>) -> Option<String> {
    let rank = |mark: &String| (mark.parse::<i64>().unwrap_or_default(), mark.clone());
    one.into_iter().chain(other).max_by_key(rank)
}

fn nameless(entry: &SearchEntry) -> Fault {
    let message = "the entry has no id: the attribute that external_id is mapped from is empty".to_owned();
    let name = attribute(entry, "cn").map(|name| shown(&name)).unwrap_or_default();
    Fault { external_id: name, field: "external_id".to_owned(), message, rejected: true, ..Fault::default() }
}

fn unavailable(message: String) -> Box<Error> {
    Error::new(ErrorKind::Unavailable, "SOURCE_UNAVAILABLE", message)
}

fn unreachable_server(url: &str, error: LdapError) -> Box<Error> {
    if let LdapError::Io { source } = &error
        && source.kind() == std::io::ErrorKind::InvalidData
    {
        let message = format!(
            "{url} shows a certificate that is not trusted: set settings.ldap.ca_certificates, or SSL_CERT_FILE, to its authority"
        );
        return Error::precondition("SOURCE_REFUSED", message).caused_by(error);
    }
    unavailable(format!("{url} can't be reached")).caused_by(error)
}

/// What came of a question. The server's words may quote data: the log has them only.
fn asked(error: LdapError) -> Box<Error> {
    let code = match &error {
        LdapError::LdapResult { result } => result.rc,
        LdapError::FilterParsing => {
            return Error::precondition("SOURCE_INVALID", "settings.ldap.filter is no LDAP filter");
        }
        _ => return unavailable("the connection to the directory broke".to_owned()).caused_by(error),
    };
    match code {
        // busy, unavailable, timeLimitExceeded, other
        51 | 52 | 3 | 80 => unavailable(format!("the directory is busy (result {code})")).caused_by(error),
        32 => Error::precondition("SOURCE_INVALID", "the directory has no settings.ldap.base_dn")
            .caused_by(error),
        50 | 8 | 13 => {
            let message = format!("the directory does not let settings.ldap.bind_dn search (result {code})");
            Error::precondition("SOURCE_REFUSED", message).caused_by(error)
        }
        _ => {
            let message = format!("the directory refused the search (result {code})");
            Error::precondition("SOURCE_INVALID", message).caused_by(error)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_a_value_and_no_grammar() {
        let filter = changed_since("(a=b)", "modifyTimestamp", Some("2026)(uid=*"));
        assert_eq!(filter, r"(&(a=b)(modifyTimestamp>=2026\29\28uid=\2a))");
        assert!(ldap3::parse_filter(&filter).is_ok());
        assert_eq!(changed_since("(a=b)", "", Some("x")), "(a=b)");
    }

    #[test]
    fn the_later_mark_counts() {
        let of = |one: &str, other: &str| later(Some(one.to_owned()), Some(other.to_owned()));
        assert_eq!(of("9", "10").as_deref(), Some("10"));
        assert_eq!(of("20261122100000Z", "20261122093000Z").as_deref(), Some("20261122100000Z"));
        assert_eq!(later(None, None), None);
    }

    #[test]
    fn dns_are_compared_without_case_and_blanks() {
        assert_eq!(key("UID=ann, OU=People,DC=x"), key("uid=Ann,ou=people,dc=x"));
    }

    #[test]
    fn hosts_are_hosts_only() {
        assert!(is_host("ldap.example.org:636") && !is_host("a/b") && !is_host("u@h") && !is_host(""));
    }
}
