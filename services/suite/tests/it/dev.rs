//! `mentor dev` from its first start to its second.

use crate::program::{Running, run};
use contracts::mentor::enrollment::v1::{
    GetPersonRequest, ListProgramsRequest, ProgramState, directory_service_client::DirectoryServiceClient,
    program_service_client::ProgramServiceClient,
};
use grpc::{Channel, Client, StaticToken};
use serde_json::Value;

fn channel(facts: &Value, persona: &str) -> Channel {
    let token = of(facts, persona)["token"].as_str().expect("a token").to_owned();
    let url = facts["grpc"].as_str().expect("an address");
    let client = Client::builder(url).expect("a URL").token(StaticToken(token));
    client.build().expect("a channel")
}

fn of<'a>(facts: &'a Value, persona: &str) -> &'a Value {
    let personas = facts["personas"].as_array().expect("personas");
    personas.iter().find(|one| one["persona"] == persona).expect("the persona")
}

#[tokio::test]
async fn it_comes_up_seeded_its_tokens_work_and_an_interrupt_ends_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().to_str().expect("a text");
    let args = ["dev", "--data", path, "--port", "0", "--http-port", "0", "--metrics-port", "0", "--json"];
    let mut dev = Running::telling(&args, &Vec::new());
    let facts = dev.line(|line| line["grpc"].is_string()).await;
    assert_eq!(facts["first_start"], true);
    assert_eq!(facts["calls"].as_array().map(Vec::len), Some(3));

    let mut programs = ProgramServiceClient::new(channel(&facts, "mentee"));
    let found =
        programs.list_programs(ListProgramsRequest::default()).await.expect("the mentee may").into_inner();
    assert_eq!(found.programs.len(), 1);
    assert_eq!(found.programs[0].state(), ProgramState::Published);
    assert_eq!(facts["program_id"], found.programs[0].program_id.as_str());
    everybody_is_somebody(&facts).await;
    an_employee_may_not_read_the_directory(&facts).await;

    let settings = facts["settings"].as_str().expect("settings for other commands");
    let doctor = run(&["doctor", "--config", settings], &Vec::new()).await;
    assert_eq!(doctor.code, Some(0), "{}", doctor.stdout);
    let events = run(&["events", "list", "--config", settings], &Vec::new()).await;
    assert!(events.stdout.starts_with("Nothing waits"), "{} {}", events.stdout, events.stderr);
    assert_eq!(dev.signal("INT").await.code(), Some(0));

    let mut again = Running::telling(&args, &Vec::new());
    let kept = again.line(|line| line["grpc"].is_string()).await;
    assert_eq!(kept["first_start"], false);
    assert_eq!(kept["program_id"], facts["program_id"]);
    assert_eq!(of(&kept, "mentor")["person_id"], of(&facts, "mentor")["person_id"]);
    assert_eq!(again.signal("TERM").await.code(), Some(0));
}

/// The tokens of people name people of the directory.
async fn everybody_is_somebody(facts: &Value) {
    let mut directory = DirectoryServiceClient::new(channel(facts, "hr_client"));
    for persona in ["admin", "manager", "mentor", "mentee", "line_manager", "auditor"] {
        let person_id = of(facts, persona)["person_id"].as_str().expect("a person").to_owned();
        let found =
            directory.get_person(GetPersonRequest { person_id }).await.expect("is there").into_inner();
        let name = found.person.expect("a person").display_name;
        assert!(of(facts, persona)["name"].as_str().is_some_and(|shown| shown.starts_with(&name)));
    }
    let mentee = of(facts, "mentee")["person_id"].as_str().expect("a person").to_owned();
    let mentee =
        directory.get_person(GetPersonRequest { person_id: mentee }).await.expect("is there").into_inner();
    let manager = mentee.person.expect("a person").manager_id;
    assert_eq!(of(facts, "line_manager")["person_id"], manager.as_str());
}

async fn an_employee_may_not_read_the_directory(facts: &Value) {
    let person_id = of(facts, "mentor")["person_id"].as_str().expect("a person").to_owned();
    let mut directory = DirectoryServiceClient::new(channel(facts, "mentor"));
    let refused = directory.get_person(GetPersonRequest { person_id }).await.expect_err("is refused");
    assert_eq!(refused.code(), tonic::Code::PermissionDenied);
}

#[tokio::test]
async fn a_folder_that_holds_other_things_is_left_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("thesis.txt"), "precious").expect("writes");
    let path = folder.path().to_str().expect("a text");
    let refused = run(&["dev", "--data", path, "--port", "0"], &Vec::new()).await;
    assert_eq!(refused.code, Some(1));
    assert!(refused.stderr.contains("holds other files"), "{}", refused.stderr);
    assert!(refused.stderr.contains("--data"), "{}", refused.stderr);
}
