//! The pairs of a run become proposed matches. What changed since the snapshot is looked at again under the
//! program's lock: a pair that is not possible any more is skipped with its reason.

use super::convert;
use super::snapshot::{Mark, MarkedPair};
use super::store::{self, Proposal, pairs};
use crate::criteria::score::in_reporting_line;
use crate::matches::relationship::{Match, Party};
use crate::projection::store::Standing;
use crate::{Matching, criteria, events::DomainEvent, matches, projection};
use contracts::mentor::matching::v1::{PublishMatchRunRequest, PublishMatchRunResponse, SkippedPair};
use kernel::{Error, Result, Uuid, parse_id};
use std::collections::{HashMap, HashSet};
use storage::{Audit, Tx};

pub(crate) async fn handle(
    _: &Matching,
    tx: &mut Tx,
    request: PublishMatchRunRequest,
) -> Result<PublishMatchRunResponse> {
    let id = parse_id("run_id", &request.run_id)?;
    let program_id = store::get(tx, id).await?.program;
    projection::store::lock_program(tx, program_id).await?;
    let mut run = store::lock(tx, id).await?;
    let program = projection::store::program(tx, program_id).await?;
    program.check_open()?;
    run.publish(tx.now())?;
    let proposals = store::proposals(tx, id, None, i64::MAX).await?;
    let mut facts = Facts::load(tx, program_id, run.criteria_version, &proposals).await?;
    let (mut proposed, mut skipped) = (Vec::new(), Vec::new());
    for pair in proposals {
        match facts.obstacle(&pair) {
            Some(reason) => skipped.push(SkippedPair {
                mentor_participant_id: pair.mentor_participant_id.to_string(),
                mentee_participant_id: pair.mentee_participant_id.to_string(),
                reason: reason.to_owned(),
            }),
            None => proposed.push(
                Match::proposed(tx.new_id(), program_id, id, parties(&pair), pair.score).waiting(
                    tx.now(),
                    program.answer_days,
                    1,
                ),
            ),
        }
    }
    matches::store::propose(tx, &proposed).await?;
    store::save(tx, &run).await?;
    for new in &proposed {
        DomainEvent::Proposed(new).emit(tx);
    }
    tx.audit(Audit::of("match run", id).because(format!("published {} pairs", proposed.len())));
    let proposed = i32::try_from(proposed.len()).unwrap_or(i32::MAX);
    Ok(PublishMatchRunResponse { run: Some(convert::run(&run)), proposed, skipped })
}

fn parties(pair: &Proposal) -> (Party, Party) {
    let mentor = Party { participant: pair.mentor_participant_id, person: pair.mentor_person_id };
    (mentor, Party { participant: pair.mentee_participant_id, person: pair.mentee_person_id })
}

/// How things stand now.
struct Facts {
    standings: HashMap<Uuid, Standing>,
    excluded: HashSet<(Uuid, Uuid)>,
    chains: HashMap<Uuid, Vec<Uuid>>,
    depth: i32,
}

impl Facts {
    async fn load(tx: &mut Tx, program: Uuid, criteria_version: i32, proposals: &[Proposal]) -> Result<Self> {
        let participants: Vec<Uuid> = proposals
            .iter()
            .flat_map(|pair| [pair.mentor_participant_id, pair.mentee_participant_id])
            .collect();
        let people: Vec<Uuid> =
            proposals.iter().flat_map(|pair| [pair.mentor_person_id, pair.mentee_person_id]).collect();
        let criteria = if criteria_version == 0 {
            Some(criteria::domain::Criteria::default())
        } else {
            criteria::store::get(tx, program, criteria_version).await?.map(|stored| stored.criteria)
        };
        let criteria = criteria.ok_or_else(|| Error::not_found("criteria version", criteria_version))?;
        let standings = projection::store::standings(tx, program, &participants).await?;
        let excludes = |pair: &MarkedPair| pair.mark != Mark::Pinned;
        let marks = pairs::marks(tx, program).await?;
        Ok(Facts {
            standings: standings.into_iter().map(|one| (one.id, one)).collect(),
            excluded: marks.into_iter().filter(excludes).map(|pair| (pair.mentor, pair.mentee)).collect(),
            chains: projection::store::lock_chains(tx, &people).await?.into_iter().collect(),
            depth: criteria.rules.reporting_line_depth,
        })
    }

    /// Why a pair can't be proposed now; `None` takes a place of the mentor and the mentee.
    fn obstacle(&mut self, pair: &Proposal) -> Option<&'static str> {
        let apart = self.apart(pair);
        let excluded = self.excluded.contains(&(pair.mentor_participant_id, pair.mentee_participant_id));
        let [mentor, mentee] =
            self.standings.get_disjoint_mut([&pair.mentor_participant_id, &pair.mentee_participant_id]);
        let (Some(mentor), Some(mentee)) = (mentor, mentee) else { return Some("PARTICIPANT_STATE") };
        if !mentor.active || !mentee.active {
            return Some("PARTICIPANT_STATE");
        }
        if mentee.matched || !mentee.seeking {
            return Some("MENTEE_MATCHED");
        }
        if excluded || !apart {
            return Some("PAIR_EXCLUDED");
        }
        if mentor.free <= 0 {
            return Some("MENTOR_FULL");
        }
        mentor.free -= 1;
        mentee.matched = true;
        None
    }

    fn apart(&self, pair: &Proposal) -> bool {
        let chain = |person: Uuid| self.chains.get(&person).map_or(&[][..], Vec::as_slice);
        let (mentor, mentee) = (pair.mentor_person_id, pair.mentee_person_id);
        !in_reporting_line((mentor, chain(mentor)), (mentee, chain(mentee)), self.depth)
    }
}
