//! A change of criteria is a new version.

use super::{convert, domain::Criteria, store};
use crate::{Matching, projection};
use contracts::mentor::matching::v1::{UpdateCriteriaRequest, UpdateCriteriaResponse};
use kernel::{Error, Result, parse_id};
use storage::{Audit, Tx, check_etag};

pub(crate) async fn handle(
    _: &Matching,
    tx: &mut Tx,
    request: UpdateCriteriaRequest,
) -> Result<UpdateCriteriaResponse> {
    let program = parse_id("program_id", &request.program_id)?;
    projection::store::program(tx, program).await?;
    let latest = store::latest(tx, program).await?;
    check_etag("criteria", &request.etag, i64::from(latest.criteria.version))?;
    let criteria = changed(latest.criteria, &request)?;
    criteria.check()?;
    store::insert(tx, program, &criteria).await?;
    tx.audit(Audit::of("criteria", format_args!("{program}/{}", criteria.version)));
    let stored = store::Stored { criteria, created_at: Some(tx.now()) };
    Ok(UpdateCriteriaResponse { criteria: Some(convert::criteria(program, &stored)) })
}

/// The latest version with what the mask names replaced.
fn changed(mut criteria: Criteria, request: &UpdateCriteriaRequest) -> Result<Criteria> {
    let paths = request.update_mask.as_ref().map(|mask| mask.paths.as_slice()).unwrap_or_default();
    if paths.is_empty() {
        return Err(Error::field("update_mask", "must name at least one field"));
    }
    let missing = |field: &str| Error::field(field, "must be set, since update_mask names it");
    for path in paths {
        match path.as_str() {
            "weights" => {
                let weights = request.weights.as_ref().ok_or_else(|| missing("weights"))?;
                criteria.weights = convert::read_weights(weights);
            }
            "targets" => {
                let targets = request.targets.as_ref().ok_or_else(|| missing("targets"))?;
                criteria.targets = convert::read_targets(targets);
            }
            "rules" => {
                let rules = request.rules.as_ref().ok_or_else(|| missing("rules"))?;
                criteria.rules = convert::read_rules(rules);
            }
            "grades" => criteria.grades.clone_from(&request.grades),
            "next_choices" => criteria.next_choices = request.next_choices,
            other => {
                let message = format!(
                    "'{other}' can't be changed; name some of weights, targets, rules, grades, next_choices"
                );
                return Err(Error::field("update_mask", message));
            }
        }
    }
    criteria.version += 1;
    Ok(criteria)
}

#[cfg(test)]
mod tests {
    use super::*;
    use contracts::mentor::matching::v1::Weights;

    fn request(paths: &[&str]) -> UpdateCriteriaRequest {
        UpdateCriteriaRequest {
            weights: Some(Weights { skills: 7, ..Weights::default() }),
            grades: vec!["A".into()],
            next_choices: 9,
            update_mask: Some(prost_types::FieldMask {
                paths: paths.iter().map(|path| (*path).to_owned()).collect(),
            }),
            ..UpdateCriteriaRequest::default()
        }
    }

    #[test]
    fn changes_what_the_mask_names() {
        let changed = changed(Criteria::default(), &request(&["weights", "grades"])).expect("a change");
        assert_eq!(changed.weights, [7, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!((changed.version, changed.grades.len(), changed.next_choices), (1, 1, 3));
    }

    #[test]
    fn refuses_masks_that_name_nothing_or_something_unknown() {
        for paths in [&[][..], &["version"], &["targets"]] {
            let error = changed(Criteria::default(), &request(paths)).expect_err("refused");
            assert_eq!(error.reason, "FIELD_INVALID", "{paths:?}");
        }
    }
}
