//! Says what somebody with certain claims would be, and keeps nothing.

use super::store;
use crate::{
    Gateway,
    people::{self, Found},
};
use contracts::mentor::gateway::v1::{GrantedRole, PreviewSignInRequest, PreviewSignInResponse};
use kernel::{Error, Result, parse_id};
use serde_json::Value;
use storage::{Audit, Tx};

pub(crate) async fn handle(
    _: &Gateway,
    tx: &mut Tx,
    request: PreviewSignInRequest,
) -> Result<PreviewSignInResponse> {
    let provider = store::find(tx, parse_id("provider_id", &request.provider_id)?).await?;
    let claims: Value = serde_json::from_str(&request.claims)
        .map_err(|error| Error::field("claims", format!("must be JSON: {error}")))?;
    if !claims.is_object() {
        return Err(Error::field("claims", "must be a JSON object, such as {\"sub\": \"ann\"}"));
    }
    let mut answer = PreviewSignInResponse::default();
    let mut granted = provider.settings.roles(&claims);
    match people::find(tx, &provider, &claims).await? {
        Found::Person(person) => {
            granted.extend(people::roles_by_groups(tx, &person).await?);
            tx.audit(
                Audit::of("identity_provider", provider.id).about(person.id).because("sign-in previewed"),
            );
            (answer.person_id, answer.person_because) = (person.id.to_string(), person.because);
        }
        Found::Nobody(why) => answer.person_because = why,
    }
    answer.roles =
        granted.into_iter().map(|one| GrantedRole { role: one.role, because: one.because }).collect();
    Ok(answer)
}
