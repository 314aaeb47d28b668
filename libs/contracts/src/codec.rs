//! The gRPC codec: protobuf, and the rules of the contract checked on everything that comes in, before any
//! handler sees it.

use crate::Validate;
use prost::{Message, Name};
use std::marker::PhantomData;
use tonic::{
    Code, Status,
    codec::{DecodeBuf, Decoder},
};
use tonic_prost::{ProstDecoder, ProstEncoder};
use tonic_types::{ErrorDetails, FieldViolation, StatusExt};

/// Encodes `T` and decodes a valid `U`.
#[derive(Debug)]
pub struct Codec<T, U>(PhantomData<(T, U)>);

impl<T, U> Default for Codec<T, U> {
    fn default() -> Self {
        Codec(PhantomData)
    }
}

impl<T, U> tonic::codec::Codec for Codec<T, U>
where
    T: Message + Send + 'static,
    U: Message + Default + Name + Validate + Send + 'static,
{
    type Encode = T;
    type Decode = U;
    type Encoder = ProstEncoder<T>;
    type Decoder = ValidDecoder<U>;

    fn encoder(&mut self) -> Self::Encoder {
        ProstEncoder::new(tonic::codec::BufferSettings::default())
    }

    fn decoder(&mut self) -> Self::Decoder {
        ValidDecoder(ProstDecoder::new(tonic::codec::BufferSettings::default()))
    }
}

/// Decodes a message and refuses it unless every rule holds.
#[derive(Debug)]
pub struct ValidDecoder<U>(ProstDecoder<U>);

impl<U: Message + Default + Name + Validate> Decoder for ValidDecoder<U> {
    type Item = U;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<U>, Status> {
        let Some(message) = self.0.decode(buffer)? else { return Ok(None) };
        let violations = message.violations();
        if violations.is_empty() { Ok(Some(message)) } else { Err(refuse::<U>(violations)) }
    }
}

/// INVALID_ARGUMENT with every field that is wrong; the first one is the message.
fn refuse<U: Name>(violations: Vec<kernel::FieldViolation>) -> Status {
    let message = violations.first().map_or_else(String::new, |v| format!("{}: {}", v.field, v.description));
    let violations: Vec<_> =
        violations.into_iter().map(|v| FieldViolation::new(v.field, v.description)).collect();
    let mut details = ErrorDetails::with_bad_request(violations);
    details.set_error_info("FIELD_INVALID", error_domain(U::PACKAGE), std::collections::HashMap::new());
    Status::with_error_details(Code::InvalidArgument, message, details)
}

/// `mentor.enrollment` from `mentor.enrollment.v1`.
fn error_domain(package: &str) -> &str {
    package.rsplit_once('.').map_or(package, |(domain, _)| domain)
}
