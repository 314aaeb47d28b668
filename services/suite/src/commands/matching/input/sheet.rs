//! A whole file of people in memory, by row and column.

use super::{BadInput, Names, Result, Table, What, table};
use std::path::{Path, PathBuf};

/// People with whatever columns their file has.
#[derive(Debug)]
pub(crate) struct Sheet {
    file: PathBuf,
    header: Vec<String>,
    cells: Vec<Vec<String>>,
    rows: Vec<u64>,
    name: Option<usize>,
    /// Their ids.
    pub(crate) ids: Names,
}

impl Sheet {
    /// Reads a file of people; `id` is the column of their ids.
    pub(crate) fn read(file: &Path, id: &str, who: &'static str) -> Result<Self> {
        let mut table = Table::open(file)?;
        let column = table.column(id)?;
        let header = table.header().to_vec();
        let name = header.iter().position(|column| column == "name");
        let (mut ids, mut cells, mut rows) = (Names::default(), Vec::new(), Vec::<u64>::new());
        while let Some(row) = table.next()? {
            let id = row.id(column)?;
            if let Err(known) = ids.insert(id) {
                let first = rows.get(known as usize).copied().unwrap_or(0);
                return Err(row.wrong(column, What::Twice { record: format!("{who} `{id}`"), first }));
            }
            let texts: Result<Vec<String>> =
                (0..header.len()).map(|column| row.text(column).map(str::to_owned)).collect();
            cells.push(texts?);
            rows.push(row.number());
        }
        if rows.is_empty() {
            return Err(BadInput::file(file, What::Empty(who)));
        }
        Ok(Self { file: file.to_owned(), header, cells, rows, name, ids })
    }

    /// How many people there are.
    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Where a column is that must be there.
    pub(crate) fn column(&self, name: &str) -> Result<usize> {
        table::find(&self.file, &self.header, name)
    }

    /// A value; may be empty.
    pub(crate) fn cell(&self, person: usize, column: usize) -> &str {
        self.cells.get(person).and_then(|row| row.get(column)).map_or("", String::as_str)
    }

    /// A column's values turned into something else; a complaint gets its place.
    pub(crate) fn map<T>(
        &self,
        column: usize,
        mut turn: impl FnMut(&str) -> std::result::Result<T, What>,
    ) -> Result<Vec<T>> {
        let value = |person| turn(self.cell(person, column)).map_err(|what| self.wrong(person, column, what));
        (0..self.len()).map(value).collect()
    }

    /// What to call somebody: the name where there is one, else the id.
    pub(crate) fn call(&self, person: u32) -> &str {
        match self.name.map(|column| self.cell(person as usize, column)) {
            Some(name) if !name.is_empty() => name,
            _ => self.ids.text(person),
        }
    }

    /// An error about a value.
    pub(crate) fn wrong(&self, person: usize, column: usize, what: What) -> Box<BadInput> {
        let name = self.header.get(column).map_or("", String::as_str);
        BadInput::cell(&self.file, self.rows.get(person).copied().unwrap_or(0), name, what)
    }
}
