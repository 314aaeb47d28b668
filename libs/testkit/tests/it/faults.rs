//! The fault proxy, between a client and an echo.

use std::{io::ErrorKind, time::Duration};
use testkit::{Fault, FaultProxy};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::{Instant, timeout},
};

const MOMENT: Duration = Duration::from_millis(200);

/// A server that answers every byte with the same byte, behind a proxy.
async fn echo() -> FaultProxy {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
    let target = listener.local_addr().expect("bound").to_string();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (mut from, mut to) = stream.split();
                let _ = tokio::io::copy(&mut from, &mut to).await;
            });
        }
    });
    FaultProxy::to(target).await
}

async fn ask(stream: &mut TcpStream) -> std::io::Result<u8> {
    stream.write_all(b"x").await?;
    stream.read_u8().await
}

#[tokio::test]
async fn silence_holds_bytes_back_until_it_ends() {
    let proxy = echo().await;
    let mut stream = TcpStream::connect(proxy.address()).await.expect("connects");
    assert_eq!(ask(&mut stream).await.expect("echoes"), b'x');
    proxy.set(Fault::Hang);
    assert!(timeout(MOMENT, ask(&mut stream)).await.is_err(), "nothing arrives");
    proxy.set(Fault::None);
    let held = timeout(Duration::from_secs(5), stream.read_u8()).await.expect("in time");
    assert_eq!(held.expect("arrives after all"), b'x');
    assert_eq!(proxy.connections(), 1);
}

#[tokio::test]
async fn a_cut_closes_and_a_reset_resets() {
    for (fault, kind) in [(Fault::Cut, ErrorKind::UnexpectedEof), (Fault::Reset, ErrorKind::ConnectionReset)]
    {
        let proxy = echo().await;
        let mut stream = TcpStream::connect(proxy.address()).await.expect("connects");
        assert_eq!(ask(&mut stream).await.expect("echoes"), b'x');
        proxy.set(fault);
        let read = timeout(Duration::from_secs(5), stream.read_u8()).await.expect("in time");
        assert_eq!(read.expect_err("is broken").kind(), kind, "{fault:?}");
    }
}

#[tokio::test]
async fn a_delay_delays() {
    let proxy = echo().await;
    proxy.set(Fault::Delay(MOMENT));
    let mut stream = TcpStream::connect(proxy.address()).await.expect("connects");
    let began = Instant::now();
    assert_eq!(ask(&mut stream).await.expect("echoes"), b'x');
    assert!(began.elapsed() >= MOMENT);
}

#[tokio::test]
async fn a_url_keeps_everything_but_the_address() {
    let proxy = FaultProxy::to("127.0.0.1:1").await;
    let at = proxy.address();
    assert_eq!(proxy.url("postgres://u:p@db:5432/mentor"), format!("postgres://u:p@{at}/mentor"));
    assert_eq!(proxy.url("redis://db:6379"), format!("redis://{at}"));
}
