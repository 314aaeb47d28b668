//! Two small services: `matching` writes down what it sees, and can be told to fail.

use kernel::{Error, ErrorKind, Result};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};
use storage::{DbResult, Tx};

/// What the handler does with a person's events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mood {
    /// Fails this many times, then works.
    Fail(u32),
    /// Panics.
    Panic,
}

/// The consuming service.
#[derive(Clone, Default)]
pub(crate) struct Probe {
    moods: Arc<Mutex<HashMap<String, Mood>>>,
    tries: Arc<Mutex<HashMap<String, u32>>>,
}

impl Probe {
    pub(crate) fn set(&self, subject: &str, mood: Mood) {
        self.moods.lock().unwrap_or_else(PoisonError::into_inner).insert(subject.to_owned(), mood);
    }

    /// How often a handler was called for a person.
    pub(crate) fn tries(&self, subject: &str) -> u32 {
        self.tries.lock().unwrap_or_else(PoisonError::into_inner).get(subject).copied().unwrap_or(0)
    }

    fn feel(&self, subject: &str) -> Result<()> {
        *self.tries.lock().unwrap_or_else(PoisonError::into_inner).entry(subject.to_owned()).or_default() +=
            1;
        let mut moods = self.moods.lock().unwrap_or_else(PoisonError::into_inner);
        match moods.get_mut(subject) {
            Some(Mood::Fail(left)) if *left > 0 => {
                *left -= 1;
                Err(Error::new(ErrorKind::FailedPrecondition, "NOT_FOUND", "not in the mood"))
            }
            Some(Mood::Panic) => {
                drop(moods);
                panic!("the handler panics, as the test told it");
            }
            _ => Ok(()),
        }
    }
}

async fn log(schema: &str, tx: &mut Tx, subject: &str, what: String) -> Result<()> {
    let ctx = tx.ctx().clone();
    let sql = format!(
        "insert into {schema}.log (tenant_id, subject, what, causation, correlation, traceparent) \
         values ($1, $2, $3, $4, $5, $6)"
    );
    sqlx::query(sqlx::AssertSqlSafe(sql))
        .bind(tx.tenant())
        .bind(subject)
        .bind(what)
        .bind(ctx.causation)
        .bind(ctx.correlation)
        .bind(&ctx.traceparent)
        .execute(tx.conn())
        .await
        .db()?;
    Ok(())
}

mod on_person_upserted {
    use super::{Probe, log};
    use contracts::mentor::enrollment::events::v1::PersonUpserted;
    use kernel::Result;
    use storage::Tx;

    pub(crate) async fn handle(service: &Probe, tx: &mut Tx, event: PersonUpserted) -> Result<()> {
        log("matching", tx, &event.person_id, event.display_name).await?;
        // After the effect, so that a failure has something to undo.
        service.feel(&event.person_id)
    }
}

mod on_person_deactivated {
    use super::{Probe, log};
    use contracts::mentor::enrollment::events::v1::PersonDeactivated;
    use kernel::Result;
    use storage::Tx;

    pub(crate) async fn handle(service: &Probe, tx: &mut Tx, event: PersonDeactivated) -> Result<()> {
        log("matching", tx, &event.person_id, "deactivated".to_owned()).await?;
        service.feel(&event.person_id)
    }
}

mod on_program_started {
    use super::Probe;
    use contracts::mentor::{
        enrollment::events::v1::ProgramStarted, matching::events::v1::MatchRunCompleted,
    };
    use kernel::Result;
    use storage::Tx;

    pub(crate) async fn handle(_: &Probe, tx: &mut Tx, event: ProgramStarted) -> Result<()> {
        tx.emit(&MatchRunCompleted { run_id: event.program_id, ..Default::default() });
        Ok(())
    }
}

messaging::consumers! { Probe;
    contracts::mentor::enrollment::events::v1::PersonUpserted => on_person_upserted,
    contracts::mentor::enrollment::events::v1::PersonDeactivated => on_person_deactivated,
    contracts::mentor::enrollment::events::v1::ProgramStarted => on_program_started,
}

/// A second handler of an event that has one already; it comes after it. It has moods of its own: those of "also PERSON".
pub(crate) mod also {
    use super::Probe;
    use contracts::mentor::enrollment::events::v1::PersonUpserted;

    mod also_on_person_upserted {
        use super::super::{Probe, log};
        use contracts::mentor::enrollment::events::v1::PersonUpserted;
        use kernel::Result;
        use storage::Tx;

        pub(crate) async fn handle(service: &Probe, tx: &mut Tx, event: PersonUpserted) -> Result<()> {
            let what = format!("also {}", event.display_name);
            log("matching", tx, &event.person_id, what).await?;
            service.feel(&format!("also {}", event.person_id))
        }
    }

    messaging::consumers! { Probe;
        PersonUpserted => also_on_person_upserted,
    }
}

/// The service that publishes people and hears of match runs.
#[derive(Clone)]
pub(crate) struct Owner;

pub(crate) mod owner {
    use super::Owner;

    mod on_match_run_completed {
        use super::Owner;
        use contracts::mentor::matching::events::v1::MatchRunCompleted;
        use kernel::Result;
        use storage::Tx;

        pub(crate) async fn handle(_: &Owner, tx: &mut Tx, event: MatchRunCompleted) -> Result<()> {
            super::super::log("enrollment", tx, &event.run_id, "completed".to_owned()).await
        }
    }

    messaging::consumers! { Owner;
        contracts::mentor::matching::events::v1::MatchRunCompleted => on_match_run_completed,
    }
}
