//! People of the directory as identity providers move them: in, up and down, out.

use super::{
    place::{self, User},
    store,
};
use crate::{Enrollment, directory, directory::plan::Known, events};
use kernel::{Result, Uuid};
use storage::{Audit, Tx};

/// Takes a user in, or over. The person they are is found by the link that was made before, else by the id in the HRIS;
/// else they are new.
pub(crate) async fn take_in(service: &Enrollment, tx: &mut Tx, user: &User) -> Result<()> {
    let linked = store::linked(tx, user.id).await?;
    let known = match linked {
        Some(person) => directory::store::find_known(tx, person).await?,
        None => directory::store::find_by_external_id(tx, &user.external_id).await?,
    };
    let facts = place::facts(user, known.as_ref().map(|known| &known.facts), linked.is_none());
    let mut person = match &known {
        Some(known) => Known { facts, active: true, ..known.clone() },
        None => Known {
            id: user.id,
            external_id: user.external_id.clone(),
            facts,
            manager: None,
            chain: Vec::new(),
            active: true,
        },
    };
    if person.external_id != user.external_id
        && directory::store::rename(tx, person.id, &user.external_id).await?
    {
        person.external_id.clone_from(&user.external_id);
    }
    let manager = store::resolve(tx, &user.manager).await?;
    write(tx, person.clone(), manager, known.as_ref()).await?;
    store::link(tx, user, person.id).await?;
    if known.is_some_and(|known| !known.active) {
        service.deactivated.remove(tx.ctx().tenant(), person.id).await;
    }
    for report in store::waiting_for(tx, user, person.id).await? {
        place_under(tx, report, Some(person.id)).await?;
    }
    tx.audit(Audit::of("person", person.id).about(person.id).because("as the identity provider says"));
    Ok(())
}

/// Lets a user leave; whoever reported to them has no manager until told of another.
pub(crate) async fn leave(service: &Enrollment, tx: &mut Tx, person: Uuid) -> Result<()> {
    let Some(known) = directory::store::find_known(tx, person).await? else { return Ok(()) };
    if !known.active {
        return Ok(());
    }
    directory::store::deactivate(tx, &[person]).await?;
    // Here, and not only when the event of it comes round: tokens are refused a step earlier.
    service.deactivated.add(tx.ctx().tenant(), person).await;
    events::person_deactivated(tx, person);
    tx.audit(Audit::of("person", person).about(person).because("left, as the identity provider says"));
    for report in directory::store::reports(tx, person).await? {
        place_under(tx, report, None).await?;
    }
    Ok(())
}

/// Gives a person another manager.
async fn place_under(tx: &mut Tx, person: Uuid, manager: Option<Uuid>) -> Result<()> {
    match directory::store::find_known(tx, person).await? {
        Some(known) if known.active => write(tx, known.clone(), manager, Some(&known)).await,
        _ => Ok(()),
    }
}

/// Writes a person under a manager, and the chains of everybody below; tells of whoever changed.
async fn write(tx: &mut Tx, mut person: Known, manager: Option<Uuid>, before: Option<&Known>) -> Result<()> {
    let manager = match manager {
        Some(manager) => directory::store::find_known(tx, manager).await?.filter(|manager| manager.active),
        None => None,
    };
    // Who would stand above themselves has no manager, as in an import.
    let chain = place::chain_under(person.id, manager.as_ref());
    person.manager = chain.is_some().then_some(manager).flatten().map(|manager| manager.id);
    person.chain = chain.unwrap_or_default();
    if before == Some(&person) {
        return Ok(());
    }
    let mut changed = vec![person.clone()];
    if before.is_some_and(|before| before.chain != person.chain) {
        changed.extend(place::moved(&person, directory::store::below(tx, person.id).await?));
    }
    directory::store::upsert(tx, &changed).await?;
    for person in &changed {
        events::person_upserted(tx, person);
    }
    Ok(())
}
