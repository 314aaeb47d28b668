//! Instances from ChaCha8 with seed 7, and files of them for the peers.

use std::io::{BufWriter, Write};

use assignment::Pair;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Feasible mentors of each mentee.
const LISTED: usize = 32;

/// How many of them everybody wants, in the regime of that name.
const WANTED: u32 = 10;

/// Mentees, places of the mentors and pairs.
pub(crate) struct Instance {
    pub(crate) mentees: usize,
    pub(crate) capacity: Vec<i64>,
    pub(crate) pairs: Vec<Pair>,
}

/// Half as many mentors as mentees, 32 feasible mentors each; `None` for an unknown regime.
///
/// - `sparse`: 1 to 3 places a mentor, scores 0 to 9,999: about as many places as mentees.
/// - `shortage`: 1 place each, `surplus`: 2 to 4, `tight`: 2 each, exactly as many as mentees.
/// - `uniform`: all scores 5,000. `coarse`: 0 to 21.
/// - `dominant`: ten mentors are feasible for everybody and worth 10,000 more.
pub(crate) fn sparse(regime: &str, mentees: usize) -> Option<Instance> {
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    let (places, scores) = match regime {
        "sparse" | "dominant" => (1..=3, 0..10_000),
        "shortage" => (1..=1, 0..10_000),
        "surplus" => (2..=4, 0..10_000),
        "tight" => (2..=2, 0..10_000),
        "uniform" => (1..=3, 5_000..5_001),
        "coarse" => (1..=3, 0..22),
        _ => return None,
    };
    let mentors = (mentees / 2).max(1);
    let capacity: Vec<i64> = (0..mentors).map(|_| rng.random_range(places.clone())).collect();
    let mut pairs = Vec::with_capacity(mentees * LISTED);
    for mentee in 0..mentees as u32 {
        let mut row: Vec<u32> = Vec::with_capacity(LISTED);
        if regime == "dominant" {
            row.extend(0..WANTED.min(mentors as u32));
            pairs.extend(row.iter().map(|&mentor| Pair {
                mentee,
                mentor,
                score: 10_000 + rng.random_range(scores.clone()),
            }));
        }
        while row.len() < LISTED.min(mentors) {
            let mentor = rng.random_range(0..mentors as u32);
            if !row.contains(&mentor) {
                row.push(mentor);
                pairs.push(Pair { mentee, mentor, score: rng.random_range(scores.clone()) });
            }
        }
    }
    Some(Instance { mentees, capacity, pairs })
}

impl Instance {
    /// Writes the instance for a peer: little-endian 64-bit numbers, the number of mentors, their
    /// capacities, then mentee, mentor and score of every pair.
    pub(crate) fn dump(&self, path: &std::ffi::OsStr) -> std::io::Result<()> {
        let mut file = BufWriter::new(std::fs::File::create(path)?);
        let mut write = |number: i64| file.write_all(&number.to_le_bytes());
        write(self.capacity.len() as i64)?;
        self.capacity.iter().try_for_each(|&places| write(places))?;
        for pair in &self.pairs {
            [i64::from(pair.mentee), i64::from(pair.mentor), pair.score]
                .into_iter()
                .try_for_each(&mut write)?;
        }
        file.flush()
    }
}
