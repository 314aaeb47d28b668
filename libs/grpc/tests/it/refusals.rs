//! Who is refused, and how failures inside look from outside.

use crate::{
    assert_refused,
    echo::{TestServer, bare, with_token},
};
use kernel::Role;
use tonic::{Code, Request};
use tonic_types::StatusExt;

#[tokio::test]
async fn without_a_token_nobody_passes() {
    let server = TestServer::start().await;
    let mut client = server.client().await;
    assert_refused(client.get_echo(bare("")).await, Code::Unauthenticated, "TOKEN_INVALID");
    let mut basic = bare("");
    basic.metadata_mut().insert("authorization", "Basic YWRhOmFkYQ==".parse().expect("ASCII"));
    assert_refused(client.get_echo(basic).await, Code::Unauthenticated, "TOKEN_INVALID");
    assert_refused(client.watch_echo(bare("")).await, Code::Unauthenticated, "TOKEN_INVALID");
    assert_eq!(server.echo.seen.load(std::sync::atomic::Ordering::SeqCst), 0, "no handler ran");
}

#[tokio::test]
async fn a_token_passes_and_its_subject_arrives() {
    let server = TestServer::start().await;
    let mut client = server.client().await;
    for _ in 0..2 {
        let answer = client.get_echo(server.request("")).await.expect("allowed").into_inner();
        assert_eq!((answer.text.as_str(), answer.subject.as_str()), ("hello", "ada"));
    }
    let mut lower = server.request("");
    lower
        .metadata_mut()
        .insert("authorization", format!("bearer {}", server.token()).parse().expect("ASCII"));
    client.get_echo(lower).await.expect("the scheme is case-insensitive");
}

#[tokio::test]
async fn a_role_without_the_permission_is_refused() {
    let server = TestServer::start().await;
    let mut client = server.client().await;
    let status = assert_refused(
        client.save_echo(server.request("")).await,
        Code::PermissionDenied,
        "PERMISSION_DENIED",
    );
    assert_eq!(status.message(), "role employee may not call SaveEcho, which needs PROGRAMS_WRITE");
    let none = server.token_of("ada", &[], None);
    assert_refused(client.get_echo(with_token("", &none)).await, Code::PermissionDenied, "PERMISSION_DENIED");
    let manager = server.token_of("bob", &[Role::Employee, Role::ProgramManager], None);
    client.save_echo(with_token("", &manager)).await.expect("one of the roles has it");
}

#[tokio::test]
async fn a_panic_tells_nothing() {
    let server = TestServer::start().await;
    let mut client = server.client().await;
    let mut request = server.request("panic");
    request
        .metadata_mut()
        .insert("x-request-id", "01941f29-7c00-7aaa-9b5e-5a3f0d0f3c11".parse().expect("ASCII"));
    let status = assert_refused(client.get_echo(request).await, Code::Internal, "INTERNAL");
    assert_eq!(status.message(), "internal error; quote request id 01941f29-7c00-7aaa-9b5e-5a3f0d0f3c11");
    client.get_echo(server.request("")).await.expect("the server goes on, on the same connection");
}

#[tokio::test]
async fn a_panic_in_a_stream_ends_it_with_a_status() {
    let server = TestServer::start().await;
    let mut answers =
        server.client().await.watch_echo(server.request("panic")).await.expect("begins").into_inner();
    // Messages that were about to be sent together may go down with the panic.
    let outcome = loop {
        match answers.message().await {
            Ok(Some(_)) => {}
            outcome => break outcome,
        }
    };
    let status = assert_refused(outcome, Code::Internal, "INTERNAL");
    assert!(!format!("{status:?}").contains("secret"), "{status:?}");
}

