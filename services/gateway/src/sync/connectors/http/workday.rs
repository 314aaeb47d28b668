//! Workday: a custom report that is enabled as a web service ("Report as a Service", RaaS).
//!
//! After Workday's own client `Workday/raas-python` (tokens from `/ccx/oauth2/<tenant>/token` with the grant `refresh_token` and
//! the credentials in the form; `format=json` gives `{"Report_Entry": […]}`, `format=csv` a table with a header) and "Workday
//! Report-as-a-Service API" (OpenAPI: reports at `/ccx/service/customreport2/<tenant>/<owner>/<report>`, prompts as parameters,
//! HTTP Basic or OAuth). Reports have no pages. So the whole is read once, in the order of the ids, and a run goes on behind an
//! id, also with a report that was made anew meanwhile.

use super::{
    Reader, below,
    client::{Access, Client, Limits, address, source_invalid},
    place::Place,
    session::{Auth, Grant, Session},
    today,
};
use crate::outgoing::Guard;
use crate::sync::{
    connector::{Ask, Connector, Page},
    employee::{Fault, MAX_ID, Record},
    mapping::{Mapping, takes},
    secrets::Secrets,
};
use contracts::mentor::gateway::v1::{FieldMapping, WorkdaySettings};
use jiff::{Timestamp, civil::Date};
use kernel::{Error, Result};
use reqwest::Url;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use std::{borrow::Cow, fmt, time::Duration};

/// Records of a page that nobody asked the size of.
const PAGE: usize = 1_000;
/// How long Workday may take to make a report and send it, and the most bytes of it.
pub(super) const LIMITS: Limits =
    Limits { call: Duration::from_secs(900), body: 256 << 20, ..Limits::DEFAULT };

pub(super) struct Workday {
    session: Session,
    reader: Reader,
    report: Url,
    csv: bool,
    since_prompt: String,
    full_hours: i32,
    /// The report, once it is there.
    read: Option<Report>,
}

/// A report by rising id.
#[derive(Debug, Default)]
struct Report {
    records: Vec<Record>,
    faults: Vec<Fault>,
}

fn default_mapping() -> Vec<FieldMapping> {
    vec![
        takes("external_id", &["Employee_ID"]),
        takes("manager", &["Manager_ID"]),
        takes("user_name", &["User_Name"]),
        takes("display_name", &["Full_Name"]),
        takes("email", &["Email"]),
        takes("job_title", &["Job_Title"]),
        takes("unit", &["Department"]),
        takes("organisation", &["Company"]),
        takes("division", &["Division"]),
        takes("active", &["Active"]),
    ]
}

/// Checks what the contract's rules do not.
pub(super) fn check(settings: &WorkdaySettings, guard: &Guard) -> Result<()> {
    let wrong = |field: &str, what: &str| {
        Err(Error::field(format!("source.settings.workday.{field}"), what.to_owned()))
    };
    let report = address("source.settings.workday.report_url", &settings.report_url, guard)?;
    if format(&report).is_none() {
        return wrong("report_url", "asks for neither format=json nor format=csv; add one of them");
    }
    match (settings.password_secret.is_empty(), settings.refresh_token_secret.is_empty()) {
        (false, false) | (true, true) => {
            return wrong(
                "password_secret",
                "give either this, for Basic, or refresh_token_secret, for OAuth",
            );
        }
        (false, true) if settings.user.is_empty() => {
            return wrong("user", "is empty; it is the integration system user");
        }
        (false, true) => {}
        (true, false) => {
            let token = address("source.settings.workday.token_url", &settings.token_url, guard)?;
            if token.origin() != report.origin() {
                return wrong("token_url", "is on another host than the report");
            }
            if settings.client_id.is_empty() || settings.client_secret.is_empty() {
                return wrong(
                    "client_id",
                    "give the API client's id, and in client_secret the name of its secret",
                );
            }
        }
    }
    mapping(settings).map(drop)
}

/// Whether a report is asked for as CSV; none when it is in another form.
fn format(report: &Url) -> Option<bool> {
    let (_, format) = report.query_pairs().find(|(name, _)| name == "format")?;
    match format.as_ref() {
        "json" => Some(false),
        "csv" => Some(true),
        _ => None,
    }
}

