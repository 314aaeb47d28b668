//! Reading reviews.

use super::{convert, store};
use crate::{
    Evaluation,
    convert::{optional_id, read_review_state},
};
use contracts::mentor::evaluation::v1::{
    GetReviewRequest, GetReviewResponse, ListReviewsRequest, ListReviewsResponse,
};
use kernel::{Error, Page, Result, parse_id};
use storage::Tx;

pub(crate) async fn get_review(
    _: &Evaluation,
    tx: &mut Tx,
    request: GetReviewRequest,
) -> Result<GetReviewResponse> {
    let id = parse_id("review_id", &request.review_id)?;
    let review = store::get(tx, id).await?;
    review.may_read(tx.actor())?;
    let with_health = tx.actor().manages_programs();
    Ok(GetReviewResponse { review: Some(convert::review(review, with_health)) })
}

pub(crate) async fn list_reviews(
    _: &Evaluation,
    tx: &mut Tx,
    request: ListReviewsRequest,
) -> Result<ListReviewsResponse> {
    let manages = tx.actor().manages_programs();
    let own = tx.actor().person;
    let filter = store::Filter {
        program: optional_id("program_id", &request.program_id)?,
        about: optional_id("match_id", &request.match_id)?,
        person: if manages {
            None
        } else {
            Some(own.ok_or_else(|| Error::denied("reviews are listed by people"))?)
        },
        state: read_review_state(request.state()),
    };
    let page = Page::read(request.page_size, &request.page_token, format!("reviews {filter:?}"))?;
    let rows = store::list(tx, &filter, &page).await?;
    let (rows, next_page_token) = page.finish(rows, |row| row.id);
    let reviews = rows.into_iter().map(|review| convert::review(review, manages)).collect();
    Ok(ListReviewsResponse { reviews, next_page_token })
}
