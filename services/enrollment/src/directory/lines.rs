//! Domain: reporting lines: who stands above whom. Pure.

/// Managers that a chain holds at most, from the line manager upwards.
pub(crate) const MAX_CHAIN: usize = 20;

/// The people who stand on a circle of managers, in ascending order; who merely reports into one is not among them.
/// `managers[i]` is the manager of `i`.
pub(crate) fn circles(managers: &[Option<usize>]) -> Vec<usize> {
    // Whoever nobody on the way reports to is off; what can't be peeled off stands on a circle.
    let mut reports = vec![0_usize; managers.len()];
    for manager in managers.iter().flatten() {
        if let Some(count) = reports.get_mut(*manager) {
            *count += 1;
        }
    }
    let mut off = vec![false; managers.len()];
    let mut free: Vec<usize> = (0..managers.len()).filter(|i| reports.get(*i) == Some(&0)).collect();
    while let Some(person) = free.pop() {
        if let Some(off) = off.get_mut(person) {
            *off = true;
        }
        let manager = managers.get(person).copied().flatten();
        if let Some((manager, count)) = manager.and_then(|m| reports.get_mut(m).map(|count| (m, count))) {
            *count -= 1;
            if *count == 0 {
                free.push(manager);
            }
        }
    }
    off.iter().enumerate().filter(|(_, off)| !**off).map(|(i, _)| i).collect()
}

/// The managers of `person` upwards, at most [`MAX_CHAIN`]. Ends on a circle, too.
pub(crate) fn chain(managers: &[Option<usize>], person: usize) -> Vec<usize> {
    let up = |person: &usize| managers.get(*person).copied().flatten();
    std::iter::successors(up(&person), up).take(MAX_CHAIN).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Follows the managers of each person and looks whether it comes back.
    fn naive(managers: &[Option<usize>]) -> Vec<usize> {
        let comes_back = |start: usize| {
            let mut at = managers[start];
            for _ in 0..managers.len() {
                match at {
                    Some(person) if person == start => return true,
                    Some(person) => at = managers[person],
                    None => return false,
                }
            }
            false
        };
        (0..managers.len()).filter(|person| comes_back(*person)).collect()
    }

    #[test]
    fn circles_of_every_size_are_found() {
        assert_eq!(circles(&[]), Vec::<usize>::new());
        assert_eq!(circles(&[Some(0)]), [0]);
        assert_eq!(circles(&[Some(1), Some(0), Some(0), None]), [0, 1]);
    }

    #[test]
    fn a_chain_goes_up_and_is_bounded() {
        assert_eq!(chain(&[None, Some(0), Some(1)], 2), [1, 0]);
        let deep: Vec<_> = (0..50_usize).map(|i| i.checked_sub(1)).collect();
        assert_eq!(chain(&deep, 49).len(), MAX_CHAIN);
        assert_eq!(chain(&deep, 49)[0], 48);
    }

    proptest! {
        #[test]
        fn circles_are_those_that_come_back(
            managers in (1..40_usize).prop_flat_map(|n| prop::collection::vec(prop::option::weighted(0.9, 0..n), n)),
        ) {
            prop_assert_eq!(circles(&managers), naive(&managers));
        }

        /// Cutting the circles leaves none.
        #[test]
        fn without_the_circles_every_line_ends(
            managers in (1..40_usize).prop_flat_map(|n| prop::collection::vec(prop::option::weighted(0.9, 0..n), n)),
        ) {
            let mut cut = managers.clone();
            for person in circles(&managers) {
                cut[person] = None;
            }
            prop_assert_eq!(circles(&cut), Vec::<usize>::new());
        }
    }
}
