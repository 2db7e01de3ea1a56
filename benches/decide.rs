//! How long does a decision take, and how long its explanation and the reading of its policy?
//!
//! `cargo bench` runs everything; see benches/README.md.

#![allow(clippy::unwrap_used, missing_docs, reason = "a benchmark may stop at anything unexpected")]

use can_access_engine::decision::{decide, explain};
use can_access_engine::layer::Layer;
use can_access_engine::pattern::{Pattern, Syntax};
use can_access_engine::policy::{Policy, PolicySet};
use can_access_engine::problem::Source;
use can_access_engine::request::{Action, Context, ContextValue, Facts, Principal, Request, Resource};
use criterion::{Criterion, criterion_group, criterion_main};
use std::hint::black_box;
use std::sync::Arc;

const EXPORT: &str = include_str!("../corpus/policies/export-bucket.json");
const PIPELINES: &str = include_str!("../corpus/policies/pipelines-bucket.json");

fn policy(text: &str, layer: Layer) -> Vec<Arc<Policy>> {
    vec![Arc::new(Policy::read(Source::new("p.json", text), layer).unwrap())]
}

fn decisions(bench: &mut Criterion) {
    let small = PolicySet { identity: policy(PIPELINES, Layer::Identity), ..PolicySet::default() };
    let all = r#"{ "Version": "2012-10-17", "Statement": { "Effect": "Allow", "Action": "*", "Resource": "*" } }"#;
    let layered = PolicySet {
        identity: policy(all, Layer::Identity),
        resource: policy(EXPORT, Layer::Resource),
        boundary: policy(all, Layer::Boundary),
        scp: vec![policy(all, Layer::Scp), policy(all, Layer::Scp)],
        ..PolicySet::default()
    };
    let principal = Principal::parse("arn:aws:iam::467398596935:role/pipeline").unwrap();
    let action = Action::parse("s3:DeleteObject").unwrap();
    let mut context = Context::new();
    context.insert("aws:SourceIp", ContextValue::Single("203.0.113.7".to_owned())).unwrap();
    let facts = Facts::default();
    let owner = can_access_engine::arn::AccountId::parse("222222222222");
    let request = |resource| {
        let resource = Resource::parse(resource).unwrap();
        Request::new(&principal, &action, resource, owner, &context, &facts).unwrap()
    };
    let own = request("arn:aws:s3:::distelli-onprem/reports/2017-02-02");
    let marker = request("arn:aws:s3:::my-backups-oregon/467398596935/2017-02-02_$folder$");

    bench.bench_function("decide/one_small_policy", |b| b.iter(|| decide(black_box(&small), black_box(&own))));
    bench.bench_function("decide/several_layers", |b| b.iter(|| decide(black_box(&layered), black_box(&marker))));
    bench.bench_function("explain/one_small_policy", |b| b.iter(|| explain(black_box(&small), black_box(&own))));
    bench.bench_function("explain/several_layers", |b| b.iter(|| explain(black_box(&layered), black_box(&marker))));
}

fn reading(bench: &mut Criterion) {
    bench.bench_function("parse/export_bucket", |b| {
        b.iter(|| Policy::read(Source::new("p.json", black_box(EXPORT)), Layer::Resource).unwrap());
    });
}

fn patterns(bench: &mut Criterion) {
    let arn = "arn:aws:s3:::my-backups-oregon/467398596935/2017-02-02_$folder$";
    let text = "arn:aws:s3:::my-backups-oregon/467398596935/*_$folder$";
    let own = Pattern::parse(text, Syntax::WILDCARDS).0;
    let wild = wildmatch::WildMatch::new(text);
    bench.bench_function("pattern/ordinary", |b| b.iter(|| own.is_match(black_box(arn))));
    bench.bench_function("pattern/ordinary_wildmatch", |b| b.iter(|| wild.matches(black_box(arn))));
    for length in [8_000, 16_000] {
        let key = "a".repeat(length);
        for (name, text) in [
            ("stars", "*a".repeat(20) + "b"),
            ("questions", "*?*?*?b".to_owned()),
            ("near_miss", format!("*{}b*", "a".repeat(500))),
        ] {
            let pattern = Pattern::parse(&text, Syntax::WILDCARDS).0;
            bench.bench_function(&format!("pattern/hostile_{name}/{length}"), |b| {
                b.iter(|| pattern.is_match(black_box(&key)))
            });
        }
    }
}

criterion_group!(benches, decisions, reading, patterns);
criterion_main!(benches);
