//! Domain: filters (RFC 7644, 3.4.2.2), resolved against the schema: what is left are conditions whose every field and
//! type is known, bounded in depth and number. The store turns them into SQL; conditions on one value of an attribute are
//! also evaluated here, for PATCH. Pure.

use super::{
    error::{Refusal, Result},
    rewrite,
    schema::{Attribute, ENTERPRISE, Kind, ResourceType, Type, USER},
};
use jiff::Timestamp;
use scim_v2::filter::{AttrExp, AttrPath, CompValue, CompareOp, Filter, ValFilter};
use serde_json::Value;

/// The longest filter, in bytes.
const MAX_BYTES: usize = 16_384;
/// The deepest nesting.
const MAX_DEPTH: usize = 16;
/// The most comparisons.
const MAX_TERMS: usize = 200;

/// What a resource, or one value of it, must satisfy.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Condition {
    /// Decided by the kind of resource alone.
    Always(bool),
    All(Vec<Condition>),
    Any(Vec<Condition>),
    Not(Box<Condition>),
    /// A field is there, or compares.
    Test(Field, Test),
    /// Some value of a multi-valued attribute satisfies the inner condition.
    Some(Many, Box<Condition>),
}

/// A single value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Field {
    /// Kept in a column.
    Column(Column),
    /// In the attributes, by its path.
    Attribute { path: Vec<String>, shape: Shape },
    /// Of the value that a surrounding [`Condition::Some`] looks at.
    Element { sub: String, shape: Shape },
}

/// Columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Column {
    Id,
    UserName,
    ExternalId,
    DisplayName,
    Active,
    Created,
    LastModified,
    Version,
}

/// How a value compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Text, whatever its case.
    Folded,
    /// Text as it is.
    Exact,
    Boolean,
    Instant,
    /// Present or not, nothing else.
    Opaque,
}

/// A multi-valued attribute.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Many {
    /// In the attributes.
    Attribute(String),
    /// Members of a group.
    Members,
    /// Groups of a user.
    Groups,
}

/// What is asked of a field.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Test {
    Present,
    Compare(Op, Literal),
}

/// How to compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Op {
    Eq,
    Ne,
    Co,
    Sw,
    Ew,
    Gt,
    Ge,
    Lt,
    Le,
}

/// With what to compare.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Literal {
    Text(String),
    Boolean(bool),
    Instant(Timestamp),
}

impl Column {
    fn shape(self) -> Shape {
        match self {
            Column::Id | Column::ExternalId | Column::Version => Shape::Exact,
            Column::UserName | Column::DisplayName => Shape::Folded,
            Column::Active => Shape::Boolean,
            Column::Created | Column::LastModified => Shape::Instant,
        }
    }
}

impl Field {
    /// How it compares.
    pub(crate) fn shape(&self) -> Shape {
        match self {
            Field::Column(column) => column.shape(),
            Field::Attribute { shape, .. } | Field::Element { shape, .. } => *shape,
        }
    }
}

/// Reads a filter on resources of a kind.
///
/// # Errors
/// `invalidFilter`, naming what can't be read, is not known, can't be compared, or is too much.
pub(crate) fn read(of: &ResourceType, text: &str) -> Result<Condition> {
    let mut reader = Reader { of, terms: 0 };
    reader.filter(&parse(text)?, 1)
}

/// Parses, within bounds.
fn parse(text: &str) -> Result<Filter> {
    if text.len() > MAX_BYTES {
        return Err(Refusal::filter(format!(
            "the filter has {} bytes; at most {MAX_BYTES} are read",
            text.len()
        )));
    }
    let rewritten = rewrite::value_paths(text);
    rewritten.parse::<Filter>().map_err(|error| {
        let said: String = error.to_string().lines().next().unwrap_or_default().chars().take(300).collect();
        Refusal::filter(format!("the filter can't be read: {said}"))
    })
}

/// Reads the filter in the brackets of a path.
pub(crate) fn read_values(of: &ResourceType, attribute: &Attribute, filter: &ValFilter) -> Result<Condition> {
    Reader { of, terms: 0 }.values(attribute, filter, 1)
}

