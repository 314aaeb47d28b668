//! What `mentor dev` prints.

use super::personas::Persona;
use contracts::mentor::enrollment::v1::Program;
use kernel::{TenantId, Uuid};
use owo_colors::{OwoColorize, Stream::Stdout};
use serde::Serialize;
use serde_json::json;
use std::{fmt::Write, net::SocketAddr, path::PathBuf};

/// The request id of the call that applies: the same every time, so that pasting it again repeats the first answer.
const REQUEST_ID: Uuid = Uuid::from_u128(0x0194_1f29_7c00_7000_8000_0000_0000_0010);

/// Everything one wants to know.
pub(super) struct Facts {
    pub(super) url: String,
    /// Where `/metrics` is.
    pub(super) pages: Option<SocketAddr>,
    /// Where HTTP is served.
    pub(super) http: Option<SocketAddr>,
    /// Where the data is kept.
    pub(super) data: String,
    /// The settings for other commands.
    pub(super) settings: Option<PathBuf>,
    pub(super) postgres: Option<String>,
    pub(super) tenant: TenantId,
    pub(super) program: Program,
    pub(super) first_start: bool,
    pub(super) personas: Vec<Persona>,
}

/// A call to paste into a shell.
#[derive(Serialize)]
struct Call {
    what: &'static str,
    command: String,
}

impl Facts {
    /// One line of JSON.
    pub(super) fn json(&self) -> String {
        json!({
            "grpc": self.url,
            "scim": self.http.map(|address| format!("http://{address}/scim/v2")),
            "metrics": self.pages.map(|address| format!("http://{address}/metrics")),
            "data": self.data,
            "settings": self.settings,
            "postgres": self.postgres,
            "tenant": self.tenant,
            "program_id": self.program.program_id,
            "first_start": self.first_start,
            "personas": self.personas,
            "calls": self.calls(),
        })
        .to_string()
    }

    /// For people.
    pub(super) fn screen(&self, seconds: f64) -> String {
        let mut text = String::new();
        let up = format!("The suite is up ({seconds:.1} s). Ctrl-C drains and ends it; the data is kept.");
        let _ = writeln!(text, "{}\n", up.if_supports_color(Stdout, |text| text.bold()));
        self.endpoints(&mut text);
        let _ = writeln!(text, "\n{}", title("Tokens, valid for 30 days or until this process ends"));
        for persona in &self.personas {
            let about = format!("# {}: {}", persona.name, persona.does);
            let _ = writeln!(text, "  {}", about.if_supports_color(Stdout, |text| text.dimmed()));
            let _ = writeln!(text, "  {}={}", persona.persona.to_uppercase(), persona.token);
        }
        let _ = writeln!(text, "\n{}", title("Three calls to try"));
        for call in self.calls() {
            let about = format!("# {}", call.what);
            let _ = writeln!(text, "  {}", about.if_supports_color(Stdout, |text| text.dimmed()));
            let _ = writeln!(text, "  {}\n", call.command);
        }
        let list = format!("buf curl --http2-prior-knowledge --protocol grpc {} --list-methods", self.url);
        let _ = writeln!(text, "{}", title("What else there is"));
        let _ = writeln!(text, "  {list}");
        let grpcurl = "grpcurl -plaintext -H \"authorization: Bearer $MENTEE\" -d '{}'";
        let host = self.url.trim_start_matches("http://");
        let _ = writeln!(text, "  {grpcurl} {host} mentor.enrollment.v1.ProgramService/ListPrograms");
        if let Some(settings) = &self.settings {
            let _ = writeln!(text, "  mentor doctor --config {}", settings.display());
            let _ = write!(text, "  mentor events list --config {}", settings.display());
        }
        text
    }

    fn endpoints(&self, text: &mut String) {
        let mut line = |name: &str, value: &str, note: &str| {
            let name = format!("{name:<9}");
            let (name, note) = (
                name.if_supports_color(Stdout, |text| text.cyan()),
                note.if_supports_color(Stdout, |text| text.dimmed()),
            );
            let _ = writeln!(text, "  {name} {value}   {note}");
        };
        line("gRPC", &self.url, "without TLS; gRPC-Web, health and reflection too");
        if let Some(http) = self.http {
            line(
                "SCIM",
                &format!("http://{http}/scim/v2"),
                "with the token of a connection (ConnectionService)",
            );
        }
        if let Some(pages) = self.pages {
            line("metrics", &format!("http://{pages}/metrics"), "also /livez and /readyz");
        }
        if let Some(postgres) = &self.postgres {
            line("Postgres", postgres, "private; its password is in data/mentor.password of the data folder");
        }
        let since =
            if self.first_start { "filled just now; delete it to begin anew" } else { "kept from before" };
        line("data", &self.data, since);
        line("tenant", &self.tenant.0.to_string(), "in every token");
        let name = self.program.spec.as_ref().map(|spec| spec.name.clone()).unwrap_or_default();
        line("program", &self.program.program_id, &format!("\"{name}\", open for applications"));
    }

    /// A mentee looks around and applies; the line manager sees it.
    fn calls(&self) -> Vec<Call> {
        let line_manager =
            self.persona("line_manager").and_then(|persona| persona.person_id).unwrap_or_default();
        let application = json!({
            "requestId": REQUEST_ID,
            "programId": self.program.program_id,
            "role": "PARTICIPANT_ROLE_MENTEE",
            "capacity": 1,
            "profile": {
                "skillsWanted": [{ "id": "negotiation", "level": 3 }],
                "goals": ["Lead a small team within a year"],
                "communicationStyle": "COMMUNICATION_STYLE_STRUCTURED",
                "languages": ["en"],
                "zone": "Europe/London",
                "availability": [{ "day": "WEEKDAY_TUESDAY", "startMinute": 540, "endMinute": 720 }],
            },
        });
        vec![
            Call {
                what: "The mentee looks for programs.",
                command: self.call("mentee", "enrollment.v1.ProgramService/ListPrograms", "{}"),
            },
            Call {
                what: "The mentee applies. Pasted twice it has one effect and one answer: the request id is the same.",
                command: self.call(
                    "mentee",
                    "enrollment.v1.ApplicationService/SubmitApplication",
                    &application.to_string(),
                ),
            },
            Call {
                what: "The line manager sees the application, and as little of it as a line manager may.",
                command: self.call(
                    "line_manager",
                    "enrollment.v1.ApplicationService/ListApplications",
                    &json!({ "managerId": line_manager }).to_string(),
                ),
            },
        ]
    }

    fn persona(&self, name: &str) -> Option<&Persona> {
        self.personas.iter().find(|persona| persona.persona == name)
    }

    fn call(&self, persona: &str, method: &str, body: &str) -> String {
        let token = self.persona(persona).map(|persona| persona.token.as_str()).unwrap_or_default();
        format!(
            "buf curl --http2-prior-knowledge --protocol grpc -H 'authorization: Bearer {token}' -d '{body}' {}/mentor.{method}",
            self.url
        )
    }
}

fn title(text: &str) -> String {
    text.if_supports_color(Stdout, |text| text.bold()).to_string()
}
