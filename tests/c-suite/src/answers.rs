//! What the program prints, by row: the lines `row<TAB>text`.

use std::collections::BTreeMap;

/// The lines of each row, in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answers {
    rows: BTreeMap<u32, Vec<String>>,
}

/// How a case announces itself, before its name.
pub const ANNOUNCED: &str = "= ";

impl Answers {
    /// Reads the lines of a text; comments (`#`) are passed over.
    ///
    /// # Errors
    ///
    /// The first line that is none.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut answers = Self::default();
        for line in text.lines().map(|line| line.trim_end_matches('\r')) {
            if !line.starts_with('#') && !line.is_empty() {
                answers.line(line)?;
            }
        }
        Ok(answers)
    }

    fn line(&mut self, line: &str) -> Result<(), String> {
        let parts = line.split_once('\t').and_then(|(row, text)| Some((row.parse().ok()?, text)));
        let (row, text) = parts.ok_or_else(|| format!("not a line of a row: {line:?}"))?;
        self.push(row, text);
        Ok(())
    }

    /// Adds a line to a row.
    pub fn push(&mut self, row: u32, text: &str) {
        self.rows.entry(row).or_default().push(text.to_owned());
    }

    /// The lines of a row, none if it is not there.
    #[must_use]
    pub fn row(&self, row: u32) -> &[String] {
        self.rows.get(&row).map_or(&[], Vec::as_slice)
    }

    /// The rows that are there.
    pub fn rows(&self) -> impl Iterator<Item = u32> {
        self.rows.keys().copied()
    }

    /// How many cases have announced themselves.
    #[must_use]
    pub fn cases(&self) -> usize {
        self.rows.values().flatten().filter(|line| line.starts_with(ANNOUNCED)).count()
    }

    /// These answers, with the rows of `other` instead of their own.
    #[must_use]
    pub fn overlaid(&self, other: &Self) -> Self {
        let mut result = self.clone();
        result.rows.extend(other.rows.clone());
        result
    }

    /// What differs from the answers expected, row by row; empty if nothing does.
    #[must_use]
    pub fn differences(&self, expected: &Self) -> String {
        let mut told = String::new();
        let mut rows: Vec<u32> = self.rows().chain(expected.rows()).collect();
        rows.sort_unstable();
        rows.dedup();
        for row in rows.into_iter().filter(|&row| self.row(row) != expected.row(row)) {
            told.push_str(&format!("row {row}\n"));
            let (ours, theirs) = (self.row(row), expected.row(row));
            for at in 0..ours.len().max(theirs.len()) {
                match (ours.get(at), theirs.get(at)) {
                    (Some(one), Some(other)) if one == other => {
                        told.push_str(&format!("    {one}\n"))
                    }
                    (one, other) => {
                        other.inspect(|line| told.push_str(&format!("  - {line}\n")));
                        one.inspect(|line| told.push_str(&format!("  + {line}\n")));
                    }
                }
            }
        }
        told
    }
}

/// The reasons that `wine.txt` gives: `# row: reason`.
#[must_use]
pub fn reasons(text: &str) -> BTreeMap<u32, String> {
    let comments = text.lines().filter_map(|line| line.strip_prefix("# "));
    let pairs = comments.filter_map(|line| line.split_once(": "));
    pairs.filter_map(|(row, reason)| Some((row.parse().ok()?, reason.to_owned()))).collect()
}
