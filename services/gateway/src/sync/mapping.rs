//! From where the fields of a person are taken, whatever the source calls them. Pure.

use super::employee::{Fault, Record, shown};
use contracts::mentor::gateway::v1::{FieldMapping, ValueMapping};
use jiff::civil::Date;
use kernel::{Error, Result};
use std::{borrow::Cow, collections::HashMap};

/// How dates are written unless a mapping says otherwise.
const ISO_DATE: &str = "%Y-%m-%d";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Field {
    ExternalId,
    Manager,
    UserName,
    DisplayName,
    Email,
    JobTitle,
    Unit,
    Organisation,
    Division,
    ParentOrganisation,
    Grade,
    Profession,
    Fte,
    Left,
    Active,
    EndDate,
}

/// What a mapping may name.
const FIELDS: [(&str, Field); 16] = [
    ("external_id", Field::ExternalId),
    ("manager", Field::Manager),
    ("user_name", Field::UserName),
    ("display_name", Field::DisplayName),
    ("email", Field::Email),
    ("job_title", Field::JobTitle),
    ("unit", Field::Unit),
    ("organisation", Field::Organisation),
    ("parent_organisation", Field::ParentOrganisation),
    ("division", Field::Division),
    ("grade", Field::Grade),
    ("profession", Field::Profession),
    ("fte", Field::Fte),
    ("left", Field::Left),
    ("active", Field::Active),
    ("end_date", Field::EndDate),
];

#[derive(Clone, Debug)]
struct Rule {
    name: &'static str,
    field: Field,
    columns: Vec<String>,
    constant: String,
    /// By the value in the source, in lower case.
    values: HashMap<String, String>,
    date_format: String,
}

/// From where fields are taken. A field may be named more than once: the first that gives something counts.
#[derive(Clone, Debug)]
pub(crate) struct Mapping(Vec<Rule>);

/// A field that is taken from columns.
pub(crate) fn takes(field: &str, columns: &[&str]) -> FieldMapping {
    let columns = columns.iter().map(|&column| column.to_owned()).collect();
    FieldMapping { field: field.to_owned(), columns, ..FieldMapping::default() }
}

/// A field that is taken from a column whose values mean others.
pub(crate) fn means(field: &str, column: &str, values: &[(&str, &str)]) -> FieldMapping {
    let mean = |&(value, means): &(&str, &str)| ValueMapping { value: value.into(), means: means.into() };
    FieldMapping { values: values.iter().map(mean).collect(), ..takes(field, &[column]) }
}

impl Mapping {
    /// What was chosen, else the default. Errors name `mapping[2].field` and the like.
    pub(crate) fn new(chosen: &[FieldMapping], default: &[FieldMapping]) -> Result<Mapping> {
        let rules = if chosen.is_empty() { default } else { chosen };
        let rules: Vec<Rule> =
            rules.iter().enumerate().map(|(at, rule)| read(at, rule)).collect::<Result<_>>()?;
        if rules.iter().all(|rule| rule.field != Field::ExternalId) {
            let missing = "names no external_id; every person needs the id that the source knows them by";
            return Err(Error::field("mapping", missing));
        }
        Ok(Mapping(rules))
    }

    /// The columns that the source must have, in the order of the mapping; the same one may come twice.
    pub(crate) fn columns(&self) -> impl Iterator<Item = &str> {
        self.0.iter().flat_map(|rule| &rule.columns).map(String::as_str)
    }

    /// The record, from what the source has in a column; `None` and empty are the same.
    pub(crate) fn record<'v>(
        &self,
        value_of: impl Fn(&str) -> Option<Cow<'v, str>>,
        today: Date,
    ) -> Result<Record, Box<Fault>> {
        let mut record = Record::default();
        let mut parent = String::new();
        for rule in &self.0 {
            let value = rule.value(&value_of);
            if rule.field == Field::ParentOrganisation {
                parent = if parent.is_empty() { value } else { parent };
            } else if let Err(message) = rule.put(&mut record, value, today) {
                let external_id = self.external_id(&value_of);
                let (field, unknown) = (rule.name.to_owned(), external_id.is_empty());
                let fault =
                    Fault { external_id, field, message, rejected: true, unknown, ..Fault::default() };
                return Err(Box::new(fault));
            }
        }
        // The larger one stands first: what has another above it is that one's division.
        if !parent.is_empty() && record.division.is_empty() {
            record.division = std::mem::replace(&mut record.organisation, parent);
        }
        Ok(record)
    }

    /// The id alone, for whom nothing else can be read of.
    pub(crate) fn external_id<'v>(&self, value_of: &impl Fn(&str) -> Option<Cow<'v, str>>) -> String {
        let ids =
            self.0.iter().filter(|rule| rule.field == Field::ExternalId).map(|rule| rule.value(value_of));
        shown(&ids.into_iter().find(|id| !id.is_empty()).unwrap_or_default())
    }
}

