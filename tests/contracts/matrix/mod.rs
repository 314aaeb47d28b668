//! Every RPC x persona x own or foreign object x own or foreign tenant, generated from the descriptors: a new RPC
//! is in it from the first day.

mod call;
mod logs;
mod personas;
mod request;
mod verdict;
mod world;

use call::{Answer, call};
use contracts::mentor::common::v1::Permission;
use futures::{StreamExt, stream};
use grpc::{Channel, allows};
use personas::{Ids, Persona};
use prost_reflect::MethodDescriptor;
use request::{Slot, generate, slots};
use tests::reflect::{is_mutation, methods, path, permission};
use world::World;

/// Calls under way at once.
const AT_ONCE: usize = 8;

/// A request of the matrix: what to send in which id field, and what for.
struct Case<'a> {
    method: &'a MethodDescriptor,
    persona: &'a Persona,
    /// What the ids are, for people.
    what: String,
    ids: Vec<Vec<String>>,
    /// The same with ids that belong to nobody in the places of foreign ones.
    nobody: Vec<Vec<String>>,
}

impl Case<'_> {
    fn name(&self) -> String {
        format!("{} by {}, {}", path(self.method), self.persona.name, self.what)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_rpc_by_everybody_on_everything() {
    let world = World::build().await;
    let methods: Vec<MethodDescriptor> = methods().collect();
    let before = world.rows_of_the_other_tenant().await;
    let mut wrong = Vec::new();

    wrong.extend(without_token(&world, &methods).await);
    wrong.extend(without_permission(&world, &methods).await);
    wrong.extend(with_foreign_tenant(&world, &methods).await);
    wrong.extend(with_foreign_object(&world, &methods).await);
    let after = world.rows_of_the_other_tenant().await;
    for (before, after) in before.iter().zip(&after).filter(|(before, after)| before != after) {
        wrong.push(format!("rows of the other tenant changed: {before:?} -> {after:?}"));
    }
    // Last, because it changes the world.
    wrong.extend(with_own(&world, &methods).await);
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

/// Runs cases side by side and gathers what is wrong.
async fn judge<T, F>(cases: Vec<T>, check: impl Fn(T) -> F) -> Vec<String>
where
    F: Future<Output = Option<String>>,
{
    println!("{} cases", cases.len());
    stream::iter(cases.into_iter().map(check))
        .buffer_unordered(AT_ONCE)
        .filter_map(std::future::ready)
        .collect()
        .await
}

async fn without_token(world: &World, methods: &[MethodDescriptor]) -> Vec<String> {
    let nobody = world.anonymous();
    judge(methods.iter().collect(), async |method| {
        let ids = own_ids(&world.personas[0], &slots(&method.input()), true);
        let answer = call(nobody.clone(), method, &generate(method, &ids, world.now())).await;
        verdict::refused(&answer, tonic::Code::Unauthenticated, "TOKEN_INVALID")
            .map(|what| format!("{} without a token: {what}", path(method)))
    })
    .await
}

async fn without_permission(world: &World, methods: &[MethodDescriptor]) -> Vec<String> {
    let cases = pairs(world, methods, false);
    judge(cases, async |(method, persona)| {
        let ids = own_ids(persona, &slots(&method.input()), true);
        let answer = call(persona.channel.clone(), method, &generate(method, &ids, world.now())).await;
        verdict::refused(&answer, tonic::Code::PermissionDenied, "PERMISSION_DENIED")
            .map(|what| format!("{} by {} without the permission: {what}", path(method), persona.name))
    })
    .await
}

/// RPCs and personas that have the permission, or that have not.
fn pairs<'a>(
    world: &'a World,
    methods: &'a [MethodDescriptor],
    allowed: bool,
) -> Vec<(&'a MethodDescriptor, &'a Persona)> {
    let all = methods.iter().flat_map(|method| world.personas.iter().map(move |persona| (method, persona)));
    all.filter(|(method, persona)| may(persona, permission(method)) == allowed).collect()
}

fn may(persona: &Persona, permission: Permission) -> bool {
    allows(&[persona.role], permission)
}

fn own_ids(persona: &Persona, slots: &[Slot], optional: bool) -> Vec<Vec<String>> {
    slots.iter().map(|slot| chosen(slot, &persona.own, optional)).collect()
}

/// What stands in an id field; nothing in an optional one that is left out.
fn chosen(slot: &Slot, ids: &Ids, optional: bool) -> Vec<String> {
    if slot.optional && !optional { Vec::new() } else { ids.of(slot) }
}

/// All ids foreign, each one foreign alone, and both with the optional ones left out.
fn foreign_cases<'a>(
    method: &'a MethodDescriptor,
    persona: &'a Persona,
    foreign: &Ids,
    nobody: &Ids,
    what: &str,
) -> Vec<Case<'a>> {
    let slots = slots(&method.input());
    let mut cases: Vec<Case<'a>> = Vec::new();
    let mut add = |what: String, is_foreign: &dyn Fn(usize) -> bool, optional: bool| {
        let with = |other: &Ids| -> Vec<Vec<String>> {
            let pick = |(i, slot)| chosen(slot, if is_foreign(i) { other } else { &persona.own }, optional);
            slots.iter().enumerate().map(pick).collect()
        };
        let (ids, nobody) = (with(foreign), with(nobody));
        if cases.iter().all(|case| case.ids != ids) {
            cases.push(Case { method, persona, what, ids, nobody });
        }
    };
    for optional in [true, false] {
        add(format!("{what} (all ids, optional ones: {optional})"), &|_| true, optional);
    }
    for (alone, slot) in slots.iter().enumerate() {
        add(format!("{what} ({} alone)", slot.name), &|i| i == alone, true);
    }
    cases
}

