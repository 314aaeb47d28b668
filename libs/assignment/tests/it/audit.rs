//! The audit against published figures.

use assignment::audit::{Attributes, Audited, Rate, audit, fisher_exact, two_standard_deviations};

/// `(name, selected, of)` groups as people.
fn people(groups: &[(&str, usize, usize)]) -> (Attributes, Vec<Audited>) {
    let (mut names, mut outcomes) = (Vec::new(), Vec::new());
    for &(name, selected, of) in groups {
        for person in 0..of {
            names.push(Some(name.to_owned()));
            outcomes.push(Audited { selected: person < selected, score: None });
        }
    }
    names.push(None);
    outcomes.push(Audited { selected: true, score: Some(3) });
    (Attributes::new(names.len()).with("group", names).expect("one value per person"), outcomes)
}

#[test]
fn two_published_rates_give_the_published_ratios() {
    let (attributes, outcomes) = people(&[("a", 543, 1000), ("b", 447, 1000)]);
    let reports = audit(&attributes, &outcomes).expect("a report");
    let impact: Vec<u64> = reports[0].lines.iter().map(|line| line.selection_impact).collect();
    assert_eq!(impact, [1000, 823]);
    assert_eq!(reports[0].lines[0].selection.basis_points(), 5430);
    assert!(!reports[0].lines[1].below_four_fifths());
    assert_eq!(reports[0].unknown, 1);
}

#[test]
fn five_published_rates_give_the_published_ratios() {
    let rates = [("a", 642), ("b", 375), ("c", 500), ("d", 625), ("e", 417)];
    let (attributes, outcomes) = people(&rates.map(|(name, selected)| (name, selected, 1000)));
    let reports = audit(&attributes, &outcomes).expect("a report");
    let rounded: Vec<u64> = reports[0].lines.iter().map(|line| (line.selection_impact + 5) / 10).collect();
    assert_eq!(rounded, [100, 58, 78, 97, 65]);
}

#[test]
fn fisher_agrees_with_the_lady_tasting_tea_and_published_tables() {
    let rate = |hits, of| Rate { hits, of };
    let close = |a: f64, b: f64| assert!((a - b).abs() < 1e-6, "{a} is not {b}");
    close(fisher_exact(rate(3, 4), rate(1, 4)), 0.485_714_285_7);
    close(fisher_exact(rate(4, 4), rate(0, 4)), 0.028_571_428_6);
    // R: fisher.test(matrix(c(1, 11, 9, 3), 2))$p.value
    close(fisher_exact(rate(1, 10), rate(11, 14)), 0.002_759_456_2);
    close(fisher_exact(rate(0, 0), rate(5, 9)), 1.0);
}

#[test]
fn two_standard_deviations_are_those_of_the_pooled_rate() {
    let deviations = two_standard_deviations(Rate { hits: 50, of: 100 }, Rate { hits: 30, of: 100 });
    assert!((deviations - 2.886_751).abs() < 1e-5, "{deviations}");
    assert!(two_standard_deviations(Rate { hits: 0, of: 0 }, Rate { hits: 3, of: 9 }).abs() < f64::EPSILON);
}

#[test]
fn small_groups_are_marked_and_are_not_the_measure() {
    let (attributes, outcomes) = people(&[("few", 10, 10), ("many", 600, 1000)]);
    let lines = audit(&attributes, &outcomes).expect("a report").remove(0).lines;
    assert!(lines[0].small && !lines[1].small);
    assert_eq!(lines[1].selection_impact, 1000);
}

#[test]
fn attributes_are_crossed_and_the_median_is_of_all_scores() {
    let value = |text: &str| Some(text.to_owned());
    let attributes = Attributes::new(4)
        .with("a", vec![value("x"), value("x"), value("y"), value("y")])
        .and_then(|attributes| attributes.with("b", vec![value("p"), value("q"), value("p"), None]))
        .expect("one value per person");
    let outcomes = [1, 2, 3, 4].map(|score| Audited { selected: score > 2, score: Some(score) });
    let reports = audit(&attributes, &outcomes).expect("reports");
    assert_eq!(reports.len(), 3);
    assert_eq!(reports[2].attributes, ["a", "b"]);
    assert_eq!(reports[2].lines.len(), 3);
    assert_eq!(reports[2].unknown, 1);
    assert_eq!(reports[0].lines[1].scoring, Rate { hits: 2, of: 2 });
    assert_eq!(reports[0].lines[0].scoring_impact, 0);
}

#[test]
fn lists_of_another_length_are_refused() {
    assert!(Attributes::new(2).with("a", vec![None]).is_err());
    assert!(audit(&Attributes::new(2), &[]).is_err());
}
