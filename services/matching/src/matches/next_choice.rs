//! A mentee whose match was declined or has expired is offered the next choice, from what the run stored.

use super::relationship::{Match, Party};
use super::store;
use crate::criteria::score::in_reporting_line;
use crate::events::DomainEvent;
use crate::projection::store::Standing;
use crate::runs::snapshot::{Scores, Snapshot};
use crate::{projection, runs};
use kernel::{Result, Uuid};
use std::collections::{HashMap, HashSet};
use storage::Tx;

/// Offers the next choice after a closed match; `false` when the run's criteria allow no more, or nobody on
/// the mentee's list is free and possible now. Call it under the program's lock.
pub(crate) async fn offer(tx: &mut Tx, closed: &Match) -> Result<bool> {
    let program = projection::store::program(tx, closed.program).await?;
    let Some(snapshot) = runs::store::snapshot(tx, closed.run).await? else { return Ok(false) };
    if program.check_open().is_err() || closed.choice > snapshot.criteria.next_choices {
        return Ok(false);
    }
    let Some((pair, score)) = find(tx, closed, &snapshot).await? else { return Ok(false) };
    let next = Match::proposed(tx.new_id(), closed.program, closed.run, pair, score).waiting(
        tx.now(),
        program.answer_days,
        closed.choice + 1,
    );
    store::propose(tx, std::slice::from_ref(&next)).await?;
    DomainEvent::Proposed(&next).emit(tx);
    Ok(true)
}

/// The best mentor of the stored list who was not tried, is free now and may be matched now.
async fn find(tx: &mut Tx, closed: &Match, snapshot: &Snapshot) -> Result<Option<((Party, Party), i32)>> {
    let Some(mentee) = snapshot.mentee(closed.mentee.participant) else { return Ok(None) };
    let mut tried: HashSet<Uuid> =
        store::tried_mentors(tx, closed.run, closed.mentee.participant).await?.into_iter().collect();
    tried.extend(runs::store::pairs::excluded_mentors(tx, closed.program, closed.mentee.participant).await?);
    let choices: Vec<(Party, i32)> = Scores::new(snapshot)
        .choices(mentee)
        .into_iter()
        .filter_map(|(mentor, scored)| {
            let mentor = snapshot.mentors.get(mentor)?;
            Some((Party { participant: mentor.participant, person: mentor.person }, scored.score))
        })
        .filter(|(mentor, _)| !tried.contains(&mentor.participant))
        .collect();
    let mut ids: Vec<Uuid> = choices.iter().map(|(mentor, _)| mentor.participant).collect();
    ids.push(closed.mentee.participant);
    let standings = projection::store::standings(tx, closed.program, &ids).await?;
    let standings: HashMap<Uuid, Standing> = standings.into_iter().map(|one| (one.id, one)).collect();
    let seeks = |one: &Standing| one.active && one.seeking && !one.matched;
    if !standings.get(&closed.mentee.participant).is_some_and(seeks) {
        return Ok(None);
    }
    let free = |one: &Standing| one.active && one.free > 0;
    for (mentor, score) in choices {
        if standings.get(&mentor.participant).is_some_and(free)
            && apart(tx, mentor, closed.mentee, snapshot).await?
        {
            return Ok(Some(((mentor, closed.mentee), score)));
        }
    }
    Ok(None)
}

/// Whether the two are in no reporting line as the directory has it now.
async fn apart(tx: &mut Tx, mentor: Party, mentee: Party, snapshot: &Snapshot) -> Result<bool> {
    let chains = projection::store::lock_chains(tx, &[mentor.person, mentee.person]).await?;
    let chain = |person| chains.iter().find(|(id, _)| *id == person).map(|(_, chain)| chain.as_slice());
    let depth = snapshot.criteria.rules.reporting_line_depth;
    Ok(match (chain(mentor.person), chain(mentee.person)) {
        (Some(above_mentor), Some(above_mentee)) => {
            !in_reporting_line((mentor.person, above_mentor), (mentee.person, above_mentee), depth)
        }
        // Nobody is matched while the reporting line is unknown.
        _ => false,
    })
}
