//! The file that says from which columns the fields are taken.

use crate::advice;
use anyhow::{Context, Result};
use contracts::mentor::gateway::v1::{FieldMapping, ValueMapping};
use serde::Deserialize;
use std::{collections::BTreeMap, fs, path::Path};

/// What the file can look like, for messages and `--help`.
pub(super) const EXAMPLE: &str = r#"[fields]
  external_id = "Personnel No"
  display_name = ["First Name", "Last Name"]
  organisation = { constant = "Acme" }
  active = { column = "Status", values = { A = "true", R = "false" } }
  end_date = { column = "Last Day", format = "%d.%m.%Y" }"#;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    fields: BTreeMap<String, Field>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Field {
    Column(String),
    Columns(Vec<String>),
    Rule(Rule),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    #[serde(default)]
    column: String,
    #[serde(default)]
    constant: String,
    #[serde(default)]
    values: BTreeMap<String, String>,
    #[serde(default)]
    format: String,
}

/// Reads a mapping.
pub(super) fn read(file: &Path) -> Result<Vec<FieldMapping>> {
    let text = fs::read_to_string(file).with_context(|| format!("can't read {}", file.display()))?;
    parse(&text).map_err(|error| {
        let what = format!("{} is no mapping: {error}", file.display());
        advice::advise(what, format!("write it like this:\n  {EXAMPLE}"))
    })
}

fn parse(text: &str) -> Result<Vec<FieldMapping>, toml::de::Error> {
    let file: File = toml::from_str(text)?;
    Ok(file.fields.into_iter().map(|(field, from)| mapping(field, from)).collect())
}

fn mapping(field: String, from: Field) -> FieldMapping {
    let empty = FieldMapping { field, ..FieldMapping::default() };
    match from {
        Field::Column(column) => FieldMapping { columns: vec![column], ..empty },
        Field::Columns(columns) => FieldMapping { columns, ..empty },
        Field::Rule(rule) => FieldMapping {
            columns: Some(rule.column).filter(|column| !column.is_empty()).into_iter().collect(),
            constant: rule.constant,
            values: rule.values.into_iter().map(|(value, means)| ValueMapping { value, means }).collect(),
            date_format: rule.format,
            ..empty
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_help_is_read() {
        let rules = parse(EXAMPLE).expect("the example is right");
        let of = |field: &str| rules.iter().find(|rule| rule.field == field).expect("the field");
        assert_eq!(rules.len(), 5);
        assert_eq!(of("external_id").columns, ["Personnel No"]);
        assert_eq!(of("display_name").columns, ["First Name", "Last Name"]);
        assert_eq!((of("organisation").constant.as_str(), of("organisation").columns.len()), ("Acme", 0));
        assert_eq!(of("active").values.len(), 2);
        assert_eq!(of("end_date").date_format, "%d.%m.%Y");
    }

    #[test]
    fn what_is_misspelt_is_told() {
        assert!(parse("external_id = 'x'").is_err());
        assert!(parse("[fields]\nunit = { colum = 'x' }").is_err());
    }
}
