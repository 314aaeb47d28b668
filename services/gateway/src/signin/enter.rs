//! Lets somebody in whom an identity provider has vouched for: finds the person, their roles, and makes the session.

use super::{cookie::Cookie, relying::Claimed};
use crate::{
    Gateway,
    people::{self, Found, Person},
    providers::provider::{Granted, Provider},
    sessions::{self, Session, Whose, live},
};
use axum::http::{HeaderMap, header};
use kernel::{Context, Error, ErrorKind, Result};
use std::collections::BTreeSet;
use storage::{Audit, Tx};

/// The longest name of a browser that is kept.
const USER_AGENT: usize = 200;

/// Makes a session; gives its cookie. The one that the browser had before ends: a cookie is never carried over a sign-in.
pub(crate) async fn session(
    gateway: &Gateway,
    ctx: &Context,
    provider: &Provider,
    claimed: Claimed,
    headers: &HeaderMap,
) -> Result<String> {
    let mut tx = gateway.db.write(ctx).await?;
    let person = person(&mut tx, provider, &claimed).await?;
    if gateway.deactivated.contains(ctx.tenant(), person.id).await? {
        return Err(refused("the person that you are in the directory has left"));
    }
    let roles = roles(&mut tx, provider, &person, &claimed).await?;
    let now = tx.now();
    let expires_at = now.checked_add(gateway.limits().whole).unwrap_or(jiff::Timestamp::MAX);
    let cookie = live::new_cookie()?;
    let cache_key = live::cache_key(&cookie).ok_or_else(|| Error::internal("a cookie that is none"))?;
    let agent = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let session = Session {
        id: tx.new_id(),
        person: person.id,
        provider: provider.id,
        subject: claimed.text("sub").to_owned(),
        provider_session: claimed.text("sid").chars().take(255).collect(),
        cache_key: cache_key.clone(),
        user_agent: agent.chars().take(USER_AGENT).collect(),
        created_at: now,
        last_used_at: now,
        expires_at,
    };
    if let Some(before) = before(gateway, headers).await {
        sessions::end(gateway, &mut tx, Whose::Session(before), "signed in anew").await?;
    }
    sessions::store::insert(&mut tx, &session).await?;
    tx.audit(
        Audit::of("session", session.id).about(person.id).because(format!("signed in: {}", person.because)),
    );
    tx.commit().await?;
    let state = live::State {
        tenant: ctx.tenant(),
        session: session.id,
        person: person.id,
        provider: provider.id,
        subject: session.subject,
        roles,
        refresh_at: Some(live::refresh_at(now, claimed.seconds)),
        id_token: claimed.id_token,
        refresh_token: claimed.refresh_token,
        expires_at,
    };
    live::keep(gateway, &cache_key, &state).await?;
    live::touch(gateway, &cache_key, now, &gateway.limits()).await;
    Ok(cookie)
}

/// The session that the browser has.
async fn before(gateway: &Gateway, headers: &HeaderMap) -> Option<kernel::Uuid> {
    let cookie = Cookie::Session.read(headers, gateway.is_secure())?;
    Some(live::read(gateway, &live::cache_key(cookie)?).await?.session)
}

async fn person(tx: &mut Tx, provider: &Provider, claimed: &Claimed) -> Result<Person> {
    match people::find(tx, provider, &claimed.claims).await? {
        Found::Person(person) => {
            if !person.linked {
                let subject = claimed.text("sub");
                people::store::link(tx, provider.id, subject, person.id, &person.because).await?;
                let audit = Audit::of("identity_provider", provider.id).about(person.id);
                tx.audit(audit.because(format!("subject linked to the person: {}", person.because)));
            }
            Ok(person)
        }
        Found::Nobody(why) => Err(refused(&format!("{why}; ask your HR department"))),
    }
}

fn refused(why: &str) -> Box<Error> {
    let message = format!("you are signed in at the identity provider, but not known here: {why}");
    Error::new(ErrorKind::PermissionDenied, "PERMISSION_DENIED", message)
}

/// The roles of a person by their claims and by their provisioned groups.
pub(crate) async fn roles(
    tx: &mut Tx,
    provider: &Provider,
    person: &Person,
    claimed: &Claimed,
) -> Result<Vec<String>> {
    let mut granted: Vec<Granted> = provider.settings.roles(&claimed.claims);
    granted.extend(people::roles_by_groups(tx, person).await?);
    let roles: BTreeSet<String> = granted.into_iter().map(|granted| granted.role).collect();
    Ok(roles.into_iter().collect())
}
