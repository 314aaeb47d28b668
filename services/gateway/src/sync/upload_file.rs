//! Takes a file for an upload source.

use super::store::{self, files, runs};
use crate::Gateway;
use contracts::mentor::gateway::v1::{
    UploadFileOptions, UploadFileRequest, UploadFileResponse, upload_file_request::Part,
};
use futures::{StreamExt, stream};
use grpc::{RequestStream, ResponseStream};
use kernel::{Context, Error, ErrorKind, Result, parse_id};
use prost::Message;
use sha2::{Digest, Sha256};
use storage::{Audit, Mutation};

/// What an upload is, by which a repeated one is recognised.
#[derive(Clone, PartialEq, Message)]
struct Upload {
    #[prost(message, optional, tag = "1")]
    options: Option<UploadFileOptions>,
    #[prost(bytes = "vec", tag = "2")]
    digest: Vec<u8>,
}

pub(crate) async fn handle(
    service: Gateway,
    ctx: Context,
    requests: RequestStream<UploadFileRequest>,
) -> Result<ResponseStream<UploadFileResponse>> {
    let work = async move { take(&service, &ctx, requests).await.map_err(grpc::status) };
    Ok(stream::once(work).boxed())
}

async fn take(
    service: &Gateway,
    ctx: &Context,
    requests: RequestStream<UploadFileRequest>,
) -> Result<UploadFileResponse> {
    let (options, bytes) = receive(service, requests).await?;
    let digest = Sha256::digest(&bytes);
    let upload = Upload { options: Some(options.clone()), digest: digest.to_vec() };
    let mut tx = match service.db.mutation(ctx, &options.request_id, &upload).await? {
        Mutation::Replayed(answer) => return Ok(answer),
        Mutation::Open(tx) => tx,
    };
    let source = store::find(&mut tx, parse_id("options.source_id", &options.source_id)?).await?;
    if source.kind != "upload" {
        let message =
            format!("the source is of the kind {}; files are handed over to upload sources", source.kind);
        return Err(Error::precondition("SOURCE_INVALID", message));
    }
    let name: String = options.file_name.chars().filter(|c| !c.is_control()).collect();
    let file = files::keep(&mut tx, source.id, &name, &digest, &bytes).await?;
    let reading = runs::pending(&mut tx, source.id).await?.filter(|run| run.file == Some(file.id));
    tx.audit(Audit::of("sync_file", file.id).because("handed over"));
    let answer = UploadFileResponse {
        file_id: file.id.to_string(),
        digest: digest.iter().map(|byte| format!("{byte:02x}")).collect(),
        size: file.size,
        sync_run_id: reading.map(|run| run.id.to_string()).unwrap_or_default(),
    };
    tx.commit_with(&answer).await?;
    Ok(answer)
}

/// Reads the stream to its end.
async fn receive(
    service: &Gateway,
    mut requests: RequestStream<UploadFileRequest>,
) -> Result<(UploadFileOptions, Vec<u8>)> {
    let most = service.settings.sync.max_file_bytes;
    let (mut options, mut bytes) = (None, Vec::new());
    while let Some(request) = requests.next().await {
        match (request.map_err(grpc::from_status)?.part, &options) {
            (Some(Part::Options(sent)), None) => options = Some(sent),
            (Some(Part::Options(_)), Some(_)) => return Err(Error::field("options", "must be sent once")),
            (_, None) => return Err(Error::field("options", "must be the first message")),
            (Some(Part::Chunk(chunk)), _) => bytes.extend(chunk),
            (None, _) => return Err(Error::field("part", "must be options or chunk")),
        }
        if bytes.len() > most {
            return Err(refuse(format!(
                "the file is larger than {} MiB (setting sync.max_file_bytes)",
                most >> 20
            )));
        }
    }
    if bytes.is_empty() {
        return Err(refuse("the file is empty".to_owned()));
    }
    options
        .map(|options| (options, bytes))
        .ok_or_else(|| Error::field("options", "must be the first message"))
}

fn refuse(message: String) -> Box<Error> {
    Error::new(ErrorKind::InvalidArgument, "FILE_INVALID", message)
}
