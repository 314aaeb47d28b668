//! People from CSV files: any bytes, read by the columns' own names and by a mapping that the bytes make up. Whatever is
//! read comes out page by page, everybody once and after their manager, and is an employee or has a fault that says why.

#![no_main]

#[expect(dead_code, reason = "numbers are of interest to other targets")]
mod dice;
mod sync;

// The contract's two messages that a mapping is made of, without all that generated code stands on.
extern crate self as contracts;

pub(crate) mod mentor {
    pub(crate) mod gateway {
        pub(crate) mod v1 {
            #[derive(Clone, Debug, Default, PartialEq)]
            pub(crate) struct ValueMapping {
                pub(crate) value: String,
                pub(crate) means: String,
            }

            #[derive(Clone, Debug, Default, PartialEq)]
            pub(crate) struct FieldMapping {
                pub(crate) field: String,
                pub(crate) columns: Vec<String>,
                pub(crate) constant: String,
                pub(crate) values: Vec<ValueMapping>,
                pub(crate) date_format: String,
            }
        }
    }
}

use dice::Dice;
use jiff::civil::Date;
use libfuzzer_sys::fuzz_target;
use mentor::gateway::v1::{FieldMapping, ValueMapping};
use std::{
    collections::HashSet,
    pin::pin,
    task::{Context, Poll, Waker},
};
use sync::{
    connector::{Ask, Connector, Page},
    employee::Said,
    file::File,
    mapping::Mapping,
};

const FIELDS: [&str; 8] =
    ["manager", "display_name", "email", "fte", "left", "active", "end_date", "parent_organisation"];
const COLUMNS: [&str; 6] = ["employee_id", "manager_id", "job_title", "unit", "", "x"];
const FORMATS: [&str; 5] = ["", "%d.%m.%Y", "%Y%m%d", "%d", "%%%"];
const HEADER: &[u8] = b"employee_id,manager_id,job_title,unit,x\n";

fuzz_target!(|data: &[u8]| {
    let mut dice = Dice::new(data);
    let mapping = match dice.below(2) {
        0 => None,
        _ => match Mapping::new(&rules(&mut dice), &[]) {
            Ok(mapping) => Some(mapping),
            Err(_) => return,
        },
    };
    let bytes = if dice.one_in(3) { data.to_vec() } else { [HEADER, data].concat() };
    let Ok(file) = File::read(&bytes, mapping, dice.one_in(2), Date::constant(2026, 11, 22), 2_000) else {
        return;
    };
    take(file, 1 + dice.below(300));
});

fn rules(dice: &mut Dice<'_>) -> Vec<FieldMapping> {
    let column = |dice: &mut Dice<'_>| COLUMNS[dice.below(COLUMNS.len())].to_owned();
    let id =
        FieldMapping { field: "external_id".into(), columns: vec![column(dice)], ..FieldMapping::default() };
    let mut rules = vec![id];
    for _ in 0..dice.below(6) {
        let word = |dice: &mut Dice<'_>| ["", "a", "true", "no", "1"][dice.below(5)].to_owned();
        rules.push(FieldMapping {
            field: FIELDS[dice.below(FIELDS.len())].into(),
            columns: (0..dice.below(3)).map(|_| column(dice)).collect(),
            constant: word(dice),
            values: (0..dice.below(3))
                .map(|_| ValueMapping { value: word(dice), means: word(dice) })
                .collect(),
            date_format: FORMATS[dice.below(FORMATS.len())].into(),
        });
    }
    rules
}

/// Takes all pages, each twice: the same cursor gives the same page.
fn take(mut file: File, page_size: usize) {
    let ask = Ask { since: None, page_size };
    let (mut cursor, mut seen) = (None, HashSet::new());
    loop {
        let page = page(&mut file, &ask, cursor.as_deref());
        assert_eq!(page, self::page(&mut file, &ask, cursor.as_deref()));
        assert!(page.records.len() <= page_size);
        assert!(page.faults.iter().all(|fault| !fault.message.is_empty()));
        for record in page.records {
            let id = record.external_id.trim().to_owned();
            assert!(id.is_empty() || seen.insert(id.clone()), "{id} comes twice");
            match record.check() {
                Ok(Said::Here(employee)) => {
                    assert!(!employee.external_id.is_empty() && employee.manager != id)
                }
                Ok(Said::Left(left)) => assert_eq!(left, id),
                Err(fault) => assert!(fault.rejected && !fault.message.is_empty()),
            }
        }
        match page.next {
            Some(next) => cursor = Some(next),
            None => return,
        }
    }
}

/// A page, which is there at once.
fn page(file: &mut File, ask: &Ask, cursor: Option<&str>) -> Page {
    let mut asking = pin!(file.page(ask, cursor));
    match asking.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(page) => page.expect("its own cursor"),
        Poll::Pending => panic!("a file does not wait"),
    }
}
