//! How identity providers are asked: in a few seconds, with a bounded answer.

use crate::outgoing::{self, Failure, Guard, Limits, Outgoing};
use kernel::Result;
use openidconnect::{AsyncHttpClient, HttpRequest, HttpResponse};
use std::{pin::Pin, sync::Arc, time::Duration};

/// What an answer may take.
const LIMITS: Limits =
    Limits { connect: Duration::from_secs(2), call: Duration::from_secs(5), idle: 16, agent: "mentor" };
/// Discovery documents, key sets and token answers are some kilobytes.
const MOST: usize = 512 * 1024;

/// Why a provider did not answer. For the log.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HttpError {
    #[error(transparent)]
    Call(#[from] Failure),
    #[error(transparent)]
    Request(#[from] reqwest::Error),
    #[error(transparent)]
    Answer(#[from] http::Error),
}

/// The client.
#[derive(Clone)]
pub(crate) struct Http(Arc<Outgoing>);

impl Http {
    /// A client that may call these.
    pub(crate) fn new(guard: Guard) -> Self {
        Http(Arc::new(Outgoing::new(guard, LIMITS)))
    }

    async fn ask(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let mut answer = self.0.send(reqwest::Request::try_from(request)?).await?;
        let mut built = http::Response::builder().status(answer.status());
        if let Some(headers) = built.headers_mut() {
            std::mem::swap(headers, answer.headers_mut());
        }
        Ok(built.body(outgoing::body(answer, MOST).await?)?)
    }
}

impl<'c> AsyncHttpClient<'c> for Http {
    type Error = HttpError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, HttpError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.ask(request))
    }
}
