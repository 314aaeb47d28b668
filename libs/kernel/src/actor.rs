//! Who is calling.

use crate::TenantId;
use std::{fmt, str::FromStr};
use uuid::Uuid;

/// What a caller is to the organisation. Being a mentor, a mentee or a line manager is not a role: it
/// follows from matches and from the directory, and is checked against the object at hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    /// Connects the HRIS, imports people, sets retention.
    HrAdmin,
    /// Owns programs.
    ProgramManager,
    /// Any person of the directory: applies, mentors, is mentored, endorses their own reports.
    Employee,
    /// Reads everything that is not confidential, and the audit trail.
    Auditor,
    /// A machine: the HR platform.
    HrClient,
    /// The suite itself: jobs and consumers. Never granted by a token.
    System,
}

impl Role {
    /// Every role that a token can carry.
    pub const GRANTABLE: [Role; 5] =
        [Role::HrAdmin, Role::ProgramManager, Role::Employee, Role::Auditor, Role::HrClient];

    /// The name used in tokens, logs and audit rows.
    pub fn name(self) -> &'static str {
        match self {
            Role::HrAdmin => "hr_admin",
            Role::ProgramManager => "program_manager",
            Role::Employee => "employee",
            Role::Auditor => "auditor",
            Role::HrClient => "hr_client",
            Role::System => "system",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Role {
    type Err = ();

    /// Reads a name that a token may carry; `system` is not among them.
    fn from_str(name: &str) -> Result<Self, ()> {
        Role::GRANTABLE.into_iter().find(|role| role.name() == name).ok_or(())
    }
}

/// The authenticated caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// The tenant whose data the caller may touch.
    pub tenant: TenantId,
    /// `sub` of the token, or `system:<service>`.
    pub subject: String,
    /// The person of the directory, for people; `None` for machines and the suite itself.
    pub person: Option<Uuid>,
    /// What the caller is.
    pub roles: Vec<Role>,
}

impl Actor {
    /// The suite acting on its own, in a job or a consumer of `service`.
    pub fn system(tenant: TenantId, service: &str) -> Self {
        Actor { tenant, subject: format!("system:{service}"), person: None, roles: vec![Role::System] }
    }

    /// Whether the caller has the role.
    pub fn is(&self, role: Role) -> bool {
        self.roles.contains(&role)
    }

    /// Whether the caller is this person.
    pub fn is_person(&self, person: Uuid) -> bool {
        self.person == Some(person)
    }

    /// Whether the caller may act on everybody's objects: program manager or the suite itself.
    pub fn manages_programs(&self) -> bool {
        self.is(Role::ProgramManager) || self.is(Role::System)
    }
}
