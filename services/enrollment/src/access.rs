//! Domain: who sees whose application or participation. Pure.

use kernel::{Actor, Error, Result, Role, Uuid};

/// How much of somebody's application or participation a caller sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum View {
    /// Everything.
    Full,
    /// That somebody takes part and how it stands; no answers, no profile, no reasons.
    Status,
}

/// What the caller sees of the person's objects.
///
/// # Errors
/// `PERMISSION_DENIED` for somebody else's object.
pub(crate) fn view(actor: &Actor, person: Uuid, manager: Option<Uuid>) -> Result<View> {
    if actor.is_person(person) || everybody(actor) == Some(View::Full) {
        return Ok(View::Full);
    }
    if everybody(actor) == Some(View::Status) || (manager.is_some() && actor.person == manager) {
        return Ok(View::Status);
    }
    Err(Error::denied("this belongs to another person"))
}

/// What the caller's roles show of everybody's objects; `None` for who sees only their own and their reports'.
pub(crate) fn everybody(actor: &Actor) -> Option<View> {
    if actor.manages_programs() || actor.is(Role::HrClient) {
        Some(View::Full)
    } else if actor.is(Role::Auditor) {
        Some(View::Status)
    } else {
        None
    }
}

/// The person to whom a list is narrowed: `None` for who sees everybody.
///
/// # Errors
/// `PERMISSION_DENIED` for a token without a person and without a role that sees everybody.
pub(crate) fn narrowed(actor: &Actor) -> Result<Option<Uuid>> {
    match everybody(actor) {
        Some(_) => Ok(None),
        None => own_person(actor).map(Some),
    }
}

/// The caller as a person.
///
/// # Errors
/// `PERMISSION_DENIED` for a machine.
pub(crate) fn own_person(actor: &Actor) -> Result<Uuid> {
    actor.person.ok_or_else(|| Error::denied("this needs a person; the token names none"))
}

/// Refuses to change somebody else's object unless the caller manages programs.
///
/// # Errors
/// `PERMISSION_DENIED`.
pub(crate) fn own_or_managed(actor: &Actor, person: Uuid) -> Result<()> {
    if actor.is_person(person) || actor.manages_programs() {
        Ok(())
    } else {
        Err(Error::denied("this belongs to another person"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::TenantId;

    fn actor(roles: &[Role], person: Option<u128>) -> Actor {
        Actor {
            tenant: TenantId(Uuid::nil()),
            subject: "someone".into(),
            person: person.map(Uuid::from_u128),
            roles: roles.to_vec(),
        }
    }

    #[test]
    fn each_caller_sees_what_is_theirs() {
        let (owner, manager) = (Uuid::from_u128(1), Some(Uuid::from_u128(2)));
        let sees = |roles: &[Role], person| view(&actor(roles, person), owner, manager).ok();
        assert_eq!(sees(&[Role::Employee], Some(1)), Some(View::Full));
        assert_eq!(sees(&[Role::Employee], Some(2)), Some(View::Status));
        assert_eq!(sees(&[Role::Employee], Some(3)), None);
        assert_eq!(sees(&[Role::Employee], None), None);
        assert_eq!(sees(&[Role::HrAdmin], None), None);
        assert_eq!(sees(&[Role::Auditor], None), Some(View::Status));
        assert_eq!(sees(&[Role::Auditor, Role::Employee], Some(1)), Some(View::Full));
        assert_eq!(sees(&[Role::HrClient], None), Some(View::Full));
        assert_eq!(sees(&[Role::ProgramManager], Some(9)), Some(View::Full));
    }

    #[test]
    fn nobody_without_a_person_is_the_manager_of_those_without_one() {
        assert!(view(&actor(&[Role::Employee], None), Uuid::from_u128(1), None).is_err());
    }

    #[test]
    fn lists_are_narrowed_to_the_caller() {
        assert_eq!(narrowed(&actor(&[Role::Employee], Some(3))).expect("own"), Some(Uuid::from_u128(3)));
        assert_eq!(narrowed(&actor(&[Role::ProgramManager], None)).expect("all"), None);
        assert!(narrowed(&actor(&[Role::Employee], None)).is_err());
    }

    #[test]
    fn only_the_owner_or_a_program_manager_changes() {
        let owner = Uuid::from_u128(1);
        assert!(own_or_managed(&actor(&[Role::Employee], Some(1)), owner).is_ok());
        assert!(own_or_managed(&actor(&[Role::ProgramManager], None), owner).is_ok());
        assert!(own_or_managed(&actor(&[Role::HrClient], None), owner).is_err());
        assert!(own_or_managed(&actor(&[Role::Employee], Some(2)), owner).is_err());
    }
}
