//! The program report counts what happened, and hides small groups.

use crate::world::*;
use contracts::mentor::{
    common::v1::MatchEnding,
    evaluation::v1::{GetProgramReportRequest, ProgramReport, report_service_client::ReportServiceClient},
};
use kernel::Role;
use testkit::Suite;
use tonic::Code;

async fn report(suite: &Suite) -> ProgramReport {
    let mut client = ReportServiceClient::new(suite.acting(Role::ProgramManager, None));
    let request = GetProgramReportRequest { program_id: id(PROGRAM) };
    client.get_program_report(request).await.expect("published").into_inner().report.expect("a report")
}

#[tokio::test]
async fn counts_a_program_from_invited_to_completed() {
    let suite = suite().await;
    for number in 0..6 {
        pair(&suite, number).await;
    }
    for number in 0..5 {
        meet(&suite, number, number).await;
    }
    days(&suite, 20).await;
    days(&suite, 10).await;
    for check_in in open_check_ins(&suite).await {
        answer(&suite, &check_in, 4).await.expect("open");
    }
    days(&suite, 10).await;
    end(&suite, 0, MatchEnding::Completed).await;
    end(&suite, 5, MatchEnding::Leaver).await;

    let report = report(&suite).await;
    let funnel = report.funnel.expect("a funnel");
    assert_eq!((funnel.invited, funnel.applied, funnel.accepted, funnel.ready), (40, 12, 12, 12));
    assert_eq!((funnel.matched, funnel.met, funnel.completed), (12, 10, 2));
    let matches = report.matches.expect("matches");
    assert_eq!((matches.activated, matches.active, matches.completed, matches.ended_early), (6, 4, 1, 1));
    assert_eq!(report.match_rate_basis_points, 10_000);
    // 40 days ask each pair for one meeting; five of six held it.
    assert_eq!(report.adherence_basis_points, 8_333);
    assert_eq!(
        report.scores.iter().map(|bar| bar.matches).collect::<Vec<_>>(),
        [0, 0, 0, 0, 0, 0, 0, 6, 0, 0]
    );
    let satisfaction = report.satisfaction.expect("satisfaction");
    assert_eq!((satisfaction.mentor_rating, satisfaction.mentee_rating), (Some(400), Some(400)));
    assert_eq!((satisfaction.check_ins_opened, satisfaction.check_ins_answered), (12, 12));
    let months: Vec<_> = report.meetings.iter().map(|month| (month.month.as_str(), month.held)).collect();
    assert_eq!(months, [("2025-01", 5), ("2025-02", 0)]);
    let classes =
        report.health.iter().map(|m| m.too_early + m.healthy + m.watch + m.at_risk).collect::<Vec<_>>();
    assert_eq!(classes, [6, 4], "six pairs at the end of January, four are left");
    assert_eq!(report.units.len(), 1);
    assert_eq!((report.units[0].people, report.units[0].participants), (Some(12), Some(12)));
}

#[tokio::test]
async fn few_answers_and_small_units_are_not_shown() {
    let suite = suite().await;
    pair(&suite, 0).await;
    days(&suite, 30).await;
    for check_in in open_check_ins(&suite).await {
        answer(&suite, &check_in, 2).await.expect("open");
    }
    let report = report(&suite).await;
    let satisfaction = report.satisfaction.expect("satisfaction");
    assert_eq!((satisfaction.mentor_rating, satisfaction.mentee_rating), (None, None));
    assert!(report.units.iter().all(|unit| unit.suppressed && unit.people.is_none()));
}

#[tokio::test]
async fn is_for_those_who_may_and_for_published_programs() {
    let suite = suite().await;
    let mut mentee = ReportServiceClient::new(suite.acting(Role::Employee, person(MENTEE)));
    let request = GetProgramReportRequest { program_id: id(PROGRAM) };
    assert_eq!(
        mentee.get_program_report(request.clone()).await.expect_err("no").code(),
        Code::PermissionDenied
    );
    let mut auditor = ReportServiceClient::new(suite.acting(Role::Auditor, None));
    auditor.get_program_report(request).await.expect("auditors read reports");
    let unknown = GetProgramReportRequest { program_id: id(404) };
    assert_eq!(auditor.get_program_report(unknown).await.expect_err("unknown").code(), Code::NotFound);
}
