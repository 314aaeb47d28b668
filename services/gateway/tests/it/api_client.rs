//! A client of the JSON API that has none of our code but JSON.

use crate::world::World;
use gateway::Gateway;
use kernel::Role;
use reqwest::{Method, RequestBuilder, header::HeaderMap};
use serde_json::Value;
use testkit::Suite;

/// The gateway with its JSON API.
pub(crate) struct Api {
    pub(crate) suite: Suite,
    pub(crate) token: String,
    http: reqwest::Client,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
    pub(crate) body: Value,
}

impl Answer {
    /// The body of an answer that is no refusal.
    pub(crate) fn ok(self) -> Value {
        assert_eq!(self.status, 200, "{}", self.text);
        assert_eq!(self.header("content-type"), "application/json");
        self.body
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// A detail of a refusal, which is a `google.rpc.Status`, by its type's name.
    pub(crate) fn detail(&self, name: &str) -> Option<&Value> {
        let name = format!("type.googleapis.com/google.rpc.{name}");
        self.body["details"].as_array()?.iter().find(|detail| detail["@type"] == name)
    }

    /// HTTP status, gRPC code and reason of a refusal.
    pub(crate) fn refused(&self) -> (u16, i64, &str) {
        assert_eq!(self.header("content-type"), "application/json", "{self:?}");
        assert!(self.body["message"].as_str().is_some_and(|message| !message.is_empty()), "{self:?}");
        let info = self.detail("ErrorInfo").unwrap_or_else(|| panic!("no ErrorInfo: {self:?}"));
        let code = self.body["code"].as_i64().expect("a code");
        (self.status, code, info["reason"].as_str().expect("a reason"))
    }

    /// The fields that a refusal names.
    pub(crate) fn fields(&self) -> Vec<&str> {
        let violations = self.detail("BadRequest").and_then(|detail| detail["fieldViolations"].as_array());
        violations.into_iter().flatten().filter_map(|violation| violation["field"].as_str()).collect()
    }
}

impl Api {
    pub(crate) async fn start() -> Api {
        Api::with(|_| {}).await
    }

    /// With a changed configuration.
    pub(crate) async fn with(change: impl FnOnce(&mut runtime::Config) + Send + 'static) -> Api {
        Api::of(Suite::builder().service::<Gateway>().configure(change).start().await)
    }

    pub(crate) fn of(suite: Suite) -> Api {
        let token = suite.token(Role::HrAdmin, None);
        Api { suite, token, http: reqwest::Client::new() }
    }

    /// With these settings in `[services.gateway.api]`.
    pub(crate) async fn set(settings: &str) -> Api {
        let settings: toml::Table = settings.parse().expect("TOML");
        Api::with(move |config| {
            let section = config.services.entry("gateway".to_owned()).or_default();
            section.insert("api".to_owned(), settings.into());
        })
        .await
    }

    /// The same gateway with a connection, for SCIM.
    pub(crate) async fn scim(self) -> World {
        World::of(self.suite).await
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.suite.host().http_address().expect("the gateway serves HTTP"))
    }

    /// A request of an administrator.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, self.url(path)).bearer_auth(&self.token)
    }

    /// A request of a stranger.
    pub(crate) fn strange(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, self.url(path))
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        send(self.request(Method::GET, path)).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        send(json(self.request(Method::POST, path), &body)).await
    }

    pub(crate) fn id(&self) -> String {
        kernel::Clock::new_id(self.suite.clock.as_ref()).to_string()
    }
}

/// With a JSON body.
pub(crate) fn json(request: RequestBuilder, body: &Value) -> RequestBuilder {
    request.header("content-type", "application/json").body(body.to_string())
}

pub(crate) async fn send(request: RequestBuilder) -> Answer {
    let response = request.send().await.expect("the gateway answers");
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let text = response.text().await.expect("a whole answer");
    let body = serde_json::from_str(&text).unwrap_or(Value::Null);
    Answer { status, headers, text, body }
}
