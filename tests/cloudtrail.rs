//! Events of CloudTrail in every container, with what they tell, written from AWS's documentation without the reader.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a panic is how a test fails")]

use can_access_engine::replay::Class;
use can_access_engine::replay::access_log::JsonRow;
use can_access_engine::replay::cloudtrail::{Event, Item, events};
use can_access_engine::replay::judge::Judge;
use can_access_engine::replay::logged::Logged;
use can_access_engine::replay::observe;
use can_access_engine::request::ContextValue;
use serde_json::{Value, json};

const FOLDER: &str = "corpus/logs/cloudtrail";

/// What an event tells, in the form of the expectations.
fn told(event: Option<&Event>) -> Value {
    let Some(event) = event else { return json!({ "class": "malformed", "principal": null, "facts": [] }) };
    let facts = event.facts();
    let facts = facts.iter().map(|fact| json!([fact.action.as_str(), fact.resource()]));
    let shown = event.shown();
    let shown = shown.iter().map(|fact| json!([fact.action.as_str(), fact.resource()]));
    json!({
        "class": event.class().name(),
        "principal": Judge::default().principal(event.requester(), event.role_arn()),
        "facts": facts.chain(shown).collect::<Vec<Value>>(),
    })
}

#[test]
fn events_tell_what_they_are_said_to_tell() {
    let cases = std::fs::read_to_string(format!("{FOLDER}/events.jsonl")).unwrap();
    let mut wrong = Vec::new();
    let mut count = 0;
    for (number, case) in cases.lines().enumerate() {
        let case: Value = serde_json::from_str(case).unwrap();
        let mut found = Value::Null;
        events(case["event"].to_string().as_bytes(), None, &mut |item| {
            found = match item {
                Item::Event(json) => told(Event::read(json).as_ref()),
                Item::NoEvent => json!({ "class": "noEvidence", "principal": null, "facts": [] }),
                _ => told(None),
            };
        });
        count += 1;
        if found != case["expect"] {
            wrong.push(format!("{}: {}\n  found  {found}\n  wanted {}", number + 1, case["why"], case["expect"]));
        }
    }
    assert!(count >= 85, "{count}");
    assert!(wrong.is_empty(), "{} of {count}:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn events_are_found_in_every_container() {
    let expect: Value =
        serde_json::from_str(&std::fs::read_to_string(format!("{FOLDER}/containers/expect.json")).unwrap()).unwrap();
    let files = expect["cloudtrail"].as_array().unwrap();
    assert!(files.len() >= 14);
    for file in files.iter().filter_map(Value::as_str) {
        let text = std::fs::read(format!("{FOLDER}/containers/{file}")).unwrap();
        let mut found = Vec::new();
        for value in serde_json::Deserializer::from_slice(&text).into_iter::<Value>() {
            events(value.unwrap().to_string().as_bytes(), None, &mut |item| match item {
                Item::Event(json) => found.push(told(Event::read(json).as_ref())),
                Item::NoEvent => {}
                other => panic!("{file}: {other:?}"),
            });
        }
        assert_eq!(Value::from(found), expect["events"], "{file}");
    }
}

#[test]
fn context_keys_are_present_absent_or_unknown() {
    let cases = std::fs::read_to_string(format!("{FOLDER}/context.jsonl")).unwrap();
    let mut wrong = Vec::new();
    for (number, case) in cases.lines().enumerate() {
        let case: Value = serde_json::from_str(case).unwrap();
        let event = Event::read(case["event"].to_string().as_bytes()).unwrap();
        let all = event.context_of(&|_| true);
        let held = |key: &str| {
            all.keys().find(|(known, _)| known.as_str().eq_ignore_ascii_case(key)).map(|(_, value)| value.clone())
        };
        let absent = |key: &str| all.absent_keys().any(|known| known.as_str().eq_ignore_ascii_case(key));
        let mut complain = |what: String| wrong.push(format!("{}: {what} ({})", number + 1, case["why"]));
        for (key, value) in case["present"].as_object().unwrap() {
            // Who asks is told by the principal, not by the context.
            if key == "aws:userid" {
                if event.unique_id() != value.as_str() {
                    complain(format!("{key} is {:?}, wanted {value}", event.unique_id()));
                }
                continue;
            }
            if ["aws:PrincipalIsAWSService", "aws:PrincipalServiceName"].contains(&key.as_str()) {
                continue;
            }
            let wanted = Some(ContextValue::Single(value.as_str().unwrap().to_owned()));
            if held(key) != wanted {
                complain(format!("{key} is {:?}, wanted {value}", held(key)));
            }
        }
        for key in case["absent"].as_array().unwrap().iter().filter_map(Value::as_str) {
            if held(key).is_some() || !absent(key) {
                complain(format!("{key} is not absent: {:?}", held(key)));
            }
        }
        for key in case["unknown"].as_array().unwrap().iter().filter_map(Value::as_str) {
            if held(key).is_some() || absent(key) {
                complain(format!("{key} is not unknown: {:?}", held(key)));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_json_form_of_access_logs_is_read() {
    let text = std::fs::read_to_string(format!("{FOLDER}/containers/s3-json.jsonl")).unwrap();
    let mut classes = Vec::new();
    for line in text.lines() {
        events(line.as_bytes(), None, &mut |item| {
            let Item::Row(json) = item else { panic!("{item:?}") };
            let record = JsonRow::read(json).unwrap();
            let row = record.line().unwrap();
            let observation = observe(&row);
            classes.push((observation.class, observation.facts()[0].action.as_str().to_owned()));
        });
    }
    let classes: Vec<(Class, &str)> = classes.iter().map(|(class, action)| (*class, action.as_str())).collect();
    assert_eq!(
        classes,
        [(Class::Allowed, "s3:GetObject"), (Class::Refused, "s3:DeleteObject"), (Class::Allowed, "s3:ListBucket"),]
    );
}
