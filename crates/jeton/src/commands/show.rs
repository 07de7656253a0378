//! What commands print: tables for people, JSON for programs.

use std::io::{self, Write as _};

use serde_json::Value;

/// Prints one line.
pub(crate) fn line(text: &str) -> io::Result<()> {
    writeln!(io::stdout(), "{text}")
}

/// Prints JSON, indented.
pub(crate) fn json(value: &Value) -> io::Result<()> {
    listing(&format!("{value:#}"))
}

/// Prints rows in columns, the first row being their titles.
pub(crate) fn table<const N: usize>(titles: [&str; N], rows: Vec<[String; N]>) -> io::Result<()> {
    listing(&columns(titles, rows))
}

/// Whoever reads a listing may stop early, as `head` does.
fn listing(text: &str) -> io::Result<()> {
    match line(text) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        outcome => outcome,
    }
}

fn columns<const N: usize>(titles: [&str; N], rows: Vec<[String; N]>) -> String {
    let mut rows: Vec<[String; N]> = rows.into_iter().map(|row| row.map(|cell| printable(&cell))).collect();
    rows.insert(0, titles.map(str::to_owned));
    let widths: [usize; N] =
        std::array::from_fn(|column| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default());
    let lines: Vec<String> = rows
        .iter()
        .map(|row| {
            let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
            cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
        })
        .collect();
    lines.join("\n")
}

/// Names are what users made of them; a terminal must not take one for a command.
fn printable(text: &str) -> String {
    text.replace(char::is_control, "\u{fffd}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows =
            vec![["1".to_owned(), "jané".to_owned(), String::new()], ["20".into(), "x\x1b[31m".into(), "yes".into()]];
        assert_eq!(columns(["ID", "NAME", "ADMIN"], rows), "ID  NAME    ADMIN\n1   jané\n20  x\u{fffd}[31m  yes");
    }
}
