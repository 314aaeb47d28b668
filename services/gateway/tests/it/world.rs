//! The gateway with a connection, and an HTTP client that has none of our code but JSON.

use contracts::mentor::gateway::v1::{
    CreateConnectionRequest, connection_service_client::ConnectionServiceClient,
    group_service_client::GroupServiceClient,
};
use gateway::Gateway;
use grpc::Channel;
use jiff::SignedDuration;
use kernel::{Clock, Role};
use reqwest::{Method, Response};
use serde_json::{Value, json};
use testkit::Suite;

pub(crate) const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
pub(crate) const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
pub(crate) const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
pub(crate) const PATCH: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

pub(crate) struct World {
    pub(crate) suite: Suite,
    pub(crate) token: String,
    http: reqwest::Client,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) etag: String,
    pub(crate) location: String,
    pub(crate) media: String,
    pub(crate) retry_after: String,
    pub(crate) body: Value,
}

impl Reply {
    async fn read(response: Response) -> Reply {
        let header = |name: &str| {
            let value = response.headers().get(name).and_then(|value| value.to_str().ok());
            value.unwrap_or_default().to_owned()
        };
        let (status, etag, location) = (response.status().as_u16(), header("etag"), header("location"));
        let (media, retry_after) = (header("content-type"), header("retry-after"));
        let text = response.text().await.expect("a whole answer");
        let body = serde_json::from_str(&text).unwrap_or(Value::Null);
        Reply { status, etag, location, media, retry_after, body }
    }

    /// The body of an answer that is no refusal.
    pub(crate) fn ok(self) -> Value {
        assert!((200..300).contains(&self.status), "{} {}", self.status, self.body);
        self.body
    }

    /// Status and `scimType` of a refusal, which has an error body.
    pub(crate) fn refused(self) -> (u16, String) {
        let body = &self.body;
        assert_eq!(body["schemas"], json!(["urn:ietf:params:scim:api:messages:2.0:Error"]), "{self:?}");
        assert_eq!(body["status"], self.status.to_string(), "{body}");
        assert!(body["detail"].as_str().is_some_and(|detail| !detail.is_empty()), "{body}");
        (self.status, body["scimType"].as_str().unwrap_or_default().to_owned())
    }
}

impl World {
    /// Without a limit of requests: a quick machine would reach it.
    pub(crate) async fn start() -> World {
        let unlimited = |config: &mut runtime::Config| {
            let settings = toml::Table::from_iter([("requests_per_second".to_owned(), 0.into())]);
            config.services.insert("gateway".to_owned(), settings);
        };
        World::of(Suite::builder().service::<Gateway>().configure(unlimited).start().await).await
    }

    pub(crate) async fn of(suite: Suite) -> World {
        let mut world = World { suite, token: String::new(), http: reqwest::Client::new() };
        world.token = world.connect("Entra ID").await;
        world
    }

    /// Adds a connection; its token.
    pub(crate) async fn connect(&self, name: &str) -> String {
        let request = CreateConnectionRequest { request_id: self.request_id(), name: name.into() };
        let answer = self.connections().create_connection(request).await.expect("a new name").into_inner();
        assert!(answer.token.starts_with("mentor_scim_"));
        answer.token
    }

    pub(crate) fn request_id(&self) -> String {
        self.suite.clock.new_id().to_string()
    }

    pub(crate) fn connections(&self) -> ConnectionServiceClient<Channel> {
        ConnectionServiceClient::new(self.suite.acting(Role::HrAdmin, None))
    }

    pub(crate) fn groups(&self) -> GroupServiceClient<Channel> {
        GroupServiceClient::new(self.suite.acting(Role::HrAdmin, None))
    }

    pub(crate) fn root(&self) -> String {
        format!("http://{}/scim/v2", self.suite.host().http_address().expect("the gateway serves HTTP"))
    }

