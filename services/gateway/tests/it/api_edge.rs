//! At the JSON API's door: too large, too slow, too often, from other origins.

use crate::api_client::{Api, json, send};
use reqwest::Method;
use serde_json::json;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const CREATE: &str = "/api/mentor.gateway.v1.ConnectionService/CreateConnection";
const IMPORT: &str = "/api/mentor.enrollment.v1.DirectoryService/ImportPeople";

#[tokio::test]
async fn bodies_are_bounded() {
    let api = Api::set("max_body_bytes = 4096\nmax_upload_bytes = 8192").await;
    for (path, most) in [(CREATE, 4096), (IMPORT, 8192)] {
        let large = json!({ "name": "x".repeat(most) });
        assert_eq!(api.post(path, large).await.refused(), (413, 3, "FIELD_INVALID"), "{path}");
        // Without a length, it is stopped as it grows.
        let chunks = futures::stream::iter((0..10_000).map(|_| Ok::<_, std::io::Error>(vec![b' '; 1024])));
        let request = api.request(Method::POST, path).header("content-type", "application/json");
        let body = reqwest::Body::wrap_stream(chunks);
        // The client may see the end of the connection before the answer.
        let status = request.body(body).send().await.map(|answer| answer.status().as_u16()).unwrap_or(413);
        assert_eq!(status, 413, "{path}");
    }
    let deep = format!("{{\"name\": {}", "[".repeat(4_000));
    let request = api.request(Method::POST, CREATE).header("content-type", "application/json");
    assert_eq!(send(request.body(deep)).await.refused(), (400, 3, "FIELD_INVALID"));
}

