//! A browser without scripts: it follows redirects, keeps each site's cookies, and posts the forms it is shown.

use reqwest::{Client, Method, RequestBuilder, Url, header, redirect::Policy};
use std::{collections::BTreeMap, time::Duration};

/// More redirects than any sign-in takes.
const REDIRECTS: usize = 20;
/// An answer may take this long on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// Cookies by site, which is a scheme, a host and a port.
pub struct Browser {
    http: Client,
    cookies: BTreeMap<String, BTreeMap<String, String>>,
}

/// What is shown in the end.
#[derive(Debug)]
pub struct Page {
    /// Where.
    pub url: Url,
    /// With which status.
    pub status: u16,
    /// The whole of it.
    pub text: String,
}

impl Page {
    /// The value of a hidden field.
    ///
    /// # Panics
    /// When the page has none of this name.
    pub fn hidden(&self, name: &str) -> String {
        let field = format!("name=\"{name}\" value=\"");
        let value = self.text.split_once(&field).and_then(|(_, rest)| rest.split_once('"'));
        value.unwrap_or_else(|| panic!("{} has no field {name}: {}", self.url, self.text)).0.to_owned()
    }
}

impl Default for Browser {
    fn default() -> Self {
        Browser::new()
    }
}

impl Browser {
    /// One that knows nothing yet.
    ///
    /// # Panics
    /// When the system has no TLS.
    pub fn new() -> Browser {
        let http = Client::builder().redirect(Policy::none()).timeout(PATIENCE).build();
        Browser { http: http.expect("a client"), cookies: BTreeMap::new() }
    }

    /// Goes to an address and wherever that leads.
    ///
    /// # Panics
    /// When nobody answers, or it leads in circles.
    pub async fn follow(&mut self, url: &str) -> Page {
        let url = Url::parse(url).expect("a URL");
        self.go(Method::GET, url, None).await
    }

    /// Posts a form to the address of a page, and goes wherever that leads.
    ///
    /// # Panics
    /// As [`Browser::follow`].
    pub async fn submit(&mut self, page: &Page, form: &[(&str, &str)]) -> Page {
        self.go(Method::POST, page.url.clone(), Some(form)).await
    }

    /// One request, whose redirect is not followed.
    ///
    /// # Panics
    /// When nobody answers.
    pub async fn get(&mut self, url: &str) -> Page {
        let url = Url::parse(url).expect("a URL");
        let request = self.http.get(url.clone());
        self.send(url, request).await.0
    }

    /// As a script of the site's own page: a body of JSON.
    ///
    /// # Panics
    /// When nobody answers.
    pub async fn post_json(&mut self, url: &str, body: &str) -> Page {
        let url = Url::parse(url).expect("a URL");
        let request = self.http.post(url.clone()).header("sec-fetch-site", "same-origin");
        let request = request.header(header::CONTENT_TYPE, "application/json").body(body.to_owned());
        self.send(url, request).await.0
    }

    async fn go(&mut self, method: Method, url: Url, form: Option<&[(&str, &str)]>) -> Page {
        let mut request = self.http.request(method, url.clone());
        if let Some(form) = form {
            request = request.form(form).header("sec-fetch-site", "same-origin");
        }
        let (mut page, mut next) = self.send(url, request).await;
        for _ in 0..REDIRECTS {
            let Some(url) = next else { return page };
            let request = self.http.get(url.clone());
            (page, next) = self.send(url, request).await;
        }
        panic!("redirected in circles at {}", page.url)
    }

    async fn send(&mut self, url: Url, mut request: RequestBuilder) -> (Page, Option<Url>) {
        let site = self.cookies.entry(url.origin().ascii_serialization()).or_default();
        if !site.is_empty() {
            let pairs: Vec<String> = site.iter().map(|(name, value)| format!("{name}={value}")).collect();
            request = request.header(header::COOKIE, pairs.join("; "));
        }
        let answer = request.send().await.unwrap_or_else(|error| panic!("{url}: {error}"));
        for set in answer.headers().get_all(header::SET_COOKIE) {
            let pair = set.to_str().expect("ASCII").split(';').next().and_then(|pair| pair.split_once('='));
            match pair.expect("a cookie") {
                (name, "") => drop(site.remove(name.trim())),
                (name, value) => drop(site.insert(name.trim().to_owned(), value.to_owned())),
            }
        }
        let location = answer.headers().get(header::LOCATION).and_then(|value| value.to_str().ok());
        let next = location.filter(|_| answer.status().is_redirection());
        let next = next.map(|next| url.join(next).unwrap_or_else(|error| panic!("{next}: {error}")));
        let status = answer.status().as_u16();
        (Page { url, status, text: answer.text().await.expect("a whole answer") }, next)
    }
}
