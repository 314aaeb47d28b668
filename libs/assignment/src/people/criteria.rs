//! The criteria, to the integer: anybody with the columns can recompute any score by hand.
//!
//! Every division rounds down. An unknown value (`None`, an empty set) brings 0 points. `w` is the
//! weight of the criterion, the points of a perfect fit.

/// One criterion: how well a mentee and a mentor fit in one respect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Criterion {
    /// What to call it in explanations.
    pub name: String,
    /// Points of a perfect fit; not negative.
    pub weight: i64,
    /// How the fit is measured, with the values of everybody.
    pub measure: Measure,
}

/// How a fit is measured. Columns have one entry per mentee or per mentor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Measure {
    /// What the mentee wants and the mentor offers, such as skills.
    ///
    /// Each wanted skill that is offered brings
    /// `w * importance * min(offered level, wanted level) / (wanted level * sum of importances)`.
    Overlap {
        /// Wanted skills of each mentee, each skill once.
        wanted: Vec<Vec<Wanted>>,
        /// Offered skills of each mentor, each skill once.
        offered: Vec<Vec<Offered>>,
    },
    /// The mentor's ordinal value minus the mentee's, such as seniority, should lie in `low..=high`.
    ///
    /// With `d` the distance of the gap from that window: `w * (span - d) / span`, or 0 from `span` on.
    Window {
        /// Value of each mentee.
        mentee: Vec<Option<i32>>,
        /// Value of each mentor.
        mentor: Vec<Option<i32>>,
        /// Least gap that is perfect.
        low: i32,
        /// Largest gap that is perfect.
        high: i32,
        /// Distance from the window at which nothing is left; at least 1.
        span: i32,
    },
    /// Equal categories, such as function or location: `w` if equal, else 0.
    Equal {
        /// Category of each mentee.
        mentee: Vec<Option<u32>>,
        /// Category of each mentor.
        mentor: Vec<Option<u32>>,
    },
    /// A table over two categories: `w * permille[mentee's][mentor's] / 1000`.
    Table {
        /// Category of each mentee, a row of the table.
        mentee: Vec<Option<u32>>,
        /// Category of each mentor, a column of the table.
        mentor: Vec<Option<u32>>,
        /// Fit of each pair of categories, 0 to 1,000.
        permille: Vec<Vec<i64>>,
    },
    /// Vectors that should be close, such as personality, each entry in `0..=range`.
    ///
    /// With `d` the sum of absolute differences and `r = range * dimensions`: `w * (r - d) / r`.
    Closeness {
        /// Vector of each mentee, or empty.
        mentee: Vec<Vec<u8>>,
        /// Vector of each mentor, or empty.
        mentor: Vec<Vec<u8>>,
        /// The largest entry; at least 1.
        range: u8,
    },
    /// Common free time in the week: `w * min(common minutes, enough) / enough`.
    Availability {
        /// Free half hours of each mentee.
        mentee: Vec<Week>,
        /// Free half hours of each mentor.
        mentor: Vec<Week>,
        /// Minutes per week from which more brings nothing; at least 1.
        enough: i64,
    },
    /// Distance around the clock between two offsets from UTC in minutes, `d` at most 720:
    /// `w * (span - d) / span`, or 0 from `span` on.
    Zone {
        /// Offset of each mentee.
        mentee: Vec<Option<i32>>,
        /// Offset of each mentor.
        mentor: Vec<Option<i32>>,
        /// Minutes at which nothing is left; at least 1.
        span: i32,
    },
    /// Ranked wishes of the mentees: the mentor at position `p` (from 0) of a list brings
    /// `w * (depth - p) / depth`; positions from `depth` on bring 0.
    MenteeWishes {
        /// Mentors each mentee wishes for, the dearest first.
        wishes: Vec<Vec<u32>>,
        /// How many wishes count; at least 1.
        depth: u32,
    },
    /// Ranked wishes of the mentors, counted in the same way.
    MentorWishes {
        /// Mentees each mentor wishes for, the dearest first.
        wishes: Vec<Vec<u32>>,
        /// How many wishes count; at least 1.
        depth: u32,
    },
    /// How the mentor was rated: `w * permille / 1000`.
    Rating {
        /// Rating of each mentor, 0 to 1,000.
        permille: Vec<Option<i64>>,
    },
}

impl Measure {
    /// Whether it brings most pairs nothing.
    pub(crate) fn is_sparse(&self) -> bool {
        matches!(self, Self::Overlap { .. } | Self::MenteeWishes { .. } | Self::MentorWishes { .. })
    }

    /// Whether it is neither sparse nor the same for all mentees.
    pub(crate) fn is_dense(&self) -> bool {
        !self.is_sparse() && !matches!(self, Self::Rating { .. })
    }
}

/// A skill a mentee wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Wanted {
    /// The skill; synonyms are to be mapped to one number beforehand.
    pub skill: u32,
    /// The level wanted, from 1.
    pub level: u8,
    /// How much it matters beside the other skills wanted, from 1.
    pub importance: u16,
}

