//! Who of the directory somebody is that an identity provider brings, and what they are here by their groups.

pub(crate) mod store;

use crate::{
    groups,
    providers::provider::{Granted, Provider},
};
use kernel::{Result, Uuid};
use serde_json::Value;
use storage::Tx;

/// A person of the directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Person {
    pub(crate) id: Uuid,
    pub(crate) external_id: String,
    /// How they were found.
    pub(crate) because: String,
    /// Whether it was known before who this subject is.
    pub(crate) linked: bool,
}

/// Who it is.
pub(crate) enum Found {
    /// Somebody who may sign in.
    Person(Person),
    /// Nobody who may, and why.
    Nobody(String),
}

/// Finds the person behind claims: by the link made before, else by the id in the HRIS, else by a verified address.
pub(crate) async fn find(tx: &mut Tx, provider: &Provider, claims: &Value) -> Result<Found> {
    let subject = claims.get("sub").and_then(Value::as_str).unwrap_or_default();
    if let Some(linked) = store::linked(tx, provider.id, subject).await? {
        let because = format!("the person that this subject was found to be before, {}", linked.because);
        return Ok(match linked.known {
            Some(known) if known.active => found(known, because, true),
            _ => Found::Nobody("the person that this subject was found to be before has left".to_owned()),
        });
    }
    let external_id = provider.settings.external_id(claims);
    if let Some(external_id) = &external_id {
        let because = format!("claim {} is their id in the HRIS", provider.settings.external_id_claim);
        match one(store::by_external_id(tx, external_id).await?) {
            Ok(known) => return Ok(found(known, because, false)),
            // An id that is somebody's says that it is them: no other way is tried.
            Err(Why::Left) => {
                return Ok(Found::Nobody("the person with this id in the HRIS has left".to_owned()));
            }
            Err(_) => {}
        }
    }
    Ok(match provider.settings.email(claims) {
        Ok(email) => match one(store::by_email(tx, &email).await?) {
            Ok(known) => found(known, "by their verified e-mail address".to_owned(), false),
            Err(Why::Several) => {
                Found::Nobody("several people of the directory have this address".to_owned())
            }
            Err(_) => Found::Nobody("nobody of the directory has this address".to_owned()),
        },
        Err(why) if external_id.is_some() => {
            Found::Nobody(format!("nobody of the directory has this id in the HRIS, and {why}"))
        }
        Err(why) if provider.settings.external_id_claim.is_empty() => Found::Nobody(why.to_owned()),
        Err(why) => {
            let claim = &provider.settings.external_id_claim;
            Found::Nobody(format!("there is no claim {claim}, and {why}"))
        }
    })
}

fn found(known: store::Known, because: String, linked: bool) -> Found {
    Found::Person(Person { id: known.id, external_id: known.external_id, because, linked })
}

enum Why {
    Unknown,
    Left,
    Several,
}

/// The one who is here.
fn one(known: Vec<store::Known>) -> std::result::Result<store::Known, Why> {
    let left = !known.is_empty();
    let mut active = known.into_iter().filter(|known| known.active);
    match (active.next(), active.next()) {
        (Some(known), None) => Ok(known),
        (Some(_), Some(_)) => Err(Why::Several),
        (None, _) if left => Err(Why::Left),
        (None, _) => Err(Why::Unknown),
    }
}

/// Roles by provisioned groups that are mapped to some.
pub(crate) async fn roles_by_groups(tx: &mut Tx, person: &Person) -> Result<Vec<Granted>> {
    let Some(user) = store::scim_user(tx, person.id, &person.external_id).await? else {
        return Ok(Vec::new());
    };
    let (roles, _) = groups::grants(tx, user).await?;
    let because = "member of a provisioned group that is mapped to it";
    Ok(roles.into_iter().map(|role| Granted { role, because: because.to_owned() }).collect())
}

/// The one active person with an id in the HRIS, who is about to leave.
pub(crate) async fn leaver(tx: &mut Tx, external_id: &str) -> Result<Option<Uuid>> {
    Ok(one(store::by_external_id(tx, external_id).await?).ok().map(|known| known.id))
}
