//! The HR platform sends its file, and the directory is read back.

use super::{
    World,
    world::{GRADES, Person},
};
use anyhow::{Context, Result, bail};
use contracts::mentor::enrollment::v1::{
    ImportMode, ImportOptions, ImportPeopleRequest, ImportSummary, ListPeopleRequest, PersonState,
    import_people_request, import_people_response,
};
use kernel::Uuid;
use std::collections::HashMap;

/// Bytes per message.
const CHUNK: usize = 256 * 1024;
/// Rows per page.
const PAGE: i32 = 1000;

/// Imports a file. `confirmed` says that many people may leave.
pub(crate) async fn import(world: &mut World, file: &[u8], confirmed: bool) -> Result<ImportSummary> {
    let options = ImportOptions {
        request_id: world.clients.request_id(),
        mode: ImportMode::Snapshot.into(),
        dry_run: false,
        confirm_mass_deactivation: confirmed,
        max_deactivation_percent: 10,
        source: "hris".to_owned(),
    };
    let mut parts = vec![import_people_request::Part::Options(options)];
    parts.extend(file.chunks(CHUNK).map(|chunk| import_people_request::Part::CsvChunk(chunk.to_vec())));
    let requests = parts.into_iter().map(|part| ImportPeopleRequest { part: Some(part) }).collect::<Vec<_>>();
    let request = world.clients.hr(tokio_stream::iter(requests))?;
    let mut answers = world.clients.directory.clone().import_people(request).await?.into_inner();
    let mut summary = None;
    while let Some(answer) = answers.message().await? {
        if let Some(import_people_response::Part::Summary(found)) = answer.part {
            summary = Some(found);
        }
    }
    read(world).await?;
    summary.context("the import ended without a summary")
}

/// Reads every active person.
async fn read(world: &mut World) -> Result<()> {
    let mut people = HashMap::new();
    let mut page_token = String::new();
    loop {
        let request = ListPeopleRequest {
            page_size: PAGE,
            page_token,
            state: PersonState::Active.into(),
            ..ListPeopleRequest::default()
        };
        let answer =
            world.clients.directory.clone().list_people(world.clients.hr(request)?).await?.into_inner();
        for person in answer.people {
            let id = Uuid::try_parse(&person.person_id)?;
            let grade = GRADES.iter().position(|grade| *grade == person.grade).unwrap_or(GRADES.len() / 2);
            let manager = Uuid::try_parse(&person.manager_id).ok();
            people.insert(
                id,
                Person { id, external_id: person.external_id, manager, grade, profession: person.profession },
            );
        }
        page_token = answer.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    if people.is_empty() {
        bail!("the file has no people");
    }
    world.people = people;
    Ok(())
}
