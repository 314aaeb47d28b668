//! The directory: people and their reporting lines, kept current from the HRIS.

mod convert;
mod csv_file;
mod import_people;
pub(crate) mod lines;
pub(crate) mod person;
pub(crate) mod plan;
mod read;
mod retell;
pub(crate) mod row;
pub(crate) mod store;

pub use retell::{Retold, retell};

use contracts::mentor::enrollment::v1::*;

grpc::service! {
    impl DirectoryService for crate::Enrollment in contracts::mentor::enrollment::v1::directory_service_server {
        bidi import_people(ImportPeopleRequest) -> ImportPeopleResponse = import_people::handle;
        read get_person(GetPersonRequest) -> GetPersonResponse = read::get_person;
        read list_people(ListPeopleRequest) -> ListPeopleResponse = read::list_people;
    }
}
