//! Domain: Meetings as iCalendar text: invitations and cancellations after iTIP (RFC 5546), feeds after RFC 5545.
//!
//! Times are written in UTC: each meeting of a series is an event of its own, so that no calendar has to know the
//! zone's rules. The UID is the meeting's id and never changes; the sequence grows with each move and with the
//! cancellation.

use super::meeting::{Meeting, State};
use icalendar::{Calendar, Component, Event, EventLike, EventStatus, Property};
use jiff::Timestamp;
use kernel::{Error, Result};
use std::collections::HashMap;
use uuid::Uuid;

const PRODUCT: &str = "-//Mentor Suite//Scheduling//EN";

/// A person as invitations show them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Contact {
    /// Name to show.
    pub(crate) name: String,
    /// Address; maybe empty.
    pub(crate) email: String,
}

/// Who the people are, and in whose name invitations go out.
#[derive(Clone, Debug, Default)]
pub(crate) struct Contacts {
    /// By person.
    pub(crate) people: HashMap<Uuid, Contact>,
    /// Who invites; the mentor when none is set.
    pub(crate) organizer: Option<Contact>,
}

/// Which calendar object it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Method {
    /// An invitation or its update.
    Request,
    /// A cancellation.
    Cancel,
}

/// The invitation of a meeting, or its cancellation.
///
/// # Errors
/// `INTERNAL` when the text can't be written.
pub(crate) fn invitation(meeting: &Meeting, contacts: &Contacts) -> Result<(Method, String)> {
    let method = if meeting.state == State::Cancelled { Method::Cancel } else { Method::Request };
    let name = if method == Method::Cancel { "CANCEL" } else { "REQUEST" };
    let mut calendar = empty(name);
    calendar.push(event(meeting, contacts));
    Ok((method, text(&calendar)?))
}

/// A feed of meetings.
///
/// # Errors
/// `INTERNAL` when the text can't be written.
pub(crate) fn feed(meetings: &[Meeting], contacts: &Contacts) -> Result<String> {
    let mut calendar = empty("PUBLISH");
    calendar.append_property(Property::new("X-WR-CALNAME", "Mentoring"));
    for meeting in meetings {
        calendar.push(event(meeting, contacts));
    }
    text(&calendar)
}

fn empty(method: &str) -> Calendar {
    let mut calendar = Calendar::empty();
    for (name, value) in
        [("VERSION", "2.0"), ("PRODID", PRODUCT), ("CALSCALE", "GREGORIAN"), ("METHOD", method)]
    {
        calendar.append_property(Property::new(name, value));
    }
    calendar
}

fn text(calendar: &Calendar) -> Result<String> {
    use std::fmt::Write as _;
    let mut text = String::new();
    write!(text, "{calendar}").map_err(Error::internal)?;
    Ok(text.replace("\r\n ", "").split_terminator("\r\n").map(fold).collect())
}

/// A content line in pieces of at most 75 octets, as RFC 5545, 3.1 asks for; the library's may have one more.
fn fold(line: &str) -> String {
    const LIMIT: usize = 75;
    let mut folded = String::with_capacity(line.len() + line.len() / 25 + 2);
    let mut length = 0;
    for c in line.chars() {
        if length + c.len_utf8() > LIMIT {
            folded.push_str("\r\n ");
            length = 1;
        }
        folded.push(c);
        length += c.len_utf8();
    }
    folded.push_str("\r\n");
    folded
}

fn event(meeting: &Meeting, contacts: &Contacts) -> Event {
    let known = |person: Uuid| contacts.people.get(&person).cloned().unwrap_or_default();
    let (mentor, mentee) = (known(meeting.mentor), known(meeting.mentee));
    let mut event = Event::with_uid(&meeting.id.to_string());
    event
        .append_property(Property::new("DTSTAMP", utc(meeting.updated_at)))
        .append_property(Property::new("LAST-MODIFIED", utc(meeting.updated_at)))
        .append_property(Property::new("CREATED", utc(meeting.created_at)))
        .append_property(Property::new("DTSTART", utc(meeting.span.from)))
        .append_property(Property::new("DTEND", utc(meeting.span.to)))
        .append_property(Property::new("SEQUENCE", meeting.sequence.to_string()));
    event.summary(&title(meeting, &mentor, &mentee));
    if !meeting.location.is_empty() {
        event.location(&one_line(&meeting.location));
    }
    let cancelled = meeting.state == State::Cancelled;
    if cancelled && !meeting.reason.is_empty() {
        event.append_multi_property(Property::new("COMMENT", one_line(&meeting.reason)));
    }
    event.status(if cancelled { EventStatus::Cancelled } else { EventStatus::Confirmed });
    match &contacts.organizer {
        Some(organizer) => event.append_property(address("ORGANIZER", organizer, meeting.mentor)),
        None => event.append_property(address("ORGANIZER", &mentor, meeting.mentor)),
    };
    for (person, contact) in [(meeting.mentor, &mentor), (meeting.mentee, &mentee)] {
        event.append_multi_property(attendee(contact, person));
    }
    event.done()
}

