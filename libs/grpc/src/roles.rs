//! What each role may do: the one table.

pub use contracts::mentor::common::v1::Permission;
use kernel::Role;

/// Whether one of the roles has the permission.
pub fn allows(roles: &[Role], permission: Permission) -> bool {
    roles.iter().any(|role| role_has(*role, permission))
}

/// Every permission of a role.
pub fn permissions(role: Role) -> impl Iterator<Item = Permission> {
    (1..)
        .map_while(|number| Permission::try_from(number).ok())
        .filter(move |permission| role_has(role, *permission))
}

fn role_has(role: Role, permission: Permission) -> bool {
    use Permission::*;
    match role {
        Role::System => permission != Unspecified,
        Role::HrAdmin => {
            matches!(
                permission,
                DirectoryRead
                    | DirectoryImport
                    | ProgramsRead
                    | ReportsRead
                    | AuditRead
                    | ConnectionsRead
                    | ConnectionsWrite
            )
        }
        Role::ProgramManager => !matches!(
            permission,
            Unspecified
                | DirectoryImport
                | AuditRead
                | ApplicationsSubmit
                | ApplicationsEndorse
                | MatchesAnswer
                | CheckInsAnswer
                | AvailabilityWrite
                | ConnectionsRead
                | ConnectionsWrite
        ),
        Role::Employee => matches!(
            permission,
            ProgramsRead
                | ApplicationsSubmit
                | ApplicationsRead
                | ApplicationsEndorse
                | ParticipantsRead
                | ParticipantsWrite
                | TrainingRead
                | TrainingComplete
                | MatchesRead
                | MatchesAnswer
                | MatchesEnd
                | AvailabilityRead
                | AvailabilityWrite
                | MeetingsRead
                | MeetingsWrite
                | CadenceRead
                | CheckInsRead
                | CheckInsAnswer
                | ReviewsRead
                | ReviewsDecide
        ),
        Role::Auditor => matches!(
            permission,
            DirectoryRead
                | ProgramsRead
                | ParticipantsRead
                | CriteriaRead
                | RunsRead
                | MatchesRead
                | ReportsRead
                | AuditRead
                | ConnectionsRead
        ),
        Role::HrClient => matches!(
            permission,
            DirectoryRead
                | DirectoryImport
                | ProgramsRead
                | ParticipantsRead
                | ParticipantsExport
                | MatchesRead
                | CadenceRead
                | ReportsRead
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_role_has_the_unspecified_permission() {
        for role in Role::GRANTABLE.into_iter().chain([Role::System]) {
            assert!(!allows(&[role], Permission::Unspecified), "{role}");
        }
    }

    #[test]
    fn the_table_reads_as_decided() {
        let count = |role| permissions(role).count();
        assert_eq!(count(Role::System), 35);
        assert_eq!(count(Role::HrAdmin), 7);
        assert_eq!(count(Role::ProgramManager), 35 - 9);
        assert_eq!(count(Role::Employee), 20);
        assert_eq!(count(Role::Auditor), 9);
        assert_eq!(count(Role::HrClient), 8);
        assert!(allows(&[Role::Auditor, Role::HrAdmin], Permission::DirectoryImport));
        assert!(!allows(&[], Permission::ProgramsRead));
    }
}
