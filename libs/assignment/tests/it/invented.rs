//! Invented people with every kind of criterion and rule, from a documented seed.

use assignment::People;
use assignment::people::{Condition, Criterion, Measure, Offered, Rule, Wanted, Week};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Invented people before they are checked.
pub(crate) struct Invented {
    pub(crate) mentees: usize,
    pub(crate) capacity: Vec<i64>,
    pub(crate) criteria: Vec<Criterion>,
    pub(crate) rules: Vec<Rule>,
}

/// People with values drawn by ChaCha8 from `seed`. Small numbers meet in every criterion and rule.
pub(crate) fn invent(mentees: usize, mentors: usize, seed: u64) -> Invented {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut draw = Draw { rng: &mut rng, mentees, mentors };
    let capacity = (0..mentors).map(|_| draw.rng.random_range(1..=3)).collect();
    let criteria = criteria(&mut draw);
    let rules = rules(&mut draw);
    Invented { mentees, capacity, criteria, rules }
}

impl Invented {
    pub(crate) fn people(self) -> People {
        People::new(self.mentees, self.capacity, self.criteria, self.rules).expect("valid people")
    }
}

struct Draw<'r> {
    rng: &'r mut ChaCha8Rng,
    mentees: usize,
    mentors: usize,
}

impl Draw<'_> {
    fn both<T>(&mut self, mut one: impl FnMut(&mut ChaCha8Rng) -> T) -> (Vec<T>, Vec<T>) {
        let mentee = (0..self.mentees).map(|_| one(self.rng)).collect();
        (mentee, (0..self.mentors).map(|_| one(self.rng)).collect())
    }
}

fn criteria(draw: &mut Draw<'_>) -> Vec<Criterion> {
    let criterion = |name: &str, weight, measure| Criterion { name: name.into(), weight, measure };
    let unknown = |rng: &mut ChaCha8Rng, value: u32| if rng.random_bool(0.05) { None } else { Some(value) };
    let (seniority, mentor_seniority) = draw.both(|rng| Some(rng.random_range(1..=6)));
    let (function, mentor_function) = draw.both(|rng| {
        let v = rng.random_range(0..6);
        unknown(rng, v)
    });
    let (style, mentor_style) = draw.both(|rng| Some(rng.random_range(0..4)));
    let (zone, mentor_zone) = draw.both(|rng| Some(rng.random_range(-8..=8) * 60));
    let (week, mentor_week) = draw.both(|rng| {
        let start = rng.random_range(0..8) * 4;
        Week::from_slots((0..5).flat_map(|day| (start..start + 12).map(move |slot| day * 48 + slot)))
    });
    let (traits, mentor_traits) =
        draw.both(|rng| (0..5).map(|_| rng.random_range(0..=100)).collect::<Vec<u8>>());
    let mentor_count = draw.mentors as u32;
    let wishes = (0..draw.mentees).map(|_| Vec::from([draw.rng.random_range(0..mentor_count)])).collect();
    let mentee_count = draw.mentees as u32;
    let mentor_wishes =
        (0..draw.mentors).map(|_| Vec::from([draw.rng.random_range(0..mentee_count)])).collect();
    let rating = (0..draw.mentors).map(|_| Some(draw.rng.random_range(0..=10) * 100)).collect();
    let permille =
        (0..4).map(|a| (0..4).map(|b| if a == b { 1000 } else { 250 * ((a + b) % 4) }).collect()).collect();
    vec![
        criterion("skills", 4000, overlap(draw)),
        criterion(
            "seniority",
            800,
            Measure::Window { mentee: seniority, mentor: mentor_seniority, low: 1, high: 2, span: 3 },
        ),
        criterion("function", 500, Measure::Equal { mentee: function, mentor: mentor_function }),
        criterion("style", 400, Measure::Table { mentee: style, mentor: mentor_style, permille }),
        criterion("zone", 700, Measure::Zone { mentee: zone, mentor: mentor_zone, span: 480 }),
        criterion("time", 600, Measure::Availability { mentee: week, mentor: mentor_week, enough: 600 }),
        criterion(
            "personality",
            1500,
            Measure::Closeness { mentee: traits, mentor: mentor_traits, range: 100 },
        ),
        criterion("wishes", 900, Measure::MenteeWishes { wishes, depth: 3 }),
        criterion("mentor wishes", 400, Measure::MentorWishes { wishes: mentor_wishes, depth: 3 }),
        criterion("rating", 200, Measure::Rating { permille: rating }),
    ]
}

fn overlap(draw: &mut Draw<'_>) -> Measure {
    let skills = 120;
    // The lower of two draws: some skills are far more common than others.
    let skill = |rng: &mut ChaCha8Rng| rng.random_range(0..skills).min(rng.random_range(0..skills));
    let wanted = (0..draw.mentees).map(|_| {
        let mut list: Vec<Wanted> = Vec::new();
        for _ in 0..3 {
            let skill = skill(draw.rng);
            let (level, importance) = (draw.rng.random_range(1..=4), draw.rng.random_range(1..=3));
            if list.iter().all(|known| known.skill != skill) {
                list.push(Wanted { skill, level, importance });
            }
        }
        list
    });
    let wanted = wanted.collect();
    let offered = (0..draw.mentors).map(|_| {
        let mut list: Vec<Offered> = Vec::new();
        for _ in 0..5 {
            let skill = skill(draw.rng);
            let level = draw.rng.random_range(1..=4);
            if list.iter().all(|known| known.skill != skill) {
                list.push(Offered { skill, level });
            }
        }
        list
    });
    Measure::Overlap { wanted, offered: offered.collect() }
}

fn rules(draw: &mut Draw<'_>) -> Vec<Rule> {
    let rule = |name: &str, condition| Rule { name: name.into(), condition };
    let teams = (draw.mentors as u32 / 8).clamp(2, 40);
    let (team, mentor_team) = draw.both(|rng| Some(rng.random_range(0..teams)));
    let (language, mentor_language) = draw.both(|rng| 1u64 | 1 << rng.random_range(0..4));
    let (ready, mentor_ready) = draw.both(|rng| rng.random_bool(0.98));
    let count = draw.mentees * 2;
    let pairs = (0..count).map(|_| {
        let mentee = draw.rng.random_range(0..draw.mentees as u32);
        (mentee, draw.rng.random_range(0..draw.mentors as u32))
    });
    vec![
        rule("same team", Condition::Differ { mentee: team, mentor: mentor_team }),
        rule("language", Condition::Share { mentee: language, mentor: mentor_language }),
        rule("untrained", Condition::Ready { mentee: ready, mentor: mentor_ready }),
        rule("reporting line", Condition::Exclude { pairs: pairs.collect() }),
    ]
}
