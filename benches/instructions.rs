//! One of a few workloads, so many times over: for counting instructions (`benches/instructions.py`).

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a benchmark may stop at anything unexpected"
)]

mod workloads;

use can_access_engine::index::CompiledSet;
use can_access_engine::layer::Layer;
use can_access_engine::pattern::{Pattern, PatternSet, Syntax};
use can_access_engine::request::Facts;
use std::hint::black_box;
use workloads::{Random, Workload, every_layer, one_small_policy};

/// Statements on many actions and buckets, and requests near them.
fn thousand_statements() -> Workload {
    let statement = |n: usize| {
        let verbs = ["Get", "Put", "Delete", "List"];
        format!(
            r#"{{ "Effect": "Allow", "Action": ["s3:{}Object", "sqs:{}*", "dynamodb:{}Item"], "Resource": ["arn:aws:s3:::bucket-{n}/*", "arn:aws:dynamodb:*:*:table/t{n}"] }}"#,
            verbs[n % 4],
            verbs[n / 4 % 4],
            verbs[n / 16 % 4]
        )
    };
    let all: Vec<String> = (0..1000).map(statement).collect();
    let policy = format!(r#"{{ "Version": "2012-10-17", "Statement": [{}] }}"#, all.join(", "));
    Workload { identity: vec![policy], ..Workload::default() }.asking(1000, &mut Random::new(4))
}

fn decide(workload: &Workload, rounds: usize) {
    let facts = Facts::default();
    let set = CompiledSet::new(workload.policies());
    let requests = workload.requests(&facts);
    (0..rounds).for_each(|_| requests.iter().for_each(|request| _ = black_box(set.decide(black_box(request)))));
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    // The test runner starts benchmarks as well.
    let [_, name, rounds, ..] = &arguments[..] else { return };
    let Ok(rounds) = rounds.parse::<usize>() else { return };
    match name.as_str() {
        "decide/one_small_policy" => decide(&one_small_policy(), rounds),
        "decide/every_layer" => decide(&every_layer(), rounds),
        "decide/thousand_statements" => decide(&thousand_statements(), rounds),
        "parse/thousand_statements" => {
            let text = &thousand_statements().identity[0];
            (0..rounds).for_each(|_| _ = black_box(workloads::read(black_box(text), Layer::Identity)));
        }
        "compile/thousand_statements" => {
            let policies = thousand_statements().policies();
            (0..rounds).for_each(|_| _ = black_box(CompiledSet::new(black_box(policies.clone()))));
        }
        "pattern/set" => {
            let pattern = |n: usize| Pattern::parse(&format!("arn:aws:s3:::*/t{n}/*.gz"), Syntax::WILDCARDS).0;
            let set = PatternSet::new((0..1000).map(pattern).collect());
            for _ in 0..rounds {
                (0..1000).for_each(|n| _ = black_box(set.is_match(black_box(&format!("arn:aws:s3:::b/t{n}/x.gz")))));
            }
        }
        other => panic!("there is no workload {other}"),
    }
}