struct Reader<'a> {
    of: &'a ResourceType,
    terms: usize,
}

impl<'a> Reader<'a> {
    fn filter(&mut self, filter: &Filter, depth: usize) -> Result<Condition> {
        check_depth(depth)?;
        match filter {
            Filter::Attr(expression) => self.expression(expression),
            Filter::ValuePath(path) => {
                let found = self.find(&path.attr)?;
                if !found.multi_valued {
                    return Err(Refusal::filter(format!(
                        "{} has one value; leave the brackets out",
                        path.attr
                    )));
                }
                let inner = self.values(found, &path.filter, depth + 1)?;
                Ok(Condition::Some(many(self.of, found), Box::new(inner)))
            }
            Filter::Not(inner) => Ok(Condition::Not(Box::new(self.filter(inner, depth + 1)?))),
            Filter::And(items) => Ok(Condition::All(
                items.iter().map(|item| self.filter(item, depth + 1)).collect::<Result<_>>()?,
            )),
            Filter::Or(items) => Ok(Condition::Any(
                items.iter().map(|item| self.filter(item, depth + 1)).collect::<Result<_>>()?,
            )),
        }
    }

    fn values(&mut self, attribute: &Attribute, filter: &ValFilter, depth: usize) -> Result<Condition> {
        check_depth(depth)?;
        match filter {
            ValFilter::Attr(expression) => {
                self.count()?;
                let (path, test) = match expression {
                    AttrExp::Present(path) => (path, None),
                    AttrExp::Comparison(path, op, value) => (path, Some((op, value))),
                };
                let field = element(attribute, path)?;
                tested(path, field, test)
            }
            ValFilter::Not(inner) => {
                Ok(Condition::Not(Box::new(self.values(attribute, inner, depth + 1)?)))
            }
            ValFilter::And(items) => Ok(Condition::All(
                items.iter().map(|item| self.values(attribute, item, depth + 1)).collect::<Result<_>>()?,
            )),
            ValFilter::Or(items) => Ok(Condition::Any(
                items.iter().map(|item| self.values(attribute, item, depth + 1)).collect::<Result<_>>()?,
            )),
        }
    }

    fn expression(&mut self, expression: &AttrExp) -> Result<Condition> {
        self.count()?;
        let (path, test) = match expression {
            AttrExp::Present(path) => (path, None),
            AttrExp::Comparison(path, op, value) => (path, Some((op, value))),
        };
        if let Some(condition) = self.common(path, test)? {
            return Ok(condition);
        }
        let attribute = self.find(path)?;
        if attribute.multi_valued {
            let many = many(self.of, attribute);
            let sub = path.sub_attr.clone().unwrap_or_else(|| "value".into());
            let inner_path = AttrPath { uri: None, name: sub, sub_attr: None };
            // `emails pr`: there is a value, whatever it holds.
            if path.sub_attr.is_none() && test.is_none() {
                return Ok(Condition::Some(many, Box::new(Condition::Always(true))));
            }
            let field = element(attribute, &inner_path)?;
            return match test {
                // `emails eq null`: there is none.
                Some((CompareOp::Eq, CompValue::Null)) => {
                    let present = Condition::Some(many, Box::new(Condition::Test(field, Test::Present)));
                    Ok(Condition::Not(Box::new(present)))
                }
                test => Ok(Condition::Some(many, Box::new(tested(path, field, test)?))),
            };
        }
        let field = self.single(path)?;
        tested(path, field, test)
    }

    /// What every resource has: id, meta, schemas.
    fn common(&self, path: &AttrPath, test: Option<(&CompareOp, &CompValue)>) -> Result<Option<Condition>> {
        if path.uri.is_some() {
            return Ok(None);
        }
        let (name, sub) =
            (path.name.to_ascii_lowercase(), path.sub_attr.as_deref().map(str::to_ascii_lowercase));
        let column = match (name.as_str(), sub.as_deref()) {
            ("id", None) => Column::Id,
            ("meta", Some("created")) => Column::Created,
            ("meta", Some("lastmodified")) => Column::LastModified,
            ("meta", Some("version")) => Column::Version,
            ("meta", None) if test.is_none() => return Ok(Some(Condition::Always(true))),
            ("meta", Some("resourcetype")) => return constant(path, test, &[self.of.kind.word()]).map(Some),
            ("schemas", None) => return self.schemas(path, test).map(Some),
            _ => return Ok(None),
        };
        tested(path, Field::Column(column), test).map(Some)
    }

