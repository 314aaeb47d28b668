//! The exact optimum over all pairs from a small part of them: pricing and repair.
//!
//! A core of promising pairs is solved with prices. Every pair is then tested against the prices;
//! those worth more than their prices join the core, and it is solved again from where it stands.
//! When no pair is worth more than its prices, they prove the core's optimum for all pairs
//! (Volgenant 1996).

use super::People;
use super::core::Core;
use super::layout::Layout;
use super::scan::{CLOSED, Prices, Scan};
use super::search::{Search, Top};
use super::side::Side;
use super::tour::Tour;
use super::work::on_all_threads;
use crate::market::{Priced, Ranks, Sums};
use crate::plan::{self, Plan};
use crate::{Control, Error, Mode, Options, Phase, Solution, engine, modes, solve};

/// Mentors of each mentee in the first core.
const FIRST: usize = 12;

/// Mentees of each mentor in the first core.
const FIRST_MENTEES: usize = 8;

/// Pairs of each mentee that join the core in a round, at most.
const JOINING: usize = 8;

/// Up to this many pairs, the modes that need the list of all pairs get it.
const MOST_LISTED: usize = 1 << 26;

/// Finds the best assignment over all feasible pairs of people.
///
/// [`Mode::MaxTotal`] and [`Mode::MaxCardinality`] never list the pairs; the other modes do, and
/// are refused past 2^26 pairs, and so are minimums of groups.
///
/// # Errors
/// Options that contradict the people or each other, and instances past the safe range.
pub fn solve_people(people: &People, options: &Options, control: &Control<'_>) -> Result<Solution, Error> {
    modes::groups::check(options, &people.capacity)?;
    let minimums = modes::groups::has_minimums(options);
    let coverage_first = match options.mode {
        Mode::MaxTotal if !minimums => false,
        Mode::MaxCardinality if !minimums => true,
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
    let layout = Layout::new(people, &plan, Side::Mentees, |_| true);
    Ok(Pricing::new(&layout, plan, options, control, lift).run())
}

/// What a scan found out about a mentee.
#[derive(Debug, Clone, Default)]
struct Row {
    /// Pairs outside the core, as mentor and worth.
    joining: Vec<(u32, i64)>,
    /// The most any pair is worth beyond its mentor's price, as far as above the need.
    best: i64,
    /// No pair outside core and `joining` is worth more beyond its mentor's price.
    rest: i64,
}

/// The last scan of a mentee.
#[derive(Debug, Clone, Copy)]
struct Scanned {
    round: usize,
    /// No pair outside the core was worth more beyond its mentor's price then.
    rest: i64,
}

struct Pricing<'a> {
    layout: &'a Layout<'a>,
    plan: Plan,
    options: &'a Options,
    control: &'a Control<'a>,
    lift: i64,
    ranks: Ranks,
    core: Core,
    /// Mentees in scan order: those of a class together.
    order: Vec<u32>,
    scanned: Vec<Option<Scanned>>,
    /// The mentors' prices of each round.
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
        layout.sort_rows(&mut order);
        Self {
            layout,
            options,
            control,
            lift,
            ranks: Ranks::new(people.mentees(), people.mentors(), options.seed),
            core: Core::new(people.mentees()),
            order,
            scanned: vec![None; people.mentees()],
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

    /// The best pairs of every mentee and of every mentor, solved.
    fn first_core(&mut self) -> Priced {
        let prices = Prices::new(self.layout, &self.closed(&vec![0; self.layout.people.mentors()]), 0);
        let rank = &self.ranks.mentee;
        let lists = self.best_of_all(self.layout, &self.order, &prices, FIRST, rank);
        for (&i, list) in self.order.iter().zip(lists.unwrap_or_default()) {
            self.core.add(&self.plan, i, list.into_iter());
        }
        self.control.report(Phase::Candidates, 1, None, None);
        self.add_best_of_mentors();
        self.control.report(Phase::Candidates, 2, None, None);
        self.optimise(None)
    }

    /// The best columns of each row, free of charge.
    fn best_of_all(
        &self,
        layout: &Layout<'_>,
        rows: &[u32],
        prices: &Prices,
        keep: usize,
        rank: &[u32],
    ) -> Option<Vec<Vec<(u32, i64)>>> {
        let tour = |row: u32| Tour::new(rank[row as usize], layout.blocks());
        on_all_threads(
            rows,
            self.options.threads,
            self.control,
            || Search::new(layout),
            |search, row| search.best(row, prices, keep, &tour(row)).into_pairs(),
        )
    }

    /// Adds the best mentees of every mentor with open places. Without them most mentors would not
    /// be in the core, and have no price that tells how good they are.
    fn add_best_of_mentors(&mut self) {
        let people = self.layout.people;
        let decided = |i: u32| self.plan.locked[i as usize].is_none();
        let layout = Layout::new(people, &self.plan, Side::Mentors, decided);
        let mut open: Vec<u32> =
            (0..people.mentors() as u32).filter(|&j| self.plan.capacity[j as usize] > 0).collect();
        layout.sort_rows(&mut open);
        let prices = Prices::new(&layout, &vec![0; people.mentees()], 0);
        let lists = self.best_of_all(&layout, &open, &prices, FIRST_MENTEES, &self.ranks.mentor);
        for (j, list) in open.into_iter().zip(lists.unwrap_or_default()) {
            for (i, worth) in list {
                if !self.core.has(i, j) {
                    self.core.add(&self.plan, i, std::iter::once((j, worth)));
                }
            }
        }
    }

    fn optimise(&self, warm: Option<&Priced>) -> Priced {
        let pairs_of = |i| self.core.pairs_of(&self.plan, i);
        let gap = self.options.gap_limit / 2;
        self.ranks.optimise(&self.plan.capacity, pairs_of, self.lift, gap, warm, self.control)
    }

    /// Mentors without open places take no part.
    fn closed(&self, price: &[i64]) -> Vec<i64> {
        let places = price.iter().zip(&self.plan.capacity);
        places.map(|(&price, &places)| if places == 0 { CLOSED } else { price }).collect()
    }

    /// Tests all pairs that earlier scans do not vouch for; `None` if stopped.
    fn price(&mut self, priced: &Priced) -> Option<Vec<(u32, Row)>> {
        self.history.push(priced.mentor_price.clone());
        let now = self.history.len() - 1;
        let drops: Vec<i64> =
            self.history.iter().map(|then| largest_drop(then, &priced.mentor_price)).collect();
        // By round of the last scan: those for whom only fallen prices count. Last: all others.
        let mut due: Vec<Vec<u32>> = vec![Vec::new(); now + 1];
        for &i in &self.order {
            let asks = priced.mentee_price[i as usize] - self.lift;
            match self.scanned[i as usize] {
                Some(Scanned { round, rest }) if rest + drops[round] <= asks => {}
                Some(Scanned { round, rest }) if rest <= asks => due[round].push(i),
                _ => due[now].push(i),
            }
        }
        let mut found = Vec::new();
        for (round, due) in due.iter().enumerate().filter(|(_, due)| !due.is_empty()) {
            let mut price = self.closed(&priced.mentor_price);
            if round < now {
                let then = &self.history[round];
                for (now, then) in price.iter_mut().zip(then) {
                    *now = if *now < *then { *now } else { CLOSED };
                }
            }
            let rows = self.scan(due, priced, &price)?;
            for (&i, row) in due.iter().zip(&rows) {
                let before = self.scanned[i as usize].filter(|_| round < now).map_or(i64::MIN, |s| s.rest);
                self.scanned[i as usize] = Some(Scanned { round: now, rest: row.rest.max(before) });
            }
            found.extend(due.iter().copied().zip(rows));
        }
        Some(found)
    }

    /// How far below violation pairs already join, so that the next prices find them there.
    fn slack(&self) -> i64 {
        self.layout.people.most_points() / 64
    }

    /// Looks for pairs worth more than the prices, or nearly.
    fn scan(&self, due: &[u32], priced: &Priced, price: &[i64]) -> Option<Vec<Row>> {
        let plain = Prices::new(self.layout, price, 0);
        // Where coverage comes first, some prices contain the lift and others do not.
        let lifted = (self.lift > 0).then(|| Prices::new(self.layout, price, self.lift));
        let slack = self.slack();
        on_all_threads(
            due,
            self.options.threads,
            self.control,
            || Scan::new(self.layout),
            |scan, i| {
                let need = (priced.mentee_price[i as usize] - self.lift - slack).max(-self.lift);
                let prices = lifted.as_ref().filter(|_| need < -self.lift / 2).unwrap_or(&plain);
                self.row(scan, i, prices, need)
            },
        )
    }

    /// The best pairs of one mentee outside the core.
    fn row(&self, scan: &mut Scan<'_>, mentee: u32, prices: &Prices, need: i64) -> Row {
        let mut best = need;
        let mut top = Top::new(JOINING);
        let tour = Tour::new(self.ranks.mentee[mentee as usize], self.layout.blocks());
        scan.turn_to(mentee);
        scan.search(prices, need, &tour, |mentor, worth, beyond| {
            best = best.max(beyond);
            if !self.core.has(mentee, mentor) {
                top.offer(mentor, worth, beyond);
            }
            top.need(need)
        });
        Row { best, rest: top.least().unwrap_or(need - 1), joining: top.into_pairs() }
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
                let most = self.layout.people.most_points() + self.plan.keep_bonus + self.lift;
                self.order.iter().for_each(|&i| ask[i as usize] = most.max(ask[i as usize]));
            }
        }
        ask
    }

    fn value(&self, priced: &Priced) -> i64 {
        let worth = |(i, mentor): (u32, &Option<u32>)| {
            self.core.worth(&self.plan, i, (*mentor)?).map(|worth| worth + self.lift)
        };
        (0u32..).zip(&priced.mentor_of).filter_map(worth).sum()
    }

    /// Adds what the scan found to the core, if any of it is worth more than its prices.
    fn join(&mut self, priced: &Priced, found: Vec<(u32, Row)>) -> usize {
        let violated = |(i, row): &&(u32, Row)| row.best + self.lift > priced.mentee_price[*i as usize];
        let violations = found.iter().filter(violated).count();
        for (i, row) in found {
            self.core.add(&self.plan, i, row.joining.into_iter());
        }
        violations
    }

    /// What the mentors without open places would have to cost, so that the prices cover all pairs.
    fn price_closed(&self, mentee_price: &[i64], mentor_price: &mut [i64]) {
        let people = self.layout.people;
        let mut closed: Vec<u32> =
            (0..people.mentors() as u32).filter(|&j| self.plan.capacity[j as usize] == 0).collect();
        if closed.is_empty() {
            return;
        }
        let decided = |i: u32| self.plan.locked[i as usize].is_none();
        let layout = Layout::new(people, &self.plan, Side::Mentors, decided);
        layout.sort_rows(&mut closed);
        let prices = Prices::new(&layout, mentee_price, 0);
        let most = |scan: &mut Scan<'_>, j: u32| {
            let mut best = -self.lift;
            scan.turn_to(j);
            scan.search(&prices, best + 1, &Tour::new(j, layout.blocks()), |_, _, beyond| {
                best = best.max(beyond);
                best + 1
            });
            best + self.lift
        };
        // Without the caller's wish to stop: the prices have to cover all pairs whatever happens.
        let all = Control::default();
        let asks = on_all_threads(&closed, self.options.threads, &all, || Scan::new(&layout), most);
        for (j, ask) in closed.into_iter().zip(asks.unwrap_or_default()) {
            mentor_price[j as usize] = ask.max(mentor_price[j as usize]);
        }
    }

    /// Adds the locked pairs and the prices of mentors without open places, and sums up.
    fn solution(self, mut priced: Priced) -> Solution {
        let people = self.layout.people;
        let mut sums = Sums::default();
        for i in 0..people.mentees() as u32 {
            let locked = self.plan.locked[i as usize];
            let mentor = &mut priced.mentor_of[i as usize];
            *mentor = locked.or(*mentor);
            let Some(j) = *mentor else { continue };
            let score = people.score(i, j).unwrap_or(0);
            let worth = score + self.plan.bonus(i, j) + self.lift;
            sums.placed += 1;
            sums.total += score;
            sums.value += worth;
            sums.locked_worth += if locked.is_some() { worth } else { 0 };
        }
        self.price_closed(&priced.mentee_price, &mut priced.mentor_price);
        priced.solution(&sums, self.lift, &self.plan.capacity)
    }
}

/// The largest fall of any price.
fn largest_drop(then: &[i64], now: &[i64]) -> i64 {
    then.iter().zip(now).map(|(then, now)| then - now).max().unwrap_or(0).max(0)
}
