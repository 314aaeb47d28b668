//! Closed sets of words that are stored as text.

/// Makes an enum whose variants are stored as words: `word()` and `read()`.
macro_rules! words {
    ($(#[$meta:meta])* $vis:vis enum $name:ident { $($(#[$of:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        $vis enum $name { $($(#[$of])* $variant),+ }

        impl $name {
            /// The word as stored and shown.
            pub(crate) fn word(self) -> &'static str {
                match self { $($name::$variant => $word),+ }
            }

            /// Reads a stored word.
            ///
            /// # Errors
            /// `INTERNAL` for an unknown one: the table's check constraint forbids it.
            pub(crate) fn read(word: &str) -> kernel::Result<Self> {
                match word {
                    $($word => Ok($name::$variant),)+
                    _ => Err(kernel::Error::internal(format!(concat!("no ", stringify!($name), ": {}"), word))),
                }
            }
        }
    };
}

pub(crate) use words;
