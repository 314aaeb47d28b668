//! Migrations: once, in turn, and nothing left open.

use crate::house::{OTHER, OWN, connect};
use kernel::ManualClock;
use sqlx::{
    SqlSafeStr,
    migrate::{Migration, MigrationType, Migrator},
};
use storage::{MigrateSettings, migrate, pending};
use testkit::TestDatabase;

fn migrator(sql: &'static str) -> &'static Migrator {
    let one = Migration::new(1, "one".into(), MigrationType::Simple, sql.into_sql_str(), false);
    Box::leak(Box::new(Migrator::with_migrations(vec![one])))
}

#[tokio::test(flavor = "multi_thread")]
async fn two_at_once_take_turns_and_a_third_finds_nothing_to_do() {
    let server = TestDatabase::empty().await;
    let settings = MigrateSettings::at(server.url());
    let services = [("enrollment", &OWN), ("matching", &OTHER)];
    let (one, two) = tokio::join!(migrate(&settings, &services), migrate(&settings, &services));
    let applied =
        |reports: &[storage::MigrationReport]| reports.iter().map(|r| r.applied.len()).sum::<usize>();
    let (one, two) = (one.expect("migrates"), two.expect("migrates"));
    assert_eq!((applied(&one).min(applied(&two)), applied(&one).max(applied(&two))), (0, 6));
    let third = migrate(&settings, &services).await.expect("migrates");
    assert_eq!(applied(&third), 0);
}

#[tokio::test]
async fn a_service_knows_what_its_database_lacks() {
    let server = TestDatabase::empty().await;
    let clock = ManualClock::at(jiff::Timestamp::UNIX_EPOCH);
    let settings = MigrateSettings::at(server.url());
    // Roles belong to the whole server: there may be one while the schema is not.
    crate::house::House::new().await;
    let db = connect(&server.host_url(), &clock).await;
    let expected = ["house 0001 house", "house 0002 audit trail", "service 0001 note"];
    assert_eq!(pending(&db, &OWN).await.expect("looks"), expected);
    migrate(&settings, &[("enrollment", &OWN)]).await.expect("migrates");
    assert_eq!(pending(&db, &OWN).await.expect("looks"), Vec::<String>::new());

    let changed = migrator("create table enrollment.something_else ()");
    assert_eq!(
        pending(&db, changed).await.expect("looks"),
        ["service 0001 one (changed after it was applied)"]
    );
    assert!(migrate(&settings, &[("enrollment", changed)]).await.is_err());
    let ahead = Box::leak(Box::new(Migrator::with_migrations(Vec::new())));
    assert_eq!(pending(&db, ahead).await.expect("looks"), Vec::<String>::new(), "an older server may run");
}

#[tokio::test]
async fn a_table_that_is_not_keyed_by_tenant_is_refused() {
    for (sql, complaint) in [
        ("create table enrollment.bare (id uuid primary key)", "bare: the primary key"),
        ("create table enrollment.late (tenant_id uuid not null, id uuid, primary key (id, tenant_id))", "late"),
        ("create table enrollment.none (tenant_id uuid not null)", "none: the primary key"),
        (
            "create table enrollment.loose (tenant_id uuid not null, id uuid, slug text constraint loose_slug unique,
             primary key (tenant_id, id))",
            "loose_slug must include tenant_id",
        ),
    ] {
        let server = TestDatabase::empty().await;
        let refused = migrate(&MigrateSettings::at(server.url()), &[("enrollment", migrator(sql))]).await;
        let cause = refused.expect_err("refused").source.expect("a cause").to_string();
        assert!(cause.contains(complaint), "{cause}");
    }
}

#[tokio::test]
async fn every_table_is_guarded_and_the_guards_mend_what_was_undone() {
    let server = TestDatabase::empty().await;
    let settings = MigrateSettings::at(server.url());
    migrate(&settings, &[("enrollment", &OWN)]).await.expect("migrates");
    let open = "select count(*) from pg_class c where relnamespace = 'enrollment'::regnamespace and relkind = 'r'
                and relname not in ('_migrations', '_house_migrations')
                and not (relrowsecurity and relforcerowsecurity
                         and exists (select from pg_policy p where p.polrelid = c.oid and p.polname = 'tenant'))";
    let open =
        || async { sqlx::query_scalar::<_, i64>(open).fetch_one(server.pool()).await.expect("counts") };
    assert_eq!(open().await, 0);
    let undo = "revoke all on enrollment.note from enrollment";
    sqlx::raw_sql(undo).execute(server.pool()).await.expect("undone");
    let clock = ManualClock::at(jiff::Timestamp::UNIX_EPOCH);
    let db = connect(&server.host_url(), &clock).await;
    assert_eq!(
        pending(&db, &OWN).await.expect("looks"),
        ["guards of note"],
        "as between a migration and its guards"
    );
    let undo = "alter table enrollment.note disable row level security; grant delete on enrollment.audit to enrollment";
    sqlx::raw_sql(undo).execute(server.pool()).await.expect("undone");
    assert_eq!(open().await, 1);
    migrate(&settings, &[("enrollment", &OWN)]).await.expect("migrates");
    assert_eq!(open().await, 0);
    assert_eq!(pending(&db, &OWN).await.expect("looks"), Vec::<String>::new());
    let may = "select has_table_privilege('enrollment', 'enrollment.audit', 'delete')";
    assert!(!sqlx::query_scalar::<_, bool>(may).fetch_one(server.pool()).await.expect("asks"));
}

#[tokio::test]
async fn a_name_that_is_no_identifier_is_refused() {
    let server = TestDatabase::empty().await;
    let refused = migrate(&MigrateSettings::at(server.url()), &[("x\"; drop schema public; --", &OWN)]).await;
    assert!(refused.is_err());
}

#[tokio::test]
async fn before_the_first_migration_everything_is_pending() {
    let server = TestDatabase::empty().await;
    let clock = ManualClock::at(jiff::Timestamp::UNIX_EPOCH);
    let settings = storage::DatabaseSettings::at(server.host_url());
    let db = storage::Database::connect(&settings, "never_migrated", clock).await.expect("lazy");
    assert_eq!(pending(&db, &OWN).await.expect("looks").len(), 3);
}

#[tokio::test]
async fn a_roles_password_is_set_when_there_is_one() {
    let server = TestDatabase::empty().await;
    let service: &'static str = Box::leak(testkit::unique().into_boxed_str());
    let mut settings = MigrateSettings::at(server.url());
    settings.role_passwords.insert(service.to_owned(), "it's \\ secret".into());
    let none = Box::leak(Box::new(Migrator::with_migrations(Vec::new())));
    migrate(&settings, &[(service, none)]).await.expect("migrates");
    let stored = || async {
        let sql = "select rolpassword from pg_authid where rolname = $1";
        sqlx::query_scalar::<_, Option<String>>(sql)
            .bind(service)
            .fetch_one(server.pool())
            .await
            .expect("reads")
    };
    let first = stored().await;
    assert!(first.as_deref().is_some_and(|hash| hash.starts_with("SCRAM-SHA-256$")), "{first:?}");
    migrate(&settings, &[(service, none)]).await.expect("migrates");
    assert_eq!(stored().await, first, "not set again");
    let drop = format!("drop schema {service} cascade; drop role {service}; drop role {service}_relay");
    sqlx::raw_sql(sqlx::AssertSqlSafe(drop))
        .execute(server.pool())
        .await
        .expect("nothing else belongs to them");
}