impl Rule {
    fn value<'v>(&self, value_of: &impl Fn(&str) -> Option<Cow<'v, str>>) -> String {
        let mut value = String::new();
        for part in self.columns.iter().filter_map(|column| value_of(column)) {
            let part = part.trim();
            if !part.is_empty() && !value.is_empty() {
                value.push(' ');
            }
            value.push_str(part);
        }
        if self.columns.is_empty() {
            value.clone_from(&self.constant);
        }
        match self.values.get(&value.to_lowercase()) {
            Some(means) => means.clone(),
            None => value,
        }
    }

    fn put(&self, record: &mut Record, value: String, today: Date) -> Result<(), String> {
        let text = match self.field {
            Field::ExternalId => &mut record.external_id,
            Field::Manager => &mut record.manager,
            Field::UserName => &mut record.user_name,
            Field::DisplayName => &mut record.display_name,
            Field::Email => &mut record.email,
            Field::JobTitle => &mut record.job_title,
            Field::Unit => &mut record.unit,
            Field::Organisation => &mut record.organisation,
            Field::Division => &mut record.division,
            Field::Grade => record.grade.get_or_insert_default(),
            Field::Profession => record.profession.get_or_insert_default(),
            Field::Fte => record.fte.get_or_insert_default(),
            Field::ParentOrganisation => return Ok(()),
            Field::Left => {
                record.left |= truth(&value)?.unwrap_or(false);
                return Ok(());
            }
            Field::Active => {
                let unknown = "is empty, so that nobody can tell whether the person has left";
                record.left |= !truth(&value)?.ok_or(unknown)?;
                return Ok(());
            }
            Field::EndDate => {
                record.left |= self.date(&value)?.is_some_and(|end| end < today);
                return Ok(());
            }
        };
        if text.is_empty() {
            *text = value;
        }
        Ok(())
    }

    fn date(&self, value: &str) -> Result<Option<Date>, String> {
        if value.is_empty() {
            return Ok(None);
        }
        // The time of the day does not matter, where a source adds one.
        let day = if self.date_format == ISO_DATE { value.get(..10).unwrap_or(value) } else { value };
        let wrong = |_| format!("'{}' is not a date as {} writes them", shown(value), self.date_format);
        Date::strptime(&self.date_format, day).map(Some).map_err(wrong)
    }
}

fn truth(value: &str) -> Result<Option<bool>, String> {
    match value.to_ascii_lowercase().as_str() {
        "" => Ok(None),
        "true" | "1" | "yes" | "y" => Ok(Some(true)),
        "false" | "0" | "no" | "n" => Ok(Some(false)),
        _ => Err(format!(
            "'{}' is neither true nor false; name its meaning in the mapping's values",
            shown(value)
        )),
    }
}

