//! Reviews: has the pair gelled?

mod convert;
mod decide_review;
mod read;
pub(crate) mod review;
pub(crate) mod store;

use contracts::mentor::evaluation::v1::*;

grpc::service! {
    impl ReviewService for crate::Evaluation in contracts::mentor::evaluation::v1::review_service_server {
        read  get_review(GetReviewRequest) -> GetReviewResponse = read::get_review;
        read  list_reviews(ListReviewsRequest) -> ListReviewsResponse = read::list_reviews;
        write decide_review(DecideReviewRequest) -> DecideReviewResponse = decide_review::handle;
    }
}
