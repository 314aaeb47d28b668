//! Ids as small numbers.

use std::collections::HashMap;

/// Ids in the order in which they were met; each has its position as number.
#[derive(Debug, Default)]
pub(crate) struct Names {
    index: HashMap<Box<[u8]>, u32>,
    texts: Vec<Box<str>>,
}

impl Names {
    /// The number of an id that is known.
    pub(crate) fn find(&self, id: &[u8]) -> Option<u32> {
        self.index.get(id).copied()
    }

    /// Adds an id; gives the number it has already if it is known.
    pub(crate) fn insert(&mut self, id: &str) -> std::result::Result<u32, u32> {
        if let Some(known) = self.find(id.as_bytes()) {
            return Err(known);
        }
        let number = self.texts.len() as u32;
        self.index.insert(id.as_bytes().into(), number);
        self.texts.push(id.into());
        Ok(number)
    }

    /// The number of an id, new or not.
    pub(crate) fn intern(&mut self, id: &str) -> u32 {
        self.insert(id).unwrap_or_else(|known| known)
    }

    /// The id of a number that was given out.
    pub(crate) fn text(&self, number: u32) -> &str {
        self.texts.get(number as usize).map_or("", AsRef::as_ref)
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.texts.len()
    }
}
