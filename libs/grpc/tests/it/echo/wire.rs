//! What a code generator would make of `echo.proto`, written out: messages, service trait, server, client.

use tonic::{Request, Response, Status, Streaming};

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct GetEchoRequest {
    #[prost(string, tag = "1")]
    pub(crate) text: String,
    #[prost(string, tag = "2")]
    pub(crate) mood: String,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct GetEchoResponse {
    #[prost(string, tag = "1")]
    pub(crate) text: String,
    #[prost(string, tag = "2")]
    pub(crate) subject: String,
    #[prost(string, tag = "3")]
    pub(crate) request_id: String,
    #[prost(string, tag = "4")]
    pub(crate) traceparent: String,
    #[prost(string, tag = "5")]
    pub(crate) server: String,
}

pub(crate) mod echo_service_server {
    use super::*;
    use std::{convert::Infallible, future::Future, marker::PhantomData, pin::Pin, sync::Arc};
    use tonic::{
        body::Body,
        codec::CompressionEncoding,
        codegen::{Service, http},
        server::{Grpc, NamedService, ServerStreamingService, StreamingService, UnaryService},
    };
    use tonic_prost::ProstCodec;

    #[tonic::async_trait]
    pub(crate) trait EchoService: Send + Sync + 'static {
        async fn get_echo(
            &self,
            request: Request<GetEchoRequest>,
        ) -> Result<Response<GetEchoResponse>, Status>;
        async fn save_echo(
            &self,
            request: Request<GetEchoRequest>,
        ) -> Result<Response<GetEchoResponse>, Status>;
        type WatchEchoStream: futures::Stream<Item = Result<GetEchoResponse, Status>> + Send + 'static;
        async fn watch_echo(
            &self,
            request: Request<GetEchoRequest>,
        ) -> Result<Response<Self::WatchEchoStream>, Status>;
        type ImportEchoesStream: futures::Stream<Item = Result<GetEchoResponse, Status>> + Send + 'static;
        async fn import_echoes(
            &self,
            request: Request<Streaming<GetEchoRequest>>,
        ) -> Result<Response<Self::ImportEchoesStream>, Status>;
    }

    pub(crate) struct EchoServiceServer<T> {
        inner: Arc<T>,
        accept: bool,
        send: bool,
    }

    impl<T> Clone for EchoServiceServer<T> {
        fn clone(&self) -> Self {
            EchoServiceServer { inner: Arc::clone(&self.inner), accept: self.accept, send: self.send }
        }
    }

    impl<T> EchoServiceServer<T> {
        pub(crate) fn new(inner: T) -> Self {
            EchoServiceServer { inner: Arc::new(inner), accept: false, send: false }
        }
        pub(crate) fn accept_compressed(self, _: CompressionEncoding) -> Self {
            EchoServiceServer { accept: true, ..self }
        }
        pub(crate) fn send_compressed(self, _: CompressionEncoding) -> Self {
            EchoServiceServer { send: true, ..self }
        }
        pub(crate) fn max_decoding_message_size(self, _: usize) -> Self {
            self
        }
        pub(crate) fn max_encoding_message_size(self, _: usize) -> Self {
            self
        }
    }

    impl<T> NamedService for EchoServiceServer<T> {
        const NAME: &'static str = "mentor.echo.v1.EchoService";
    }

    type Call<T> = Pin<Box<dyn Future<Output = Result<Response<T>, Status>> + Send>>;
    struct Method<T, const N: u8>(Arc<T>, PhantomData<T>);

    macro_rules! unary {
        ($n:literal, $name:ident) => {
            impl<T: EchoService> UnaryService<GetEchoRequest> for Method<T, $n> {
                type Response = GetEchoResponse;
                type Future = Call<GetEchoResponse>;
                fn call(&mut self, request: Request<GetEchoRequest>) -> Self::Future {
                    let inner = Arc::clone(&self.0);
                    Box::pin(async move { inner.$name(request).await })
                }
            }
        };
    }
    unary!(0, get_echo);
    unary!(1, save_echo);

    impl<T: EchoService> ServerStreamingService<GetEchoRequest> for Method<T, 2> {
        type Response = GetEchoResponse;
        type ResponseStream = T::WatchEchoStream;
        type Future = Call<T::WatchEchoStream>;
        fn call(&mut self, request: Request<GetEchoRequest>) -> Self::Future {
            let inner = Arc::clone(&self.0);
            Box::pin(async move { inner.watch_echo(request).await })
        }
    }

    impl<T: EchoService> StreamingService<GetEchoRequest> for Method<T, 3> {
        type Response = GetEchoResponse;
        type ResponseStream = T::ImportEchoesStream;
        type Future = Call<T::ImportEchoesStream>;
        fn call(&mut self, request: Request<Streaming<GetEchoRequest>>) -> Self::Future {
            let inner = Arc::clone(&self.0);
            Box::pin(async move { inner.import_echoes(request).await })
        }
    }

    impl<T: EchoService> Service<http::Request<Body>> for EchoServiceServer<T> {
        type Response = http::Response<Body>;
        type Error = Infallible;
        type Future = Pin<Box<dyn Future<Output = Result<http::Response<Body>, Infallible>> + Send>>;

        fn poll_ready(&mut self, _: &mut std::task::Context<'_>) -> std::task::Poll<Result<(), Infallible>> {
            std::task::Poll::Ready(Ok(()))
        }

        fn call(&mut self, request: http::Request<Body>) -> Self::Future {
            let inner = Arc::clone(&self.inner);
            let mut grpc = Grpc::new(ProstCodec::<GetEchoResponse, GetEchoRequest>::default());
            if self.accept {
                grpc = grpc.accept_compressed(CompressionEncoding::Gzip);
            }
            if self.send {
                grpc = grpc.send_compressed(CompressionEncoding::Gzip);
            }
            Box::pin(async move {
                Ok(match request.uri().path() {
                    "/mentor.echo.v1.EchoService/GetEcho" => {
                        grpc.unary(Method::<T, 0>(inner, PhantomData), request).await
                    }
                    "/mentor.echo.v1.EchoService/SaveEcho" => {
                        grpc.unary(Method::<T, 1>(inner, PhantomData), request).await
                    }
                    "/mentor.echo.v1.EchoService/WatchEcho" => {
                        grpc.server_streaming(Method::<T, 2>(inner, PhantomData), request).await
                    }
                    "/mentor.echo.v1.EchoService/ImportEchoes" => {
                        grpc.streaming(Method::<T, 3>(inner, PhantomData), request).await
                    }
                    _ => Status::unimplemented("").into_http(),
                })
            })
        }
    }
}