fn mapping(settings: &WorkdaySettings) -> Result<Mapping> {
    Mapping::new(&settings.mapping, &default_mapping())
        .map_err(|error| below("source.settings.workday", error))
}

impl Workday {
    pub(super) async fn open(settings: &WorkdaySettings, secrets: &Secrets, access: &Access) -> Result<Self> {
        check(settings, &access.guard)?;
        let client = Client::new("source.settings.workday.report_url", &settings.report_url, access)?;
        let auth = if settings.refresh_token_secret.is_empty() {
            let password = secrets.read(&settings.password_secret).await?;
            Auth::Basic { user: settings.user.clone(), password }
        } else {
            let grant = Grant::RefreshToken {
                client_id: settings.client_id.clone(),
                client_secret: secrets.read(&settings.client_secret).await?,
                refresh_token: secrets.read(&settings.refresh_token_secret).await?,
            };
            let token_url = address("source.settings.workday.token_url", &settings.token_url, &access.guard)?;
            Auth::OAuth { token_url, grant }
        };
        let report = client.base().clone();
        Ok(Workday {
            csv: format(&report).unwrap_or(false),
            session: Session::new(client, auth),
            reader: Reader::new(mapping(settings)?, '/'),
            report,
            since_prompt: settings.since_prompt.clone(),
            full_hours: settings.full_hours,
            read: None,
        })
    }

    async fn download(&self, place: &mut Place, now: Timestamp) -> Result<Report> {
        let mut url = self.report.clone();
        if let Some(since) = place.since {
            // xsd:dateTime, as in Workday's XML.
            let since = since.strftime("%Y-%m-%dT%H:%M:%S.000Z").to_string();
            url.query_pairs_mut().append_pair(&self.since_prompt, &since);
        }
        let accept = if self.csv { "text/csv" } else { "application/json" };
        let client = self.session.client();
        let answer = self.session.get(url, accept, client.limits().deadline()).await?;
        answer.good()?;
        place.answered(answer.date, now);
        let read = if self.csv { table } else { entries };
        read(&answer.body, &self.reader, today(now)).map_err(|what| {
            source_invalid(format!(
                "{} answers with a report that can't be understood: {what}",
                client.host()
            ))
        })
    }
}

impl Report {
    fn put(&mut self, read: Result<Record, Box<Fault>>) {
        match read {
            Ok(record) => self.records.push(record),
            Err(fault) => self.faults.push(*fault),
        }
    }

    /// The records behind an id: at least as many as asked for if there are, all of one id together. Whoever has no id that
    /// could be gone on from is on the first page.
    fn behind(&self, id: &str, size: usize) -> (&[Record], bool) {
        let start = if id.is_empty() { 0 } else { self.records.partition_point(|one| key(one) <= id) };
        let rest = self.records.get(start..).unwrap_or_default();
        let Some(last) = rest.get(size.saturating_sub(1)).filter(|_| rest.len() > size) else {
            return (rest, false);
        };
        let end = rest.partition_point(|one| key(one) <= key(last));
        (rest.get(..end).unwrap_or(rest), end < rest.len())
    }
}

/// What records are ordered by; empty, thus first, for ids that no person can have.
fn key(record: &Record) -> &str {
    let id = record.external_id.trim();
    if id.len() > MAX_ID * 4 { "" } else { id }
}

/// `{"Report_Entry": [{…}, …]}`, one entry after the other.
fn entries(body: &[u8], reader: &Reader, today: Date) -> Result<Report, String> {
    let mut report = Report::default();
    let mut found = false;
    let mut json = serde_json::Deserializer::from_slice(body);
    Entries { each: &mut |entry: Value| report.put(reader.read(&entry, today)), found: &mut found }
        .deserialize(&mut json)
        .and_then(|()| json.end())
        .map_err(|error| format!("its JSON breaks at line {}, column {}", error.line(), error.column()))?;
    if !found {
        return Err("it has no Report_Entry".to_owned());
    }
    Ok(report)
}