    fn schemas(&self, path: &AttrPath, test: Option<(&CompareOp, &CompValue)>) -> Result<Condition> {
        let core = constant(path, test, &[self.of.core.id.as_str()])?;
        if self.of.core.id != USER {
            return Ok(core);
        }
        let extended = constant(path, test, &[ENTERPRISE])?;
        let has = Condition::Test(
            Field::Attribute { path: vec![ENTERPRISE.into()], shape: Shape::Opaque },
            Test::Present,
        );
        Ok(Condition::Any(vec![core, Condition::All(vec![extended, has])]))
    }

    fn single(&self, path: &AttrPath) -> Result<Field> {
        let found = self.of.find(path.uri.as_deref(), &path.name, path.sub_attr.as_deref());
        let found = found.ok_or_else(|| unknown(path))?;
        let column = match (found.urn, found.attribute.name.as_str()) {
            (None, "userName") => Some(Column::UserName),
            (None, "externalId") => Some(Column::ExternalId),
            (None, "displayName") => Some(Column::DisplayName),
            (None, "active") => Some(Column::Active),
            _ => None,
        };
        if let Some(column) = column {
            return Ok(Field::Column(column));
        }
        let leaf = found.sub.unwrap_or(found.attribute);
        let names = [found.urn, Some(found.attribute.name.as_str()), found.sub.map(|sub| sub.name.as_str())];
        Ok(Field::Attribute {
            path: names.into_iter().flatten().map(str::to_owned).collect(),
            shape: shape(leaf),
        })
    }

    fn find(&self, path: &AttrPath) -> Result<&'a Attribute> {
        let found = self.of.find(path.uri.as_deref(), &path.name, path.sub_attr.as_deref());
        let attribute = found.ok_or_else(|| unknown(path))?.attribute;
        let secret = attribute.returned == super::schema::Returned::Never;
        if secret { Err(Refusal::filter(format!("{path} can't be searched for"))) } else { Ok(attribute) }
    }

    fn count(&mut self) -> Result<()> {
        self.terms += 1;
        if self.terms > MAX_TERMS {
            return Err(Refusal::filter(format!("the filter has more than {MAX_TERMS} comparisons")));
        }
        Ok(())
    }
}

fn check_depth(depth: usize) -> Result<()> {
    if depth > MAX_DEPTH {
        return Err(Refusal::filter(format!("the filter is nested deeper than {MAX_DEPTH} levels")));
    }
    Ok(())
}

fn unknown(path: &AttrPath) -> Box<Refusal> {
    Refusal::filter(format!("there is no attribute {path}"))
}

fn many(of: &ResourceType, attribute: &Attribute) -> Many {
    match (of.kind, attribute.name.as_str()) {
        (Kind::Group, "members") => Many::Members,
        (Kind::User, "groups") => Many::Groups,
        (_, name) => Many::Attribute(name.to_owned()),
    }
}

fn element(attribute: &Attribute, path: &AttrPath) -> Result<Field> {
    let named = if path.uri.is_none() && path.sub_attr.is_none() { attribute.sub(&path.name) } else { None };
    let sub =
        named.ok_or_else(|| Refusal::filter(format!("{} has no sub-attribute {path}", attribute.name)))?;
    Ok(Field::Element { sub: sub.name.clone(), shape: shape(sub) })
}

fn shape(attribute: &Attribute) -> Shape {
    match attribute.kind {
        Type::Boolean => Shape::Boolean,
        Type::Complex => Shape::Opaque,
        Type::DateTime => Shape::Instant,
        // Base64 means something else in another case.
        Type::Binary => Shape::Exact,
        Type::String | Type::Reference if attribute.case_exact => Shape::Exact,
        Type::String | Type::Reference => Shape::Folded,
    }
}

