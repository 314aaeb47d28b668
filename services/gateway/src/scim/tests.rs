//! The domain of SCIM, shape by shape.