/// A table with a header.
fn table(body: &[u8], reader: &Reader, today: Date) -> Result<Report, String> {
    let sheet = sheet::Sheet::read(body).map_err(|error| error.to_string())?;
    let mut at: Vec<(String, usize)> = Vec::new();
    for column in reader.mapping.columns() {
        let place = sheet.column(column).map_err(|error| error.to_string())?;
        let missing = || format!("it has no column '{column}'; it has {}", sheet.header().join(", "));
        at.push((column.to_owned(), place.ok_or_else(missing)?));
    }
    let mut report = Report::default();
    for row in sheet.rows() {
        let row = row.map_err(|error| error.to_string())?;
        let cell = |column: &str| {
            let (_, place) = at.iter().find(|(known, _)| known == column)?;
            Some(Cow::Borrowed(row.cell(*place)))
        };
        let numbered = |mut record: Record| {
            record.row = row.number;
            record
        };
        report.put(reader.read_by(cell, today).map(numbered).map_err(|mut fault| {
            fault.row = row.number;
            fault
        }));
    }
    Ok(report)
}

/// Hands over each entry as soon as it is read, so that the report is in memory once.
struct Entries<'a> {
    each: &'a mut dyn FnMut(Value),
    found: &'a mut bool,
}

impl<'de> DeserializeSeed<'de> for Entries<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Entries<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with Report_Entry")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key::<Cow<'de, str>>()? {
            if name == "Report_Entry" {
                *self.found = true;
                map.next_value_seed(Each(&mut *self.each))?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }
}

/// The list of entries.
struct Each<'a>(&'a mut dyn FnMut(Value));

impl<'de> DeserializeSeed<'de> for Each<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Each<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of entries")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        while let Some(entry) = entries.next_element()? {
            (self.0)(entry);
        }
        Ok(())
    }
}

#[async_trait::async_trait]
impl Connector for Workday {
    async fn page(&mut self, ask: &Ask, cursor: Option<&str>) -> Result<Page> {
        let now = self.session.client().clock().now();
        let mut place = Place::of(ask, cursor, self.full_hours, now)?;
        if self.since_prompt.is_empty() {
            place.since = None;
        }
        let report = match self.read.take().filter(|_| cursor.is_some()) {
            Some(report) => report,
            None => {
                let mut report = self.download(&mut place, now).await?;
                report.records.sort_by(|one, other| key(one).cmp(key(other)));
                report
            }
        };
        let size = if ask.page_size == 0 { PAGE } else { ask.page_size };
        let (records, more) = report.behind(&place.next, size);
        let mut page = Page { records: records.to_vec(), ..Page::default() };
        if cursor.is_none() {
            page.faults.clone_from(&report.faults);
        }
        page.total = i64::try_from(report.records.len() + report.faults.len()).ok();
        match page.records.last().map(|last| key(last).to_owned()).filter(|_| more) {
            Some(last) => page.next = Some(place.cursor(last)?),
            None => {
                page.complete = place.complete();
                page.mark = if self.since_prompt.is_empty() { None } else { place.mark()? };
            }
        }
        self.read = Some(report);
        Ok(page)
    }
}

#[cfg(test)]
mod unit {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    const TODAY: Date = Date::constant(2025, 1, 6);

    fn reader() -> Reader {
        let mapping =
            [takes("external_id", &["ID"]), takes("manager", &["Boss_group/ID"]), takes("left", &["Gone"])];
        Reader::new(Mapping::new(&mapping, &[]).expect("a mapping"), '/')
    }

    #[test]
    fn both_forms_are_read() {
        let report = json!({ "Run": { "x": [1] }, "Report_Entry": [
            { "ID": "7", "Boss_group": [{ "ID": "8" }] }, { "ID": "8", "Gone": "1" }, { "ID": "9", "Gone": "?" },
        ] });
        let read = entries(report.to_string().as_bytes(), &reader(), TODAY).expect("a report");
        let seen: Vec<_> =
            read.records.iter().map(|r| (r.external_id.as_str(), r.manager.as_str(), r.left)).collect();
        assert_eq!(seen, [("7", "8", false), ("8", "", true)]);
        assert_eq!(read.faults.first().map(|fault| fault.external_id.as_str()), Some("9"));
        let csv = "ID,Boss_group/ID,Gone\n7,8,\n8,,1\n9,,?\n";
        let table = table(csv.as_bytes(), &reader(), TODAY).expect("a report");
        assert_eq!(
            table.records.iter().map(|r| (r.row, r.left)).collect::<Vec<_>>(),
            [(2, false), (3, true)]
        );
        assert_eq!(table.faults.first().map(|fault| (fault.row, fault.external_id.as_str())), Some((4, "9")));
    }