#[tokio::test]
async fn slow_clients_hold_nothing() {
    let api = Api::with(|config| {
        config.http.header_timeout = Duration::from_millis(300);
        let section = toml::toml! {
            body_seconds = 1
            api = { upload_seconds = 1 }
        };
        config.services.insert("gateway".to_owned(), section);
    })
    .await;
    let address = api.suite.host().http_address().expect("served");
    let web = "/mentor.gateway.v1.ConnectionService/ListConnections";
    for (path, media) in
        [(CREATE, "application/json"), (IMPORT, "application/json"), (web, "application/grpc-web+proto")]
    {
        let mut slow = tokio::net::TcpStream::connect(address).await.expect("open");
        let token = &api.token;
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Type: {media}\r\nContent-Length: 100\r\nConnection: close\r\n\r\n{{"
        );
        slow.write_all(head.as_bytes()).await.expect("sent");
        let mut answer = String::new();
        slow.read_to_string(&mut answer).await.expect("answered");
        assert!(answer.starts_with("HTTP/1.1 408"), "{path}: {answer}");
    }
    assert_eq!(api.get("/api/v1/connections").await.ok(), json!({}));
}

/// What arrived counts, not what was announced.
#[tokio::test]
async fn all_requests_together_are_bounded() {
    let api = Api::set("max_buffered_bytes = 8192").await;
    let body = |length: usize| json!({ "requestId": api.id(), "name": "x".repeat(length) });
    let open = async |length: usize, sent: usize| {
        let mut stream = tokio::net::TcpStream::connect(api.suite.host().http_address().expect("served"))
            .await
            .expect("open");
        let head = format!(
            "POST {CREATE} HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).await.expect("sent");
        stream.write_all(&vec![b' '; sent]).await.expect("sent");
        stream
    };
    let promised = open(8_000, 10).await;
    assert_eq!(
        api.post(CREATE, body(6_000)).await.refused(),
        (400, 3, "FIELD_INVALID"),
        "there is room: too long a name"
    );
    let held = open(8_000, 7_000).await;
    let refused = async || {
        let answer = api.post(CREATE, body(6_000)).await;
        (answer.refused() == (429, 8, "OVERLOADED")).then(|| answer.header("retry-after").to_owned())
    };
    assert_eq!(testkit::eventually!(Duration::from_secs(10), refused().await), "1");
    api.post(CREATE, body(50)).await.ok();
    drop((promised, held));
    testkit::eventually!(Duration::from_secs(10), refused().await.is_none());
}

#[tokio::test]
async fn too_many_calls_are_told_when_to_come_back() {
    let api = Api::with(|config| (config.limits.calls_per_second, config.limits.burst) = (1, 5)).await;
    let calls = (0..30).map(|_| api.get("/api/v1/connections"));
    let answers = futures::future::join_all(calls).await;
    let refused: Vec<_> = answers.iter().filter(|answer| answer.status == 429).collect();
    assert!(refused.len() >= 10, "{}", refused.len());
    for answer in refused {
        assert_eq!(answer.refused(), (429, 8, "RATE_LIMITED"));
        assert!(answer.header("retry-after").parse::<u64>().is_ok_and(|seconds| seconds >= 1), "{answer:?}");
        assert!(
            answer.detail("RetryInfo").is_some_and(|detail| detail["retryDelay"].is_string()),
            "{answer:?}"
        );
    }
}

#[tokio::test]
async fn only_pages_of_known_origins_may_call() {
    let api = Api::set(r#"origins = ["https://mentor.example.com"]"#).await;
    let known = "https://mentor.example.com";
    let preflight = async |origin: &str, path: &str, method: &str| {
        let request = api.strange(Method::OPTIONS, path).header("origin", origin);
        send(request.header("access-control-request-method", method)).await
    };
    for path in ["/api/v1/connections", CREATE, "/mentor.gateway.v1.ConnectionService/GetConnection"] {
        let allowed = preflight(known, path, "POST").await;
        assert_eq!((allowed.status, allowed.header("access-control-allow-origin")), (200, known), "{path}");
        let headers = allowed.header("access-control-allow-headers");
        assert!(
            ["authorization", "x-grpc-web", "x-timeout"].iter().all(|name| headers.contains(name)),
            "{headers}"
        );
        assert_eq!(allowed.header("access-control-allow-credentials"), "", "cookies stay at home");
        let other = preflight("https://evil.example.com", path, "POST").await;
        assert_eq!(other.header("access-control-allow-origin"), "", "{path}");
    }
    let request = api.request(Method::GET, "/api/v1/connections");
    let answer = send(request.header("origin", known)).await;
    assert_eq!(answer.header("access-control-allow-origin"), known);
    assert!(answer.header("access-control-expose-headers").contains("x-request-id"), "{answer:?}");
    // Nobody, unless told.
    let closed = Api::start().await;
    let request =
        json(closed.request(Method::POST, CREATE), &json!({ "requestId": closed.id(), "name": "x" }));
    let answer = send(request.header("origin", known)).await;
    assert_eq!((answer.status, answer.header("access-control-allow-origin")), (200, ""));
}

#[tokio::test]
async fn grpc_web_is_asked_for_by_its_media_type() {
    let api = Api::start().await;
    let path = "/mentor.gateway.v1.ConnectionService/ListConnections";
    let answer = send(json(api.request(Method::POST, path), &json!({}))).await;
    assert_eq!(answer.refused(), (415, 3, "FIELD_INVALID"));
    assert!(
        answer.text.contains("/api/mentor.gateway.v1.ConnectionService/ListConnections"),
        "{}",
        answer.text
    );
    let web = |path: &str| {
        let request = api.strange(Method::POST, path).header("content-type", "application/grpc-web+proto");
        request.body(vec![0_u8; 5])
    };
    assert_eq!(send(web("/mentor.gateway.v1.ConnectionService/Nothing")).await.refused().0, 404);
    // An empty message: five bytes, then the answer and its trailers.
    let stranger = send(web(path)).await;
    assert_eq!((stranger.status, stranger.header("grpc-status")), (200, "16"), "{stranger:?}");
    let signed = send(web(path).bearer_auth(&api.token)).await;
    assert_eq!((signed.status, signed.header("content-type")), (200, "application/grpc-web+proto"));
    assert!(signed.text.contains("grpc-status:0"), "{signed:?}");
    let wrong = send(web(path).bearer_auth(&api.token).header("x-timeout", "soon")).await;
    assert_eq!((wrong.status, wrong.header("grpc-status")), (200, "3"), "{wrong:?}");
}
