//! Meetings of a pair: single ones, series, attendance, calendars.

pub(crate) mod calendar;
pub(crate) mod cancel_meeting;
mod convert;
mod filter;
pub(crate) mod meeting;
mod read;
mod record_attendance;
mod reschedule_meeting;
mod schedule_meeting;
mod schedule_series;
mod series;
pub(crate) mod store;

use contracts::mentor::scheduling::v1::{
    CancelMeetingRequest, CancelMeetingResponse, GetMeetingCalendarRequest, GetMeetingCalendarResponse,
    GetMeetingRequest, GetMeetingResponse, GetPersonCalendarRequest, GetPersonCalendarResponse,
    ListMeetingsRequest, ListMeetingsResponse, RecordAttendanceRequest, RecordAttendanceResponse,
    RescheduleMeetingRequest, RescheduleMeetingResponse, ScheduleMeetingRequest, ScheduleMeetingResponse,
    ScheduleSeriesRequest, ScheduleSeriesResponse, meeting_service_server,
};

grpc::service! {
    impl MeetingService for crate::Scheduling in meeting_service_server {
        write schedule_meeting(ScheduleMeetingRequest) -> ScheduleMeetingResponse = schedule_meeting::handle;
        write schedule_series(ScheduleSeriesRequest) -> ScheduleSeriesResponse = schedule_series::handle;
        read  get_meeting(GetMeetingRequest) -> GetMeetingResponse = read::get_meeting;
        read  list_meetings(ListMeetingsRequest) -> ListMeetingsResponse = read::list_meetings;
        write reschedule_meeting(RescheduleMeetingRequest) -> RescheduleMeetingResponse = reschedule_meeting::handle;
        write cancel_meeting(CancelMeetingRequest) -> CancelMeetingResponse = cancel_meeting::handle;
        write record_attendance(RecordAttendanceRequest) -> RecordAttendanceResponse = record_attendance::handle;
        read  get_meeting_calendar(GetMeetingCalendarRequest) -> GetMeetingCalendarResponse = read::get_meeting_calendar;
        read  get_person_calendar(GetPersonCalendarRequest) -> GetPersonCalendarResponse = read::get_person_calendar;
    }
}