fn title(meeting: &Meeting, mentor: &Contact, mentee: &Contact) -> String {
    if !meeting.title.is_empty() {
        return one_line(&meeting.title);
    }
    match (mentor.name.as_str(), mentee.name.as_str()) {
        ("", _) | (_, "") => "Mentoring".to_owned(),
        (mentor, mentee) => one_line(&format!("Mentoring: {mentor} and {mentee}")),
    }
}

fn attendee(contact: &Contact, person: Uuid) -> Property {
    let mut property = address("ATTENDEE", contact, person);
    property.add_parameter("CUTYPE", "INDIVIDUAL").add_parameter("ROLE", "REQ-PARTICIPANT");
    property.add_parameter("PARTSTAT", "NEEDS-ACTION").add_parameter("RSVP", "TRUE").done()
}

/// An address of a person; where none is known, the person's id stands for it.
fn address(property: &str, contact: &Contact, person: Uuid) -> Property {
    let safe = |c: char| c.is_ascii_graphic() && !"\"<>;,\\".contains(c);
    let value = if contact.email.contains('@') && contact.email.chars().all(safe) {
        format!("mailto:{}", contact.email)
    } else {
        format!("urn:uuid:{person}")
    };
    let mut property = Property::new(property, value);
    let name = one_line(&contact.name).replace('"', "'"); // a parameter can't hold a double quote
    if !name.is_empty() {
        property.add_parameter("CN", &name);
    }
    property.done()
}

/// Text without control characters: a line break from elsewhere must not start a property of its own.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect::<String>().trim().to_owned()
}