    /// A request with headers.
    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Reply {
        let mut request = self.http.request(method, format!("{}{path}", self.root()));
        if headers.iter().all(|(name, _)| *name != "authorization") {
            request = request.bearer_auth(&self.token);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.header("content-type", "application/scim+json").body(body.to_string());
        }
        Reply::read(request.send().await.expect("the gateway answers")).await
    }

    /// A request whose body need not be JSON.
    pub(crate) async fn raw(&self, method: Method, path: &str, body: impl Into<reqwest::Body>) -> Reply {
        let request = self.http.request(method, format!("{}{path}", self.root()));
        let request = request.bearer_auth(&self.token).header("content-type", "application/scim+json");
        Reply::read(request.body(body).send().await.expect("the gateway answers")).await
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.send(Method::GET, path, &[], None).await
    }

    /// A query by its parameters.
    pub(crate) async fn query(&self, path: &str, parameters: &[(&str, &str)]) -> Reply {
        let request = self.http.get(format!("{}{path}", self.root())).bearer_auth(&self.token);
        let query: Vec<(&str, &str)> = parameters.to_vec();
        Reply::read(request.query(&query).send().await.expect("the gateway answers")).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Reply {
        self.send(Method::POST, path, &[], Some(&body)).await
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> Reply {
        self.send(Method::PUT, path, &[], Some(&body)).await
    }

    pub(crate) async fn patch(&self, path: &str, operations: Value) -> Reply {
        let body = json!({ "schemas": [PATCH], "Operations": operations });
        self.send(Method::PATCH, path, &[], Some(&body)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Reply {
        self.send(Method::DELETE, path, &[], None).await
    }

    /// Lists are in the order of coming: nobody comes in the same moment as another.
    fn moment(&self) {
        self.suite.advance(SignedDuration::from_millis(1));
    }

    /// Adds a user with more attributes; the answer.
    pub(crate) async fn user(&self, name: &str, more: Value) -> Value {
        self.moment();
        let mut body = json!({ "schemas": [USER], "userName": name });
        for (name, value) in more.as_object().expect("an object") {
            body[name] = value.clone();
        }
        let reply = self.post("/Users", body).await;
        assert_eq!(reply.status, 201, "{}", reply.body);
        reply.body
    }

    /// Adds a group of these members; the answer.
    pub(crate) async fn group(&self, name: &str, members: &[&str]) -> Value {
        self.moment();
        let members: Vec<Value> = members.iter().map(|id| json!({ "value": id })).collect();
        let reply = self
            .post("/Groups", json!({ "schemas": [GROUP], "displayName": name, "members": members }))
            .await;
        assert_eq!(reply.status, 201, "{}", reply.body);
        reply.body
    }

    /// How many rows a table of the service has.
    pub(crate) async fn rows(&self, table: &str) -> i64 {
        let sql = sqlx::AssertSqlSafe(format!("select count(*) from gateway.{table}"));
        sqlx::query_scalar(sql).fetch_one(self.suite.sql()).await.expect("the table is there")
    }
}

/// The id of a resource.
pub(crate) fn id(resource: &Value) -> String {
    resource["id"].as_str().expect("every resource has an id").to_owned()
}

/// The path of a user.
pub(crate) fn user_path(resource: &Value) -> String {
    format!("/Users/{}", id(resource))
}

/// The path of a group.
pub(crate) fn group_path(resource: &Value) -> String {
    format!("/Groups/{}", id(resource))
}

/// The ids of members, in their order.
pub(crate) fn members(group: &Value) -> Vec<String> {
    let members = group["members"].as_array().into_iter().flatten();
    members.filter_map(|member| member["value"].as_str()).map(str::to_owned).collect()
}

/// User names of a list, in its order.
pub(crate) fn names(list: &Value) -> Vec<String> {
    let resources = list["Resources"].as_array().expect("a list has Resources");
    let name = |resource: &Value| {
        resource["userName"].as_str().or(resource["displayName"].as_str()).map(str::to_owned)
    };
    resources.iter().filter_map(name).collect()
}
