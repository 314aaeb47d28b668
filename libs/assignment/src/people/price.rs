//! The exact optimum over all pairs from a small part of them: pricing and repair.
//!
//! A core of promising pairs is solved with prices. Every pair is then tested against the prices;
//! those worth more than their prices join the core, and it is solved again from where it stands.
//! When no pair is worth more than its prices, they prove the core's optimum for all pairs
//! (Volgenant 1996).

use std::sync::atomic::{AtomicUsize, Ordering};

use super::People;
use super::attract::Attract;
use super::layout::Layout;
use super::scan::{Prices, Scan};
use crate::plan::{self, Plan};
use crate::solve::{Priced, Ranks};
use crate::{Certificate, Control, Error, Mode, Options, Outcome, Phase, Solution, engine, solve};

/// Pairs of each mentee in the first core.
const FIRST: usize = 12;

/// Pairs of each mentee that join the core in a round, at most.
const JOINING: usize = 8;

/// Up to this many pairs, the modes that need the list of all pairs get it.
const MOST_LISTED: usize = 1 << 26;

/// The price that keeps a mentor without open places out of a scan.
const CLOSED: i64 = i64::MAX / 4;

/// Mentees a thread takes at a time.
const BATCH: usize = 256;

/// Finds the best assignment over all feasible pairs of people.
///
/// [`Mode::MaxTotal`] and [`Mode::MaxCardinality`] never list the pairs; the other modes do, and
/// are refused past 2^26 pairs.
///
/// # Errors
/// Options that contradict the people or each other, and instances past the safe range.
pub fn solve_people(people: &People, options: &Options, control: &Control<'_>) -> Result<Solution, Error> {
    let coverage_first = match options.mode {
        Mode::MaxTotal => false,
        Mode::MaxCardinality => true,
        _ if people.mentees() * people.mentors() <= MOST_LISTED => {
            return solve(&people.problem()?, options, control);
        }
        _ => {
            return Err(Error::TooMany {
                what: "pairs for this mode",
                count: people.mentees() * people.mentors(),
            });
        }
    };
    let feasible = |i, j| people.score(i, j).is_some();
    let plan = Plan::new(people.mentees(), &people.capacity, options, feasible)?;
    let most = people.criteria.iter().map(|c| c.weight).sum::<i64>().saturating_add(options.keep_bonus);
    let limit = plan::score_limit(plan.most_placed(), coverage_first);
    if most > limit {
        let reason = format!("weights and keep bonus sum to {most}, past {limit} for so many people");
        return Err(Error::Criteria { record: "criteria".into(), reason });
    }
    let lift = if coverage_first { plan::lift(plan.most_placed(), most) } else { 0 };
    let layout = Layout::new(people);
    Ok(Pricing::new(&layout, plan, options, control, lift).run())
}

/// A pair outside the core, as a scan found it: mentor and worth.
type Joining = Vec<(u32, i64)>;

/// What a scan found out about a mentee.
#[derive(Debug, Clone, Default)]
struct Row {
    joining: Joining,
    /// The most any pair is worth beyond its mentor's price, as far as above the need.
    best: i64,
    /// No pair outside core and `joining` is worth more beyond its mentor's price.
    rest: i64,
}

struct Pricing<'a> {
    layout: &'a Layout<'a>,
    plan: Plan,
    options: &'a Options,
    control: &'a Control<'a>,
    lift: i64,
    ranks: Ranks,
    /// The core: mentors with worth, by mentee.
    core: Vec<Vec<(u32, i64)>>,
    /// Mentees in scan order: those of a class together.
    order: Vec<u32>,
    /// For each mentee, the round of its last scan and the `rest` found then.
    scanned: Vec<(usize, i64)>,
    /// The prices of each round.
    history: Vec<Vec<i64>>,
}

impl<'a> Pricing<'a> {
    fn new(
        layout: &'a Layout<'a>,
        plan: Plan,
        options: &'a Options,
        control: &'a Control<'a>,
        lift: i64,
    ) -> Self {
        let people = layout.people;
        let mut order: Vec<u32> =
            (0..people.mentees() as u32).filter(|&i| plan.locked[i as usize].is_none()).collect();
        order.sort_by_key(|&i| layout.mentee_class[i as usize]);
        Self {
            layout,
            options,
            control,
            lift,
            ranks: Ranks::new(people.mentees(), people.mentors(), options.seed),
            core: vec![Vec::new(); people.mentees()],
            order,
            scanned: vec![(0, 0); people.mentees()],
            history: Vec::new(),
            plan,
        }
    }

    fn run(mut self) -> Solution {
        let mut priced = self.first_core();
        let mut round = 0;
        loop {
            round += 1;
            let found = self.price(&priced);
            let ask = self.ask(&priced, found.as_deref());
            let bound = engine::dual_bound(&ask, &priced.mentor_price, &self.plan.capacity);
            let gap = bound.saturating_sub(self.value(&priced));
            self.control.report(Phase::Pricing, round, Some(bound), Some(gap));
            let violations = self.join(&priced, found.unwrap_or_default());
            let stopped = priced.stopped || self.control.stopped();
            if stopped || violations == 0 || gap <= self.options.gap_limit {
                return self.solution(Priced { mentee_price: ask, stopped, ..priced });
            }
            priced = self.optimise(Some(&priced));
        }
    }

