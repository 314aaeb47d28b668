//! What the verifier asks of the modes that need more than prices.

use std::collections::HashSet;

use super::{Check, Fault, equal};
use crate::{Cover, Floors, Outcome};

impl Check<'_> {
    /// The worst pair is as stated, two covers prove that no better one places as many, and the
    /// prices prove the total among the pairs that are no worse.
    pub(super) fn bottleneck(&self) -> Result<(), Fault> {
        let proof = self.solution.certificate.bottleneck.as_ref();
        let proof = proof.ok_or(Fault::NoProof { mode: "bottleneck" })?;
        let decided = || self.made().filter(|(i, _)| !self.locks.contains_key(i));
        let scores = decided().filter_map(|(i, j)| self.problem.score(i, j));
        match scores.min().map(i128::from) {
            // A stopped run may have made better pairs than it can prove.
            Some(worst) if self.solution.outcome == Outcome::Optimal || worst < i128::from(proof.worst) => {
                equal("the worst score", proof.worst, worst)?;
            }
            _ => {}
        }
        self.lift()?;
        let is_locked = |i: u32, j: u32| self.locks.get(&i) == Some(&j);
        let kept = |i, j, s| s >= proof.worst || is_locked(i, j);
        let (value, bound) = self.duality(|i, j, s| kept(i, j, s).then(|| self.worth(i, j, s)))?;
        self.gap(value, bound)?;
        if self.solution.outcome != Outcome::Optimal {
            return Ok(());
        }
        let placed = decided().count() as i128;
        self.cover("coverage", &proof.coverage, i64::MIN, placed)?;
        let above = proof.worst.saturating_add(1);
        self.cover("worst pair", &proof.above, above, (placed - 1).max(0))
    }

    /// A cover of the open pairs scored at least `threshold` weighs at most `limit`.
    fn cover(&self, cover: &'static str, proof: &Cover, threshold: i64, limit: i128) -> Result<(), Fault> {
        let mentees: HashSet<u32> = proof.mentees.iter().copied().collect();
        let mentors: HashSet<u32> = proof.mentors.iter().copied().collect();
        if mentees.iter().any(|&i| i as usize >= self.problem.mentees()) {
            return Err(Fault::UnknownInCover { cover, side: "mentee" });
        }
        if mentors.iter().any(|&j| j as usize >= self.problem.mentors()) {
            return Err(Fault::UnknownInCover { cover, side: "mentor" });
        }
        for (mentee, mentor, score) in self.pairs() {
            let named = mentees.contains(&mentee) || mentors.contains(&mentor);
            if score >= threshold && self.open(mentee, mentor) && !named {
                return Err(Fault::NotCovered { cover, mentee, mentor });
            }
        }
        let places = self.places();
        let weight = mentees.len() as i128 + mentors.iter().map(|&j| places[j as usize]).sum::<i128>();
        if weight > limit { Err(Fault::HeavyCover { cover, weight, limit }) } else { Ok(()) }
    }

    /// Nobody would both rather have each other, and nobody is in a pair worth less than nothing.
    pub(super) fn stable(&self) -> Result<(), Fault> {
        let view = |mentee: u32, mentor: u32| {
            let at = self.problem.find(mentee, mentor)?;
            let own = self.problem.mentor_score.as_ref().map_or(self.problem.score[at], |scores| scores[at]);
            Some((self.worth(mentee, mentor, self.problem.score[at]), self.worth(mentee, mentor, own)))
        };
        let mut worst_held = vec![i128::MAX; self.problem.mentors()];
        let mut free = self.places();
        for (mentee, mentor) in self.made().filter(|(i, _)| !self.locks.contains_key(i)) {
            let (mentee_view, mentor_view) =
                view(mentee, mentor).ok_or(Fault::Infeasible { mentee, mentor })?;
            if mentee_view < 0 || mentor_view < 0 {
                return Err(Fault::Infeasible { mentee, mentor });
            }
            let worst = &mut worst_held[mentor as usize];
            *worst = mentor_view.min(*worst);
            free[mentor as usize] -= 1;
        }
        for (mentee, mentor, _) in self.pairs().filter(|&(i, j, _)| self.open(i, j)) {
            let Some((mentee_view, mentor_view)) = view(mentee, mentor) else { continue };
            let own = self.solution.mentor_of[mentee as usize].and_then(|j| view(mentee, j));
            let mentee_wants = mentee_view >= 0 && own.is_none_or(|own| mentee_view > own.0);
            let has_place = free[mentor as usize] > 0;
            let holds_worse =
                worst_held[mentor as usize] != i128::MAX && mentor_view > worst_held[mentor as usize];
            if mentee_wants && mentor_view >= 0 && (has_place || holds_worse) {
                return Err(Fault::Blocking { mentee, mentor });
            }
        }
        let (value, bound) = self.duality(|i, j, s| Some(self.worth(i, j, s)))?;
        equal("the value", self.solution.certificate.value, value)?;
        if bound <= i128::from(i64::MAX) {
            equal("the bound", self.solution.certificate.bound, bound)
        } else {
            Ok(())
        }
    }

    /// The floors are met as stated, and the multipliers prove the bound.
    pub(super) fn fair(&self, floors: &Floors) -> Result<(), Fault> {
        const UNIT: i128 = 1024;
        let proof = self.solution.certificate.fair.as_ref().ok_or(Fault::NoProof { mode: "fair" })?;
        let groups = floors.floor.len();
        for given in [proof.multiplier.len(), proof.achieved.len()] {
            if given != groups {
                return Err(Fault::Length { what: "groups", given, expected: groups });
            }
        }
        if let Some(index) = proof.multiplier.iter().position(|&m| m < 0) {
            return Err(Fault::NegativePrice { side: "group", index, price: proof.multiplier[index] });
        }
        let (mut achieved, mut needed) = (vec![0i128; groups], vec![0i128; groups]);
        let mut value = 0;
        for (i, group) in floors.group_of.iter().enumerate() {
            let pair = self.solution.mentor_of[i].and_then(|j| Some((j, self.problem.score(i as u32, j)?)));
            value += pair.map_or(0, |(j, score)| self.worth(i as u32, j, score));
            if let Some(group) = group {
                achieved[*group as usize] += pair.map_or(0, |(_, score)| i128::from(score));
                needed[*group as usize] += i128::from(floors.floor[*group as usize]);
            }
        }
        for (given, &expected) in proof.achieved.iter().zip(&achieved) {
            equal("the sum of a group", *given, expected)?;
        }
        let met = achieved.iter().zip(&needed).all(|(achieved, needed)| achieved >= needed);
        equal("whether the floors are met", i64::from(proof.feasible), i128::from(met))?;
        let extra =
            |i: u32| floors.group_of[i as usize].map_or(0, |g| i128::from(proof.multiplier[g as usize]));
        let weighted = |i, j, s| self.worth(i, j, s) * UNIT + i128::from(s) * extra(i);
        let (_, bound) = self.duality(|i, j, s| Some(weighted(i, j, s)))?;
        let owed: i128 =
            proof.multiplier.iter().zip(&needed).map(|(&m, needed)| i128::from(m) * needed).sum();
        let outcome_is_sound = self.solution.outcome != Outcome::Optimal || met;
        if !outcome_is_sound {
            return Err(Fault::Gap { gap: 0 });
        }
        self.gap(value, (bound - owed).div_euclid(UNIT))
    }
}