/// A comparison that makes sense, or the refusal of one that does not.
fn tested(path: &AttrPath, field: Field, test: Option<(&CompareOp, &CompValue)>) -> Result<Condition> {
    let Some((op, value)) = test else { return Ok(Condition::Test(field, Test::Present)) };
    let op = operator(op);
    let shape = field.shape();
    let literal = match (shape, value) {
        (_, CompValue::Null) => {
            let present = Condition::Test(field, Test::Present);
            return match op {
                Op::Eq => Ok(Condition::Not(Box::new(present))),
                Op::Ne => Ok(present),
                _ => Err(Refusal::filter(format!("{path}: null can be compared by eq and ne only"))),
            };
        }
        (Shape::Boolean, CompValue::True) => Literal::Boolean(true),
        (Shape::Boolean, CompValue::False) => Literal::Boolean(false),
        (Shape::Boolean, CompValue::Str(text)) if text.eq_ignore_ascii_case("true") => Literal::Boolean(true),
        (Shape::Boolean, CompValue::Str(text)) if text.eq_ignore_ascii_case("false") => {
            Literal::Boolean(false)
        }
        (Shape::Instant, CompValue::Str(text)) => {
            let wrong = |_| Refusal::filter(format!("{path}: needs an instant such as 2011-05-13T04:42:34Z"));
            Literal::Instant(text.parse().map_err(wrong)?)
        }
        (Shape::Folded | Shape::Exact, CompValue::Str(text)) if text.contains('\0') => {
            return Err(Refusal::filter(format!("{path}: must not hold a zero character")));
        }
        (Shape::Folded | Shape::Exact, CompValue::Str(text)) => Literal::Text(text.clone()),
        (Shape::Opaque, _) => {
            return Err(Refusal::filter(format!("{path} is complex; compare one of its sub-attributes")));
        }
        (Shape::Boolean, _) => {
            return Err(Refusal::filter(format!("{path}: is compared with true or false")));
        }
        _ => return Err(Refusal::filter(format!("{path}: is compared with a text in quotes"))),
    };
    let possible = match shape {
        Shape::Boolean => matches!(op, Op::Eq | Op::Ne),
        Shape::Instant => !matches!(op, Op::Co | Op::Sw | Op::Ew),
        _ => true,
    };
    if !possible {
        return Err(Refusal::filter(format!("{path}: can't be compared this way")));
    }
    Ok(Condition::Test(field, Test::Compare(op, literal)))
}

fn operator(op: &CompareOp) -> Op {
    match op {
        CompareOp::Eq => Op::Eq,
        CompareOp::Ne => Op::Ne,
        CompareOp::Co => Op::Co,
        CompareOp::Sw => Op::Sw,
        CompareOp::Ew => Op::Ew,
        CompareOp::Gt => Op::Gt,
        CompareOp::Ge => Op::Ge,
        CompareOp::Lt => Op::Lt,
        CompareOp::Le => Op::Le,
    }
}

/// Compares what is the same for all resources of a kind.
fn constant(path: &AttrPath, test: Option<(&CompareOp, &CompValue)>, values: &[&str]) -> Result<Condition> {
    let field = Field::Element { sub: String::new(), shape: Shape::Folded };
    match tested(path, field, test)? {
        Condition::Test(_, Test::Compare(op, literal)) => {
            Ok(Condition::Always(values.iter().any(|value| text_matches(value, op, &literal, true))))
        }
        Condition::Not(_) => Ok(Condition::Always(false)),
        _ => Ok(Condition::Always(true)),
    }
}