/// A client of the service on any channel.
#[derive(Clone)]
pub(crate) struct EchoServiceClient<C>(tonic::client::Grpc<C>);

impl<C> EchoServiceClient<C>
where
    C: tonic::client::GrpcService<tonic::body::Body>,
    C::ResponseBody: http_body::Body<Data = bytes::Bytes> + Send + 'static,
    <C::ResponseBody as http_body::Body>::Error: Into<tonic::codegen::StdError> + Send,
{
    pub(crate) fn new(channel: C) -> Self {
        EchoServiceClient(tonic::client::Grpc::new(channel))
    }

    pub(crate) fn gzip(self) -> Self {
        let gzip = tonic::codec::CompressionEncoding::Gzip;
        EchoServiceClient(self.0.accept_compressed(gzip).send_compressed(gzip))
    }

    async fn ready(&mut self) -> Result<(), Status> {
        self.0.ready().await.map_err(|error| Status::unavailable(error.into().to_string()))
    }

    pub(crate) async fn unary(
        &mut self,
        method: &'static str,
        mut request: Request<GetEchoRequest>,
    ) -> Result<Response<GetEchoResponse>, Status> {
        self.ready().await?;
        request.extensions_mut().insert(tonic::GrpcMethod::new("mentor.echo.v1.EchoService", method));
        let path = format!("/mentor.echo.v1.EchoService/{method}").parse().expect("a path");
        self.0.unary(request, path, tonic_prost::ProstCodec::default()).await
    }

    pub(crate) async fn get_echo(
        &mut self,
        request: Request<GetEchoRequest>,
    ) -> Result<Response<GetEchoResponse>, Status> {
        self.unary("GetEcho", request).await
    }

    pub(crate) async fn save_echo(
        &mut self,
        request: Request<GetEchoRequest>,
    ) -> Result<Response<GetEchoResponse>, Status> {
        self.unary("SaveEcho", request).await
    }

    pub(crate) async fn watch_echo(
        &mut self,
        mut request: Request<GetEchoRequest>,
    ) -> Result<Response<Streaming<GetEchoResponse>>, Status> {
        self.ready().await?;
        request.extensions_mut().insert(tonic::GrpcMethod::new("mentor.echo.v1.EchoService", "WatchEcho"));
        let path = "/mentor.echo.v1.EchoService/WatchEcho".parse().expect("a path");
        self.0.server_streaming(request, path, tonic_prost::ProstCodec::default()).await
    }

    pub(crate) async fn import_echoes(
        &mut self,
        mut request: Request<Messages>,
    ) -> Result<Response<Streaming<GetEchoResponse>>, Status> {
        self.ready().await?;
        request.extensions_mut().insert(tonic::GrpcMethod::new("mentor.echo.v1.EchoService", "ImportEchoes"));
        let path = "/mentor.echo.v1.EchoService/ImportEchoes".parse().expect("a path");
        self.0.streaming(request, path, tonic_prost::ProstCodec::default()).await
    }
}

/// Messages to send.
pub(crate) type Messages = std::pin::Pin<Box<dyn futures::Stream<Item = GetEchoRequest> + Send + Sync>>;
