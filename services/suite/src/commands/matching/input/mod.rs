//! Files read strictly: whatever is wrong is named by file, row and column.

mod bad;
mod groups;
mod lists;
mod names;
mod pairs;
mod sheet;
mod table;

pub(super) use bad::{BadInput, Result, What};
pub(super) use groups::Groups;
pub(super) use lists::{List, Missing};
pub(super) use names::Names;
pub(super) use pairs::{Mentors, Pairs};
pub(super) use sheet::Sheet;
pub(super) use table::{Table, whole};