/// Whether one value of a multi-valued attribute satisfies a condition on values.
pub(crate) fn matches(condition: &Condition, value: &Value) -> bool {
    match condition {
        Condition::Always(answer) => *answer,
        Condition::All(items) => items.iter().all(|item| matches(item, value)),
        Condition::Any(items) => items.iter().any(|item| matches(item, value)),
        Condition::Not(inner) => !matches(inner, value),
        Condition::Test(Field::Element { sub, shape }, test) => {
            let found = value.get(sub);
            match (test, found) {
                (Test::Present, found) => found.is_some(),
                (Test::Compare(Op::Ne, _), None) => true,
                (Test::Compare(..), None) => false,
                (Test::Compare(op, Literal::Boolean(given)), Some(found)) => {
                    (found.as_bool() == Some(*given)) == (*op == Op::Eq)
                }
                (Test::Compare(op, literal), Some(found)) => {
                    let text = found.as_str().unwrap_or_default();
                    text_matches(text, *op, literal, *shape == Shape::Folded)
                }
            }
        }
        // Conditions on values hold nothing else.
        Condition::Test(..) | Condition::Some(..) => false,
    }
}

fn text_matches(value: &str, op: Op, literal: &Literal, folded: bool) -> bool {
    let Literal::Text(given) = literal else { return false };
    let (value, given) =
        if folded { (value.to_lowercase(), given.to_lowercase()) } else { (value.to_owned(), given.clone()) };
    match op {
        Op::Eq => value == given,
        Op::Ne => value != given,
        Op::Co => value.contains(&given),
        Op::Sw => value.starts_with(&given),
        Op::Ew => value.ends_with(&given),
        Op::Gt => value > given,
        Op::Ge => value >= given,
        Op::Lt => value < given,
        Op::Le => value <= given,
    }
}

/// The field that resources are sorted by: its place and how it compares.
///
/// # Errors
/// `invalidPath` for what is not known or can't be ordered.
pub(crate) fn sort_field(of: &ResourceType, text: &str) -> Result<(Option<Many>, Field)> {
    let refused =
        || Refusal::path(format!("sortBy: there is no attribute {text} that resources can be sorted by"));
    let probe = format!("{} pr", text.chars().take(300).collect::<String>());
    let Ok(Filter::Attr(AttrExp::Present(path))) = probe.parse::<Filter>() else { return Err(refused()) };
    let reader = Reader { of, terms: 0 };
    if let Some(condition) = reader.common(&path, None)? {
        return match condition {
            Condition::Test(field, _) => Ok((None, field)),
            _ => Err(refused()),
        };
    }
    let attribute = reader.find(&path).map_err(|_| refused())?;
    if attribute.multi_valued {
        let sub = path.sub_attr.clone().unwrap_or_else(|| "value".into());
        let field =
            element(attribute, &AttrPath { uri: None, name: sub, sub_attr: None }).map_err(|_| refused())?;
        return match many(of, attribute) {
            many @ Many::Attribute(_) => Ok((Some(many), field)),
            Many::Members | Many::Groups => Err(refused()),
        };
    }
    let field = reader.single(&path).map_err(|_| refused())?;
    if field.shape() == Shape::Opaque { Err(refused()) } else { Ok((None, field)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scim::schema::Catalogue;
    use proptest::prelude::*;

    #[test]
    fn nesting_and_number_are_bounded() {
        let catalogue = Catalogue::read().expect("the documents are sound");
        let nested = |depth: usize| format!("{}title pr{}", "not (".repeat(depth), ")".repeat(depth));
        assert!(read(&catalogue.user, &nested(MAX_DEPTH - 1)).is_ok());
        assert!(read(&catalogue.user, &nested(MAX_DEPTH)).is_err());
        let many = |terms: usize| vec!["title pr"; terms].join(" or ");
        assert!(read(&catalogue.user, &many(MAX_TERMS)).is_ok());
        assert!(read(&catalogue.user, &many(MAX_TERMS + 1)).is_err());
    }

    proptest! {
        #[test]
        fn no_text_panics(text in r#"[a-zA-Z \[\]()."\\:$0-9é]{0,80}"#) {
            let catalogue = Catalogue::read().expect("the documents are sound");
            for of in [&catalogue.user, &catalogue.group] {
                let _ = read(of, &text);
                let _ = sort_field(of, &text);
                let _ = super::super::path::read(of, &text);
            }
        }
    }
}
