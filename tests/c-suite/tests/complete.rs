//! Every row has a case and an answer, and nothing is told of rows that are not there.

use std::collections::BTreeSet;

use ntpipe_c_suite::answers::{Answers, reasons};
use ntpipe_c_suite::{cases, rows, text};

#[test]
fn every_row_has_a_case_with_its_mark() {
    let rows = rows::parse(&text("rows.txt")).expect("rows.txt");
    let cases = cases::all();
    for row in &rows {
        let own: Vec<_> = cases.iter().filter(|case| case.row == row.number).collect();
        assert!(!own.is_empty(), "row {} has no case", row.number);
        for case in own {
            assert_eq!(case.mark, row.case_mark(), "the mark of {} in {}", case.name, case.file);
        }
    }
    let known: BTreeSet<u32> = rows.iter().map(|row| row.number).collect();
    for case in cases {
        assert!(
            known.contains(&case.row),
            "{} is of row {}, which is not there",
            case.name,
            case.row
        );
    }
}

#[test]
fn names_of_cases_are_unique() {
    let mut seen = BTreeSet::new();
    for case in cases::all() {
        assert!(seen.insert(case.name.clone()), "{} twice", case.name);
    }
}

#[test]
fn every_case_has_an_answer_of_windows() {
    let windows = Answers::parse(&text("windows.txt")).expect("windows.txt");
    for case in cases::all() {
        let announced = format!("= {}", case.name);
        assert!(windows.row(case.row).contains(&announced), "{announced} is not in windows.txt");
    }
    assert_eq!(windows.cases(), cases::all().len(), "cases in windows.txt and in the sources");
}

#[test]
fn wine_is_told_of_where_it_differs_and_why() {
    let windows = Answers::parse(&text("windows.txt")).expect("windows.txt");
    let wine = Answers::parse(&text("wine.txt")).expect("wine.txt");
    let reasons = reasons(&text("wine.txt"));
    for row in wine.rows() {
        assert_ne!(wine.row(row), windows.row(row), "row {row} of wine.txt is as on Windows");
        assert!(reasons.contains_key(&row), "row {row} of wine.txt has no reason");
    }
    for row in reasons.keys() {
        assert!(!wine.row(*row).is_empty(), "a reason for row {row}, but no answer");
    }
}