    #[test]
    fn what_is_no_report_says_so() {
        let error = |body: &str| entries(body.as_bytes(), &reader(), TODAY).expect_err("no report");
        assert_eq!(error(r#"{"faults": []}"#), "it has no Report_Entry");
        assert!(error(r#"{"Report_Entry": [{"ID": "7"}, {"#).starts_with("its JSON breaks at line 1"));
        assert!(error(r#"{"Report_Entry": {}}"#).starts_with("its JSON breaks"));
        assert!(error(r#"{"Report_Entry": []} x"#).starts_with("its JSON breaks"));
        assert!(entries(br#"{"Report_Entry": []}"#, &reader(), TODAY).is_ok());
        let error = table(b"ID,Name\n1,Ann\n", &reader(), TODAY).expect_err("a column is missing");
        assert_eq!(error, "it has no column 'Boss_group/ID'; it has ID, Name");
    }

    #[test]
    fn settings_are_checked_across() {
        let basic = WorkdaySettings {
            report_url: "https://wd5.example.org/ccx/service/customreport2/t/o/r?format=json".into(),
            user: "isu".into(),
            password_secret: "word".into(),
            ..WorkdaySettings::default()
        };
        assert!(check(&basic, &Guard::new(&[], "x")).is_ok());
        let oauth = WorkdaySettings {
            user: String::new(),
            password_secret: String::new(),
            token_url: "https://wd5.example.org/ccx/oauth2/t/token".into(),
            client_id: "id".into(),
            client_secret: "secret".into(),
            refresh_token_secret: "refresh".into(),
            ..basic.clone()
        };
        assert!(check(&oauth, &Guard::new(&[], "x")).is_ok());
        let wrong = |settings: WorkdaySettings| {
            let error = check(&settings, &Guard::new(&[], "x")).expect_err("must be refused");
            error.violations.first().map(|v| v.field.clone()).unwrap_or_default()
        };
        let url = "https://wd5.example.org/r?format=simplexml".to_owned();
        assert_eq!(
            wrong(WorkdaySettings { report_url: url, ..basic.clone() }),
            "source.settings.workday.report_url"
        );
        assert_eq!(
            wrong(WorkdaySettings { user: String::new(), ..basic.clone() }),
            "source.settings.workday.user"
        );
        let both = WorkdaySettings { refresh_token_secret: "x".into(), ..basic };
        assert_eq!(wrong(both), "source.settings.workday.password_secret");
        let elsewhere =
            WorkdaySettings { token_url: "https://evil.example.org/token".into(), ..oauth.clone() };
        assert_eq!(wrong(elsewhere), "source.settings.workday.token_url");
        assert_eq!(
            wrong(WorkdaySettings { client_secret: String::new(), ..oauth }),
            "source.settings.workday.client_id"
        );
    }

    proptest! {
        /// Pages name each record once, in order, whatever their size and whatever ids are doubled.
        #[test]
        fn pages_name_everybody_once(mut ids in proptest::collection::vec(0_u8..20, 0..40), size in 1_usize..7) {
            ids.sort_unstable_by_key(u8::to_string);
            let record = |id: &u8| Record { external_id: id.to_string(), ..Record::default() };
            let report = Report { records: ids.iter().map(record).collect(), faults: vec![] };
            let (mut named, mut at) = (Vec::new(), String::new());
            loop {
                let (records, more) = report.behind(&at, size);
                named.extend(records.iter().map(|record| record.external_id.clone()));
                at = records.last().map(|last| last.external_id.clone()).unwrap_or_default();
                if !more {
                    break;
                }
            }
            prop_assert_eq!(named, ids.iter().map(u8::to_string).collect::<Vec<_>>());
        }

        #[test]
        fn no_body_breaks_it(body in "\\PC{0,60}", value in "\\PC{0,20}") {
            let report = json!({ "Report_Entry": [{ "ID": value }, value] }).to_string();
            for body in [body, report] {
                let _ = entries(body.as_bytes(), &reader(), TODAY);
                let _ = table(body.as_bytes(), &reader(), TODAY);
            }
        }
    }
}
