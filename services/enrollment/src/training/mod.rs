//! Training: courses, what a role requires, who completed what, and the gate to being ready.

mod complete_course;
mod convert;
mod course;
mod create_course;
mod gate;
mod read;
mod set_course_requirement;
mod store;

use contracts::mentor::enrollment::v1::*;

grpc::service! {
    impl TrainingService for crate::Enrollment in contracts::mentor::enrollment::v1::training_service_server {
        write create_course(CreateCourseRequest) -> CreateCourseResponse = create_course::handle;
        read list_courses(ListCoursesRequest) -> ListCoursesResponse = read::list_courses;
        write set_course_requirement(SetCourseRequirementRequest) -> SetCourseRequirementResponse = set_course_requirement::handle;
        write complete_course(CompleteCourseRequest) -> CompleteCourseResponse = complete_course::handle;
        read list_completions(ListCompletionsRequest) -> ListCompletionsResponse = read::list_completions;
    }
}
