//! The SQL of identity providers.

use super::provider::{Provider, Rule, Settings};
use kernel::{Error, ErrorKind, Page, Result, Uuid};
use serde_json::Value;
use storage::time::at;
use storage::{DbResult, Tx};

/// Adds a provider.
pub(crate) async fn insert(tx: &mut Tx, provider: &Provider) -> Result<()> {
    let settings = &provider.settings;
    sqlx::query!(
        "insert into gateway.identity_provider (tenant_id, provider_id, name, issuer, client_id, client_secret, scopes, \
             external_id_claim, link_by_email, emails_are_verified, role_rules, default_roles, disabled, created_at, \
             updated_at) \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $14)",
        tx.tenant(),
        provider.id,
        settings.name,
        settings.issuer,
        settings.client_id,
        provider.secret,
        &settings.scopes,
        settings.external_id_claim,
        settings.link_by_email,
        settings.emails_are_verified,
        rules_out(&settings.role_rules)?,
        &settings.default_roles,
        settings.disabled,
        at(provider.created_at)
    )
    .execute(tx.conn())
    .await
    .violates("identity_provider_name_key", taken)
    .db()?;
    Ok(())
}

/// Writes a locked provider.
pub(crate) async fn save(tx: &mut Tx, provider: &Provider) -> Result<()> {
    let settings = &provider.settings;
    sqlx::query!(
        "update gateway.identity_provider \
         set name = $3, issuer = $4, client_id = $5, client_secret = $6, scopes = $7, external_id_claim = $8, \
             link_by_email = $9, emails_are_verified = $10, role_rules = $11, default_roles = $12, disabled = $13, \
             updated_at = $14, version = $15 \
         where tenant_id = $1 and provider_id = $2",
        tx.tenant(),
        provider.id,
        settings.name,
        settings.issuer,
        settings.client_id,
        provider.secret,
        &settings.scopes,
        settings.external_id_claim,
        settings.link_by_email,
        settings.emails_are_verified,
        rules_out(&settings.role_rules)?,
        &settings.default_roles,
        settings.disabled,
        at(provider.updated_at),
        provider.version
    )
    .execute(tx.conn())
    .await
    .violates("identity_provider_name_key", taken)
    .db()?;
    Ok(())
}

fn taken() -> Box<Error> {
    let message = "an identity provider of this name is there already; choose another name";
    Error::new(ErrorKind::AlreadyExists, "ALREADY_EXISTS", message)
}

/// Forgets a provider, and whom its subjects are.
pub(crate) async fn remove(tx: &mut Tx, id: Uuid) -> Result<()> {
    sqlx::query!(
        "delete from gateway.identity_provider where tenant_id = $1 and provider_id = $2",
        tx.tenant(),
        id
    )
    .execute(tx.conn())
    .await
    .db()?;
    Ok(())
}

/// Forgets whom a provider's subjects are.
pub(crate) async fn forget_identities(tx: &mut Tx, id: Uuid) -> Result<()> {
    sqlx::query!("delete from gateway.identity where tenant_id = $1 and provider_id = $2", tx.tenant(), id)
        .execute(tx.conn())
        .await
        .db()?;
    Ok(())
}

/// Reads a provider, kept as it is until the commit of a writing transaction.
pub(crate) async fn lock(tx: &mut Tx, id: Uuid) -> Result<Provider> {
    sqlx::query!(
        "select from gateway.identity_provider where tenant_id = $1 and provider_id = $2 for update",
        tx.tenant(),
        id
    )
    .fetch_optional(tx.conn())
    .await
    .db()?;
    find(tx, id).await
}

/// Reads a provider.
pub(crate) async fn find(tx: &mut Tx, id: Uuid) -> Result<Provider> {
    let row = sqlx::query_as!(
        Row,
        "select provider_id, name, issuer, client_id, client_secret, scopes, external_id_claim, link_by_email, \
             emails_are_verified, role_rules, default_roles, disabled, created_at, updated_at, version \
         from gateway.identity_provider where tenant_id = $1 and provider_id = $2",
        tx.tenant(),
        id
    )
    .fetch_optional(tx.conn())
    .await
    .db()?;
    row.ok_or_else(|| Error::not_found("identity provider", id))?.read()
}

/// A page of providers, the oldest first.
pub(crate) async fn list(tx: &mut Tx, page: &Page<Uuid>) -> Result<Vec<Provider>> {
    let rows = sqlx::query_as!(
        Row,
        "select provider_id, name, issuer, client_id, client_secret, scopes, external_id_claim, link_by_email, \
             emails_are_verified, role_rules, default_roles, disabled, created_at, updated_at, version \
         from gateway.identity_provider where tenant_id = $1 and ($2::uuid is null or provider_id > $2) \
         order by provider_id limit $3",
        tx.tenant(),
        page.after,
        page.limit()
    )
    .fetch_all(tx.conn())
    .await
    .db()?;
    rows.into_iter().map(Row::read).collect()
}

struct Row {
    provider_id: Uuid,
    name: String,
    issuer: String,
    client_id: String,
    client_secret: Option<Vec<u8>>,
    scopes: Vec<String>,
    external_id_claim: String,
    link_by_email: bool,
    emails_are_verified: bool,
    role_rules: Value,
    default_roles: Vec<String>,
    disabled: bool,
    created_at: jiff_sqlx::Timestamp,
    updated_at: jiff_sqlx::Timestamp,
    version: i64,
}

impl Row {
    fn read(self) -> Result<Provider> {
        Ok(Provider {
            id: self.provider_id,
            settings: Settings {
                name: self.name,
                issuer: self.issuer,
                client_id: self.client_id,
                scopes: self.scopes,
                external_id_claim: self.external_id_claim,
                link_by_email: self.link_by_email,
                emails_are_verified: self.emails_are_verified,
                role_rules: serde_json::from_value(self.role_rules).map_err(Error::internal)?,
                default_roles: self.default_roles,
                disabled: self.disabled,
            },
            secret: self.client_secret,
            created_at: self.created_at.to_jiff(),
            updated_at: self.updated_at.to_jiff(),
            version: self.version,
        })
    }
}

fn rules_out(rules: &[Rule]) -> Result<Value> {
    serde_json::to_value(rules).map_err(Error::internal)
}
