//! Helpers shared by the tests that span services.
