//! Every text of corpus/broken is refused, each mistake at the place where it is.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a panic is how a test fails")]

use can_access_engine::document;
use can_access_engine::layer::Layer;
use can_access_engine::policy::{Policy, Refused};
use can_access_engine::problem::Source;
use std::fs;

#[derive(serde::Deserialize)]
struct Expected {
    file: String,
    line: usize,
    column: usize,
    says: String,
}

fn refusal(file: &str) -> Refused {
    let bytes = fs::read(format!("corpus/broken/{file}")).unwrap();
    let (text, problem) = document::decode(bytes);
    let source = Source::new(file, text);
    match problem {
        None => Policy::read(source, Layer::Identity).unwrap_err(),
        Some(problem) => Refused::new(source, vec![problem]),
    }
}

#[test]
fn every_mistake_is_reported_where_it_is() {
    let expected: Vec<Expected> =
        serde_json::from_str(&fs::read_to_string("corpus/broken/expected.json").unwrap()).unwrap();
    let mut wrong = Vec::new();
    let mut files: Vec<&str> = expected.iter().map(|mistake| mistake.file.as_str()).collect();
    files.dedup();
    for file in &files {
        let refused = refusal(file);
        let errors: Vec<_> = refused.problems().iter().filter(|problem| problem.is_error()).collect();
        let found: Vec<String> =
            errors.iter().map(|problem| format!("{} {problem}", refused.source().place(problem.span.start))).collect();
        let wanted: Vec<&Expected> = expected.iter().filter(|mistake| mistake.file == *file).collect();
        let fits = wanted.len() == errors.len()
            && wanted.iter().zip(&errors).all(|(mistake, problem)| {
                let place = refused.source().place(problem.span.start);
                let said = format!("{problem} {}", problem.help.as_deref().unwrap_or_default()).to_lowercase();
                (place.line, place.column) == (mistake.line, mistake.column) && said.contains(&mistake.says)
            });
        if !fits {
            let wanted: Vec<String> =
                wanted.iter().map(|mistake| format!("{}:{} {}", mistake.line, mistake.column, mistake.says)).collect();
            wrong.push(format!("{file}\n  wanted {wanted:#?}\n  found {found:#?}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {} texts:\n{}", wrong.len(), files.len(), wrong.join("\n"));
}

#[test]
fn every_text_has_its_expectation() {
    let expected: Vec<Expected> =
        serde_json::from_str(&fs::read_to_string("corpus/broken/expected.json").unwrap()).unwrap();
    for entry in fs::read_dir("corpus/broken").unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(name == "expected.json" || expected.iter().any(|mistake| mistake.file == name), "{name}");
    }
}