async fn with_foreign_tenant(world: &World, methods: &[MethodDescriptor]) -> Vec<String> {
    let cases: Vec<Case<'_>> = pairs(world, methods, true)
        .into_iter()
        .flat_map(|(method, persona)| {
            foreign_cases(method, persona, &world.other_tenant, &world.nobody, "another tenant's")
        })
        .collect();
    let secret = world.other_tenant.all();
    judge(cases, async |case| {
        let answer = sent(world, &case, &case.ids).await;
        let named = case.ids.iter().flatten().any(|id| secret.contains(id));
        let what = match &answer {
            Answer::Refused(status) if status.code() == tonic::Code::NotFound => verdict::explained(&answer),
            Answer::Ok(_) if named && is_mutation(case.method) => Some("was done".to_owned()),
            // What only repeats the question is the same for ids of nobody.
            Answer::Ok(_) => match verdict::silent(&answer, &secret) {
                Some(what) if named => {
                    let other = sent(world, &case, &case.nobody).await;
                    (!verdict::echo(&answer, &other, &case.ids, &case.nobody)).then_some(what)
                }
                what => what,
            },
            // Not even whether it exists may be learned: whoever is not there is answered in the same way.
            Answer::Refused(_) => {
                let other = sent(world, &case, &case.nobody).await;
                verdict::explained(&answer).or_else(|| verdict::same(&answer, &other))
            }
        };
        what.map(|what| format!("{}: {what}", case.name()))
    })
    .await
}

async fn sent(world: &World, case: &Case<'_>, ids: &[Vec<String>]) -> Answer {
    call(case.persona.channel.clone(), case.method, &generate(case.method, ids, world.now())).await
}

async fn with_foreign_object(world: &World, methods: &[MethodDescriptor]) -> Vec<String> {
    let employees = pairs(world, methods, true).into_iter().filter(|(_, persona)| persona.person.is_some());
    let cases: Vec<Case<'_>> = employees
        .flat_map(|(method, persona)| {
            foreign_cases(method, persona, &persona.foreign, &world.nobody, "a colleague's")
        })
        .collect();
    judge(cases, async |case| {
        let secret = case.persona.foreign.private();
        let answer = sent(world, &case, &case.ids).await;
        let named = case.ids.iter().flatten().any(|id| secret.contains(id));
        let what = match &answer {
            Answer::Ok(_) => verdict::silent(&answer, &secret),
            Answer::Refused(status) => {
                let code = status.code();
                let hidden = matches!(code, tonic::Code::PermissionDenied | tonic::Code::NotFound);
                match verdict::explained(&answer) {
                    None if named && !hidden => {
                        let other = sent(world, &case, &case.nobody).await;
                        verdict::same(&answer, &other)
                    }
                    explained => explained,
                }
            }
        };
        what.map(|what| format!("{}: {what}", case.name()))
    })
    .await
}

/// Who has the permission gets somewhere with their own objects: the matrix would prove nothing if everything were
/// refused.
async fn with_own(world: &World, methods: &[MethodDescriptor]) -> Vec<String> {
    let (mut wrong, mut done) = (Vec::new(), 0);
    // Reads first, then what changes the world, the end of programs last.
    let mut order: Vec<&MethodDescriptor> = methods.iter().collect();
    order.sort_by_key(|method| (is_mutation(method), method.name().starts_with("Close")));
    for method in order {
        let able: Vec<&Persona> =
            world.personas.iter().filter(|persona| may(persona, permission(method))).collect();
        let (mut employees, mut let_in, mut succeeded) = (0, 0, false);
        for persona in able {
            let ids = own_ids(persona, &slots(&method.input()), true);
            let answer = call(persona.channel.clone(), method, &generate(method, &ids, world.now())).await;
            let name = format!("{} by {}, own", path(method), persona.name);
            wrong.extend(verdict::sensible(&answer).map(|what| format!("{name}: {what}")));
            succeeded |= answer.code() == tonic::Code::Ok;
            let denied = answer.code() == tonic::Code::PermissionDenied;
            employees += usize::from(persona.person.is_some());
            let_in += usize::from(persona.person.is_some() && !denied);
            if persona.person.is_none() && denied {
                wrong.push(format!("{name}: has the permission and is denied"));
            }
        }
        done += usize::from(succeeded);
        if employees > 0 && let_in == 0 {
            wrong.push(format!("{}: no employee is let in with anything of their own", path(method)));
        }
    }
    println!("{done} of {} RPCs were done by somebody with their own", methods.len());
    if done * 3 < methods.len() * 2 {
        wrong.push(format!("only {done} of {} RPCs work in the matrix's world", methods.len()));
    }
    wrong
}

/// A channel that fails slowly rather than hang for ever.
pub(crate) fn patient(client: grpc::Client) -> Channel {
    let limit = std::time::Duration::from_secs(20);
    client.attempts(1).deadline(limit).stream_deadline(limit).build().expect("a channel to the host")
}
