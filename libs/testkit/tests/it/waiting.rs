//! `eventually!`.

use std::{cell::Cell, time::Duration};

#[tokio::test]
async fn it_waits_for_a_condition_and_for_a_value() {
    let tries = Cell::new(0);
    let try_again = async || {
        tries.set(tries.get() + 1);
        tries.get()
    };
    testkit::eventually!(Duration::from_secs(5), try_again().await == 3);
    let value =
        testkit::eventually!(Duration::from_secs(5), Some(try_again().await).filter(|tries| *tries > 4));
    assert_eq!(value, 5);
}

#[tokio::test]
#[should_panic(expected = "1 == 2")]
async fn it_names_what_did_not_come_true() {
    testkit::eventually!(Duration::from_millis(20), 1 == 2);
}
