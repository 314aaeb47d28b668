//! The first start: an organisation and a published program, made through the public APIs as anybody would.

use super::{
    organisation::{MANAGER, PROGRAM, program, rows},
    personas::Tokens,
};
use anyhow::{Context, Result, anyhow};
use contracts::mentor::enrollment::v1::{
    CreateProgramRequest, ImportMode, ImportOptions, ImportPeopleRequest, ListPeopleRequest,
    ListProgramsRequest, Person, PersonRows, PersonState, Program, ProgramState, PublishProgramRequest,
    directory_service_client::DirectoryServiceClient, import_people_request::Part,
    program_service_client::ProgramServiceClient,
};
use grpc::{Channel, Client, StaticToken};
use kernel::{Clock, Role, SystemClock};
use std::collections::HashMap;

/// What is there.
pub(super) struct Seeded {
    /// The active people by their HRIS id.
    pub(super) people: HashMap<String, Person>,
    pub(super) program: Program,
    pub(super) first_start: bool,
}

/// Makes what is missing. Killed halfway, the next start goes on.
pub(super) async fn run(url: &str, tokens: &Tokens) -> Result<Seeded> {
    let hr = channel(url, tokens.token("hr-platform", Role::HrClient, None)?)?;
    let mut directory = DirectoryServiceClient::new(hr);
    let mut people = everybody(&mut directory).await?;
    let first_start = people.is_empty();
    if first_start {
        import(&mut directory).await?;
        people = everybody(&mut directory).await?;
    }
    let manager = channel(url, tokens.token(MANAGER, Role::ProgramManager, None)?)?;
    let program = published(&mut ProgramServiceClient::new(manager)).await?;
    Ok(Seeded { people, program, first_start })
}

fn channel(url: &str, token: String) -> Result<Channel> {
    let wrong = |error: Box<kernel::Error>| anyhow!("{error}");
    Client::builder(url).map_err(wrong)?.token(StaticToken(token)).build().map_err(wrong)
}

fn request_id() -> String {
    SystemClock.new_id().to_string()
}

/// Sends the organisation as an HRIS does.
async fn import(directory: &mut DirectoryServiceClient<Channel>) -> Result<()> {
    let options = ImportOptions {
        request_id: request_id(),
        mode: ImportMode::Snapshot.into(),
        source: "mentor dev".to_owned(),
        ..ImportOptions::default()
    };
    let parts = [Part::Options(options), Part::Rows(PersonRows { rows: rows() })];
    let requests = parts.map(|part| ImportPeopleRequest { part: Some(part) });
    let answers = directory.import_people(tokio_stream::iter(requests)).await.context("importing people")?;
    let mut answers = answers.into_inner();
    while answers.message().await.context("importing people")?.is_some() {}
    Ok(())
}

async fn everybody(directory: &mut DirectoryServiceClient<Channel>) -> Result<HashMap<String, Person>> {
    let mut found = HashMap::new();
    let mut page_token = String::new();
    loop {
        let state = PersonState::Active.into();
        let request =
            ListPeopleRequest { page_size: 1000, page_token, state, ..ListPeopleRequest::default() };
        let page = directory.list_people(request).await.context("reading the directory")?.into_inner();
        found.extend(page.people.into_iter().map(|person| (person.external_id.clone(), person)));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return Ok(found);
        }
    }
}

/// The program: as it is found, else created; published where it is still a draft.
async fn published(programs: &mut ProgramServiceClient<Channel>) -> Result<Program> {
    let request = ListProgramsRequest { page_size: 1000, ..ListProgramsRequest::default() };
    let found = programs.list_programs(request).await.context("reading programs")?.into_inner().programs;
    let found =
        found.into_iter().rfind(|program| program.spec.as_ref().is_some_and(|spec| spec.name == PROGRAM));
    let program = match found {
        Some(program) => program,
        None => {
            let request = CreateProgramRequest { request_id: request_id(), spec: Some(program()) };
            let created = programs.create_program(request).await.context("creating the program")?;
            created.into_inner().program.context("the program")?
        }
    };
    if program.state() != ProgramState::Draft {
        return Ok(program);
    }
    let request = PublishProgramRequest { request_id: request_id(), program_id: program.program_id };
    let published = programs.publish_program(request).await.context("publishing the program")?;
    published.into_inner().program.context("the program")
}
