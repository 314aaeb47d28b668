//! What a source is to a run: pages of records, read one after the other and taken up again where a run stopped.

use super::employee::{Fault, Record};
use kernel::Result;

/// Where a connector goes on: whatever it needs to ask for a page, as text (a page token, an offset, a row). Kept with the
/// run after each page, so that another process can go on; bounded to [`MAX_CURSOR`] bytes. Holds no secret.
pub(crate) type Cursor = String;

/// The longest cursor and mark.
pub(crate) const MAX_CURSOR: usize = 8_192;

/// What a run asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ask {
    /// Only what changed since this mark, which an earlier run's last page gave; everybody when `None`. A connector that
    /// can't tell changes gives everybody and says so in [`Page::complete`].
    pub(crate) since: Option<String>,
    /// Records wanted a page.
    pub(crate) page_size: usize,
}

/// Some records.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Page {
    /// The records, unchecked.
    pub(crate) records: Vec<Record>,
    /// Records that the connector itself could not make sense of.
    pub(crate) faults: Vec<Fault>,
    /// Where the next page begins; `None` on the last.
    pub(crate) next: Option<Cursor>,
    /// People in all, where the source says.
    pub(crate) total: Option<i64>,
    /// On the last page: the run named everybody, so that whoever it did not name has left. `false` after a run for
    /// changes; leavers then come as records with `left`.
    pub(crate) complete: bool,
    /// On the last page: from where the next run asks for changes; `None` when the source can't tell changes.
    pub(crate) mark: Option<String>,
}

/// A source, opened for one run. Errors with [`kernel::ErrorKind::Unavailable`] or `ResourceExhausted` let the run rest
/// and go on at the same page later (after `retry_after` where it is set); all others end it. Messages name the setting
/// or what the source said, and hold neither secrets nor people.
#[async_trait::async_trait]
pub(crate) trait Connector: Send {
    /// The page at a cursor; `None` for the first. The same cursor may be asked for again, by another process too.
    /// Waiting for a source that limits its rate, and repeating what failed for a moment, is the connector's own matter:
    /// in all at most a minute a page. Cancel safe: the run drops it when it is cancelled.
    async fn page(&mut self, ask: &Ask, cursor: Option<&str>) -> Result<Page>;
}
