//! Keeps the reporting line, and ends what it has come to forbid.

use crate::criteria::score::in_reporting_line;
use crate::matches::{closing, relationship::Ending};
use crate::projection::participant::Directory;
use crate::{Matching, criteria, matches, projection};
use contracts::mentor::enrollment::events::v1::PersonUpserted;
use kernel::{Result, parse_id};
use storage::Tx;

pub(crate) async fn handle(_: &Matching, tx: &mut Tx, event: PersonUpserted) -> Result<()> {
    let id = parse_id("person_id", &event.person_id)?;
    let chain = event.manager_chain.iter().map(|manager| parse_id("manager_chain", manager));
    let directory = Directory {
        chain: chain.collect::<Result<_>>()?,
        unit: event.unit,
        grade: event.grade,
        profession: event.profession,
    };
    projection::store::put_person(tx, id, &directory).await?;
    let open = matches::store::open_of_person(tx, id).await?;
    for mut open in matches::store::lock_all(tx, &open).await? {
        let (mentor, mentee) = (open.mentor.person, open.mentee.person);
        let depth = criteria::store::latest(tx, open.program).await?.criteria.rules.reporting_line_depth;
        let chains = projection::store::lock_chains(tx, &[mentor, mentee]).await?;
        let chain = |person| {
            chains.iter().find(|(id, _)| *id == person).map_or(&[][..], |(_, chain)| chain.as_slice())
        };
        if in_reporting_line((mentor, chain(mentor)), (mentee, chain(mentee)), depth) {
            closing::end(tx, &mut open, Ending::ReportingLine, true).await?;
        }
    }
    Ok(())
}
