//! Domain: the schemas that the gateway serves. The documents under `schemas/` are what `/Schemas` answers and what every
//! value, filter and path is checked by. Pure.

use kernel::{Error, Result};
use serde::Deserialize;
use serde_json::Value;

/// The core schema of users.
pub(crate) const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
/// The enterprise extension of users.
pub(crate) const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

/// What a resource is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// A person's account.
    User,
    /// A group of users and groups.
    Group,
}

impl Kind {
    /// As stored and as SCIM names it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Kind::User => "User",
            Kind::Group => "Group",
        }
    }

    /// The path of its resources.
    pub(crate) fn endpoint(self) -> &'static str {
        match self {
            Kind::User => "Users",
            Kind::Group => "Groups",
        }
    }

    /// Reads the path.
    pub(crate) fn of_endpoint(endpoint: &str) -> Option<Kind> {
        [Kind::User, Kind::Group].into_iter().find(|kind| kind.endpoint() == endpoint)
    }

    /// Reads a stored word.
    pub(crate) fn of_word(word: &str) -> Kind {
        if word == Kind::Group.word() { Kind::Group } else { Kind::User }
    }
}

/// Types of values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Type {
    String,
    Boolean,
    Reference,
    Binary,
    DateTime,
    Complex,
}

/// Who may change a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Mutability {
    ReadOnly,
    ReadWrite,
    Immutable,
    WriteOnly,
}

/// When a value is returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Returned {
    Always,
    Never,
    Default,
    Request,
}

/// An attribute or a sub-attribute.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Attribute {
    pub(crate) name: String,
    #[serde(rename = "type")]
    pub(crate) kind: Type,
    pub(crate) multi_valued: bool,
    #[serde(default)]
    pub(crate) required: bool,
    #[serde(default)]
    pub(crate) case_exact: bool,
    pub(crate) mutability: Mutability,
    pub(crate) returned: Returned,
    #[serde(default)]
    pub(crate) sub_attributes: Vec<Attribute>,
}

impl Attribute {
    /// A sub-attribute, whatever the case of its name.
    pub(crate) fn sub(&self, name: &str) -> Option<&Attribute> {
        find(&self.sub_attributes, name)
    }

    /// Whether a value of it is kept at all.
    pub(crate) fn stored(&self) -> bool {
        self.mutability != Mutability::ReadOnly
            && self.mutability != Mutability::WriteOnly
            && self.returned != Returned::Never
    }
}

/// An attribute, whatever the case of its name.
pub(crate) fn find<'a>(attributes: &'a [Attribute], name: &str) -> Option<&'a Attribute> {
    attributes.iter().find(|attribute| attribute.name.eq_ignore_ascii_case(name))
}

/// A schema.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Schema {
    pub(crate) id: String,
    pub(crate) attributes: Vec<Attribute>,
    /// As served.
    #[serde(skip)]
    pub(crate) document: Value,
}

/// The schemas of a kind of resource.
#[derive(Clone, Debug)]
pub(crate) struct ResourceType {
    pub(crate) kind: Kind,
    pub(crate) core: Schema,
    pub(crate) extensions: Vec<Schema>,
}

/// Where a name leads.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Found<'a> {
    /// The extension; `None` for the core schema.
    pub(crate) urn: Option<&'a str>,
    pub(crate) attribute: &'a Attribute,
    pub(crate) sub: Option<&'a Attribute>,
}

impl ResourceType {
    /// An extension, whatever the case of its URN.
    pub(crate) fn extension(&self, urn: &str) -> Option<&Schema> {
        self.extensions.iter().find(|schema| schema.id.eq_ignore_ascii_case(urn))
    }

    /// Whether a schema belongs to this kind of resource.
    pub(crate) fn knows(&self, urn: &str) -> bool {
        self.core.id.eq_ignore_ascii_case(urn) || self.extension(urn).is_some()
    }

