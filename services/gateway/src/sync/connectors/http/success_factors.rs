//! SAP SuccessFactors: the entity `User` by OData v2.
//!
//! After SAP's documents:
//! - "SAP SuccessFactors HXM Suite OData API: Developer Guide (V2)": Basic as `user@company`, tokens from `/oauth/token`,
//!   `$select`, `$expand`, `$filter`, paging at the server by `__next`;
//! - "SAP SuccessFactors HXM Suite OData API: Reference Guide (V2)": `User`, the navigation `manager`;
//! - knowledge base articles 2166571 and 2736579: inactive users are given only when the filter names their status, as in
//!   `status in 't','f'`; 2489065 and 3308165: at most 1,000 a page, `paging=snapshot` for pages that do not shift, `__next` as
//!   an absolute address; 2735876: `lastModifiedDateTime` for changes; 2887242: `NO_MANAGER` at the top; 3159263: 429 with
//!   `Retry-After`.

use super::{
    Reader,
    client::{Access, Client, address, source_invalid},
    place::Place,
    saml::Assertion,
    session::{Auth, Grant, Session},
};
use crate::outgoing::Guard;
use crate::sync::{
    connector::{Ask, Connector, Page},
    mapping::{Mapping, means, takes},
    secrets::Secrets,
};
use contracts::mentor::gateway::v1::{FieldMapping, SuccessFactorsSettings};
use jiff::Timestamp;
use kernel::{Error, Result};
use reqwest::Url;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeSet;

/// The most users of a page.
const MOST: i32 = 1_000;
/// What stands for the manager of who has none.
const NO_MANAGER: &str = "NO_MANAGER";
/// Active and inactive users, without the external ones, who review and learn but do not work here.
const ACTIVE: &str = "status in 't'";
const ALL: &str = "status in 't','f'";

pub(super) struct SuccessFactors {
    session: Session,
    reader: Reader,
    filter: String,
    full_hours: i32,
    page_size: i32,
}

/// `{"d":{"results":[…],"__next":…}}`.
#[derive(Deserialize)]
struct Users {
    d: Results,
}

#[derive(Deserialize)]
struct Results {
    results: Vec<Value>,
    #[serde(rename = "__next")]
    next: Option<String>,
}

fn default_mapping() -> Vec<FieldMapping> {
    vec![
        takes("external_id", &["userId"]),
        means("manager", "manager/userId", &[(NO_MANAGER, "")]),
        takes("user_name", &["username"]),
        takes("display_name", &["defaultFullName"]),
        takes("email", &["email"]),
        takes("job_title", &["title"]),
        takes("unit", &["department"]),
        takes("division", &["division"]),
        means("active", "status", &[("t", "true"), ("f", "false")]),
    ]
}

/// Checks what the contract's rules do not.
pub(super) fn check(settings: &SuccessFactorsSettings, guard: &Guard) -> Result<()> {
    address("source.settings.success_factors.url", &settings.url, guard)?;
    let by_password = !settings.password_secret.is_empty();
    let by_key = !settings.private_key_secret.is_empty();
    if by_password == by_key {
        let message = "give either this, for Basic, or private_key_secret and client_id, for OAuth";
        return Err(Error::field("source.settings.success_factors.password_secret", message));
    }
    if by_key && settings.client_id.is_empty() {
        let message = "is empty; it is the API key of the OAuth client that has the key's certificate";
        return Err(Error::field("source.settings.success_factors.client_id", message));
    }
    mapping(settings).map(drop)
}

fn mapping(settings: &SuccessFactorsSettings) -> Result<Mapping> {
    Mapping::new(&settings.mapping, &default_mapping())
        .map_err(|error| super::below("source.settings.success_factors", error))
}

impl SuccessFactors {
    pub(super) async fn open(
        settings: &SuccessFactorsSettings,
        secrets: &Secrets,
        access: &Access,
    ) -> Result<Self> {
        check(settings, &access.guard)?;
        let client = Client::new("source.settings.success_factors.url", &settings.url, access)?;
        let auth = if settings.private_key_secret.is_empty() {
            let password = secrets.read(&settings.password_secret).await?;
            Auth::Basic { user: format!("{}@{}", settings.user, settings.company_id), password }
        } else {
            let token_url = client.url(&["oauth", "token"], &[])?;
            let key = secrets.read(&settings.private_key_secret).await?;
            let assertion = Assertion::new(&settings.client_id, &settings.user, token_url.as_str(), &key)?;
            Auth::OAuth {
                token_url,
                grant: Grant::Saml {
                    company_id: settings.company_id.clone(),
                    assertion: Box::new(assertion),
                },
            }
        };
        Ok(SuccessFactors {
            session: Session::new(client, auth),
            reader: Reader::new(mapping(settings)?, '/'),
            filter: settings.filter.clone(),
            full_hours: settings.full_hours,
            page_size: if settings.page_size == 0 { MOST } else { settings.page_size },
        })
    }

