//! Plain reads of matches.

use super::{convert, relationship::sees_all, store};
use crate::Matching;
use contracts::mentor::matching::v1::*;
use kernel::{Error, Page, Result, Uuid, parse_id};
use storage::{Audit, Tx};

pub(crate) async fn get_match(
    _: &Matching,
    tx: &mut Tx,
    request: GetMatchRequest,
) -> Result<GetMatchResponse> {
    let found = store::get(tx, parse_id("match_id", &request.match_id)?).await?;
    found.check_reader(tx.actor())?;
    if found.side_of(tx.actor()).is_err() {
        tx.audit(Audit::of("match", found.id).about(found.mentee.person));
    }
    Ok(GetMatchResponse { r#match: Some(convert::shown(&found, tx.actor())) })
}

pub(crate) async fn list_matches(
    _: &Matching,
    tx: &mut Tx,
    request: ListMatchesRequest,
) -> Result<ListMatchesResponse> {
    let all = sees_all(tx.actor());
    let caller = if all {
        None
    } else {
        let message = "only people of the directory have matches of their own";
        Some(tx.actor().person.ok_or_else(|| Error::denied(message))?)
    };
    let filter = store::Filter {
        program: optional("program_id", &request.program_id)?,
        states: convert::state_names(&request.states),
        person: optional("person_id", &request.person_id)?,
        caller,
        participant: optional("participant_id", &request.participant_id)?,
    };
    let page = Page::<Uuid>::read(request.page_size, &request.page_token, format!("matches {filter:?}"))?;
    let rows = store::list(tx, &filter, page.after, page.limit()).await?;
    let (rows, next_page_token) = page.finish(rows, |row| row.id);
    if all && let Some(person) = filter.person {
        tx.audit(Audit::of("matches", filter.program.unwrap_or_default()).about(person));
    }
    let matches = rows.iter().map(|found| convert::shown(found, tx.actor())).collect();
    Ok(ListMatchesResponse { matches, next_page_token })
}

fn optional(field: &str, text: &str) -> Result<Option<Uuid>> {
    if text.is_empty() { Ok(None) } else { parse_id(field, text).map(Some) }
}