    /// The best pairs of every mentee, solved.
    fn first_core(&mut self) -> Priced {
        let free: Vec<i64> = vec![0; self.layout.people.mentors()];
        let prices = Prices::new(self.layout, &self.closed(&free));
        let rows = self.scan(&self.order, &prices, FIRST, |_| i64::MIN / 8);
        for (&i, row) in self.order.iter().zip(rows.unwrap_or_default()) {
            self.core[i as usize] = row.joining;
        }
        self.attract();
        self.control.report(Phase::Candidates, 1, None, None);
        self.optimise(None)
    }

    /// Adds good mentees of every mentor with open places.
    fn attract(&mut self) {
        let attract = Attract::new(self.layout.people, self.options.seed);
        let open: Vec<u32> =
            (0u32..).take(self.plan.capacity.len()).filter(|&j| self.plan.capacity[j as usize] > 0).collect();
        let lists = self.on_all_threads(&open, || (), |(), j| attract.mentees(j));
        for (j, list) in open.into_iter().zip(lists.unwrap_or_default()) {
            for (score, i) in list {
                let core = &mut self.core[i as usize];
                if self.plan.open(i, j) && core.iter().all(|&(known, _)| known != j) {
                    core.push((j, score + self.plan.bonus(i, j)));
                }
            }
        }
    }

    fn optimise(&self, warm: Option<&Priced>) -> Priced {
        let edges = || {
            let rows = (0u32..).zip(&self.core);
            rows.flat_map(|(i, row)| row.iter().map(move |&(j, worth)| (i, j, worth)))
        };
        let gap = self.options.gap_limit / 2;
        self.ranks.optimise(&self.plan.capacity, edges, self.lift, gap, warm, self.control)
    }

    /// Mentors without open places take no part.
    fn closed(&self, price: &[i64]) -> Vec<i64> {
        let places = price.iter().zip(&self.plan.capacity);
        places.map(|(&price, &places)| if places == 0 { CLOSED } else { price }).collect()
    }

    /// Tests all pairs of the mentees whose last scan does not vouch for them; `None` if stopped.
    fn price(&mut self, priced: &Priced) -> Option<Vec<(u32, Row)>> {
        self.history.push(priced.mentor_price.clone());
        let now = self.history.len();
        let drops: Vec<i64> =
            self.history.iter().map(|then| largest_drop(then, &priced.mentor_price)).collect();
        let vouched = |i: u32| {
            let (round, rest) = self.scanned[i as usize];
            round > 0 && rest + drops[round - 1] + self.lift <= priced.mentee_price[i as usize]
        };
        let due: Vec<u32> = self.order.iter().copied().filter(|&i| !vouched(i)).collect();
        let prices = Prices::new(self.layout, &self.closed(&priced.mentor_price));
        let slack = self.slack();
        let need = |i: u32| (priced.mentee_price[i as usize] - self.lift - slack).max(-self.lift);
        let rows = self.scan(&due, &prices, JOINING, need)?;
        for (&i, row) in due.iter().zip(&rows) {
            self.scanned[i as usize] = (now, row.rest);
        }
        Some(due.into_iter().zip(rows).collect())
    }

    /// How far below violation pairs already join, so that the next prices find them there.
    fn slack(&self) -> i64 {
        self.most_points() / 64
    }

    fn scan(
        &self,
        due: &[u32],
        prices: &Prices,
        keep: usize,
        need: impl Fn(u32) -> i64 + Sync,
    ) -> Option<Vec<Row>> {
        self.on_all_threads(
            due,
            || Scan::new(self.layout),
            |scan, i| self.row(scan, i, prices, keep, need(i)),
        )
    }

