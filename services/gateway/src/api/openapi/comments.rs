//! What the protos say of their declarations. Pure.

use prost_reflect::{DescriptorPool, FileDescriptor};
use std::collections::HashMap;

/// Comments, found by where they stand.
pub(crate) struct Comments {
    by_file: HashMap<String, HashMap<Vec<i32>, String>>,
}

impl Comments {
    /// Those of all files.
    pub(crate) fn read(pool: &DescriptorPool) -> Self {
        let of_file = |file: FileDescriptor| {
            let info = file.file_descriptor_proto().source_code_info.as_ref();
            let locations = info.map(|info| info.location.as_slice()).unwrap_or_default();
            let comments = locations.iter().filter_map(|location| {
                let text = location.leading_comments.as_deref()?;
                Some((location.path.clone(), one_line(text)))
            });
            (file.name().to_owned(), comments.collect())
        };
        Comments { by_file: pool.files().map(of_file).collect() }
    }

    /// The comment before a declaration, in one line; empty when there is none.
    pub(crate) fn of(&self, file: &FileDescriptor, path: &[i32]) -> &str {
        self.by_file.get(file.name()).and_then(|file| file.get(path)).map(String::as_str).unwrap_or_default()
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The first sentence.
pub(crate) fn first_sentence(text: &str) -> &str {
    match text.find(". ") {
        Some(end) => text.get(..end).unwrap_or(text),
        None => text.trim_end_matches('.'),
    }
}
