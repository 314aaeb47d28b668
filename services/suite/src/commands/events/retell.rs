//! `mentor events retell`.

use crate::advice;
use anyhow::Result;
use kernel::TenantId;
use serde_json::json;
use storage::Database;

/// Tells again of the people of one tenant, or of all.
pub(super) async fn run(databases: &[Database], tenant: Option<TenantId>, json: bool) -> Result<()> {
    let owner = databases.iter().find(|db| db.service() == "enrollment").ok_or_else(|| {
        advice::advise("people are told of by enrollment", "leave `--service` out, or name enrollment")
    })?;
    let tenants = match tenant {
        Some(tenant) => vec![tenant],
        None => owner.tenants().await.map_err(advice::explain)?,
    };
    let mut people = 0;
    for tenant in &tenants {
        let mut after = None;
        loop {
            let told = enrollment::retell(owner, *tenant, after).await.map_err(advice::explain)?;
            people += told.people;
            if told.last.is_none() {
                break;
            }
            after = told.last;
        }
    }
    if json {
        println!("{}", json!({ "people": people, "tenants": tenants.len() }));
    } else {
        println!(
            "{people} people of {} tenants are told of again; running servers hear it within seconds.",
            tenants.len()
        );
    }
    Ok(())
}
