//! What a command says: JSON for programs, text for people.

use crate::exit::Exit;
use comfy_table::{Cell, CellAlignment, ContentArrangement, Table, presets};
use serde::Serialize;
use serde_json::Value;
use std::io::Write;

/// The result of a command.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// One document.
    pub json: Value,
    /// The same for people; empty if everything has been said already.
    pub text: String,
    /// How the process ends.
    pub exit: Exit,
}

impl Outcome {
    /// A result that went well.
    pub fn new(document: &impl Serialize, text: impl Into<String>) -> anyhow::Result<Self> {
        Ok(Self { json: serde_json::to_value(document)?, text: text.into(), exit: Exit::Ok })
    }

    /// The same result with another exit code.
    pub fn exiting(self, exit: Exit) -> Self {
        Self { exit, ..self }
    }

    /// A result that has been printed already.
    pub const fn said(exit: Exit) -> Self {
        Self { json: Value::Null, text: String::new(), exit }
    }

    /// Prints one of the two forms to stdout.
    pub fn print(&self, json: bool) {
        if json && self.json.is_null() {
            // Said already.
        } else if json {
            write_stdout(&format!("{:#}\n", self.json));
        } else if !self.text.is_empty() {
            write_stdout(&format!("{}\n", self.text.trim_end()));
        }
    }
}

/// Writes to stdout; a reader that has gone away is no failure.
pub fn write_stdout(text: &str) {
    let mut stdout = std::io::stdout().lock();
    let _ = stdout.write_all(text.as_bytes());
    let _ = stdout.flush();
}

/// A table with `headings`; columns whose heading begins with `>` are aligned to the right.
pub fn table<R: IntoIterator<Item = String>>(
    headings: &[&str],
    rows: impl IntoIterator<Item = R>,
) -> String {
    let mut table = Table::new();
    table
        .load_preset(presets::UTF8_BORDERS_ONLY)
        .set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(headings.iter().map(|heading| Cell::new(heading.trim_start_matches('>'))));
    for row in rows {
        table.add_row(row.into_iter().collect::<Vec<_>>());
    }
    for (index, heading) in headings.iter().enumerate() {
        if heading.starts_with('>')
            && let Some(column) = table.column_mut(index)
        {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.to_string()
}

/// Names and values, one pair a line, the values aligned.
pub fn fields<'a>(pairs: impl IntoIterator<Item = (&'a str, String)>) -> String {
    let pairs: Vec<_> = pairs.into_iter().collect();
    let width = pairs.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    let lines = pairs.iter().map(|(name, value)| format!("{name:width$}  {value}"));
    lines.collect::<Vec<_>>().join("\n")
}

/// The beginning of a hash or signature, for tables; JSON has them whole.
pub fn short(text: &str) -> String {
    const CHARS: usize = 12;
    match text.char_indices().nth(CHARS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
