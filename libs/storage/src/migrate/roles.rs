//! The roles of a service: one that it logs in as, and one that only its relay takes on.
//!
//! Roles belong to the whole server while the lock belongs to a database, so two databases of one server may
//! migrate at once: only what is missing is changed, and a collision is tried again.

use crate::{DbResult, MigrateSettings};
use kernel::{Error, Result};
use secrecy::{ExposeSecret, SecretString};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgConnection, postgres::PgConnectOptions};
use std::time::Duration;

const ATTEMPTS: u32 = 20;

pub(super) async fn ensure(conn: &mut PgConnection, service: &str, settings: &MigrateSettings) -> Result<()> {
    check_name(service)?;
    let mut attempt = 0;
    while let Err(error) = create(conn, service).await {
        attempt += 1;
        if attempt == ATTEMPTS || !is_collision(&error) {
            return Err(error).db();
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    if let Some(password) = settings.role_passwords.get(service) {
        set_password(conn, service, settings, password).await?;
    }
    Ok(())
}

/// Names go into statements as they are.
fn check_name(service: &str) -> Result<()> {
    let plain = service.starts_with(|c: char| c.is_ascii_lowercase())
        && service.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        && service.len() <= 48;
    if plain { Ok(()) } else { Err(Error::internal(format!("{service:?} can't be the name of a service"))) }
}

#[derive(sqlx::FromRow)]
struct Present {
    login: bool,
    relay: bool,
    member: bool,
    schema: bool,
    gist: bool,
}

async fn create(conn: &mut PgConnection, service: &str) -> Result<(), sqlx::Error> {
    let present: Present = sqlx::query_as(
        "select exists (select from pg_roles where rolname = $1) as login,
                exists (select from pg_roles where rolname = $2) as relay,
                exists (select from pg_auth_members m join pg_roles r on r.oid = m.roleid
                        join pg_roles u on u.oid = m.member where r.rolname = $2 and u.rolname = $1) as member,
                exists (select from pg_namespace where nspname = $1) as schema,
                exists (select from pg_extension where extname = 'btree_gist') as gist",
    )
    .bind(service)
    .bind(format!("{service}_relay"))
    .fetch_one(&mut *conn)
    .await?;
    let steps = [
        // Not an owner, inherits nothing, can't step around row-level security.
        (present.login, format!("create role \"{service}\" login noinherit nosuperuser nobypassrls")),
        (present.relay, format!("create role \"{service}_relay\" nologin nosuperuser nobypassrls")),
        (present.login, format!("alter role \"{service}\" set statement_timeout = '30s'")),
        (present.login, format!("alter role \"{service}\" set idle_in_transaction_session_timeout = '60s'")),
        (present.member, format!("grant \"{service}_relay\" to \"{service}\"")),
        (present.schema, format!("create schema \"{service}\"")),
        // Exclusion constraints over ids need it.
        (present.gist, "create extension if not exists btree_gist with schema public".to_owned()),
    ];
    for (present, sql) in steps {
        if !present {
            sqlx::query(AssertSqlSafe(sql)).execute(&mut *conn).await?;
        }
    }
    Ok(())
}

/// Somebody else made the same change a moment ago.
fn is_collision(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(|e| match e.code().as_deref() {
        Some("42710" | "23505" | "40001" | "40P01") => true,
        Some("XX000") => e.message().contains("concurrently updated"),
        _ => false,
    })
}

/// Sets the password unless the role can log in with it already.
async fn set_password(
    conn: &mut PgConnection,
    service: &str,
    settings: &MigrateSettings,
    password: &SecretString,
) -> Result<()> {
    let options: PgConnectOptions =
        settings.admin_url.expose_secret().parse().map_err(|error: sqlx::Error| Error::internal(error))?;
    let options = options.username(service).password(password.expose_secret()).disable_statement_logging();
    if !has_none(conn, service).await
        && let Ok(session) = options.connect().await
    {
        return session.close().await.db();
    }
    let quoted: String = sqlx::query_scalar("select quote_literal($1)")
        .bind(password.expose_secret())
        .fetch_one(&mut *conn)
        .await
        .db()?;
    let sql = format!("alter role \"{service}\" password {quoted}");
    sqlx::query(AssertSqlSafe(sql)).execute(conn).await.db()?;
    Ok(())
}

/// Whether the role has no password yet. Only a superuser can see it; others find out by logging in.
async fn has_none(conn: &mut PgConnection, service: &str) -> bool {
    let sql = "select rolpassword is null from pg_authid where rolname = $1";
    sqlx::query_scalar(sql).bind(service).fetch_one(conn).await.unwrap_or(false)
}
