//! Lines of access logs with what they tell, written from the format's description without the reader.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a panic is how a test fails")]

use can_access_engine::catalogue::Catalogue;
use can_access_engine::replay::access_log::{Line, Rest};
use can_access_engine::replay::logged::Logged;
use can_access_engine::replay::operation::{About, operations};
use can_access_engine::replay::requester::Requester;
use can_access_engine::replay::{Class, Observation, observe};
use can_access_engine::request::ContextValue;
use serde_json::{Map, Value};

fn text<'v>(case: &'v Map<String, Value>, name: &str) -> Option<&'v str> {
    case.get(name).and_then(Value::as_str)
}

#[test]
fn lines_tell_what_they_are_said_to_tell() {
    let cases = std::fs::read_to_string("corpus/logs/lines.jsonl").unwrap();
    let mut wrong = Vec::new();
    let mut count = 0;
    for case in cases.lines() {
        let case: Map<String, Value> = serde_json::from_str(case).unwrap();
        count += 1;
        let name = text(&case, "name").unwrap().to_owned();
        for difference in differences(&case) {
            wrong.push(format!("{name}: {difference}"));
        }
    }
    assert!(count >= 120, "{count}");
    assert!(wrong.is_empty(), "{} of {count}:\n{}", wrong.len(), wrong.join("\n"));
}

fn differences(case: &Map<String, Value>) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut compare = |what: &str, found: String, wanted: String| {
        if found != wanted {
            wrong.push(format!("{what} is {found}, wanted {wanted}"));
        }
    };
    let line = text(case, "line").unwrap().as_bytes();
    let wanted = text(case, "class").unwrap();
    // A last line may have no line feed.
    let terminated = case.get("terminated").and_then(Value::as_bool) != Some(false);
    let row = match Line::read(line, terminated) {
        Line::Blank => {
            compare("class", "blank".to_owned(), wanted.to_owned());
            return wrong;
        }
        Line::Malformed(_) => {
            compare("class", "malformed".to_owned(), wanted.to_owned());
            return wrong;
        }
        Line::Row(row) => row,
    };
    let observation = observe(&row);
    compare("class", observation.class.name().to_owned(), wanted.to_owned());
    if let Some(principal) = text(case, "principal") {
        compare("principal", principal_of(&observation), principal.to_owned());
    }
    if let Some(operation) = text(case, "operation") {
        compare("operation", row.operation.to_owned(), operation.to_owned());
    }
    if let Some(bucket) = text(case, "bucket") {
        compare("bucket", row.bucket.to_owned(), bucket.to_owned());
    }
    if let Some(key) = case.get("key") {
        compare("key", format!("{:?}", observation.key.as_deref()), format!("{:?}", key.as_str()));
    }
    if let Some(actions) = case.get("actions").and_then(Value::as_array) {
        let mut wanted: Vec<&str> = actions.iter().filter_map(Value::as_str).collect();
        let mut found = observation.needs.map(|needs| needs.actions.clone()).unwrap_or_default();
        if observation.listed {
            found.push("s3:ListBucket");
        }
        wanted.sort_unstable();
        found.sort_unstable();
        found.dedup();
        compare("actions", format!("{found:?}"), format!("{wanted:?}"));
    }
    if let Some(resource) = text(case, "resource") {
        let facts = observation.facts();
        let found = facts.first().map(|fact| fact.resource().into_owned()).unwrap_or_default();
        compare("resource", found, resource.to_owned());
    }
    if let Rest::Whole(answer) = &row.rest {
        if let Some(status) = case.get("status") {
            compare("status", format!("{:?}", answer.status.map(u64::from)), format!("{:?}", status.as_u64()));
        }
        if let Some(error) = case.get("error") {
            compare("error", format!("{:?}", answer.error), format!("{:?}", error.as_str()));
        }
        let context = observation.context();
        let held = |key: &str| {
            let found = context.keys().find(|(known, _)| known.as_str().eq_ignore_ascii_case(key));
            found.map(|(_, value)| match value {
                ContextValue::Single(text) => text.clone(),
                ContextValue::Multi(texts) => texts.join(","),
            })
        };
        // What follows from principal, time and resource is the engine's own business.
        let derived = ["aws:Principal", "aws:userid", "aws:username", "aws:CurrentTime", "aws:EpochTime"];
        for (key, value) in case.get("context").and_then(Value::as_object).into_iter().flatten() {
            if !derived.iter().any(|prefix| key.starts_with(prefix)) {
                compare(key, format!("{:?}", held(key)), format!("{:?}", value.as_str().map(str::to_owned)));
            }
        }
        for key in case.get("absent").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str) {
            compare(key, format!("{:?}", held(key)), "None".to_owned());
        }
    }
    wrong
}

