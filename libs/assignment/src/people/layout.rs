//! The people arranged for scanning: like mentors side by side, sparse criteria inverted.
//!
//! Criteria whose values take few combinations are folded into *classes*: everybody of a class has
//! the same values in all of them, so their points (and the rules on them) are computed once per
//! pair of classes. What would make too many classes goes to a further *layer* of classes. Sparse
//! criteria (skills, wishes) become lists of who is touched. What remains
//! (closeness, mostly) is computed per pair, only where a bound does not rule the pair out.

use std::collections::BTreeMap;

use super::criteria::{importance, rank_points, skill_points};
use super::{Condition, Criterion, Measure, People};

/// Mentors per block; bounds are kept per block.
pub(crate) const BLOCK: usize = 64;

/// Columns are folded into classes as long as there are no more classes than this.
const MOST_CLASSES: usize = 4096;

/// Points of a pair the rules remove; no sum of weights comes near, and a sum of several fits.
pub(crate) const REMOVED: i64 = i64::MIN / 4096;

/// An index of people for scanning all mentors of a mentee.
#[derive(Debug)]
pub(crate) struct Layout<'p> {
    pub(crate) people: &'p People,
    /// The mentor at each position.
    pub(crate) order: Vec<u32>,
    /// The class of each mentee in the first layer.
    pub(crate) mentee_class: Vec<u32>,
    /// The folded criteria and rules. Positions are sorted by the classes of the first layer.
    pub(crate) layers: Vec<Layer>,
    /// Criteria and rules computed per pair.
    pub(crate) pair_criteria: Vec<usize>,
    pub(crate) pair_rules: Vec<usize>,
    pub(crate) closeness: Vec<Closeness>,
    /// The most that the per-pair criteria can bring.
    pub(crate) pair_most: i64,
    overlaps: Vec<Overlap<'p>>,
    /// Points by position that wishes bring each mentee, and [`REMOVED`] for excluded pairs.
    wishes: Vec<Vec<(u32, i64)>>,
}

/// Criteria and rules folded into classes together.
#[derive(Debug)]
pub(crate) struct Layer {
    /// The class of the mentor at each position.
    pub(crate) class: Vec<u32>,
    /// A mentor of each class.
    pub(crate) example: Vec<u32>,
    /// The class of each mentee.
    pub(crate) mentee_class: Vec<u32>,
    pub(crate) folded: Vec<Folded>,
}

/// A layer in the making, by mentor.
#[derive(Debug)]
struct Draft {
    mentor_class: Vec<u32>,
    mentee_class: Vec<u32>,
    folded: Vec<Folded>,
}

/// A criterion or rule folded into the classes.
#[derive(Debug)]
pub(crate) struct Folded {
    pub(crate) what: What,
    /// Mentees with equal numbers have equal values.
    pub(crate) value: Vec<u32>,
}

/// A position in the list of criteria or of rules.
#[derive(Debug, Clone, Copy)]
pub(crate) enum What {
    Criterion(usize),
    Rule(usize),
}

/// Who offers each skill, for one overlap criterion.
#[derive(Debug)]
struct Overlap<'p> {
    weight: i64,
    wanted: &'p [Vec<super::Wanted>],
    offers: BTreeMap<u32, Vec<(u32, u8)>>,
}

/// The vectors of one closeness criterion, by block and dimension.
#[derive(Debug)]
pub(crate) struct Closeness {
    pub(crate) criterion: usize,
    /// Entries of the mentors of a block lie together, dimension after dimension.
    pub(crate) planes: Vec<[u8; BLOCK]>,
    pub(crate) dimensions: usize,
    /// Points at each distance.
    pub(crate) points: Vec<i32>,
    /// Whether the mentor at each position has a vector.
    pub(crate) known: Vec<bool>,
}

