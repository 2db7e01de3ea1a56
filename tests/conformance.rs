//! The corpus, through the same runner as `can-access test`.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a panic is how a test fails")]

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

fn results() -> Vec<serde_json::Value> {
    results_with(&[])
}

fn results_with(options: &[&str]) -> Vec<serde_json::Value> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_can-access"));
    let output = command.args(["test", "--format", "jsonl", "corpus"]).args(options).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    String::from_utf8(output.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn every_case_of_the_corpus_comes_out_as_expected() {
    let results = results();
    let failed: Vec<_> = results.iter().filter(|result| result["passed"] != true).collect();
    assert!(failed.is_empty(), "{failed:#?}");
}

/// Policies that are compiled say the same.
#[test]
fn compiled_policies_pass_every_case_of_the_corpus() {
    assert_eq!(results_with(&["--compiled"]), results());
}

/// The conformance tables of reference/SEMANTICS.md, by the ids of their rows, and as many cases beside them.
#[test]
fn every_row_of_the_conformance_tables_is_a_case() {
    let results = results();
    let names: BTreeSet<&str> = results.iter().filter_map(|result| result["name"].as_str()).collect();
    let tables: BTreeMap<char, usize> =
        [('A', 19), ('B', 24), ('C', 24), ('D', 32), ('E', 18), ('F', 42), ('G', 10)].into();
    let mut rows = 0;
    for (table, last) in tables {
        for row in 1..=last {
            let id = format!("{table}{row}");
            let begins = |name: &&&str| {
                name.strip_prefix(&id).is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_digit()))
            };
            assert!(names.iter().find(begins).is_some(), "row {id} has no case");
            rows += 1;
        }
    }
    assert!(names.len() >= rows + 250, "{} cases", names.len());
}

/// A table proves little if all its rows say the same.
#[test]
fn every_outcome_is_expected_somewhere() {
    let results = results();
    let expected: BTreeSet<&str> = results.iter().filter_map(|result| result["expect"].as_str()).collect();
    assert_eq!(expected, ["allowed", "denied", "depends", "error", "explicitDeny", "implicitDeny"].into());
    let blockers: BTreeSet<&str> = results
        .iter()
        .flat_map(|result| result["blockedBy"].as_array().unwrap())
        .filter_map(|name| name.as_str())
        .collect();
    assert_eq!(blockers.len(), 8, "{blockers:?}");
}
