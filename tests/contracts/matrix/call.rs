//! An RPC by its descriptor.

use grpc::Channel;
use prost::{
    Message,
    bytes::{Buf, BufMut},
};
use prost_reflect::{DynamicMessage, MethodDescriptor};
use tests::reflect::path;
use tonic::{
    Code, Request, Status,
    codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder},
    codegen::http::uri::PathAndQuery,
};

/// What came back: every message's bytes, or why not.
pub(crate) enum Answer {
    Ok(Vec<u8>),
    Refused(Status),
}

impl Answer {
    pub(crate) fn code(&self) -> Code {
        match self {
            Answer::Ok(_) => Code::Ok,
            Answer::Refused(status) => status.code(),
        }
    }
}

/// Sends one message and reads all answers; on the wire a unary call is no different from a stream of one.
pub(crate) async fn call(channel: Channel, method: &MethodDescriptor, message: &DynamicMessage) -> Answer {
    match exchanged(channel, method, message).await {
        Ok(bytes) => Answer::Ok(bytes),
        Err(status) => Answer::Refused(status),
    }
}

async fn exchanged(
    channel: Channel,
    method: &MethodDescriptor,
    message: &DynamicMessage,
) -> Result<Vec<u8>, Status> {
    let mut client = tonic::client::Grpc::new(channel);
    client.ready().await.map_err(|error| Status::unavailable(error.to_string()))?;
    let path = PathAndQuery::try_from(path(method)).map_err(|error| Status::internal(error.to_string()))?;
    let request = Request::new(tokio_stream::once(message.encode_to_vec()));
    let mut answers = client.streaming(request, path, Raw).await?.into_inner();
    let mut bytes = Vec::new();
    while let Some(answer) = answers.message().await? {
        bytes.extend(answer);
    }
    Ok(bytes)
}

/// Bytes as they are.
#[derive(Clone, Copy)]
struct Raw;

impl Codec for Raw {
    type Encode = Vec<u8>;
    type Decode = Vec<u8>;
    type Encoder = Raw;
    type Decoder = Raw;

    fn encoder(&mut self) -> Raw {
        Raw
    }

    fn decoder(&mut self) -> Raw {
        Raw
    }
}

impl Encoder for Raw {
    type Item = Vec<u8>;
    type Error = Status;

    fn encode(&mut self, item: Vec<u8>, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.put_slice(&item);
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = Vec<u8>;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Vec<u8>>, Status> {
        let mut bytes = vec![0; buffer.remaining()];
        buffer.copy_to_slice(&mut bytes);
        Ok(Some(bytes))
    }
}