impl<'p> Layout<'p> {
    pub(crate) fn new(people: &'p People) -> Self {
        let mut drafts: Vec<Draft> = Vec::new();
        let (mut pair_criteria, mut pair_rules) = (Vec::new(), Vec::new());
        // The weightiest first: the first layer carries the bounds.
        let mut dense: Vec<usize> =
            (0..people.criteria.len()).filter(|&at| !is_sparse(&people.criteria[at].measure)).collect();
        dense.sort_by_key(|&at| std::cmp::Reverse(people.criteria[at].weight));
        for at in dense {
            if !fold(people, &mut drafts, What::Criterion(at), columns(people, &people.criteria[at].measure))
            {
                pair_criteria.push(at);
            }
        }
        for (at, rule) in people.rules.iter().enumerate() {
            let sparse = matches!(rule.condition, Condition::Exclude { .. });
            if !sparse && !fold(people, &mut drafts, What::Rule(at), rule_columns(&rule.condition)) {
                pair_rules.push(at);
            }
        }
        let mut order: Vec<u32> = (0..people.mentors() as u32).collect();
        order.sort_by_key(|&j| drafts.first().map_or(0, |first| first.mentor_class[j as usize]));
        let layers: Vec<Layer> = drafts.into_iter().map(|draft| draft.layer(&order)).collect();
        let mentee_class = layers.first().map_or(vec![0; people.mentees], |first| first.mentee_class.clone());
        let closeness =
            pair_criteria.iter().filter_map(|&at| Closeness::new(people, at, &order)).collect::<Vec<_>>();
        let pair_most = pair_criteria.iter().map(|&at| people.criteria[at].weight).sum();
        pair_criteria.retain(|at| closeness.iter().all(|closeness| closeness.criterion != *at));
        let mut position = vec![0; order.len()];
        for (at, &j) in order.iter().enumerate() {
            position[j as usize] = at as u32;
        }
        let overlaps = people.criteria.iter().filter_map(|c| Overlap::new(c, &position)).collect();
        let mut wishes = wishes(people, &position);
        for rule in &people.rules {
            if let Condition::Exclude { pairs } = &rule.condition {
                pairs.iter().for_each(|&(i, j)| wishes[i as usize].push((position[j as usize], REMOVED)));
            }
        }
        Self {
            people,
            order,
            mentee_class,
            layers,
            pair_criteria,
            pair_rules,
            closeness,
            pair_most,
            overlaps,
            wishes,
        }
    }

    /// Tells what the sparse criteria bring a mentee, position by position, in pieces.
    pub(crate) fn sparse(&self, mentee: u32, mut bring: impl FnMut(u32, i64)) {
        for overlap in &self.overlaps {
            let wanted = &overlap.wanted[mentee as usize];
            let total = importance(wanted);
            for wanted in wanted {
                for &(position, level) in overlap.offers.get(&wanted.skill).into_iter().flatten() {
                    bring(position, skill_points(overlap.weight, wanted, total, level));
                }
            }
        }
        for &(position, points) in self.wishes.get(mentee as usize).into_iter().flatten() {
            bring(position, points);
        }
    }
}

impl<'p> Overlap<'p> {
    fn new(criterion: &'p Criterion, position: &[u32]) -> Option<Self> {
        let Measure::Overlap { wanted, offered } = &criterion.measure else { return None };
        let mut offers: BTreeMap<u32, Vec<(u32, u8)>> = BTreeMap::new();
        for (list, &position) in offered.iter().zip(position) {
            for offered in list {
                offers.entry(offered.skill).or_default().push((position, offered.level));
            }
        }
        Some(Self { weight: criterion.weight, wanted, offers })
    }
}

impl Closeness {
    /// The points of a vector with the mentor at a position.
    pub(crate) fn points_at(&self, own: &[u8], at: usize) -> i32 {
        if own.is_empty() || !self.known[at] {
            return 0;
        }
        let planes = &self.planes[at / BLOCK * self.dimensions..];
        let apart = own.iter().zip(planes).map(|(own, plane)| usize::from(own.abs_diff(plane[at % BLOCK])));
        self.points[apart.sum::<usize>()]
    }

    fn new(people: &People, criterion: usize, order: &[u32]) -> Option<Self> {
        let Criterion { weight, measure: Measure::Closeness { mentee, mentor, range }, .. } =
            &people.criteria[criterion]
        else {
            return None;
        };
        let dimensions = mentee.iter().chain(mentor).map(Vec::len).max().unwrap_or(0);
        let blocks = order.len().div_ceil(BLOCK);
        let mut planes = vec![[0u8; BLOCK]; blocks * dimensions];
        for (at, &j) in order.iter().enumerate() {
            for (dimension, &entry) in mentor[j as usize].iter().enumerate() {
                planes[at / BLOCK * dimensions + dimension][at % BLOCK] = entry;
            }
        }
        let span = i64::from(*range) * dimensions as i64;
        let points = (0..=span).map(|d| super::criteria::fading(*weight, d, span.max(1)) as i32).collect();
        let known = order.iter().map(|&j| !mentor[j as usize].is_empty()).collect();
        Some(Self { criterion, planes, dimensions, points, known })
    }
}

impl Draft {
    fn layer(self, order: &[u32]) -> Layer {
        let class: Vec<u32> = order.iter().map(|&j| self.mentor_class[j as usize]).collect();
        let classes = class.iter().max().map_or(0, |&most| most as usize + 1);
        let mut example = vec![0; classes];
        for (&class, &mentor) in class.iter().zip(order) {
            example[class as usize] = mentor;
        }
        Layer { class, example, mentee_class: self.mentee_class, folded: self.folded }
    }
}

