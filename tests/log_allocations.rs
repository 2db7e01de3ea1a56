//! Ordinary lines of logs allocate nothing: they are recognised, matched and counted in memory that is there.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod generator;

use can_access_engine::derivation::{Evidence, Group, Kind, Proof};
use can_access_engine::layer::Layer;
use can_access_engine::policy::{Policy, PolicySet};
use can_access_engine::problem::Source;
use can_access_engine::replay::access_log::Line;
use can_access_engine::replay::judge::{Compiled, Judge};
use can_access_engine::replay::observe;
use can_access_engine::replay::skim::Skimmer;
use can_access_engine::replay::skimmed::Skimmed;
use std::sync::Arc;

#[global_allocator]
static ALLOCATOR: dhat::Alloc = dhat::Alloc;

const POLICY: &str = r#"{ "Version": "2012-10-17", "Statement": [
    { "Effect": "Allow", "Action": "s3:*", "Resource": ["arn:aws:s3:::*/releases/*", "arn:aws:s3:::*/config/*.json"] },
    { "Effect": "Deny", "Action": "s3:*", "Resource": "arn:aws:s3:::*/app-*.tar.gz" } ] }"#;

#[test]
fn ordinary_lines_allocate_nothing() {
    let mut log = String::new();
    for run in 0..20 {
        generator::events_of_many(3, "deployment", 7, run, 1).iter().for_each(|event| generator::line(event, &mut log));
    }
    let policy = Policy::read(Source::new("p.json", POLICY), Layer::Identity).unwrap();
    let policies = PolicySet { identity: vec![Arc::new(policy)], ..PolicySet::default() };
    let judge = Judge { policies, ..Judge::default() };
    // One who asks for objects, whose outlook is taken for those of all.
    let outlook = log.lines().find_map(|line| {
        let Line::Row(row) = Line::read(line.as_bytes(), true) else { return None };
        let observation = observe(&row);
        let around = judge.around(&observation, &mut Compiled::default());
        (row.operation == "REST.GET.OBJECT").then(|| judge.outlook(&observation, &around)).flatten()
    });
    let outlook = outlook.unwrap();
    let mut evidence = Evidence::new();
    let group = evidence.group(Group {
        principal: "arn:aws:iam::123456789012:role/Role".to_owned(),
        action: "s3:GetObject".to_owned(),
        scope: "arn:aws:s3:::bucket/".to_owned(),
        kind: Kind::Name,
        proof: Proof::Allowed,
    });
    let (mut skimmer, mut room) = (Skimmer::default(), Vec::new());
    let mut pass = || {
        let (mut rest, mut ordinary, mut matched) = (log.as_bytes(), 0_u64, 0_u64);
        while !rest.is_empty() {
            let Some((skim, behind)) = skimmer.skim(rest) else {
                let end = rest.iter().position(|byte| *byte == b'\n').map_or(rest.len(), |at| at + 1);
                rest = rest.get(end..).unwrap();
                continue;
            };
            rest = behind;
            ordinary += 1;
            // The bucket is named by the host in all of these.
            if skim.has_key()
                && let Some(key) = skim.key(Some(false))
            {
                matched += u64::from(outlook.matching(&key, &mut room) != 0);
                evidence.add(group, &key, skim.time(), (0, ordinary), true);
            }
        }
        (ordinary, matched)
    };
    // What repeats is learned when it is first met.
    let told = (0..3).map(|_| pass()).last().unwrap();
    assert!(told.0 > 500 && told.1 > 100 && told.1 < told.0, "{told:?}");

    let _profiler = dhat::Profiler::builder().testing().build();
    let mut round = || {
        let before = dhat::HeapStats::get().total_blocks;
        let again = pass();
        (dhat::HeapStats::get().total_blocks - before, again)
    };
    // Other threads, such as the test runner's, are counted too: what lines allocate, every round has.
    assert_eq!((0..10).map(|_| round()).min(), Some((0, told)));
}
