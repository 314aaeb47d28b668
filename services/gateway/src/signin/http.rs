//! How identity providers are asked: no redirects, a few seconds, a bounded answer.

use kernel::{Error, Result};
use openidconnect::{AsyncHttpClient, HttpRequest, HttpResponse};
use std::{pin::Pin, time::Duration};

/// An answer takes at most this.
const TIMEOUT: Duration = Duration::from_secs(5);
/// Connecting takes at most this.
const CONNECT: Duration = Duration::from_secs(2);
/// Discovery documents, key sets and token answers are some kilobytes.
const MOST: usize = 512 * 1024;

/// Why a provider did not answer. For the log.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HttpError {
    #[error(transparent)]
    Client(#[from] reqwest::Error),
    #[error(transparent)]
    Answer(#[from] http::Error),
    #[error("the answer is larger than {MOST} bytes")]
    Large,
}

/// The client.
#[derive(Clone, Debug)]
pub(crate) struct Http(reqwest::Client);

impl Http {
    /// A client by the process's TLS.
    ///
    /// # Errors
    /// Internal, when the system's authorities can't be read.
    pub(crate) fn new() -> Result<Self> {
        // Whoever installed a provider first wins, and all are ring.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let builder = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
        let builder = builder.timeout(TIMEOUT).connect_timeout(CONNECT).user_agent("mentor");
        Ok(Http(builder.build().map_err(Error::internal)?))
    }

    async fn ask(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let mut answer = self.0.execute(reqwest::Request::try_from(request)?).await?;
        let mut built = http::Response::builder().status(answer.status());
        if let Some(headers) = built.headers_mut() {
            std::mem::swap(headers, answer.headers_mut());
        }
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await? {
            body.extend_from_slice(&chunk);
            if body.len() > MOST {
                return Err(HttpError::Large);
            }
        }
        Ok(built.body(body)?)
    }
}

impl<'c> AsyncHttpClient<'c> for Http {
    type Error = HttpError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, HttpError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.ask(request))
    }
}