/// Folds columns into the first layer with room for them, or a new one. Gives whether it could.
fn fold(people: &People, drafts: &mut Vec<Draft>, what: What, columns: Option<Columns>) -> bool {
    let Some((mentee, mentor)) = columns else { return false };
    let nobody = || (vec![0; people.mentors()], vec![0; people.mentees]);
    for at in 0..=drafts.len() {
        let fresh = nobody();
        let (mentor_class, mentee_class) =
            drafts.get(at).map_or((&fresh.0, &fresh.1), |draft| (&draft.mentor_class, &draft.mentee_class));
        let (refined, count) = refine(mentor_class, &mentor);
        if count > MOST_CLASSES {
            continue;
        }
        let mentee_class = refine(mentee_class, &mentee).0;
        let value = refine(&fresh.1, &mentee).0;
        if at == drafts.len() {
            drafts.push(Draft { mentor_class: fresh.0, mentee_class: fresh.1, folded: Vec::new() });
        }
        let draft = &mut drafts[at];
        (draft.mentor_class, draft.mentee_class) = (refined, mentee_class);
        draft.folded.push(Folded { what, value });
        return true;
    }
    false
}

/// The values of the mentees and of the mentors.
type Columns = (Vec<[u64; 6]>, Vec<[u64; 6]>);

/// Splits classes by a further column; gives the new classes, numbered in order, and their number.
fn refine(class: &[u32], column: &[[u64; 6]]) -> (Vec<u32>, usize) {
    let mut number: BTreeMap<(u32, [u64; 6]), u32> = BTreeMap::new();
    for key in class.iter().copied().zip(column.iter().copied()) {
        number.insert(key, 0);
    }
    for (next, entry) in number.values_mut().enumerate() {
        *entry = next as u32;
    }
    let refined = class.iter().copied().zip(column.iter().copied()).map(|key| number[&key]).collect();
    (refined, number.len())
}

fn is_sparse(measure: &Measure) -> bool {
    matches!(measure, Measure::Overlap { .. } | Measure::MenteeWishes { .. } | Measure::MentorWishes { .. })
}

/// The values of both sides that decide a criterion, if single values do.
fn columns(people: &People, measure: &Measure) -> Option<Columns> {
    fn key<T: Copy>(values: &[Option<T>], number: impl Fn(T) -> u64) -> Vec<[u64; 6]> {
        values.iter().map(|value| value.map_or([0; 6], |value| [1, number(value), 0, 0, 0, 0])).collect()
    }
    let nothing = || vec![[0; 6]; people.mentees];
    let signed = |value: i32| u64::from(value.cast_unsigned());
    Some(match measure {
        Measure::Window { mentee, mentor, .. } | Measure::Zone { mentee, mentor, .. } => {
            (key(mentee, signed), key(mentor, signed))
        }
        Measure::Equal { mentee, mentor } | Measure::Table { mentee, mentor, .. } => {
            (key(mentee, u64::from), key(mentor, u64::from))
        }
        Measure::Rating { permille } => (nothing(), key(permille, i64::cast_unsigned)),
        Measure::Availability { mentee, mentor, .. } => {
            let bits = |weeks: &[super::Week]| weeks.iter().map(super::Week::bits).collect();
            (bits(mentee), bits(mentor))
        }
        _ => return None,
    })
}

/// The values of both sides that decide a rule, if single values do.
fn rule_columns(condition: &Condition) -> Option<Columns> {
    let word = |word: u64| [word, 0, 0, 0, 0, 0];
    Some(match condition {
        Condition::Differ { mentee, mentor } => {
            let key = |value: &Option<u32>| word(value.map_or(0, |value| u64::from(value) + 1));
            (mentee.iter().map(key).collect(), mentor.iter().map(key).collect())
        }
        Condition::Share { mentee, mentor } => {
            (mentee.iter().map(|&set| word(set)).collect(), mentor.iter().map(|&set| word(set)).collect())
        }
        Condition::Ready { mentee, mentor } => {
            let key = |ready: &bool| word(u64::from(*ready));
            (mentee.iter().map(key).collect(), mentor.iter().map(key).collect())
        }
        Condition::Exclude { .. } => return None,
    })
}

/// What the wishes of both sides bring each mentee, by position.
fn wishes(people: &People, position: &[u32]) -> Vec<Vec<(u32, i64)>> {
    let mut brought = vec![Vec::new(); people.mentees];
    for criterion in &people.criteria {
        let (lists, depth, by_mentee) = match &criterion.measure {
            Measure::MenteeWishes { wishes, depth } => (wishes, *depth, true),
            Measure::MentorWishes { wishes, depth } => (wishes, *depth, false),
            _ => continue,
        };
        for (person, list) in lists.iter().enumerate() {
            for (rank, &wished) in list.iter().enumerate() {
                let points = rank_points(criterion.weight, rank as i64, i64::from(depth));
                let (mentee, mentor) =
                    if by_mentee { (person, wished as usize) } else { (wished as usize, person) };
                brought[mentee].push((position[mentor], points));
            }
        }
    }
    brought
}
