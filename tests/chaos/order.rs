//! The same event twice, and events of different aggregates in any order: the outcome is the same.

use crate::seed::Dice;
use contracts::{
    Event,
    mentor::{
        common::v1::{MatchEnding, ParticipantRole, Policy},
        enrollment::events::v1::*,
        matching::events::v1::*,
        scheduling::events::v1::*,
    },
    time::timestamp,
};
use evaluation::Evaluation;
use jiff::SignedDuration;
use kernel::{Clock, TenantId};
use matching::Matching;
use messaging::Envelope;
use scheduling::Scheduling;
use serde_json::Value;
use sqlx::AssertSqlSafe;
use testkit::{Suite, id};
use tests::{audit::subscriptions, life};

/// Other orders than the plain one.
const ORDERS: usize = 4;
/// Tables of the house, which name events and times of arrival.
const HOUSE: [&str; 6] = ["tenant", "outbox", "inbox", "parked", "idempotency", "audit"];
const TAKERS: [&str; 3] = ["matching", "scheduling", "evaluation"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twice_and_in_any_order_comes_out_the_same() {
    let mut dice = Dice::new("twice_and_in_any_order_comes_out_the_same");
    let suite =
        Suite::builder().service::<Matching>().service::<Scheduling>().service::<Evaluation>().start().await;
    let plain: Vec<Envelope> = aggregates(&suite, suite.tenant).into_iter().flatten().collect();
    suite.publish_envelopes(&plain).await;
    suite.settle().await;
    let expected = outcome(&suite, suite.tenant).await;
    assert!(
        expected.iter().filter(|(_, rows)| rows.as_array().is_some_and(|rows| !rows.is_empty())).count() > 8
    );
    for order in 0..ORDERS {
        let tenant = TenantId(suite.clock.new_id());
        let shuffled = shuffled(aggregates(&suite, tenant), &mut dice);
        // Settled in between, so that later ones really come later, in other queues, too.
        for part in shuffled.chunks(4 + dice.below(12)) {
            suite.publish_envelopes(part).await;
            suite.settle().await;
        }
        for taker in TAKERS {
            assert_eq!(suite.parked(taker).await, 0, "{taker} could not handle an event, order {order}");
        }
        let found = outcome(&suite, tenant).await;
        for (expected, found) in expected.iter().zip(&found) {
            assert_eq!(expected, found, "order {order}");
        }
    }
}

/// A policy that asks for so many meetings.
fn monthly(meetings_per_month: i32) -> Policy {
    Policy { meetings_per_month, meeting_minutes: 60, review_day: 90, check_in_days: 14, ..Policy::default() }
}

/// Each aggregate's events keep their order; everything else is mixed, and each event comes again, once or twice.
fn shuffled(aggregates: Vec<Vec<Envelope>>, dice: &mut Dice) -> Vec<Envelope> {
    let mut queues: Vec<std::collections::VecDeque<Envelope>> =
        aggregates.into_iter().map(std::collections::VecDeque::from).collect();
    let mut mixed: Vec<Envelope> = Vec::new();
    while !queues.is_empty() {
        let at = dice.below(queues.len());
        if let Some(event) = queues[at].pop_front() {
            mixed.push(event);
        }
        if queues[at].is_empty() {
            queues.swap_remove(at);
        }
    }
    for event in mixed.clone() {
        for _ in 0..=dice.below(2) {
            let first = mixed.iter().position(|other| other.id == event.id).unwrap_or(0);
            let at = first + 1 + dice.below(mixed.len() - first);
            mixed.insert(at.min(mixed.len()), event.clone());
        }
    }
    mixed
}

/// Every table of the takers without the tenant, the number of events that each emitted, and of those it took.
async fn outcome(suite: &Suite, tenant: TenantId) -> Vec<(String, Value)> {
    let mut found = Vec::new();
    for taker in TAKERS {
        let tables: Vec<String> = sqlx::query_scalar(
            "select table_name::text from information_schema.columns
             where column_name = 'tenant_id' and table_schema = $1 order by 1",
        )
        .bind(taker)
        .fetch_all(suite.sql())
        .await
        .expect("the catalogue");
        for table in tables.iter().filter(|table| !HOUSE.contains(&table.as_str())) {
            let sql = format!(
                "select coalesce(jsonb_agg(to_jsonb(t) - 'tenant_id' order by (to_jsonb(t) - 'tenant_id')::text),
                     '[]'::jsonb) from {taker}.\"{table}\" t where tenant_id = $1"
            );
            found.push((format!("{taker}.{table}"), value(suite, tenant, sql).await));
        }
        let emitted = format!(
            "select coalesce(jsonb_object_agg(type, n), '{{}}'::jsonb)
             from (select type, count(*) as n from {taker}.outbox where tenant_id = $1 group by type) as emitted"
        );
        found.push((format!("{taker} emitted"), value(suite, tenant, emitted).await));
        let took = format!("select to_jsonb(count(*)) from {taker}.inbox where tenant_id = $1");
        found.push((format!("{taker} took"), value(suite, tenant, took).await));
    }
    found
}

async fn value(suite: &Suite, tenant: TenantId, sql: String) -> Value {
    let text: String = sqlx::query_scalar(AssertSqlSafe(format!("select ({sql})::text")))
        .bind(tenant.0)
        .fetch_one(suite.sql())
        .await
        .expect("the superuser reads everything");
    serde_json::from_str(&text).expect("JSON")
}

