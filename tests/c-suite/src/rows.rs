//! The rows of `conformance/rows.txt`: what Windows does, and how that is known.

/// One behaviour of Windows.
#[derive(Clone, Debug)]
pub struct Row {
    /// Its number.
    pub number: u32,
    /// The section it belongs to.
    pub section: String,
    /// What is done.
    pub situation: String,
    /// What comes of it.
    pub result: String,
    /// Where that was found.
    pub evidence: String,
    /// V, T, D, M or U.
    pub mark: String,
    /// What Wine does otherwise, or a remark.
    pub note: String,
}

impl Row {
    /// The mark that the cases of this row carry.
    #[must_use]
    pub fn case_mark(&self) -> &str {
        if matches!(self.mark.as_str(), "V" | "T") { "" } else { &self.mark }
    }
}

/// Reads `rows.txt`.
///
/// # Errors
///
/// The first line that is not a row.
pub fn parse(text: &str) -> Result<Vec<Row>, String> {
    text.lines().filter(|line| !line.starts_with('#')).map(row).collect()
}

fn row(line: &str) -> Result<Row, String> {
    let fields: Vec<&str> = line.split('\t').collect();
    let wrong = || format!("not a row: {line:?}");
    let [number, section, situation, result, evidence, mark, note] = fields[..] else {
        return Err(wrong());
    };
    Ok(Row {
        number: number.parse().map_err(|_| wrong())?,
        section: section.to_owned(),
        situation: situation.to_owned(),
        result: result.to_owned(),
        evidence: evidence.to_owned(),
        mark: mark.to_owned(),
        note: note.to_owned(),
    })
}