    /// Finds an attribute. A name without URN is looked for in the core schema, then in the extensions: identity
    /// providers leave the URN out.
    pub(crate) fn find(&self, urn: Option<&str>, name: &str, sub: Option<&str>) -> Option<Found<'_>> {
        let (urn, attribute) = match urn {
            Some(urn) if self.core.id.eq_ignore_ascii_case(urn) => (None, find(&self.core.attributes, name)?),
            Some(urn) => {
                let extension = self.extension(urn)?;
                (Some(extension.id.as_str()), find(&extension.attributes, name)?)
            }
            None => match find(&self.core.attributes, name) {
                Some(attribute) => (None, attribute),
                None => self.extensions.iter().find_map(|extension| {
                    Some((Some(extension.id.as_str()), find(&extension.attributes, name)?))
                })?,
            },
        };
        match sub {
            None => Some(Found { urn, attribute, sub: None }),
            Some(sub) => Some(Found { urn, attribute, sub: Some(attribute.sub(sub)?) }),
        }
    }
}

/// Everything served.
#[derive(Clone, Debug)]
pub(crate) struct Catalogue {
    pub(crate) user: ResourceType,
    pub(crate) group: ResourceType,
}

impl Catalogue {
    /// Reads the documents, which are built in.
    ///
    /// # Errors
    /// Internal, when a document is broken.
    pub(crate) fn read() -> Result<Catalogue> {
        let mut user = schema(include_str!("schemas/user.json"))?;
        let mut group = schema(include_str!("schemas/group.json"))?;
        let enterprise = schema(include_str!("schemas/enterprise_user.json"))?;
        user.attributes.push(external_id());
        group.attributes.push(external_id());
        Ok(Catalogue {
            user: ResourceType { kind: Kind::User, core: user, extensions: vec![enterprise] },
            group: ResourceType { kind: Kind::Group, core: group, extensions: Vec::new() },
        })
    }

    /// The schemas of a kind.
    pub(crate) fn of(&self, kind: Kind) -> &ResourceType {
        match kind {
            Kind::User => &self.user,
            Kind::Group => &self.group,
        }
    }

    /// Every schema as served.
    pub(crate) fn documents(&self) -> impl Iterator<Item = &Schema> {
        [&self.user, &self.group].into_iter().flat_map(|of| std::iter::once(&of.core).chain(&of.extensions))
    }
}

fn schema(text: &str) -> Result<Schema> {
    let document: Value = serde_json::from_str(text).map_err(Error::internal)?;
    let schema: Schema = serde_json::from_value(document.clone()).map_err(Error::internal)?;
    Ok(Schema { document, ..schema })
}

/// The one common attribute that clients write; it stands in no schema document (RFC 7643, 3.1).
fn external_id() -> Attribute {
    Attribute {
        name: "externalId".into(),
        kind: Type::String,
        multi_valued: false,
        required: false,
        case_exact: true,
        mutability: Mutability::ReadWrite,
        returned: Returned::Default,
        sub_attributes: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_whatever_their_case_and_home() {
        let catalogue = Catalogue::read().expect("the documents are sound");
        let user = &catalogue.user;
        let name = |urn, name, sub| user.find(urn, name, sub).map(|found| (found.urn, found.sub.is_some()));
        assert_eq!(name(None, "USERNAME", None), Some((None, false)));
        assert_eq!(name(Some(USER), "emails", Some("Type")), Some((None, true)));
        assert_eq!(name(None, "manager", Some("value")), Some((Some(ENTERPRISE), true)));
        assert_eq!(
            name(Some("URN:ietf:params:scim:schemas:extension:enterprise:2.0:user"), "department", None),
            Some((Some(ENTERPRISE), false))
        );
        assert_eq!(name(None, "shoeSize", None), None);
        assert_eq!(name(Some("urn:x"), "userName", None), None);
        assert!(catalogue.group.find(None, "userName", None).is_none());
    }
}
