//! Domain: a group and what it is mapped to. Pure.

use kernel::{Error, Result, Role, Uuid};
use std::collections::BTreeSet;

/// A provisioned group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Group {
    pub(crate) id: Uuid,
    pub(crate) display_name: String,
    pub(crate) members: i64,
    pub(crate) roles: Vec<String>,
    pub(crate) audience: String,
}

impl Group {
    /// Says what the group means from now on; whether that is news.
    ///
    /// # Errors
    /// `FIELD_INVALID` for a role that people can't have, or an audience that can't be kept.
    pub(crate) fn map(&mut self, roles: &[String], audience: &str) -> Result<bool> {
        for (at, role) in roles.iter().enumerate() {
            // Machines have tokens of their own.
            if !role.parse::<Role>().is_ok_and(|role| role != Role::HrClient) {
                return Err(Error::field(format!("roles[{at}]"), "must be a role that people can have"));
            }
        }
        if audience.contains('\0') {
            return Err(Error::field("audience", "must not hold a zero character"));
        }
        let roles: Vec<String> = roles.iter().cloned().collect::<BTreeSet<_>>().into_iter().collect();
        let audience = audience.trim().to_owned();
        let news = (&self.roles, &self.audience) != (&roles, &audience);
        (self.roles, self.audience) = (roles, audience);
        Ok(news)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mapping_is_news_once() {
        let (roles, audience) = (Vec::new(), String::new());
        let mut group = Group { id: Uuid::nil(), display_name: "HR".into(), members: 0, roles, audience };
        let roles = ["program_manager".to_owned(), "auditor".to_owned()];
        assert!(group.map(&roles, " Leaders ").expect("sound"));
        assert_eq!(group.roles, ["auditor", "program_manager"]);
        assert!(!group.map(&roles, "Leaders").expect("sound"));
        assert!(group.map(&["hr_client".to_owned()], "").is_err());
        assert!(group.map(&["system".to_owned()], "").is_err());
    }
}
