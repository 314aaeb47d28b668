//! Domain words of this service and how the tables spell them.

use std::fmt;

/// A closed set of words with one spelling each.
macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[$word_meta:meta])* $word:ident = $text:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub(crate) enum $name { $($(#[$word_meta])* $word),+ }

        impl $name {
            /// As the tables spell it.
            pub(crate) fn name(self) -> &'static str {
                match self { $($name::$word => $text),+ }
            }

            /// Reads what [`Self::name`] wrote.
            pub(crate) fn read(text: &str) -> Option<Self> {
                match text { $($text => Some($name::$word),)+ _ => None }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.name())
            }
        }
    };
}

words! {
    /// The side of a participant.
    Role { Mentor = "mentor", Mentee = "mentee" }
}
words! {
    /// Where a check-in is.
    CheckInState { Open = "open", Answered = "answered", Closed = "closed" }
}
words! {
    /// How a relationship is doing.
    Class { TooEarly = "too_early", Healthy = "healthy", Watch = "watch", AtRisk = "at_risk" }
}
words! {
    /// What a relationship loses points for.
    Signal {
        Cadence = "cadence", Rating = "rating", Silence = "silence",
        MissedMeetings = "missed_meetings", HelpWanted = "help_wanted",
    }
}
words! {
    /// Where a review is.
    ReviewState { Open = "open", Decided = "decided", Lapsed = "lapsed" }
}
words! {
    /// What a review decides.
    Decision { Continue = "continue", EndNoFault = "end_no_fault" }
}
words! {
    /// Why a match ended.
    Ending {
        Completed = "completed", NoFault = "no_fault", Leaver = "leaver", Withdrawn = "withdrawn",
        ProgramClosed = "program_closed", ReportingLine = "reporting_line",
    }
}