#[tokio::test]
async fn an_internal_error_tells_nothing() {
    let server = TestServer::start().await;
    let mut client = server.client().await;
    let status =
        assert_refused(client.get_echo(server.request("internal")).await, Code::Internal, "INTERNAL");
    assert!(!format!("{status:?}").contains("secret"), "{status:?}");
    assert!(status.message().starts_with("internal error; quote request id "), "{status:?}");
    let mut answers = client.watch_echo(server.request("break")).await.expect("begins").into_inner();
    for _ in 0..2 {
        answers.message().await.expect("a message").expect("not the end");
    }
    let status = assert_refused(answers.message().await, Code::Internal, "INTERNAL");
    assert!(!format!("{status:?}").contains("secret"), "{status:?}");
    assert!(status.message().starts_with("internal error; quote request id "), "{status:?}");
}

#[tokio::test]
async fn an_error_of_the_domain_arrives_whole() {
    let server = TestServer::start().await;
    let mut client = server.client().await;
    let status = assert_refused(
        client.get_echo(server.request("full")).await,
        Code::FailedPrecondition,
        "MENTOR_FULL",
    );
    assert_eq!(status.message(), "the mentor has 2 of 2 places taken");
    let info = status.get_details_error_info().expect("there");
    assert_eq!(info.metadata.get("capacity").map(String::as_str), Some("2"));
    let error = grpc::from_status(status);
    assert_eq!((error.reason, error.message.as_ref()), ("MENTOR_FULL", "the mentor has 2 of 2 places taken"));

    let status = assert_refused(
        client.get_echo(server.request("field")).await,
        Code::InvalidArgument,
        "FIELD_INVALID",
    );
    let bad = status.get_details_bad_request().expect("names the field");
    assert_eq!(bad.field_violations[0].field, "text");
    assert_eq!(grpc::from_status(status).violations[0].field, "text");

    let status = assert_refused(client.get_echo(server.request("collide")).await, Code::Aborted, "CONFLICT");
    let retry = status.get_details_retry_info().expect("says when").retry_delay;
    assert_eq!(retry, Some(std::time::Duration::from_millis(5)));
}

#[tokio::test]
async fn garbage_instead_of_a_message_is_not_a_fault_of_ours() {
    let server = TestServer::start().await;
    let mut client = server.client().await;
    let unknown = client.unary("NoSuchMethod", server.request("")).await.expect_err("refused");
    assert_eq!(unknown.code(), Code::Unimplemented);
}

#[tokio::test]
async fn request_id_and_trace_go_through() {
    let server = TestServer::start().await;
    let mut client = server.client().await;
    let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let id = "01941f29-7c00-7aaa-9b5e-5a3f0d0f3c11";
    let mut request = server.request("");
    request.metadata_mut().insert("x-request-id", id.parse().expect("ASCII"));
    request.metadata_mut().insert("traceparent", trace.parse().expect("ASCII"));
    let response = client.get_echo(request).await.expect("allowed");
    assert_eq!(response.metadata().get("x-request-id").and_then(|v| v.to_str().ok()), Some(id));
    assert_eq!(
        (response.get_ref().request_id.as_str(), response.get_ref().traceparent.as_str()),
        (id, trace)
    );

    let mut request: Request<_> = server.request("");
    request.metadata_mut().insert("x-request-id", "<script>".parse().expect("ASCII"));
    request.metadata_mut().insert("traceparent", "nonsense".parse().expect("ASCII"));
    let response = client.get_echo(request).await.expect("allowed");
    let given = response.metadata().get("x-request-id").and_then(|v| v.to_str().ok()).expect("always one");
    assert!(kernel::Uuid::try_parse(given).is_ok_and(|id| id.get_version_num() == 7), "{given}");
    assert_eq!(response.get_ref().traceparent, "");
}

#[tokio::test]
async fn a_stream_of_requests_is_answered_one_by_one() {
    let server = TestServer::start().await;
    let moods = ["", "", "full", ""].map(|mood| bare(mood).into_inner());
    let request = with_token("", &server.token()).map(|_| Box::pin(futures::stream::iter(moods)) as _);
    let mut answers = server.client().await.import_echoes(request).await.expect("begins").into_inner();
    for _ in 0..2 {
        assert_eq!(answers.message().await.expect("fine").expect("an answer").text, "hello");
    }
    assert_refused(answers.message().await, Code::FailedPrecondition, "MENTOR_FULL");
}
