//! What a server offers beside its services: health, reflection, gRPC-Web, compression.

use crate::echo::{EchoServiceClient, Options, TestServer, bare};
use grpc::ServerSettings;
use prost::Message;
use prost_reflect::{DescriptorPool, DynamicMessage};
use tonic::{Code, Request};
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};

#[tokio::test]
async fn health_is_told_per_service_and_as_a_whole_without_a_token() {
    let server = TestServer::start().await;
    let mut client = HealthClient::new(server.channel().await);
    let mut status = async |service: &str| {
        let request = HealthCheckRequest { service: service.to_owned() };
        client.check(request).await.map(|answer| answer.into_inner().status())
    };
    let services = ["", "mentor.echo.v1.EchoService"];
    for service in services {
        assert_eq!(
            status(service).await.expect("known"),
            ServingStatus::NotServing,
            "before the host says so"
        );
    }
    server.health.serving().await;
    for service in services {
        assert_eq!(status(service).await.expect("known"), ServingStatus::Serving);
    }
    server.health.not_serving().await;
    for service in services {
        assert_eq!(status(service).await.expect("known"), ServingStatus::NotServing);
    }
    assert_eq!(status("mentor.nobody.v1.NobodyService").await.expect_err("unknown").code(), Code::NotFound);
}

#[tokio::test]
async fn health_can_be_watched() {
    let server = TestServer::start().await;
    let mut client = HealthClient::new(server.channel().await);
    let mut changes = client.watch(HealthCheckRequest::default()).await.expect("begins").into_inner();
    assert_eq!(changes.message().await.expect("fine").expect("now").status(), ServingStatus::NotServing);
    server.health.serving().await;
    assert_eq!(changes.message().await.expect("fine").expect("a change").status(), ServingStatus::Serving);
}

/// The same test for both versions, whose modules differ in nothing but the name.
macro_rules! reflection {
    ($test:ident, $version:ident) => {
        #[tokio::test]
        async fn $test() {
            use tonic_reflection::pb::$version::{
                ServerReflectionRequest, server_reflection_client::ServerReflectionClient,
                server_reflection_request::MessageRequest, server_reflection_response::MessageResponse,
            };
            let server = TestServer::start().await;
            let mut client = ServerReflectionClient::new(server.channel().await);
            let mut ask = async |message: MessageRequest| {
                let request = ServerReflectionRequest { host: String::new(), message_request: Some(message) };
                let answers =
                    client.server_reflection_info(Request::new(futures::stream::iter([request]))).await;
                let answer = answers.expect("no token needed").into_inner().message().await.expect("known");
                answer.expect("one answer").message_response.expect("a response")
            };
            let MessageResponse::ListServicesResponse(list) =
                ask(MessageRequest::ListServices(String::new())).await
            else {
                panic!("not a list")
            };
            let names: Vec<_> = list.service.into_iter().map(|service| service.name).collect();
            assert!(names.contains(&"mentor.echo.v1.EchoService".to_owned()), "{names:?}");
            assert!(names.contains(&"grpc.health.v1.Health".to_owned()), "{names:?}");
            let symbol = MessageRequest::FileContainingSymbol("mentor.echo.v1.EchoService".to_owned());
            let MessageResponse::FileDescriptorResponse(files) = ask(symbol).await else {
                panic!("not a file")
            };
            assert_eq!(
                permission_of_first_method(&files.file_descriptor_proto[0]),
                3,
                "custom options are kept"
            );
        }
    };
}

reflection!(reflection_v1_shows_services_with_their_options, v1);
reflection!(reflection_v1alpha_shows_services_with_their_options, v1alpha);

/// The permission option of the first method of the first service of a file.
fn permission_of_first_method(file: &[u8]) -> i32 {
    let pool: &DescriptorPool = contracts::pool();
    let kind = pool.get_message_by_name("google.protobuf.FileDescriptorProto").expect("imported");
    let file = DynamicMessage::decode(kind, file).expect("a file");
    let service = file.get_field_by_name("service").expect("the field").as_list().expect("a list")[0].clone();
    let service = service.as_message().expect("a service").clone();
    let method =
        service.get_field_by_name("method").expect("the field").as_list().expect("a list")[0].clone();
    let method = method.as_message().expect("a method").clone();
    let options =
        method.get_field_by_name("options").expect("the field").as_message().expect("options").clone();
    let permission = pool.get_extension_by_name("mentor.common.v1.permission").expect("imported");
    options.get_extension(&permission).as_enum_number().expect("an enum")
}

fn web_request(mood: &str) -> Vec<u8> {
    let message = bare(mood).into_inner().encode_to_vec();
    let mut frame = vec![0];
    frame.extend(u32::try_from(message.len()).expect("small").to_be_bytes());
    frame.extend(message);
    frame
}

fn web_client() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::new()
}

#[tokio::test]
async fn a_browser_can_call_over_http_1() {
    let server = TestServer::start().await;
    let url = format!("http://{}/mentor.echo.v1.EchoService/GetEcho", server.address);
    let answer = web_client()
        .post(&url)
        .header("content-type", "application/grpc-web+proto")
        .header("x-grpc-web", "1")
        .header("authorization", format!("Bearer {}", server.token()))
        .body(web_request(""))
        .send()
        .await
        .expect("answers");
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["content-type"], "application/grpc-web+proto");
    let body = answer.bytes().await.expect("whole");
    assert!(body.windows(5).any(|text| text == b"hello"), "the message");
    let trailers = String::from_utf8_lossy(&body).to_lowercase();
    assert!(trailers.contains("grpc-status:0"), "the trailers are in the body: {trailers}");

    let refused = web_client()
        .post(&url)
        .header("content-type", "application/grpc-web+proto")
        .body(web_request(""))
        .send()
        .await
        .expect("answers");
    assert_eq!(refused.headers().get("grpc-status").map(|v| v.as_bytes()), Some(&b"16"[..]));
    assert!(refused.headers().contains_key("grpc-status-details-bin"));
}

#[tokio::test]
async fn pages_of_allowed_origins_may_call() {
    let settings = ServerSettings {
        web_origins: vec!["https://mentor.example".to_owned()],
        ..ServerSettings::default()
    };
    let server = TestServer::with(Options { settings, ..Options::default() }).await;
    let preflight = async |origin: &str| {
        let url = format!("http://{}/mentor.echo.v1.EchoService/GetEcho", server.address);
        let request = web_client()
            .request(reqwest::Method::OPTIONS, url)
            .header("origin", origin)
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "authorization,x-grpc-web");
        let answer = request.send().await.expect("answers");
        answer.headers().get("access-control-allow-origin").map(|value| value.as_bytes().to_vec())
    };
    assert_eq!(preflight("https://mentor.example").await.as_deref(), Some(&b"https://mentor.example"[..]));
    assert_eq!(preflight("https://evil.example").await, None);
}

#[tokio::test]
async fn messages_may_be_compressed() {
    let server = TestServer::start().await;
    let mut client = EchoServiceClient::new(server.channel().await).gzip();
    let answer = client.get_echo(server.request("")).await.expect("understood");
    assert_eq!(answer.metadata().get("grpc-encoding").and_then(|v| v.to_str().ok()), Some("gzip"));
    assert_eq!(answer.get_ref().text, "hello");
}
