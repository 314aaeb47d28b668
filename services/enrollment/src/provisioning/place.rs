//! Domain: where somebody stands after a change, and what a user of an identity provider is as a person. Pure.

use crate::directory::{lines::MAX_CHAIN, plan::Known, row::Facts};
use kernel::Uuid;

/// The longest text of the directory.
const MAX_TEXT: usize = 500;
/// The longest address.
const MAX_EMAIL: usize = 254;

/// A user as provisioned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct User {
    pub(crate) id: Uuid,
    pub(crate) external_id: String,
    pub(crate) user_name: String,
    pub(crate) provider_id: String,
    /// A user id, an employee number, an external id or a user name; of somebody known or not.
    pub(crate) manager: String,
    pub(crate) facts: Facts,
    pub(crate) post: Post,
}

/// What an HRIS says of somebody's post and an identity provider can't; `None` is not the source's to say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Post {
    pub(crate) grade: Option<String>,
    pub(crate) profession: Option<String>,
    pub(crate) fte_percent: Option<i32>,
}

/// What the directory keeps of what was sent. On the first meeting with a person whom another source brought, what this
/// one does not know stays; from then on its word counts, but for what is not its to say.
pub(crate) fn facts(user: &User, known: Option<&Facts>, first_meeting: bool) -> Facts {
    let (sent, post, external_id) = (&user.facts, &user.post, user.external_id.as_str());
    let keep = |sent: &str, of: fn(&Facts) -> &String| {
        let sent = clipped(sent, MAX_TEXT);
        match known {
            Some(known) if first_meeting && sent.is_empty() => of(known).clone(),
            _ => sent,
        }
    };
    let job_title = keep(&sent.job_title, |facts| &facts.job_title);
    let named = keep(&sent.display_name, |facts| &facts.display_name);
    let names = [named.as_str(), job_title.as_str(), external_id];
    let display_name = names.into_iter().find(|name| !name.is_empty()).unwrap_or_default().to_owned();
    let email = keep(&sent.email, |facts| &facts.email);
    Facts {
        display_name,
        email: if email.chars().count() <= MAX_EMAIL && email.contains('@') { email } else { String::new() },
        unit: keep(&sent.unit, |facts| &facts.unit),
        organisation: keep(&sent.organisation, |facts| &facts.organisation),
        parent_organisation: keep(&sent.parent_organisation, |facts| &facts.parent_organisation),
        job_title,
        grade: said(&post.grade, known.map(|known| &known.grade)),
        profession: said(&post.profession, known.map(|known| &known.profession)),
        fte_percent: post.fte_percent.unwrap_or_else(|| known.map_or(0, |known| known.fte_percent)),
    }
}

fn said(sent: &Option<String>, known: Option<&String>) -> String {
    match sent {
        Some(sent) => clipped(sent, MAX_TEXT),
        None => known.cloned().unwrap_or_default(),
    }
}

/// Text as the directory keeps it: one line of at most so many characters.
fn clipped(text: &str, most: usize) -> String {
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    line.trim().chars().take(most).collect()
}

/// The managers of somebody under this manager; `None` when they would stand above themselves.
pub(crate) fn chain_under(person: Uuid, manager: Option<&Known>) -> Option<Vec<Uuid>> {
    let Some(manager) = manager else { return Some(Vec::new()) };
    if manager.id == person || manager.chain.contains(&person) {
        return None;
    }
    Some(std::iter::once(manager.id).chain(manager.chain.iter().copied()).take(MAX_CHAIN).collect())
}

/// Those below a person whose managers changed: each with their new chain. In no order; whoever does not change is
/// left out.
pub(crate) fn moved(person: &Known, below: Vec<Known>) -> Vec<Known> {
    let moved = below.into_iter().filter_map(|mut one| {
        let at = one.chain.iter().position(|manager| *manager == person.id)?;
        let upwards = one.chain.iter().take(at + 1).copied().chain(person.chain.iter().copied());
        let chain: Vec<Uuid> = upwards.take(MAX_CHAIN).collect();
        (chain != one.chain).then(|| {
            one.chain = chain;
            one
        })
    });
    moved.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(id: u128, chain: &[u128]) -> Known {
        let chain: Vec<Uuid> = chain.iter().copied().map(Uuid::from_u128).collect();
        Known {
            id: Uuid::from_u128(id),
            external_id: id.to_string(),
            facts: Facts::default(),
            manager: chain.first().copied(),
            chain,
            active: true,
        }
    }

    #[test]
    fn nobody_stands_above_themselves() {
        let (one, boss) = (known(1, &[]), known(2, &[3]));
        assert_eq!(chain_under(one.id, Some(&boss)), Some(vec![Uuid::from_u128(2), Uuid::from_u128(3)]));
        assert_eq!(chain_under(Uuid::from_u128(3), Some(&boss)), None);
        assert_eq!(chain_under(boss.id, Some(&boss)), None);
        assert_eq!(chain_under(one.id, None), Some(vec![]));
        let deep: Vec<u128> = (10..30).collect();
        assert_eq!(chain_under(one.id, Some(&known(2, &deep))).map(|chain| chain.len()), Some(20));
    }

    #[test]
    fn who_stands_below_moves_along() {
        let person = known(2, &[7, 8]);
        let below = vec![known(3, &[2]), known(4, &[3, 2, 9]), known(5, &[2, 7, 8])];
        let moved = moved(&person, below);
        let chains: Vec<Vec<u128>> =
            moved.iter().map(|one| one.chain.iter().map(Uuid::as_u128).collect()).collect();
        assert_eq!(chains, [vec![2, 7, 8], vec![3, 2, 7, 8]]);
    }

    #[test]
    fn what_the_provider_does_not_know_stays_at_the_first_meeting_only() {
        let before =
            Facts { unit: "Finance".into(), grade: "B3".into(), fte_percent: 50, ..Facts::default() };
        let sent = Facts { display_name: "Ann\nLee".into(), email: "nonsense".into(), ..Facts::default() };
        let user = user(sent, Post::default());
        let first = facts(&user, Some(&before), true);
        assert_eq!((first.unit.as_str(), first.grade.as_str(), first.fte_percent), ("Finance", "B3", 50));
        assert_eq!((first.display_name.as_str(), first.email.as_str()), ("Ann Lee", ""));
        let later = facts(&user, Some(&before), false);
        assert_eq!((later.unit.as_str(), later.grade.as_str()), ("", "B3"));
        assert_eq!(facts(&nobody(), None, true).display_name, "7");
    }

    #[test]
    fn the_post_changes_when_the_source_speaks_of_it() {
        let before =
            Facts { grade: "B3".into(), profession: "Tax".into(), fte_percent: 50, ..Facts::default() };
        let post = Post { grade: Some("C1".into()), profession: Some(String::new()), fte_percent: None };
        let after = facts(&user(Facts::default(), post), Some(&before), false);
        assert_eq!((after.grade.as_str(), after.profession.as_str(), after.fte_percent), ("C1", "", 50));
    }

    fn nobody() -> User {
        user(Facts::default(), Post::default())
    }

    fn user(facts: Facts, post: Post) -> User {
        let (user_name, provider_id, manager) = Default::default();
        User { id: Uuid::nil(), external_id: "7".into(), user_name, provider_id, manager, facts, post }
    }
}
