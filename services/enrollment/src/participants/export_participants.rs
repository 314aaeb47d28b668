//! Streams every participant of a program, or of all.

use super::{convert::participant_out, store};
use crate::{Enrollment, access::View, convert::id_filter, feed};
use contracts::mentor::enrollment::v1::{ExportParticipantsRequest, ExportParticipantsResponse};
use grpc::ResponseStream;
use kernel::{Context, Result};
use storage::Audit;

pub(crate) async fn handle(
    service: Enrollment,
    ctx: Context,
    request: ExportParticipantsRequest,
) -> Result<ResponseStream<ExportParticipantsResponse>> {
    let program = id_filter("program_id", &request.program_id)?;
    Ok(feed::stream(move |feed| async move {
        let mut tx = service.db.read(&ctx).await?;
        // One row for the export: it is about everybody of the program.
        tx.audit(Audit::of("participants", program.map_or_else(|| "all".to_owned(), |id| id.to_string())));
        let answer = |participant: &_| ExportParticipantsResponse {
            participant: Some(participant_out(participant, View::Full)),
        };
        store::export(&mut tx, program, &feed, answer).await?;
        tx.commit().await
    }))
}