fn utc(instant: Timestamp) -> String {
    instant.strftime("%Y%m%dT%H%M%SZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{meetings::meeting::MeetingEvent, time::Span};
    use proptest::prelude::*;

    const MENTOR: Uuid = Uuid::from_u128(1);
    const MENTEE: Uuid = Uuid::from_u128(2);

    fn at(text: &str) -> Timestamp {
        text.parse().expect("an instant")
    }

    fn meeting() -> Meeting {
        Meeting {
            id: Uuid::from_u128(5),
            match_id: Uuid::from_u128(3),
            program_id: Uuid::from_u128(4),
            series_id: None,
            state: State::Scheduled,
            span: Span { from: at("2025-01-07T10:00:00Z"), to: at("2025-01-07T11:00:00Z") },
            title: String::new(),
            location: "Room 5; second floor, left".to_owned(),
            mentor: MENTOR,
            mentee: MENTEE,
            mentor_attended: false,
            mentee_attended: false,
            sequence: 0,
            reason: String::new(),
            unreported: false,
            created_at: at("2025-01-06T09:00:00Z"),
            updated_at: at("2025-01-06T09:00:00Z"),
            version: 1,
        }
    }

    fn contacts(mentor: &str, email: &str) -> Contacts {
        let contact = |name: &str, email: &str| Contact { name: name.to_owned(), email: email.to_owned() };
        let people =
            HashMap::from([(MENTOR, contact(mentor, email)), (MENTEE, contact("Bo Ek", "bo@example.org"))]);
        Contacts { people, organizer: None }
    }

    fn parsed(text: &str) -> Calendar {
        text.parse().expect("our own text parses")
    }

    fn only_event(calendar: &Calendar) -> &Event {
        calendar.components.first().and_then(|c| c.as_event()).expect("one event")
    }

    #[test]
    fn an_invitation_reads_back() {
        let (method, text) = invitation(&meeting(), &contacts("Ann Low", "ann@example.org")).expect("text");
        assert_eq!(method, Method::Request);
        let calendar = parsed(&text);
        assert_eq!(calendar.property_value("METHOD"), Some("REQUEST"));
        let event = only_event(&calendar);
        let value = |name: &str| event.property_value(name).unwrap_or_default().to_owned();
        assert_eq!(value("UID"), meeting().id.to_string());
        assert_eq!(
            (value("DTSTART"), value("DTEND")),
            ("20250107T100000Z".into(), "20250107T110000Z".into())
        );
        assert_eq!((value("SEQUENCE"), value("STATUS")), ("0".into(), "CONFIRMED".into()));
        assert_eq!(value("SUMMARY"), "Mentoring: Ann Low and Bo Ek");
        assert_eq!(value("LOCATION"), "Room 5; second floor, left");
        assert_eq!(value("ORGANIZER"), "mailto:ann@example.org");
        assert_eq!(event.multi_properties().get("ATTENDEE").map(Vec::len), Some(2));
        assert!(text.contains("\r\n") && text.lines().all(|line| line.trim_end().len() <= 75), "{text}");
    }

    #[test]
    fn a_cancellation_has_the_same_uid_and_a_higher_sequence() {
        let mut meeting = meeting();
        let cancelled = meeting.cancel("the match ended", at("2025-01-06T10:00:00Z")).expect("ahead");
        assert_eq!(cancelled, MeetingEvent::Cancelled);
        let (method, text) = invitation(&meeting, &contacts("Ann Low", "ann@example.org")).expect("text");
        assert_eq!(method, Method::Cancel);
        let calendar = parsed(&text);
        assert_eq!(calendar.property_value("METHOD"), Some("CANCEL"));
        let event = only_event(&calendar);
        assert_eq!(event.get_uid(), Some(meeting.id.to_string().as_str()));
        assert_eq!(event.property_value("SEQUENCE"), Some("1"));
        assert_eq!(event.get_status(), Some(EventStatus::Cancelled));
    }

    #[test]
    fn the_configured_organizer_invites_and_an_unknown_address_is_an_id() {
        let mut contacts = contacts("", "");
        contacts.organizer =
            Some(Contact { name: "Mentoring".into(), email: "mentoring@example.org".into() });
        let (_, text) = invitation(&meeting(), &contacts).expect("text");
        let calendar = parsed(&text);
        let event = only_event(&calendar);
        assert_eq!(event.property_value("ORGANIZER"), Some("mailto:mentoring@example.org"));
        assert_eq!(event.multi_properties()["ATTENDEE"][0].value(), format!("urn:uuid:{MENTOR}"));
        assert_eq!(event.property_value("SUMMARY"), Some("Mentoring"));
    }

    #[test]
    fn a_feed_holds_every_meeting() {
        let other = Meeting { id: Uuid::from_u128(6), ..meeting() };
        let text = feed(&[meeting(), other], &contacts("Ann", "ann@example.org")).expect("text");
        let calendar = parsed(&text);
        assert_eq!(calendar.property_value("METHOD"), Some("PUBLISH"));
        assert_eq!(calendar.components.len(), 2);
        assert_eq!(parsed(&feed(&[], &Contacts::default()).expect("text")).components.len(), 0);
    }

    proptest! {
        #[test]
        fn no_text_from_elsewhere_starts_a_property(name in "[\\PC\r\n\"]{0,60}", email in "[\\PC\r\n\"]{0,40}", title in "[\\PC\r\n]{0,200}") {
            let meeting = Meeting { title, location: name.clone(), ..meeting() };
            let (_, text) = invitation(&meeting, &contacts(&name, &email)).expect("text");
            let names = ["BEGIN", "END", "VERSION", "PRODID", "CALSCALE", "METHOD", "UID", "DTSTAMP", "LAST-MODIFIED",
                "CREATED", "DTSTART", "DTEND", "SEQUENCE", "SUMMARY", "LOCATION", "STATUS", "ORGANIZER", "ATTENDEE"];
            for line in text.split("\r\n").filter(|line| !line.is_empty() && !line.starts_with(' ')) {
                let start = line.split([':', ';']).next().unwrap_or_default();
                prop_assert!(names.contains(&start), "{}", line);
            }
            prop_assert!(text.split("\r\n").all(|line| line.len() <= 75));
            let calendar = parsed(&text);
            prop_assert_eq!(only_event(&calendar).multi_properties()["ATTENDEE"].len(), 2);
        }
    }
}