    fn first(&self, place: &Place) -> Result<Url> {
        let columns: BTreeSet<&str> = self.reader.mapping.columns().chain(["userId", "status"]).collect();
        let select: Vec<&str> = columns.iter().copied().collect();
        let expand: BTreeSet<&str> =
            columns.iter().filter_map(|column| column.rsplit_once('/')).map(|(way, _)| way).collect();
        let expand: Vec<&str> = expand.into_iter().collect();
        let (select, expand, size) = (select.join(","), expand.join(","), self.page_size.to_string());
        let filter = filter(place.since, &self.filter);
        let mut query = vec![
            ("$format", "json"),
            ("$select", &select),
            ("$filter", &filter),
            ("paging", "snapshot"),
            ("customPageSize", &size),
        ];
        if !expand.is_empty() {
            query.insert(2, ("$expand", &expand));
        }
        self.session.client().url(&["odata", "v2", "User"], &query)
    }
}

fn filter(since: Option<Timestamp>, more: &str) -> String {
    let mut filter = match since {
        None => ACTIVE.to_owned(),
        Some(since) => {
            let since = since.strftime("%Y-%m-%dT%H:%M:%SZ");
            format!("{ALL} and lastModifiedDateTime ge datetimeoffset'{since}'")
        }
    };
    if !more.is_empty() {
        filter.push_str(&format!(" and ({more})"));
    }
    filter
}

#[async_trait::async_trait]
impl Connector for SuccessFactors {
    async fn page(&mut self, ask: &Ask, cursor: Option<&str>) -> Result<Page> {
        let client = self.session.client();
        let (now, deadline) = (client.clock().now(), client.limits().deadline());
        let mut place = Place::of(ask, cursor, self.full_hours, now)?;
        let url = if place.next.is_empty() { self.first(&place)? } else { client.follow(&place.next)? };
        let answer = self.session.get(url.clone(), "application/json", deadline).await?;
        place.answered(answer.date, now);
        let Users { d: Results { results, next } } = answer.json()?;
        let mut page = self.reader.page(&results, now);
        match next {
            None => {
                page.complete = place.complete();
                page.mark = place.mark()?;
            }
            Some(next) => {
                let next = client.follow(&next)?;
                if next == url {
                    return Err(source_invalid(format!(
                        "{} gives the same page again and again",
                        client.host()
                    )));
                }
                page.next = Some(place.cursor(next.into())?);
            }
        }
        Ok(page)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_name_the_status_and_the_time() {
        assert_eq!(filter(None, ""), "status in 't'");
        let since = "2025-01-06T09:00:00.5Z".parse().ok();
        assert_eq!(
            filter(since, "division eq 'A' or division eq 'B'"),
            "status in 't','f' and lastModifiedDateTime ge datetimeoffset'2025-01-06T09:00:00Z' \
             and (division eq 'A' or division eq 'B')"
        );
    }

    #[test]
    fn settings_are_checked_across() {
        let good = SuccessFactorsSettings {
            url: "https://api4.successfactors.com".into(),
            company_id: "ACME".into(),
            user: "sfapi".into(),
            password_secret: "word".into(),
            ..SuccessFactorsSettings::default()
        };
        assert!(check(&good, &Guard::new(&[], "x")).is_ok());
        let wrong = |change: fn(&mut SuccessFactorsSettings)| {
            let mut settings = good.clone();
            change(&mut settings);
            let error = check(&settings, &Guard::new(&[], "x")).expect_err("must be refused");
            error.violations.first().map(|v| v.field.clone()).unwrap_or_default()
        };
        assert_eq!(wrong(|s| s.url = "http://127.0.0.1".into()), "source.settings.success_factors.url");
        assert_eq!(wrong(|s| s.password_secret.clear()), "source.settings.success_factors.password_secret");
        assert_eq!(
            wrong(|s| s.private_key_secret = "key".into()),
            "source.settings.success_factors.password_secret"
        );
        let no_client = |s: &mut SuccessFactorsSettings| {
            s.password_secret.clear();
            s.private_key_secret = "key".into();
        };
        assert_eq!(wrong(no_client), "source.settings.success_factors.client_id");
        assert_eq!(
            wrong(|s| s.mapping = vec![takes("x", &["y"])]),
            "source.settings.success_factors.mapping[0].field"
        );
    }

    #[test]
    fn a_user_becomes_a_record() {
        let reader = Reader::new(Mapping::new(&[], &default_mapping()).expect("a mapping"), '/');
        let user = |id: &str, manager: Value, status: Value| serde_json::json!({ "userId": id, "username": "ann", "status": status, "manager": manager });
        let users = [
            user("1", serde_json::json!({ "userId": "2" }), "t".into()),
            user("2", serde_json::json!({ "userId": NO_MANAGER }), "t".into()),
            user("3", Value::Null, "f".into()),
            user("4", Value::Null, Value::Null),
        ];
        let page = reader.page(&users, Timestamp::UNIX_EPOCH);
        let seen: Vec<_> =
            page.records.iter().map(|r| (r.external_id.as_str(), r.manager.as_str(), r.left)).collect();
        assert_eq!(seen, [("1", "2", false), ("2", "", false), ("3", "", true)]);
        assert_eq!(page.faults.len(), 1);
        assert_eq!((page.faults[0].external_id.as_str(), page.faults[0].field.as_str()), ("4", "active"));
    }
}