    /// Does the same work for many people; the answer does not depend on the number of threads.
    /// `None` if the caller stopped it.
    fn on_all_threads<S, T: Send>(
        &self,
        people: &[u32],
        scratch: impl Fn() -> S + Sync,
        work: impl Fn(&mut S, u32) -> T + Sync,
    ) -> Option<Vec<T>> {
        let next = AtomicUsize::new(0);
        let take = || {
            let mut scratch = scratch();
            let mut done = Vec::new();
            loop {
                let from = next.fetch_add(BATCH, Ordering::Relaxed);
                if from >= people.len() || self.control.stopped() {
                    return done;
                }
                let batch = &people[from..(from + BATCH).min(people.len())];
                done.push((from, batch.iter().map(|&person| work(&mut scratch, person)).collect::<Vec<T>>()));
            }
        };
        let mut batches = std::thread::scope(|scope| {
            let workers: Vec<_> = (1..self.options.threads).map(|_| scope.spawn(take)).collect();
            let mut batches = take();
            for worker in workers {
                match worker.join() {
                    Ok(done) => batches.extend(done),
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            }
            batches
        });
        batches.sort_unstable_by_key(|&(from, _)| from);
        let results: Vec<T> = batches.into_iter().flat_map(|(_, results)| results).collect();
        (results.len() == people.len()).then_some(results)
    }

    /// The best pairs of one mentee outside the core.
    fn row(&self, scan: &mut Scan<'_>, mentee: u32, prices: &Prices, keep: usize, need: i64) -> Row {
        let core = &self.core[mentee as usize];
        let keeps = self.plan.keep_bonus;
        let mut best = need;
        let mut kept: Vec<(i64, u32, i64)> = Vec::with_capacity(keep + 1);
        let mut least = need;
        // The scan does not know the keep bonus, so it is asked for less by as much.
        scan.mentee(mentee, prices, need - keeps, |mentor, score, beyond| {
            let bonus = self.plan.bonus(mentee, mentor);
            let (worth, beyond) = (score + bonus, beyond + bonus);
            if beyond < least || self.plan.is_forbidden(mentee, mentor) {
                return least - keeps;
            }
            best = best.max(beyond);
            if core.iter().all(|&(known, _)| known != mentor) {
                let at = kept.partition_point(|other| (-other.0, other.1) < (-beyond, mentor));
                kept.insert(at, (beyond, mentor, worth));
                kept.truncate(keep);
                if kept.len() == keep {
                    least = kept[keep - 1].0;
                }
            }
            least - keeps
        });
        let rest = if kept.len() == keep { least } else { need - 1 };
        Row { joining: kept.into_iter().map(|(_, mentor, worth)| (mentor, worth)).collect(), best, rest }
    }

    /// Mentee prices that cover all pairs: each asks for the best pair the scan found, or, where it
    /// was stopped, for the best imaginable.
    fn ask(&self, priced: &Priced, found: Option<&[(u32, Row)]>) -> Vec<i64> {
        let mut ask = priced.mentee_price.clone();
        match found {
            Some(found) => {
                for (i, row) in found {
                    ask[*i as usize] = ask[*i as usize].max(row.best + self.lift);
                }
            }
            None => {
                let most = self.most_points() + self.plan.keep_bonus + self.lift;
                self.order.iter().for_each(|&i| ask[i as usize] = most.max(ask[i as usize]));
            }
        }
        ask
    }

    fn most_points(&self) -> i64 {
        self.layout.people.criteria.iter().map(|criterion| criterion.weight).sum()
    }

    fn value(&self, priced: &Priced) -> i64 {
        let worth = |(i, mentor): (usize, &Option<u32>)| {
            let j = (*mentor)?;
            self.core[i].iter().find(|&&(known, _)| known == j).map(|&(_, worth)| worth + self.lift)
        };
        priced.mentor_of.iter().enumerate().filter_map(worth).sum()
    }

    /// Adds what the scan found to the core, if any of it is worth more than its prices.
    fn join(&mut self, priced: &Priced, found: Vec<(u32, Row)>) -> usize {
        let violated = |(i, row): &&(u32, Row)| row.best + self.lift > priced.mentee_price[*i as usize];
        let violations = found.iter().filter(violated).count();
        for (i, row) in found {
            self.core[i as usize].extend(row.joining);
        }
        violations
    }

    /// Adds the locked pairs and the prices of mentors without open places, and sums up.
    fn solution(self, priced: Priced) -> Solution {
        let people = self.layout.people;
        let Priced { mut mentor_of, mentee_price, mut mentor_price, stopped } = priced;
        let (mut total, mut value, mut locked_worth, mut placed) = (0, 0, 0, 0);
        for i in 0..people.mentees() as u32 {
            let locked = self.plan.locked[i as usize];
            mentor_of[i as usize] = locked.or(mentor_of[i as usize]);
            let Some(j) = mentor_of[i as usize] else { continue };
            let score = people.score(i, j).unwrap_or(0);
            let worth = score + self.plan.bonus(i, j) + self.lift;
            placed += 1;
            total += score;
            value += worth;
            locked_worth += if locked.is_some() { worth } else { 0 };
        }
        for j in (0..people.mentors() as u32).filter(|&j| self.plan.capacity[j as usize] == 0) {
            for i in (0..people.mentees() as u32).filter(|&i| self.plan.open(i, j)) {
                let worth = people.score(i, j).map_or(0, |score| score + self.plan.bonus(i, j) + self.lift);
                let price = &mut mentor_price[j as usize];
                *price = (worth - mentee_price[i as usize]).max(*price);
            }
        }
        let bound = engine::dual_bound(&mentee_price, &mentor_price, &self.plan.capacity)
            .saturating_add(locked_worth);
        let outcome = match (bound == value, stopped) {
            (true, _) => Outcome::Optimal,
            (false, true) => Outcome::Stopped,
            (false, false) => Outcome::WithinGap,
        };
        let certificate = Certificate {
            mentee_price,
            mentor_price,
            lift: self.lift,
            value,
            bound,
            bottleneck: None,
            fair: None,
        };
        Solution { mentor_of, placed, total, outcome, certificate }
    }
}

/// The largest fall of any price.
fn largest_drop(then: &[i64], now: &[i64]) -> i64 {
    then.iter().zip(now).map(|(then, now)| then - now).max().unwrap_or(0).max(0)
}
