//! What keeps a server from starting.

use crate::echo::descriptors;
use grpc::{Descriptors, Identity, IdentitySettings, IssuerSettings, Server};
use kernel::{Error, SystemClock};
use std::{error::Error as _, sync::Arc};

fn build(descriptors: Descriptors, service: &str) -> Result<Server, Box<Error>> {
    let identity = Identity::new(&IdentitySettings::default(), Arc::new(SystemClock), None)?;
    Server::builder(Arc::new(SystemClock), identity).descriptors(descriptors).service(service).build()
}

fn cause<T>(outcome: Result<T, Box<Error>>) -> String {
    let error = outcome.err().expect("the start fails");
    error.source().expect("a cause").to_string()
}

#[test]
fn a_method_without_permission_is_named() {
    let cause = cause(build(descriptors("careless.proto"), "careless"));
    assert_eq!(cause, "method mentor.careless.v1.CarelessService.ForgetPermission declares no permission");
}

#[test]
fn a_service_that_is_not_in_the_contracts_is_named() {
    assert_eq!(
        cause(build(descriptors("echo.proto"), "ech")),
        "no gRPC service in the packages mentor.ech.*"
    );
}

#[test]
fn every_method_of_the_contracts_has_a_permission() {
    let names = ["enrollment", "matching", "scheduling", "evaluation"].map(str::to_owned);
    let methods = grpc::Methods::read(&Descriptors::contracts(), &names).expect("all have one");
    assert!(
        methods
            .get("/mentor.enrollment.v1.ProgramService/GetProgram")
            .is_some_and(|m| m.permission.is_some())
    );
    assert!(methods.get("/grpc.health.v1.Health/Check").is_some_and(|m| m.permission.is_none()));
}

fn issuer() -> IssuerSettings {
    IssuerSettings {
        issuer: "https://idp.example".to_owned(),
        audience: "mentor".to_owned(),
        tenant: Some(kernel::TenantId(kernel::Uuid::nil())),
        tenants: Vec::new(),
        all_tenants: false,
        jwks_url: Some("https://idp.example/jwks".to_owned()),
        jwks_file: None,
        algorithms: vec!["RS256".to_owned()],
    }
}

fn identity(issuers: Vec<IssuerSettings>) -> Result<Identity, Box<Error>> {
    Identity::new(&IdentitySettings { issuers }, Arc::new(SystemClock), None)
}

#[test]
fn settings_that_would_trust_too_much_fail_the_start() {
    assert!(identity(vec![issuer()]).is_ok());
    let symmetric = IssuerSettings { algorithms: vec!["HS256".to_owned()], ..issuer() };
    assert!(cause(identity(vec![symmetric])).contains("HS256 is not allowed"));
    let none = IssuerSettings { algorithms: vec!["none".to_owned()], ..issuer() };
    assert!(cause(identity(vec![none])).contains("none is not allowed"));
    let plain = IssuerSettings { jwks_url: Some("http://idp.example/jwks".to_owned()), ..issuer() };
    assert!(cause(identity(vec![plain])).contains("must use https"));
    let no_keys = IssuerSettings { jwks_url: None, ..issuer() };
    assert!(cause(identity(vec![no_keys])).contains("set one of jwks_url and jwks_file"));
    let no_tenant = IssuerSettings { tenant: None, ..issuer() };
    assert!(cause(identity(vec![no_tenant])).contains("set one of tenant, tenants and all_tenants"));
    assert!(cause(identity(vec![issuer(), issuer()])).contains("configured twice"));
}
