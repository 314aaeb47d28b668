//! From columns of the files to the engine's measures.

use super::{
    super::input::{Names, Result, Sheet, What},
    scheme::{Criterion, Entry, Kind, Scheme, beside},
    skills::Skills,
    values,
};
use assignment::people::{Criterion as Measured, Measure, Week};
use std::{
    collections::{BTreeMap, HashMap},
    path::Path,
};

/// A criterion with what its explanation needs.
pub(super) struct Described {
    pub(super) criterion: Measured,
    /// Names of the skills, for an overlap.
    pub(super) labels: Vec<String>,
    /// The columns it was read from.
    pub(super) mentee: Option<usize>,
    pub(super) mentor: Option<usize>,
}

/// Reads every criterion from the columns it names.
pub(super) fn criteria(
    file: &Path,
    scheme: &Scheme,
    mentees: &Sheet,
    mentors: &Sheet,
) -> Result<Vec<Described>> {
    let reader = Reader { file, mentees, mentors };
    scheme.criteria.iter().map(|entry| reader.criterion(entry)).collect()
}

struct Reader<'a> {
    file: &'a Path,
    mentees: &'a Sheet,
    mentors: &'a Sheet,
}

type Measures = (Measure, Vec<String>);

impl Reader<'_> {
    fn criterion(&self, entry: &Entry<Criterion>) -> Result<Described> {
        let Criterion { name, weight, kind } = &entry.value;
        self.check(entry)?;
        let (from, to) = columns(kind);
        let mentee = from.map(|column| self.mentees.column(column)).transpose()?;
        let mentor = to.map(|column| self.mentors.column(column)).transpose()?;
        // A kind without a column on a side never looks at it.
        let (measure, labels) = self.measure(kind, mentee.unwrap_or(0), mentor.unwrap_or(0))?;
        let criterion = Measured { name: name.clone(), weight: *weight, measure };
        Ok(Described { criterion, labels, mentee, mentor })
    }

    /// Refuses numbers of the criteria that make no sense, naming their row.
    fn check(&self, entry: &Entry<Criterion>) -> Result<()> {
        let Criterion { name, weight, kind } = &entry.value;
        let least_one = |what: &str, value: i64| (value < 1).then(|| format!("{what} {value} is below 1"));
        let complaint = match kind {
            _ if *weight < 0 => Some(format!("weight {weight} is negative")),
            Kind::Window { low, high, .. } if low > high => {
                Some(format!("the window {low} to {high} is empty"))
            }
            Kind::Window { span, .. } | Kind::Zone { span, .. } => least_one("span", i64::from(*span)),
            Kind::Closeness { range, .. } => least_one("range", i64::from(*range)),
            Kind::Availability { enough, .. } => least_one("enough", *enough),
            Kind::MenteeWishes { depth, .. } | Kind::MentorWishes { depth, .. } => {
                least_one("depth", i64::from(*depth))
            }
            Kind::Rating { best, .. } => least_one("best", *best),
            Kind::Table { table, .. } => {
                let outside =
                    table.values().flat_map(BTreeMap::values).find(|value| !(0..=1000).contains(*value));
                outside.map(|value| format!("{value} is not within 0 to 1000"))
            }
            Kind::Overlap { .. } | Kind::Equal(_) => None,
        };
        match complaint {
            Some(reason) => Err(entry.wrong(self.file, &format!("criterion {name}"), reason)),
            None => Ok(()),
        }
    }

    fn measure(&self, kind: &Kind, from: usize, to: usize) -> Result<Measures> {
        let measure = match kind {
            Kind::Overlap { synonyms, .. } => return self.overlap(synonyms.as_deref(), from, to),
            Kind::Window { order, low, high, span, .. } => {
                let read = |text: &str| match order {
                    Some(order) => values::placed(text, order),
                    None => values::ordinal(text),
                };
                let read = |text: &str| values::optional(text, read);
                let (mentee, mentor) = (self.mentees.map(from, read)?, self.mentors.map(to, read)?);
                Measure::Window { mentee, mentor, low: *low, high: *high, span: *span }
            }
            Kind::Equal(_) => {
                let (mentee, mentor) = self.categories(from, to)?;
                Measure::Equal { mentee, mentor }
            }
            Kind::Table { table, .. } => self.table(table, from, to)?,
            Kind::Closeness { range, .. } => self.closeness(*range, from, to)?,
            Kind::Availability { enough, zone, .. } => Measure::Availability {
                mentee: weeks(self.mentees, from, zone.as_deref())?,
                mentor: weeks(self.mentors, to, zone.as_deref())?,
                enough: *enough,
            },
            Kind::Zone { span, .. } => {
                let read = |text: &str| values::optional(text, values::offset);
                let (mentee, mentor) = (self.mentees.map(from, read)?, self.mentors.map(to, read)?);
                Measure::Zone { mentee, mentor, span: *span }
            }
            Kind::MenteeWishes { depth, .. } => {
                let wishes = self.mentees.map(from, |text| wishes(text, &self.mentors.ids, "mentor"))?;
                Measure::MenteeWishes { wishes, depth: *depth }
            }
            Kind::MentorWishes { depth, .. } => {
                let wishes = self.mentors.map(to, |text| wishes(text, &self.mentees.ids, "mentee"))?;
                Measure::MentorWishes { wishes, depth: *depth }
            }
            Kind::Rating { best, .. } => {
                let read = |text: &str| values::optional(text, |text| values::rating(text, *best));
                Measure::Rating { permille: self.mentors.map(to, read)? }
            }
        };
        Ok((measure, Vec::new()))
    }

    fn overlap(&self, synonyms: Option<&Path>, from: usize, to: usize) -> Result<Measures> {
        let mut skills = match synonyms {
            Some(synonyms) => Skills::read(&beside(self.file, synonyms))?,
            None => Skills::default(),
        };
        let wanted = self.mentees.map(from, |text| skills.wanted(text))?;
        let offered = self.mentors.map(to, |text| skills.offered(text))?;
        Ok((Measure::Overlap { wanted, offered }, skills.labels))
    }

    fn categories(&self, from: usize, to: usize) -> Result<(Codes, Codes)> {
        categories(self.mentees, from, self.mentors, to)
    }

    fn table(
        &self,
        table: &BTreeMap<String, BTreeMap<String, i64>>,
        from: usize,
        to: usize,
    ) -> Result<Measure> {
        let columns: std::collections::BTreeSet<&String> = table.values().flat_map(BTreeMap::keys).collect();
        let rows: Vec<&String> = table.keys().collect();
        let columns: Vec<&String> = columns.into_iter().collect();
        let at = |text: &str, words: &[&String]| {
            Ok(words.iter().position(|word| *word == text).map(|at| at as u32))
        };
        Ok(Measure::Table {
            mentee: self.mentees.map(from, |text| at(text, &rows))?,
            mentor: self.mentors.map(to, |text| at(text, &columns))?,
            permille: table
                .values()
                .map(|row| columns.iter().map(|&column| row.get(column).copied().unwrap_or(0)).collect())
                .collect(),
        })
    }

    fn closeness(&self, range: u8, from: usize, to: usize) -> Result<Measure> {
        let mut length = None;
        let mut read = |text: &str| {
            let vector = values::vector(text, range)?;
            let expected =
                *length.get_or_insert(if vector.is_empty() { return Ok(vector) } else { vector.len() });
            if vector.len() > 64 || !(vector.is_empty() || vector.len() == expected) {
                return Err(values::form(text, &format!("a vector of {} numbers", expected.min(64))));
            }
            Ok(vector)
        };
        let mentee = self.mentees.map(from, &mut read)?;
        let mentor = self.mentors.map(to, &mut read)?;
        Ok(Measure::Closeness { mentee, mentor, range })
    }
}

