//! The list of a service's RPCs.

/// Implements a generated service trait, one line per RPC.
///
/// ```ignore
/// grpc::service! {
///     impl ProgramService for crate::Enrollment in contracts::mentor::enrollment::v1::program_service_server {
///         write  create_program(CreateProgramRequest) -> CreateProgramResponse = create_program::handle;
///         read   get_program(GetProgramRequest) -> GetProgramResponse = read::get_program;
///         call   find_slots(FindSlotsRequest) -> FindSlotsResponse = find_slots::handle;
///         stream watch_run(WatchRunRequest) -> WatchRunResponse = watch_run::handle;
///         bidi   import_people(ImportPeopleRequest) -> ImportPeopleResponse = import_people::handle;
///     }
/// }
/// ```
///
/// | kind | handler |
/// |---|---|
/// | `write` | `async fn(&Service, &mut Tx, Request) -> Result<Response>`, in an idempotent read-write transaction |
/// | `read` | the same, in a read-only transaction |
/// | `call` | `async fn(Service, Context, Request) -> Result<Response>`: opens its own transactions |
/// | `stream` | `async fn(Service, Context, Request) -> Result<ResponseStream<Response>>` |
/// | `bidi` | `async fn(Service, Context, RequestStream<Request>) -> Result<ResponseStream<Response>>` |
///
/// A handler never begins or commits its transaction: `Ok` commits, `Err` rolls back. Beside the trait the macro
/// makes `pub(crate) fn server(service) -> <Name>Server<_>` with compression and message limits set, for
/// `routes.add_service(programs::server(self.clone()))`.
#[macro_export]
macro_rules! service {
    (
        impl $service:ident for $($type:ident)::+ in $($module:ident)::+ {
            $( $kind:ident $name:ident ( $request:ty ) -> $response:ty = $handler:path ; )*
        }
    ) => {
        // The methods are written as `#[tonic::async_trait]` would write them: the attribute can't see through
        // the macros that make them.
        impl $($module)::+::$service for $($type)::+ {
            $( $crate::__rpc! { $kind $name($request) -> $response = $handler } )*
        }

        $crate::__private::paste! {
            /// The gRPC server of this area, with compression and message limits set.
            pub(crate) fn server(service: $($type)::+) -> $($module)::+::[<$service Server>]<$($type)::+> {
                $($module)::+::[<$service Server>]::new(service)
                    .accept_compressed($crate::__private::tonic::codec::CompressionEncoding::Gzip)
                    .send_compressed($crate::__private::tonic::codec::CompressionEncoding::Gzip)
                    .max_decoding_message_size($crate::rpc::MAX_MESSAGE_BYTES)
                    .max_encoding_message_size($crate::rpc::MAX_MESSAGE_BYTES)
            }
        }
    };
}

/// One method of [`service!`].
#[doc(hidden)]
#[macro_export]
macro_rules! __rpc {
    (write $name:ident($request:ty) -> $response:ty = $handler:path) => {
        $crate::__unary! { $name($request) -> $response, |service, ctx, request| {
            match service.db().mutation::<$request, $response>(&ctx, &request.request_id, &request).await? {
                $crate::__private::storage::Mutation::Replayed(response) => Ok(response),
                $crate::__private::storage::Mutation::Open(mut tx) => {
                    let response = $handler(service, &mut tx, request).await?;
                    tx.commit_with(&response).await?;
                    Ok(response)
                }
            }
        } }
    };
    (read $name:ident($request:ty) -> $response:ty = $handler:path) => {
        $crate::__unary! { $name($request) -> $response, |service, ctx, request| {
            let mut tx = service.db().read(&ctx).await?;
            let response = $handler(service, &mut tx, request).await?;
            tx.commit().await?;
            Ok(response)
        } }
    };
    (call $name:ident($request:ty) -> $response:ty = $handler:path) => {
        $crate::__unary! { $name($request) -> $response, |service, ctx, request| {
            $handler(::core::clone::Clone::clone(service), ctx, request).await
        } }
    };
    (stream $name:ident($request:ty) -> $response:ty = $handler:path) => {
        $crate::__streaming! { $name($request) -> $response = $handler, ::core::convert::identity }
    };
    (bidi $name:ident($request:ty) -> $response:ty = $handler:path) => {
        $crate::__streaming! {
            $name($crate::__private::tonic::Streaming<$request>) -> $response = $handler, $crate::rpc::requests
        }
    };
}

/// A method with one answer.
#[doc(hidden)]
#[macro_export]
macro_rules! __unary {
    ($name:ident($request:ty) -> $response:ty, |$service:ident, $ctx:ident, $message:ident| $body:block) => {
        fn $name<'life0, 'async_trait>(
            &'life0 self,
            request: $crate::__private::tonic::Request<$request>,
        ) -> $crate::rpc::Answer<'async_trait, $response>
        where
            'life0: 'async_trait,
            Self: 'async_trait,
        {
            ::std::boxed::Box::pin(async move {
                let ($ctx, $message) = $crate::rpc::open(request)?;
                let $service = self;
                let run = async move $body;
                let result: $crate::__private::kernel::Result<$response> = run.await;
                $crate::rpc::answer(result)
            })
        }
    };
}

/// A method that answers with a stream.
#[doc(hidden)]
#[macro_export]
macro_rules! __streaming {
    ($name:ident($request:ty) -> $response:ty = $handler:path, $convert:path) => {
        $crate::__private::paste! {
            type [<$name:camel Stream>] = $crate::ResponseStream<$response>;
        }

        fn $name<'life0, 'async_trait>(
            &'life0 self,
            request: $crate::__private::tonic::Request<$request>,
        ) -> $crate::rpc::Answer<'async_trait, $crate::ResponseStream<$response>>
        where
            'life0: 'async_trait,
            Self: 'async_trait,
        {
            ::std::boxed::Box::pin(async move {
                let call = $crate::rpc::call(&request);
                let (ctx, request) = $crate::rpc::open(request)?;
                let service = ::core::clone::Clone::clone(self);
                let result: $crate::__private::kernel::Result<$crate::ResponseStream<$response>> =
                    $handler(service, ctx, $convert(request)).await;
                $crate::rpc::answer(result.map(|stream| $crate::rpc::sealed(call, stream)))
            })
        }
    };
}
