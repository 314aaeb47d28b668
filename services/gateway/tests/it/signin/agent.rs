//! A user agent: cookies by name, redirects seen and not followed.

use reqwest::{Method, Url, header, redirect::Policy};
use serde_json::Value;
use std::{collections::BTreeMap, time::Duration};

pub(crate) struct Agent {
    base: String,
    http: reqwest::Client,
    pub(crate) cookies: BTreeMap<String, String>,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) location: String,
    pub(crate) set_cookies: Vec<String>,
    pub(crate) headers: header::HeaderMap,
    pub(crate) text: String,
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or(Value::Null)
    }

    /// A parameter of where it leads.
    pub(crate) fn parameter(&self, name: &str) -> Option<String> {
        let url = Url::parse(&self.location).ok()?;
        url.query_pairs().find(|(own, _)| own == name).map(|(_, value)| value.into_owned())
    }
}

impl Agent {
    pub(crate) fn at(base: String) -> Agent {
        let http = reqwest::Client::builder().redirect(Policy::none()).timeout(Duration::from_secs(60));
        Agent { base, http: http.build().expect("a client"), cookies: BTreeMap::new() }
    }

    /// As another browser that was given these cookies.
    pub(crate) fn copy(&self) -> Agent {
        Agent { base: self.base.clone(), http: self.http.clone(), cookies: self.cookies.clone() }
    }

    pub(crate) async fn get(&mut self, address: &str) -> Reply {
        self.send(Method::GET, address, &[], None).await
    }

    pub(crate) async fn post(&mut self, address: &str, form: &[(&str, &str)]) -> Reply {
        let headers = [("sec-fetch-site", "same-origin")];
        self.send(Method::POST, address, &headers, Some(encoded(form))).await
    }

    pub(crate) async fn send(
        &mut self,
        method: Method,
        address: &str,
        headers: &[(&str, &str)],
        form: Option<String>,
    ) -> Reply {
        let own = address.starts_with('/');
        let url = if own { format!("{}{address}", self.base) } else { address.to_owned() };
        let mut request = self.http.request(method, url);
        if own && !self.cookies.is_empty() {
            let cookies: Vec<String> =
                self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            request = request.header(header::COOKIE, cookies.join("; "));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(form) = form {
            request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded").body(form);
        }
        let response = request.send().await.expect("an answer");
        let text = |value: &header::HeaderValue| value.to_str().expect("ASCII").to_owned();
        let set_cookies: Vec<String> =
            response.headers().get_all(header::SET_COOKIE).iter().map(text).collect();
        if own {
            self.keep(&set_cookies);
        }
        let location = response.headers().get(header::LOCATION).map(text).unwrap_or_default();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Reply { status, location, set_cookies, headers, text: response.text().await.expect("a whole answer") }
    }

    fn keep(&mut self, set: &[String]) {
        for cookie in set {
            let (name, value) =
                cookie.split(';').next().and_then(|pair| pair.split_once('=')).expect("a cookie");
            if value.is_empty() {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }

    /// Begins signing in; where the browser is sent.
    pub(crate) async fn begin(&mut self, login_url: &str) -> Reply {
        let path = path_of(login_url);
        let reply = self.get(&path).await;
        assert_eq!(reply.status, 303, "{}", reply.text);
        reply
    }

    /// Signs in at a provider that asks nothing; the answer to coming back.
    pub(crate) async fn sign_in(&mut self, login_url: &str) -> Reply {
        let sent = self.begin(login_url).await;
        let back = self.send(Method::GET, &sent.location, &[], None).await;
        assert_eq!(back.status, 302, "{}", back.text);
        self.get(&path_of(&back.location)).await
    }

    /// What an edge would send upstream, or why not.
    pub(crate) async fn bearer(&mut self) -> Result<String, String> {
        let reply = self.get("/edge").await;
        match reply.status {
            200 => Ok(reply.text),
            _ => Err(reply.text),
        }
    }
}

/// Path and query of a URL.
pub(crate) fn path_of(url: &str) -> String {
    let url = Url::parse(url).expect("a URL");
    match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    }
}

/// A form.
pub(crate) fn encoded(form: &[(&str, &str)]) -> String {
    let mut url = Url::parse("http://x").expect("a URL");
    url.query_pairs_mut().extend_pairs(form);
    url.query().unwrap_or_default().to_owned()
}
