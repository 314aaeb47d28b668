//! What happens in time.

use crate::world::{World, id, user_path};
use jiff::SignedDuration;
use serde_json::json;

#[tokio::test]
async fn what_was_deleted_is_erased_after_its_time() {
    let world = World::start().await;
    let (ann, bob) = (world.user("ann", json!({})).await, world.user("bob", json!({})).await);
    world.group("Team", &[&id(&bob)]).await;
    assert_eq!(world.delete(&user_path(&ann)).await.status, 204);
    world.suite.advance(SignedDuration::from_hours(24 * 29));
    world.suite.run_jobs().await;
    assert_eq!(world.rows("resource").await, 3);
    world.suite.advance(SignedDuration::from_hours(24 * 2));
    world.suite.run_jobs().await;
    assert_eq!((world.rows("resource").await, world.rows("member").await), (2, 1));
}