/// The columns a kind reads on each side.
fn columns(kind: &Kind) -> (Option<&str>, Option<&str>) {
    match kind {
        Kind::Equal(both) => (Some(&both.mentee), Some(&both.mentor)),
        Kind::Overlap { mentee, mentor, .. }
        | Kind::Window { mentee, mentor, .. }
        | Kind::Table { mentee, mentor, .. }
        | Kind::Closeness { mentee, mentor, .. }
        | Kind::Availability { mentee, mentor, .. }
        | Kind::Zone { mentee, mentor, .. } => (Some(mentee), Some(mentor)),
        Kind::MenteeWishes { column, .. } => (Some(column), None),
        Kind::MentorWishes { column, .. } | Kind::Rating { column, .. } => (None, Some(column)),
    }
}

/// A category of each person.
pub(super) type Codes = Vec<Option<u32>>;

/// Two columns as categories: the same text, the same number.
pub(super) fn categories(mentees: &Sheet, from: usize, mentors: &Sheet, to: usize) -> Result<(Codes, Codes)> {
    let mut codes: HashMap<String, u32> = HashMap::new();
    let mut code = |text: &str| {
        let next = codes.len() as u32;
        Ok((!text.is_empty()).then(|| *codes.entry(text.to_owned()).or_insert(next)))
    };
    Ok((mentees.map(from, &mut code)?, mentors.map(to, &mut code)?))
}

fn weeks(people: &Sheet, column: usize, zone: Option<&str>) -> Result<Vec<Week>> {
    let offsets = match zone {
        Some(zone) => {
            let zone = people.column(zone)?;
            people.map(zone, |text| values::optional(text, values::offset))?
        }
        None => vec![Some(0); people.len()],
    };
    // Times without a known offset are unknown.
    let mut offset = offsets.into_iter();
    people.map(column, |text| match offset.next().flatten() {
        Some(offset) => values::week(text, offset),
        None => Ok(Week::default()),
    })
}

fn wishes(text: &str, others: &Names, side: &'static str) -> std::result::Result<Vec<u32>, What> {
    let mut wishes = Vec::new();
    for id in values::items(text) {
        let unknown = || What::Unknown { side, id: id.to_owned() };
        let wished = others.find(id.as_bytes()).ok_or_else(unknown)?;
        if wishes.contains(&wished) {
            return Err(values::form(text, &format!("a list with each {side} once")));
        }
        wishes.push(wished);
    }
    Ok(wishes)
}
