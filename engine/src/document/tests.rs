//! Texts that were read wrongly once, and what recovery has to get right.

use super::*;

fn codes(text: &str) -> Vec<Code> {
    read(text).problems.iter().map(|problem| problem.code).collect()
}

#[test]
fn an_escaped_quote_and_a_colon_in_a_list_are_text() {
    assert_eq!(codes(r#"{"a": ["x", "\":"]}"#), []);
}

#[test]
fn one_mistake_is_one_problem() {
    assert_eq!(codes("{\"a\": 1 \"b\": 2}"), [Code::MissingComma]);
    assert_eq!(codes("{\"a\": [1, 2, \"b\": 3}"), [Code::Unclosed]);
    assert_eq!(codes("[{\"a\": 1, {\"a\": 2}]"), [Code::Unclosed]);
    assert_eq!(codes("{\"a\": \"x, \n \"b\": 2}"), [Code::UnclosedString]);
    assert_eq!(codes("{\"a\": \"x\ny\"}"), [Code::ControlCharacter]);
    assert_eq!(codes("{\"a\": “x”}"), [Code::SmartQuotes]);
    assert_eq!(codes("{\"a\": \"s3:Get\" \"s3:Put\"}"), [Code::LooseValue]);
    assert_eq!(codes("{}{}"), [Code::SeveralDocuments]);
    assert_eq!(codes("{\n1. \"a\": 1}"), [Code::LineNumber]);
    assert_eq!(codes("{ a = 1\n b = [2,] }"), [Code::NotJson]);
}

#[test]
fn what_was_meant_is_in_the_tree() {
    let root = read("{'a': True, \"b\": [1 2,], c: x}").root.unwrap();
    assert_eq!(root.get("b").unwrap().value.one_or_many().len(), 2);
    assert_eq!(root.get("c").unwrap().value.as_str(), Some("x"));
}
