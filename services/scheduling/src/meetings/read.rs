//! Plain reads: one meeting, lists, calendars.

use super::{
    calendar::{self, Contacts, Method},
    convert,
    filter::Filter,
    meeting::{self, Meeting},
    store,
};
use crate::{Scheduling, time::Span};
use contracts::mentor::scheduling::v1::{
    CalendarMethod, GetMeetingCalendarRequest, GetMeetingCalendarResponse, GetMeetingRequest,
    GetMeetingResponse, GetPersonCalendarRequest, GetPersonCalendarResponse, ListMeetingsRequest,
    ListMeetingsResponse,
};
use jiff::SignedDuration;
use kernel::{Error, Page, Result, Uuid, parse_id};
use storage::{Audit, Tx};

/// How far back a feed reaches, when nothing is said.
const FEED_PAST: SignedDuration = SignedDuration::from_hours(90 * 24);
/// How long a feed is, when nothing is said.
const FEED_LENGTH: SignedDuration = SignedDuration::from_hours(366 * 24);
/// The longest feed.
const FEED_MAX: SignedDuration = SignedDuration::from_hours(1_100 * 24);
/// The most meetings of a feed.
const FEED_MEETINGS: i32 = 1_000;

pub(crate) async fn get_meeting(
    _service: &Scheduling,
    tx: &mut Tx,
    request: GetMeetingRequest,
) -> Result<GetMeetingResponse> {
    let found = visible(tx, &request.meeting_id).await?;
    Ok(GetMeetingResponse { meeting: Some(convert::to_proto(&found)) })
}

pub(crate) async fn list_meetings(
    _service: &Scheduling,
    tx: &mut Tx,
    request: ListMeetingsRequest,
) -> Result<ListMeetingsResponse> {
    let from = convert::optional_instant("starts_from", &request.starts_from)?;
    let before = convert::optional_instant("starts_before", &request.starts_before)?;
    let mut filter = Filter {
        match_id: convert::optional_id("match_id", &request.match_id)?,
        person_id: convert::optional_id("person_id", &request.person_id)?,
        program_id: convert::optional_id("program_id", &request.program_id)?,
        state: convert::state(request.state()),
        starts: convert::starts(from, before)?,
    };
    restrict(tx, &mut filter).await?;
    let page = Page::read(request.page_size, &request.page_token, format!("meetings {filter:?}"))?;
    let rows = store::list(tx, &filter, &page).await?;
    let key = |meeting: &Meeting| store::After { starts_at: meeting.span.from, meeting_id: meeting.id };
    let (meetings, next_page_token) = page.finish(rows, key);
    Ok(ListMeetingsResponse { meetings: meetings.iter().map(convert::to_proto).collect(), next_page_token })
}

pub(crate) async fn get_meeting_calendar(
    service: &Scheduling,
    tx: &mut Tx,
    request: GetMeetingCalendarRequest,
) -> Result<GetMeetingCalendarResponse> {
    let found = visible(tx, &request.meeting_id).await?;
    let contacts = contacts(service, tx, std::slice::from_ref(&found)).await?;
    let (method, calendar) = calendar::invitation(&found, &contacts)?;
    let method = match method {
        Method::Request => CalendarMethod::Request,
        Method::Cancel => CalendarMethod::Cancel,
    };
    Ok(GetMeetingCalendarResponse { method: method.into(), calendar })
}

pub(crate) async fn get_person_calendar(
    service: &Scheduling,
    tx: &mut Tx,
    request: GetPersonCalendarRequest,
) -> Result<GetPersonCalendarResponse> {
    let person = parse_id("person_id", &request.person_id)?;
    if !tx.actor().manages_programs() && !tx.actor().is_person(person) {
        return Err(Error::denied("a feed is for the person and for program managers only"));
    }
    let starts = feed_range(tx, &request)?;
    let filter = Filter { match_id: None, person_id: Some(person), program_id: None, state: None, starts };
    let page = Page::read(FEED_MEETINGS, "", "feed")?;
    let (meetings, _) = page.finish(store::list(tx, &filter, &page).await?, |meeting| store::After {
        starts_at: meeting.span.from,
        meeting_id: meeting.id,
    });
    if !tx.actor().is_person(person) {
        tx.audit(Audit::of("calendar", person).about(person));
    }
    let contacts = contacts(service, tx, &meetings).await?;
    Ok(GetPersonCalendarResponse { calendar: calendar::feed(&meetings, &contacts)? })
}

fn feed_range(tx: &Tx, request: &GetPersonCalendarRequest) -> Result<Span> {
    let from = convert::optional_instant("starts_from", &request.starts_from)?;
    let before = convert::optional_instant("starts_before", &request.starts_before)?;
    let from = from.or_else(|| tx.now().checked_sub(FEED_PAST).ok());
    let before = before.or_else(|| from.and_then(|from| from.checked_add(FEED_LENGTH).ok()));
    let range = convert::starts(from, before)?;
    if range.to.duration_since(range.from) > FEED_MAX {
        return Err(Error::field("starts_before", "must be at most 1,100 days after starts_from"));
    }
    Ok(range)
}

/// A meeting that the caller may see.
async fn visible(tx: &mut Tx, meeting_id: &str) -> Result<Meeting> {
    let found = store::get(tx, parse_id("meeting_id", meeting_id)?).await?;
    meeting::authorize(tx.actor(), found.mentor, found.mentee)?;
    if !tx.actor().is_person(found.mentor) && !tx.actor().is_person(found.mentee) {
        tx.audit(Audit::of("meeting", found.id).about(found.mentee));
    }
    Ok(found)
}

/// Leaves an employee with their own meetings; asking for others' is refused.
async fn restrict(tx: &mut Tx, filter: &mut Filter) -> Result<()> {
    if tx.actor().manages_programs() {
        let audit = Audit::of("meetings", filter.match_id.or(filter.program_id).unwrap_or(tx.tenant()));
        tx.audit(match filter.person_id {
            Some(person) => audit.about(person),
            None => audit,
        });
        return Ok(());
    }
    let denied =
        || Error::denied("meetings are for the two people of the match and for program managers only");
    let caller = tx.actor().person.ok_or_else(denied)?;
    if let Some(match_id) = filter.match_id {
        match store::people_of(tx, match_id).await? {
            Some((mentor, mentee)) => meeting::authorize(tx.actor(), mentor, mentee)?,
            None => return Err(Error::not_found("match", match_id)),
        }
        if filter.person_id.is_none() {
            return Ok(());
        }
    } else if filter.person_id.is_some_and(|person| person != caller) {
        return Err(denied());
    }
    filter.person_id.get_or_insert(caller);
    Ok(())
}

async fn contacts(service: &Scheduling, tx: &mut Tx, meetings: &[Meeting]) -> Result<Contacts> {
    let mut people: Vec<Uuid> =
        meetings.iter().flat_map(|meeting| [meeting.mentor, meeting.mentee]).collect();
    people.sort_unstable();
    people.dedup();
    Ok(Contacts { people: store::contacts(tx, &people).await?, organizer: service.settings().organizer() })
}