/// A pair's story, an aggregate at a time.
fn aggregates(suite: &Suite, tenant: TenantId) -> Vec<Vec<Envelope>> {
    let story = Story { suite, tenant };
    let mut all = vec![story.program(), story.match_(), story.meeting_held(), story.meeting_cancelled()];
    for (side, role) in [(1, ParticipantRole::Mentor), (2, ParticipantRole::Mentee)] {
        all.extend([story.person(side), story.application(side, role), story.participant(side, role)]);
    }
    let handled = subscriptions();
    for event in all.iter().flatten() {
        let taken = handled.iter().any(|(_, types)| types.contains(&event.type_name.as_str()));
        assert!(taken, "nobody handles {}", event.type_name);
    }
    all
}

struct Story<'a> {
    suite: &'a Suite,
    tenant: TenantId,
}

impl Story<'_> {
    fn event<E: Event>(&self, event: E) -> Envelope {
        Envelope::of(&event, self.tenant, self.suite.clock.as_ref())
    }

    fn at(&self, hours: i64) -> Option<prost_types::Timestamp> {
        Some(timestamp(testkit::start_of_time() + SignedDuration::from_hours(hours)))
    }

    fn program(&self) -> Vec<Envelope> {
        let (program_id, policy) = (id(900).to_string(), Some(monthly(1)));
        let updated = Some(monthly(4));
        vec![
            self.event(ProgramPublished {
                program_id: program_id.clone(),
                name: "Pairs".to_owned(),
                policy,
                audience_size: 2,
            }),
            self.event(ProgramUpdated {
                program_id: program_id.clone(),
                name: "Pairs!".to_owned(),
                policy: updated,
            }),
            self.event(ProgramStarted { program_id, started_at: self.at(0) }),
        ]
    }

    fn person(&self, side: u64) -> Vec<Envelope> {
        let upserted = |unit: &str| PersonUpserted {
            person_id: id(side).to_string(),
            external_id: format!("p{side}"),
            display_name: unit.to_owned(),
            unit: unit.to_owned(),
            ..PersonUpserted::default()
        };
        ["Finance", "Sales", "Research"].map(|unit| self.event(upserted(unit))).to_vec()
    }

    fn application(&self, side: u64, role: ParticipantRole) -> Vec<Envelope> {
        let [application_id, program_id, person_id, participant_id] =
            [100 + side, 900, side, 200 + side].map(|number| id(number).to_string());
        let role = role.into();
        vec![
            self.event(ApplicationSubmitted {
                application_id: application_id.clone(),
                program_id: program_id.clone(),
                person_id: person_id.clone(),
                role,
            }),
            self.event(ApplicationEndorsed {
                application_id: application_id.clone(),
                program_id: program_id.clone(),
                person_id: person_id.clone(),
                role,
            }),
            self.event(ApplicationDecided {
                application_id,
                program_id,
                person_id,
                role,
                outcome: ApplicationOutcome::Accepted.into(),
                participant_id,
            }),
        ]
    }

    fn participant(&self, side: u64, role: ParticipantRole) -> Vec<Envelope> {
        let [participant_id, program_id, person_id] =
            [200 + side, 900, side].map(|number| id(number).to_string());
        let profile = life::profile();
        let ready = ParticipantReady {
            participant_id: participant_id.clone(),
            program_id: program_id.clone(),
            person_id: person_id.clone(),
            role: role.into(),
            capacity: 1,
            profile: Some(profile.clone()),
        };
        let mut changed = profile;
        changed.languages = vec!["de".to_owned()];
        let changed = ParticipantProfileChanged {
            participant_id,
            program_id,
            person_id,
            role: role.into(),
            capacity: 1,
            profile: Some(changed),
        };
        vec![self.event(ready), self.event(changed)]
    }

    fn match_(&self) -> Vec<Envelope> {
        let match_id = id(300).to_string();
        let pair = Some(Pair {
            program_id: id(900).to_string(),
            mentor_participant_id: id(201).to_string(),
            mentor_person_id: id(1).to_string(),
            mentee_participant_id: id(202).to_string(),
            mentee_person_id: id(2).to_string(),
        });
        vec![
            self.event(MatchProposed {
                match_id: match_id.clone(),
                pair: pair.clone(),
                score: 7000,
                expires_at: self.at(168),
            }),
            self.event(MatchActivated {
                match_id: match_id.clone(),
                pair: pair.clone(),
                score: 7000,
                activated_at: self.at(1),
            }),
            self.event(MatchEnded {
                match_id,
                pair,
                ending: MatchEnding::NoFault.into(),
                rematch: true,
                ended_at: self.at(2),
                was_active: true,
            }),
        ]
    }

    fn info(&self, hours: i64, sequence: i32) -> Option<MeetingInfo> {
        Some(MeetingInfo {
            match_id: id(300).to_string(),
            program_id: id(900).to_string(),
            starts_at: self.at(hours),
            ends_at: self.at(hours + 1),
            sequence,
        })
    }

    fn meeting_held(&self) -> Vec<Envelope> {
        let meeting_id = id(400).to_string();
        vec![
            self.event(MeetingScheduled { meeting_id: meeting_id.clone(), meeting: self.info(10, 0) }),
            self.event(MeetingRescheduled { meeting_id: meeting_id.clone(), meeting: self.info(20, 1) }),
            self.event(MeetingHeld { meeting_id, meeting: self.info(20, 1) }),
        ]
    }

    fn meeting_cancelled(&self) -> Vec<Envelope> {
        let meeting_id = id(401).to_string();
        vec![
            self.event(MeetingScheduled { meeting_id: meeting_id.clone(), meeting: self.info(30, 0) }),
            self.event(MeetingCancelled { meeting_id, meeting: self.info(30, 1) }),
        ]
    }
}