fn principal_of(observation: &Observation<'_>) -> String {
    match observation.requester {
        Requester::Anonymous => "anonymous".to_owned(),
        Requester::Identity(arn) => arn.to_owned(),
        Requester::Service(name) => name.to_owned(),
        Requester::Canonical(id) => format!("canonical:{id}"),
        Requester::Itself => "AmazonS3".to_owned(),
        Requester::Other(name) => name.to_owned(),
    }
}

#[test]
fn the_tricky_lines_are_told_apart() {
    let log = std::fs::read("corpus/logs/tricky.log").unwrap();
    let classes: Vec<&str> = log
        .split(|&byte| byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| match Line::read(line, true) {
            Line::Row(row) => observe(&row).class.name(),
            other => panic!("{other:?}"),
        })
        .collect();
    let mut wanted = ["allowed"; 24];
    wanted[12] = Class::Refused.name();
    for at in [13, 14, 17] {
        wanted[at] = Class::NoEvidence.name();
    }
    wanted[19] = Class::Ambiguous.name();
    wanted[20] = Class::Ambiguous.name();
    wanted[22] = Class::Partial.name();
    assert_eq!(classes, wanted);
}

#[test]
fn every_operation_needs_actions_that_exist_and_take_its_resource() {
    for (operation, needs) in operations() {
        for name in &needs.actions {
            let action = Catalogue::published().action(name).unwrap_or_else(|| panic!("{operation}: {name}"));
            assert_eq!(action.to_string(), **name, "{operation}");
            let types: Vec<&str> = action.resources().map(|resource| resource.name()).collect();
            match needs.about {
                About::Object => assert!(types.contains(&"object"), "{operation}: {name} {types:?}"),
                About::Bucket => assert!(types.contains(&"bucket"), "{operation}: {name} {types:?}"),
                About::Service => assert!(types.is_empty(), "{operation}: {name} {types:?}"),
                About::Nothing => panic!("{operation} needs {name} on nothing"),
            }
        }
    }
}

#[test]
fn the_partition_is_that_of_the_access_point_or_the_host() {
    let gov = "arn:aws-us-gov:s3:us-gov-west-1:111122223333:accesspoint/reports";
    for (host, point, resource) in [
        ("reports-111122223333.s3-accesspoint.us-gov-west-1.amazonaws.com", gov, &*format!("{gov}/object/k")),
        ("data.s3.us-gov-west-1.amazonaws.com", "-", "arn:aws-us-gov:s3:::data/k"),
        ("data.s3.cn-north-1.amazonaws.com.cn", "-", "arn:aws-cn:s3:::data/k"),
        ("data.s3.eu-west-1.amazonaws.com", "-", "arn:aws:s3:::data/k"),
        ("-", "-", "arn:aws:s3:::data/k"),
    ] {
        let line = format!(
            "0f1e data [21/Nov/2026:19:00:00 +0000] 192.0.2.10 - 0A1B REST.GET.OBJECT k \"GET /k HTTP/1.1\" 200 - 10 10 12 5 \"-\" \"agent\" - aG9zdA== - - - {host} TLSv1.3 {point} - -"
        );
        let Line::Row(row) = Line::read(line.as_bytes(), true) else { panic!("{line}") };
        let observation = observe(&row);
        let facts = observation.facts();
        let behind = observation.bucket_of(&facts[0]).behind;
        assert_eq!(facts[0].resource(), resource);
        assert_eq!(behind.as_deref(), (point == gov).then_some("arn:aws-us-gov:s3:::data"));
    }
}