fn read(at: usize, rule: &FieldMapping) -> Result<Rule> {
    let Some(&(name, field)) = FIELDS.iter().find(|(name, _)| *name == rule.field) else {
        let known = FIELDS.map(|(name, _)| name).join(", ");
        let message = format!("'{}' is no field of a person; there are {known}", shown(&rule.field));
        return Err(Error::field(format!("mapping[{at}].field"), message));
    };
    if rule.columns.is_empty() && rule.constant.is_empty() {
        return Err(Error::field(format!("mapping[{at}].columns"), "is empty; name a column or a constant"));
    }
    let date_format = if rule.date_format.is_empty() { ISO_DATE } else { &rule.date_format };
    let example = Date::constant(2006, 1, 2);
    let written = jiff::fmt::strtime::format(date_format, example);
    if written.as_deref().ok().and_then(|text| Date::strptime(date_format, text).ok()) != Some(example) {
        let message = format!("'{}' does not tell day, month and year; %d.%m.%Y does", shown(date_format));
        return Err(Error::field(format!("mapping[{at}].date_format"), message));
    }
    Ok(Rule {
        name,
        field,
        columns: rule.columns.clone(),
        constant: rule.constant.clone(),
        values: rule.values.iter().map(|value| (value.value.to_lowercase(), value.means.clone())).collect(),
        date_format: date_format.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TODAY: Date = Date::constant(2025, 1, 6);

    fn mapping(rules: &[FieldMapping]) -> Mapping {
        Mapping::new(rules, &[]).expect("a mapping")
    }

    fn taken(rules: &[FieldMapping], person: &[(&str, &str)]) -> Result<Record, Box<Fault>> {
        let value =
            |name: &str| person.iter().find(|(known, _)| *known == name).map(|(_, v)| Cow::Borrowed(*v));
        mapping(rules).record(value, TODAY)
    }

    #[test]
    fn fields_are_joined_replaced_and_fall_back() {
        let rules = [
            takes("external_id", &["id"]),
            takes("display_name", &["nick"]),
            takes("display_name", &["first", "last"]),
            FieldMapping { field: "organisation".into(), constant: "Acme".into(), ..FieldMapping::default() },
            means("grade", "level", &[("L1", "Junior")]),
        ];
        let person = [("id", "7"), ("nick", ""), ("first", " Ann "), ("last", "Ash"), ("level", "l1")];
        let record = taken(&rules, &person).expect("a record");
        assert_eq!((record.display_name.as_str(), record.organisation.as_str()), ("Ann Ash", "Acme"));
        assert_eq!((record.grade.as_deref(), record.profession), (Some("Junior"), None));
    }

    #[test]
    fn who_has_left_is_told_in_three_ways() {
        let rules = |field: &str| [takes("external_id", &["id"]), takes(field, &["x"])];
        let left = |field: &str, value: &str| {
            taken(&rules(field), &[("id", "7"), ("x", value)])
                .map(|record| record.left)
                .map_err(|f| f.message)
        };
        assert_eq!(
            (left("left", ""), left("left", "YES"), left("left", "0")),
            (Ok(false), Ok(true), Ok(false))
        );
        assert_eq!((left("active", "true"), left("active", "no")), (Ok(false), Ok(true)));
        assert!(left("active", "").is_err(), "an empty status is no status");
        assert!(left("left", "maybe").is_err());
        assert_eq!(left("end_date", "2025-01-05"), Ok(true));
        assert_eq!(left("end_date", "2025-01-06T00:00:00Z"), Ok(false), "the last day still counts");
        assert_eq!(left("end_date", ""), Ok(false));
        assert!(left("end_date", "5.1.2025").is_err());
    }

    #[test]
    fn the_larger_organisation_stands_first() {
        let rules = [
            takes("external_id", &["id"]),
            takes("organisation", &["o"]),
            takes("parent_organisation", &["p"]),
        ];
        let above = taken(&rules, &[("id", "7"), ("o", "Agency"), ("p", "Ministry")]).expect("a record");
        assert_eq!((above.organisation.as_str(), above.division.as_str()), ("Ministry", "Agency"));
        let alone = taken(&rules, &[("id", "7"), ("o", "Agency"), ("p", "")]).expect("a record");
        assert_eq!((alone.organisation.as_str(), alone.division.as_str()), ("Agency", ""));
    }

    #[test]
    fn a_fault_names_the_person_and_the_field() {
        let rules = [takes("active", &["x"]), takes("external_id", &["id"])];
        let fault = taken(&rules, &[("id", "7"), ("x", "?")]).expect_err("refused");
        assert_eq!((fault.external_id.as_str(), fault.field.as_str(), fault.rejected), ("7", "active", true));
    }

    #[test]
    fn a_wrong_mapping_is_refused_by_its_place() {
        let id = takes("external_id", &["id"]);
        let wrong = |rule: FieldMapping| {
            let error = Mapping::new(&[id.clone(), rule], &[]).expect_err("refused");
            error.violations[0].field.clone()
        };
        assert_eq!(wrong(takes("shoe_size", &["x"])), "mapping[1].field");
        assert_eq!(wrong(takes("email", &[])), "mapping[1].columns");
        let date = |format: &str| FieldMapping { date_format: format.into(), ..takes("end_date", &["x"]) };
        assert_eq!(wrong(date("%d")), "mapping[1].date_format");
        assert_eq!(wrong(date("%")), "mapping[1].date_format");
        assert!(Mapping::new(&[id.clone(), date("%d.%m.%Y")], &[]).is_ok());
        assert!(Mapping::new(&[takes("email", &["x"])], &[]).is_err(), "an id is needed");
        assert!(Mapping::new(&[], &[id]).is_ok(), "else the default");
    }

    proptest! {
        /// Whatever the source holds, there is a record or a fault, and the id survives.
        #[test]
        fn nothing_breaks_it(id in "[a-z0-9]{1,9}", text in ".{0,40}") {
            for field in FIELDS.map(|(name, _)| name) {
                let rules = [takes("external_id", &["id"]), takes(field, &["x", "x"])];
                match taken(&rules, &[("id", &id), ("x", &text)]) {
                    Ok(record) => prop_assert_eq!(record.external_id, id.clone()),
                    Err(fault) => prop_assert_eq!(&fault.external_id, &id),
                }
            }
        }
    }
}
