//! Mentees who seek and mentors with a free place each, as the events of enrollment leave them in the tables of
//! matching: many at once, for tests whose subject is the run.

use contracts::mentor::common::v1::{Profile, Skill, Weekday, WeeklyWindow};
use kernel::{TenantId, Uuid};
use prost::Message;
use sqlx::PgPool;

/// The program of all of them.
pub const PROGRAM: Uuid = Uuid::from_u128(1);

/// Puts everybody there.
///
/// # Panics
/// When the pool is not a superuser's.
pub async fn insert(pool: &PgPool, tenant: TenantId, mentees: u32, mentors: u32) {
    let numbers = (1_000_000..).take(mentees as usize).chain((2_000_000..).take(mentors as usize));
    let (ids, profiles): (Vec<Uuid>, Vec<Vec<u8>>) =
        numbers.map(|n| (Uuid::from_u128(n), profile(n).encode_to_vec())).unzip();
    let (tenant, mentees) = (tenant.0, i64::from(mentees));
    let program =
        "insert into matching.program (tenant_id, program_id, name, state, answer_days, duration_months,
                       changed_at) values ($1, $2, 'Pairs', 'started', 7, 6, now())";
    sqlx::query(program).bind(tenant).bind(PROGRAM).execute(pool).await.expect("a program");
    for sql in [
        "insert into matching.person (tenant_id, person_id, manager_chain, unit, grade, profession, changed_at)
         select $1, id, '{}', 'Unit ' || (n % 7), '', '', now() from unnest($3::uuid[], $4::bytea[])
             with ordinality as one (id, profile, n) where $2 is not null and $5 is not null",
        "insert into matching.participant (tenant_id, participant_id, program_id, person_id, role, capacity, profile,
             active, seeking, changed_at)
         select $1, id, $2, id, case when n <= $5 then 'mentee' else 'mentor' end, 1, profile, true, n <= $5, now()
         from unnest($3::uuid[], $4::bytea[]) with ordinality as one (id, profile, n)",
        "insert into matching.place (tenant_id, participant_id, number)
         select $1, id, 1 from unnest($3::uuid[], $4::bytea[]) with ordinality as one (id, profile, n)
         where n > $5 and $2 is not null",
    ] {
        let insert = sqlx::query(sql).bind(tenant).bind(PROGRAM).bind(&ids).bind(&profiles).bind(mentees);
        insert.execute(pool).await.expect("the superuser may");
    }
}

/// Wishes, offers and hours that spread.
fn profile(n: u128) -> Profile {
    let number =
        |step: u128, of: u128| i32::try_from((n * 7_919 + n * n * 31 + step * 104_729) % of).unwrap_or(0);
    let skills = |first: u128| {
        let skill =
            |step| Skill { id: format!("skill-{}", number(first + step, 40)), level: 1 + number(step, 5) };
        (0..4).map(skill).collect()
    };
    let window = |day: Weekday, step| {
        let start_minute = 480 + 30 * number(step, 8);
        WeeklyWindow { day: day.into(), start_minute, end_minute: start_minute + 150 }
    };
    Profile {
        skills_wanted: skills(1),
        skills_offered: skills(5),
        languages: vec!["en".to_owned()],
        zone: "Europe/London".to_owned(),
        availability: vec![window(Weekday::Monday, 1), window(Weekday::Thursday, 2)],
        ..Profile::default()
    }
}
