//! Families of RPCs that a token can be held to: the one table, beside that of roles.
//!
//! Roles say what somebody may do; a scope only takes away. A token without scopes is held by its roles alone.

use crate::Permission;
use std::{fmt, str::FromStr};

/// A family of RPCs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scope {
    /// People and their reporting lines.
    Directory,
    /// Programs, applications, participants, training.
    Programs,
    /// Criteria, match runs, matches.
    Matching,
    /// Availability, meetings, adherence.
    Scheduling,
    /// Check-ins, health, reviews.
    Evaluation,
    /// Program reports.
    Reports,
    /// The audit trail.
    Audit,
    /// Connections, identity providers, sessions, clients.
    Connections,
}

impl Scope {
    /// Every scope.
    pub const ALL: [Scope; 8] = [
        Scope::Directory,
        Scope::Programs,
        Scope::Matching,
        Scope::Scheduling,
        Scope::Evaluation,
        Scope::Reports,
        Scope::Audit,
        Scope::Connections,
    ];

    /// The name in tokens.
    pub fn name(self) -> &'static str {
        match self {
            Scope::Directory => "directory",
            Scope::Programs => "programs",
            Scope::Matching => "matching",
            Scope::Scheduling => "scheduling",
            Scope::Evaluation => "evaluation",
            Scope::Reports => "reports",
            Scope::Audit => "audit",
            Scope::Connections => "connections",
        }
    }

    /// The family that a permission belongs to.
    pub fn of(permission: Permission) -> Option<Scope> {
        use Permission::*;
        Some(match permission {
            Unspecified => return None,
            DirectoryRead | DirectoryImport => Scope::Directory,
            ProgramsRead | ProgramsWrite | ApplicationsSubmit | ApplicationsRead | ApplicationsEndorse
            | ApplicationsDecide | ParticipantsRead | ParticipantsWrite | ParticipantsExport
            | TrainingRead | TrainingWrite | TrainingComplete => Scope::Programs,
            CriteriaRead | CriteriaWrite | RunsRead | RunsWrite | MatchesRead | MatchesAnswer
            | MatchesEnd => Scope::Matching,
            AvailabilityRead | AvailabilityWrite | MeetingsRead | MeetingsWrite | CadenceRead => {
                Scope::Scheduling
            }
            CheckInsRead | CheckInsAnswer | HealthRead | ReviewsRead | ReviewsDecide => Scope::Evaluation,
            ReportsRead => Scope::Reports,
            AuditRead => Scope::Audit,
            ConnectionsRead | ConnectionsWrite => Scope::Connections,
        })
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Scope {
    type Err = ();

    fn from_str(name: &str) -> Result<Self, ()> {
        Scope::ALL.into_iter().find(|scope| scope.name() == name).ok_or(())
    }
}

/// Scopes of OpenID Connect, which say something about the person and nothing about RPCs.
const OF_THE_PERSON: [&str; 6] = ["openid", "profile", "email", "address", "phone", "offline_access"];

/// The families that a token is held to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scopes(u8);

impl Scopes {
    /// From a claim. A machine is held to what its token names, be it known here or not; people's tokens carry the names
    /// of other applications, so they are held only when one of ours is among them.
    pub(crate) fn of_claim<'a>(names: impl Iterator<Item = &'a str>, machine: bool) -> Option<Scopes> {
        let (mut scopes, mut others) = (Scopes::default(), false);
        for name in names.filter(|name| !OF_THE_PERSON.contains(name)) {
            match name.parse::<Scope>() {
                Ok(scope) => scopes.0 |= scopes_bit(scope),
                Err(()) => others = true,
            }
        }
        (scopes.0 != 0 || (machine && others)).then_some(scopes)
    }

    /// Whether RPCs of this permission may be called.
    pub fn allow(self, permission: Permission) -> bool {
        Scope::of(permission).is_some_and(|scope| self.0 & scopes_bit(scope) != 0)
    }
}

fn scopes_bit(scope: Scope) -> u8 {
    1 << (scope as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(claim: &str, machine: bool) -> Option<Vec<&'static str>> {
        let scopes = Scopes::of_claim(claim.split_whitespace(), machine)?;
        Some(Scope::ALL.into_iter().filter(|s| scopes.0 & scopes_bit(*s) != 0).map(Scope::name).collect())
    }

    #[test]
    fn a_scope_takes_away_and_never_gives() {
        assert_eq!(of("openid profile", true), None);
        assert_eq!(of("", true), None);
        assert_eq!(of("directory matching", true), Some(vec!["directory", "matching"]));
        assert_eq!(
            of("invoices", true),
            Some(vec![]),
            "a machine's token for something else is good for nothing"
        );
        assert_eq!(of("invoices", false), None, "a person's is held by roles");
        assert_eq!(of("invoices audit", false), Some(vec!["audit"]));
    }

    #[test]
    fn every_permission_belongs_to_one_family_and_every_family_has_some() {
        let permissions = (1..).map_while(|number| Permission::try_from(number).ok());
        let scopes: Vec<Scope> =
            permissions.map(|permission| Scope::of(permission).expect("a family")).collect();
        assert!(Scope::ALL.iter().all(|scope| scopes.contains(scope)));
        assert_eq!(Scope::of(Permission::Unspecified), None);
        assert!(!Scopes::default().allow(Permission::Unspecified));
    }
}
