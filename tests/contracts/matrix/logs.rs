//! Logs are free of personal data: every RPC gets a request whose every free text is marked, valid and not, and nothing
//! that is logged at the finest level that production allows holds a mark, a name or an address of anybody.

use super::{
    call::call,
    may, own_ids,
    request::{Mark, generate_marked, slots},
    world::World,
};
use std::{
    collections::BTreeSet,
    io,
    sync::{Arc, Mutex, PoisonError},
};
use tests::reflect::{is_mutation, methods, path, permission};
use tracing_subscriber::{EnvFilter, fmt::MakeWriter};

/// In every text that is sent.
const MARK: &str = "zqmarkzq";

/// What was logged.
#[derive(Clone, Default)]
struct Captured(Arc<Mutex<Vec<u8>>>);

impl io::Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Captured {
    type Writer = Captured;

    fn make_writer(&'a self) -> Captured {
        self.clone()
    }
}

impl Captured {
    /// From now on, as production logs, and all libraries at `debug`.
    fn begin() -> Captured {
        let captured = Captured::default();
        tracing_subscriber::fmt()
            .json()
            .flatten_event(true)
            .with_current_span(true)
            .with_env_filter(EnvFilter::new("debug"))
            .with_writer(captured.clone())
            .try_init()
            .expect("no other test of this process captures logs");
        captured
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_personal_is_logged() {
    let captured = Captured::begin();
    let world = World::build().await;
    let (mut sent, mut marked) = (0, BTreeSet::new());
    // What closes things last, so that the others are done.
    let mut order: Vec<_> = methods().collect();
    order.sort_by_key(|method| (is_mutation(method), method.name().starts_with("Close")));
    for method in order {
        let name = path(&method);
        for persona in world.personas.iter().filter(|persona| may(persona, permission(&method))) {
            let ids = own_ids(persona, &slots(&method.input()), true);
            // As it should be; also where a text has a form; where ids belong; and longer than any field may be.
            let wrong: Vec<Vec<String>> = ids.iter().map(|ids| vec![MARK.to_owned(); ids.len()]).collect();
            let long = format!("{MARK}{}", "x".repeat(20_000));
            let requests = [
                generate_marked(&method, &ids, world.now(), Mark { text: MARK, everywhere: false }),
                generate_marked(&method, &ids, world.now(), Mark { text: MARK, everywhere: true }),
                generate_marked(&method, &wrong, world.now(), Mark { text: MARK, everywhere: false }),
                generate_marked(&method, &ids, world.now(), Mark { text: &long, everywhere: false }),
            ];
            for request in requests {
                if request.to_string().contains(MARK) {
                    marked.insert(name.clone());
                }
                call(persona.channel.clone(), &method, &request).await;
                sent += 1;
            }
        }
    }
    world.settle().await;
    let text = captured.text();
    println!("{sent} calls, {} RPCs took a marked text, {} bytes logged", marked.len(), text.len());
    assert!(marked.len() > 20, "too few RPCs take texts: {marked:?}");
    for needed in ["call refused", "\"rpc.path\"", "DEBUG"] {
        assert!(text.contains(needed), "the log is that of a working suite: {needed}");
    }
    // Names, addresses and titles of the world's people, as `row` makes them; and the marks of what was sent.
    let personal = [MARK, "@example.org", "Person mentor", "Person mentee", "Person line", "Role of "];
    let leaks: Vec<&str> =
        text.lines().filter(|line| personal.iter().any(|word| line.contains(word))).take(5).collect();
    assert!(leaks.is_empty(), "personal data in the log:\n{}", leaks.join("\n"));
}
