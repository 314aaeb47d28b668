//! Domain: small groups are not shown, nor so few of them that one follows from the total (complementary
//! suppression; see Statistical Disclosure Control, Hundepool et al. 2012, chapter 4).

/// The least people a shown group has.
pub(crate) const LEAST: i32 = 5;

/// Participation of one unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unit {
    pub(crate) name: String,
    pub(crate) people: i32,
    pub(crate) participants: i32,
}

impl Unit {
    /// The group counted, or its rest, can be a handful of people.
    fn is_small(&self) -> bool {
        self.people < LEAST || (1..LEAST).contains(&self.participants)
    }
}

/// For each unit whether it may be shown. The total is known, so what is hidden must together have at least
/// [`LEAST`] participants and at least two units: the next smallest are hidden until that holds.
pub(crate) fn shown(units: &[Unit]) -> Vec<bool> {
    let mut shown: Vec<bool> = units.iter().map(|unit| !unit.is_small()).collect();
    if shown.iter().all(|shown| *shown) {
        return shown;
    }
    let mut by_size: Vec<usize> = (0..units.len()).filter(|index| shown[*index]).collect();
    by_size.sort_by_key(|index| (units[*index].participants, units[*index].name.clone()));
    let mut next = by_size.into_iter();
    while is_derivable(units, &shown) {
        match next.next() {
            Some(index) => shown[index] = false,
            None => break,
        }
    }
    shown
}

/// Whether the total gives away what is hidden.
fn is_derivable(units: &[Unit], shown: &[bool]) -> bool {
    let hidden = || units.iter().zip(shown).filter(|(_, shown)| !**shown).map(|(unit, _)| unit);
    hidden().count() < 2 || hidden().map(|unit| unit.participants).sum::<i32>() < LEAST
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn unit(name: &str, people: i32, participants: i32) -> Unit {
        Unit { name: name.to_owned(), people, participants }
    }

    #[test]
    fn three_and_six_show_only_their_total() {
        assert_eq!(shown(&[unit("A", 3, 3), unit("B", 6, 6)]), [false, false]);
    }

    #[test]
    fn large_groups_are_shown() {
        assert_eq!(shown(&[unit("A", 50, 9), unit("B", 60, 0)]), [true, true]);
    }

    #[test]
    fn the_next_smallest_goes_with_a_single_small_one() {
        let units = [unit("A", 40, 20), unit("B", 40, 2), unit("C", 40, 7)];
        assert_eq!(shown(&units), [true, false, false]);
    }

    proptest! {
        #[test]
        fn no_small_group_follows_from_the_total(sizes in proptest::collection::vec((0i32..40, 0i32..20), 2..12)) {
            let units: Vec<Unit> = sizes
                .iter()
                .enumerate()
                .map(|(index, (more, participants))| unit(&index.to_string(), participants + more, *participants))
                .collect();
            let shown = shown(&units);
            for (unit, shown) in units.iter().zip(&shown) {
                prop_assert!(!*shown || !unit.is_small());
            }
            let hidden = shown.iter().filter(|shown| !**shown).count();
            prop_assert!(hidden != 1);
        }
    }
}
