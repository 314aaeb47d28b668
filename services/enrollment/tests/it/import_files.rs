//! Imports of CSV files: the real organisation, and files as they should not be.

use crate::world::{World, csv, error};
use contracts::mentor::enrollment::{
    events::v1::{PersonDeactivated, PersonUpserted},
    v1::*,
};
use std::{collections::HashMap, fmt::Write};

const HEADER: &str = "employee_id,manager_id,job_title,unit\n";

fn reference(date: &str) -> Vec<u8> {
    let path = format!("{}/../../../shared/data/department_of_health-{date}.csv", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

#[tokio::test]
async fn a_real_organisation_and_half_a_year_later() {
    let world = World::empty().await;
    let march = world.import(world.snapshot(), csv(&reference("2011-03-31"))).await.expect("readable");
    assert_eq!((march.summary.rows, march.summary.created, march.summary.active), (2907, 2906, 2906));
    let told: Vec<_> = march.problems.iter().map(|p| (p.problem(), p.external_id.as_str())).collect();
    assert_eq!(told, [(RowProblem::Duplicate, "MD013")]);

    let careful = ImportOptions { confirm_mass_deactivation: false, ..world.snapshot() };
    let refused = error(world.import(careful, csv(&reference("2011-09-30"))).await);
    assert_eq!(refused.reason, "MASS_DEACTIVATION");

    let september = world.import(world.snapshot(), csv(&reference("2011-09-30"))).await.expect("readable");
    let s = &september.summary;
    assert_eq!((s.rows, s.active, s.created, s.deactivated), (2677, 2677, 1705, 1934));
    assert_eq!(september.problems, []);
    assert_eq!(world.suite.events::<PersonDeactivated>().await.len(), 1934);

    let again = world.import(world.snapshot(), csv(&reference("2011-09-30"))).await.expect("readable");
    assert_eq!((again.summary.unchanged, again.summary.updated), (2677, 0));
    the_events_rebuild_the_directory(&world).await;
}

/// Whoever follows the events knows what the directory knows.
async fn the_events_rebuild_the_directory(world: &World) {
    let mut chains = HashMap::new();
    for event in world.suite.events::<PersonUpserted>().await {
        chains.insert(event.external_id, event.manager_chain);
    }
    let rows: Vec<(String, Vec<kernel::Uuid>)> =
        sqlx::query_as("select external_id, manager_chain from enrollment.person where state = 'active'")
            .fetch_all(world.suite.sql())
            .await
            .expect("readable");
    for (external_id, chain) in rows {
        let chain: Vec<_> = chain.iter().map(kernel::Uuid::to_string).collect();
        assert_eq!(chains[&external_id], chain, "{external_id}");
    }
}

#[tokio::test]
async fn files_as_they_should_not_be_say_why_and_write_nothing() {
    let world = World::empty().await;
    let cases: [(&[u8], &str); 5] = [
        (b"", "the file is empty"),
        (b"employee_id,job_title,unit\n1,a,b\n", "row 1: column manager_id is missing"),
        (HEADER.as_bytes(), "the file has a header and no rows"),
        (b"\xef\xbb\xbfemployee_id,manager_id,job_title,unit\n1,,\xff\xfe,b\n", "the file begins as UTF-8"),
        (b"employee_id,manager_id,job_title,unit\n1,,a,b\n2,,\0,b\n", "row 3: holds a zero byte"),
    ];
    for (file, message) in cases {
        let refused = error(world.import(world.snapshot(), csv(file)).await);
        assert_eq!(refused.reason, "FILE_INVALID");
        assert!(refused.message.starts_with(message), "{}", refused.message);
    }
    assert_eq!(world.people().await, []);
}

#[tokio::test]
async fn bad_rows_are_told_and_the_corrected_file_mends_them() {
    let world = World::empty().await;
    let huge = "x".repeat(10 << 20);
    let file =
        format!("\u{feff}{HEADER}1,,Director,Board\n2,1,{huge},Post\n3,1\n1,,Again,Post\n4,2,Clerk,Post\n");
    let imported = world.import(world.snapshot(), csv(file.as_bytes())).await.expect("the rest goes on");
    let told: Vec<_> = imported.problems.iter().map(|p| (p.row, p.problem(), p.column.as_str())).collect();
    let expected = [
        (3, RowProblem::Invalid, "job_title"),
        (4, RowProblem::Invalid, ""),
        (5, RowProblem::Duplicate, "employee_id"),
        (6, RowProblem::ManagerUnknown, "manager_id"),
    ];
    assert_eq!(told, expected);
    assert_eq!((imported.summary.created, imported.summary.rejected), (2, 3));

    let corrected =
        format!("{HEADER}1,,Director,Board\n2,1,Postmaster,Post\n3,1,Clerk,Post\n4,2,Clerk,Post\n");
    let imported = world.import(world.snapshot(), csv(corrected.as_bytes())).await.expect("sound");
    assert_eq!(imported.problems, []);
    assert_eq!((imported.summary.created, imported.summary.updated, imported.summary.active), (2, 1, 4));
}

#[tokio::test]
async fn old_encodings_are_converted_and_told() {
    let world = World::empty().await;
    let file = [HEADER.as_bytes(), b"1,,Caf\xe9 owner,Kitchen\n"].concat();
    let imported = world.import(world.snapshot(), csv(&file)).await.expect("converted");
    assert_eq!(imported.problems[0].problem(), RowProblem::Encoding);
    assert_eq!(world.people().await[0].job_title, "Caf\u{e9} owner");
}

#[tokio::test]
async fn names_and_addresses_come_in_when_the_file_has_them() {
    let world = World::empty().await;
    let file = "email;employee_id;manager_id;job_title;unit;display_name;fte\n\
                ann@example.org;1;;Analyst;Post;Ann Archer;0,5\n";
    world.import(world.snapshot(), csv(file.as_bytes())).await.expect("sound");
    let person = world.people().await.remove(0);
    assert_eq!((person.display_name.as_str(), person.email.as_str()), ("Ann Archer", "ann@example.org"));
    assert_eq!(person.fte_percent, 50);
}

#[tokio::test]
async fn an_import_over_the_limit_is_refused_while_it_is_sent() {
    let suite = testkit::Suite::builder()
        .service::<enrollment::Enrollment>()
        .configure(|config| {
            let section = config.services.entry("enrollment".to_owned()).or_default();
            section.insert("import_max_bytes".to_owned(), 1_000_000.into());
        })
        .start()
        .await;
    let world = World { suite };
    let mut file = HEADER.to_owned();
    for person in 0..50_000 {
        writeln!(file, "{person},,A job title,A unit").expect("in memory");
    }
    let refused = error(world.import(world.snapshot(), csv(file.as_bytes())).await);
    assert_eq!(refused.reason, "FILE_INVALID");
}
