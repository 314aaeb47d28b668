//! A stream of answers that one piece of work produces.

use futures::{StreamExt, stream};
use grpc::ResponseStream;
use kernel::{Error, Result};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Status;

/// Answers that wait until the caller takes them.
const WAITING: usize = 64;

/// Where the work puts its answers.
pub(crate) struct Feed<T>(mpsc::Sender<Result<T, Status>>);

impl<T> Feed<T> {
    /// Hands an answer over; waits while the caller is behind.
    ///
    /// # Errors
    /// When the caller is gone: there is nobody to work for.
    pub(crate) async fn send(&self, answer: T) -> Result<()> {
        self.0.send(Ok(answer)).await.map_err(|_| Error::internal("the caller is gone"))
    }
}

/// Runs the work as the caller reads, and stops it when the caller is gone. Its error ends the stream, after
/// everything that was sent before.
pub(crate) fn stream<T, W>(work: impl FnOnce(Feed<T>) -> W) -> ResponseStream<T>
where
    T: Send + 'static,
    W: Future<Output = Result<()>> + Send + 'static,
{
    let (sender, receiver) = mpsc::channel(WAITING);
    let work = work(Feed(sender.clone()));
    let work = async move {
        if let Err(error) = work.await {
            // Nobody reads it when the caller is gone.
            let _ = sender.send(Err(grpc::status(error))).await;
        }
    };
    let silent = stream::once(work).filter_map(|()| async { None });
    Box::pin(stream::select(ReceiverStream::new(receiver), silent))
}
