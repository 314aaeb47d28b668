//! The objectives that are more than one run of the optimiser.

mod bottleneck;
mod fair;
pub(crate) mod groups;
mod stable;

pub(crate) use bottleneck::bottleneck;
pub(crate) use fair::fair;
pub(crate) use stable::stable;
