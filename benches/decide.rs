//! How long does a decision take, and how long its explanation?
//!
//! `cargo bench` runs everything; see benches/README.md.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a benchmark may stop at anything unexpected"
)]

mod workloads;

use can_access_engine::decision::{decide, explain};
use can_access_engine::index::CompiledSet;
use can_access_engine::layer::Layer;
use can_access_engine::request::Facts;
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use std::hint::black_box;
use workloads::{Workload, every_layer, managed, managed_policies, one_small_policy};

/// All requests of a workload, one after the other; the time is that of a thousand.
fn asked(bench: &mut Criterion, name: &str, workload: &Workload) {
    let facts = Facts::default();
    let policies = workload.policies();
    let compiled = CompiledSet::new(policies.clone());
    let requests = workload.requests(&facts);
    let mut group = bench.benchmark_group("decide");
    group.bench_function(name, |b| {
        b.iter(|| requests.iter().for_each(|request| _ = black_box(compiled.decide(black_box(request)))));
    });
    group.bench_function(format!("{name}_verdict"), |b| {
        b.iter(|| requests.iter().for_each(|request| _ = black_box(compiled.verdict(black_box(request)))));
    });
    let few = &requests[..if workload.identity.len() > 100 { 10 } else { 100 }];
    group.bench_function(format!("{name}_not_compiled_{}", few.len()), |b| {
        b.iter(|| few.iter().for_each(|request| _ = black_box(decide(&policies, black_box(request)))));
    });
    // Where no statement applies, a decision looks at all of them, as an explanation always does.
    let applies_none = |request: &&_| explain(&policies, request).statements.iter().all(|said| said.applies.is_false());
    let unmet: Vec<_> = requests.iter().filter(applies_none).take(few.len()).collect();
    if !unmet.is_empty() {
        group.bench_function(format!("{name}_no_statement_applies_{}", unmet.len()), |b| {
            b.iter(|| unmet.iter().for_each(|request| _ = black_box(decide(&policies, black_box(request)))));
        });
    }
    group.finish();
    let mut group = bench.benchmark_group("explain");
    group.bench_function(format!("{name}_{}", few.len()), |b| {
        b.iter(|| few.iter().for_each(|request| _ = black_box(explain(&policies, black_box(request)))));
    });
    if !unmet.is_empty() {
        group.bench_function(format!("{name}_no_statement_applies_{}", unmet.len()), |b| {
            b.iter(|| unmet.iter().for_each(|request| _ = black_box(explain(&policies, black_box(request)))));
        });
    }
    group.finish();
}

fn decisions(bench: &mut Criterion) {
    asked(bench, "one_small_policy", &one_small_policy());
    asked(bench, "every_layer", &every_layer());
    if let Some(all) = managed() {
        asked(bench, "hundred_managed_policies", &managed_policies(100, &all));
        asked(bench, "all_managed_policies", &managed_policies(all.len(), &all));
    }
}

fn reading(bench: &mut Criterion) {
    let small = one_small_policy();
    bench.bench_function("parse/one_small_policy", |b| {
        b.iter(|| workloads::read(black_box(&small.identity[0]), Layer::Identity));
    });
    let policies = small.policies();
    bench.bench_function("compile/one_small_policy", |b| {
        b.iter_batched(|| policies.clone(), CompiledSet::new, BatchSize::SmallInput);
    });
    let Some(all) = managed() else { return };
    bench.bench_function("parse/all_managed_policies", |b| {
        b.iter(|| all.iter().for_each(|text| _ = black_box(workloads::read(text, Layer::Identity))));
    });
    for count in [100, all.len()] {
        let policies = managed_policies(count, &all).policies();
        let name = if count == 100 { "hundred" } else { "all" };
        bench.bench_function(&format!("compile/{name}_managed_policies"), |b| {
            b.iter_batched(|| policies.clone(), CompiledSet::new, BatchSize::LargeInput);
        });
    }
}

criterion_group!(benches, decisions, reading);
criterion_main!(benches);
