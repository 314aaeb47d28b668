//! Reports: what a program achieved.

mod convert;
mod get_program_report;
mod months;
mod store;
mod suppression;

use contracts::mentor::evaluation::v1::*;

grpc::service! {
    impl ReportService for crate::Evaluation in contracts::mentor::evaluation::v1::report_service_server {
        read get_program_report(GetProgramReportRequest) -> GetProgramReportResponse = get_program_report::handle;
    }
}