/// A skill a mentor offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Offered {
    /// The skill.
    pub skill: u32,
    /// The level offered, from 1.
    pub level: u8,
}

/// The half hours of a week in UTC, from Monday 00:00.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Week([u64; 6]);

impl Week {
    /// Minutes of one slot.
    pub const SLOT: i64 = 30;
    /// Slots of a week.
    pub const SLOTS: usize = 336;

    /// The week with these slots free; slots past the end of the week are ignored.
    #[must_use]
    pub fn from_slots(slots: impl IntoIterator<Item = usize>) -> Self {
        let mut week = Self::default();
        for slot in slots.into_iter().filter(|&slot| slot < Self::SLOTS) {
            week.0[slot / 64] |= 1 << (slot % 64);
        }
        week
    }

    pub(crate) fn bits(&self) -> [u64; 6] {
        self.0
    }

    /// Minutes per week that are free in both.
    #[must_use]
    pub fn common_minutes(&self, other: &Self) -> i64 {
        let slots: u32 = self.0.iter().zip(&other.0).map(|(a, b)| (a & b).count_ones()).sum();
        i64::from(slots) * Self::SLOT
    }
}

impl Criterion {
    /// The points of a pair, by the definition of its measure.
    pub(crate) fn points(&self, mentee: usize, mentor: usize) -> i64 {
        let w = self.weight;
        match &self.measure {
            Measure::Overlap { wanted, offered } => {
                let total = importance(&wanted[mentee]);
                let skill = |wanted: &Wanted| {
                    let offered = offered[mentor].iter().find(|offered| offered.skill == wanted.skill);
                    offered.map_or(0, |offered| skill_points(w, wanted, total, offered.level))
                };
                wanted[mentee].iter().map(skill).sum()
            }
            Measure::Window { mentee: from, mentor: to, low, high, span } => {
                let (Some(from), Some(to)) = (from[mentee], to[mentor]) else { return 0 };
                let gap = i64::from(to) - i64::from(from);
                let distance = (i64::from(*low) - gap).max(gap - i64::from(*high)).max(0);
                fading(w, distance, i64::from(*span))
            }
            Measure::Equal { mentee: from, mentor: to } => match (from[mentee], to[mentor]) {
                (Some(from), Some(to)) if from == to => w,
                _ => 0,
            },
            Measure::Table { mentee: from, mentor: to, permille } => match (from[mentee], to[mentor]) {
                (Some(from), Some(to)) => w * permille[from as usize][to as usize] / 1000,
                _ => 0,
            },
            Measure::Closeness { mentee: from, mentor: to, range } => {
                let (from, to) = (&from[mentee], &to[mentor]);
                if from.is_empty() || to.is_empty() {
                    return 0;
                }
                let distance: i64 = from.iter().zip(to).map(|(a, b)| i64::from(a.abs_diff(*b))).sum();
                fading(w, distance, i64::from(*range) * from.len() as i64)
            }
            Measure::Availability { mentee: from, mentor: to, enough } => {
                w * from[mentee].common_minutes(&to[mentor]).min(*enough) / enough
            }
            Measure::Zone { mentee: from, mentor: to, span } => {
                let (Some(from), Some(to)) = (from[mentee], to[mentor]) else { return 0 };
                let apart = (i64::from(to) - i64::from(from)).rem_euclid(24 * 60);
                fading(w, apart.min(24 * 60 - apart), i64::from(*span))
            }
            Measure::MenteeWishes { wishes, depth } => wish_points(w, &wishes[mentee], mentor as u32, *depth),
            Measure::MentorWishes { wishes, depth } => wish_points(w, &wishes[mentor], mentee as u32, *depth),
            Measure::Rating { permille } => permille[mentor].map_or(0, |permille| w * permille / 1000),
        }
    }
}

/// `weight` at distance 0, fading to nothing at `span`.
pub(crate) fn fading(weight: i64, distance: i64, span: i64) -> i64 {
    weight * (span - distance).max(0) / span
}

pub(crate) fn importance(wanted: &[Wanted]) -> i64 {
    wanted.iter().map(|wanted| i64::from(wanted.importance)).sum()
}

/// What one wanted skill brings that is offered at a level.
pub(crate) fn skill_points(weight: i64, wanted: &Wanted, total: i64, offered: u8) -> i64 {
    let level = i64::from(offered.min(wanted.level));
    weight * i64::from(wanted.importance) * level / (i64::from(wanted.level) * total)
}

fn wish_points(weight: i64, wishes: &[u32], wished: u32, depth: u32) -> i64 {
    let position = wishes.iter().position(|&person| person == wished);
    position.map_or(0, |position| rank_points(weight, position as i64, i64::from(depth)))
}

pub(crate) fn rank_points(weight: i64, position: i64, depth: i64) -> i64 {
    fading(weight, position, depth)
}
