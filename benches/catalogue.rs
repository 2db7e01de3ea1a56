//! What it costs to ask the catalogue.

#![allow(clippy::unwrap_used, missing_docs, reason = "benchmarks are programs of their own")]

use can_access_engine::action::ActionPattern;
use can_access_engine::catalogue::{Catalogue, Service};
use can_access_engine::expansion::{Style, expand, shrink};
use criterion::{Criterion, criterion_group, criterion_main};
use std::hint::black_box;

/// A hundred actions of EC2, each on its own.
fn singles() -> Vec<ActionPattern> {
    let ec2 = Catalogue::published().service("ec2").unwrap();
    let names = ec2.actions().step_by(7).take(100).map(|action| action.to_string());
    names.map(|name| ActionPattern::parse(&name)).collect()
}

fn catalogue(criterion: &mut Criterion) {
    let catalogue = Catalogue::published();
    let everything = ActionPattern::parse("*");
    criterion.bench_function("catalogue/look_up_one_action", |b| {
        b.iter(|| black_box(catalogue).action(black_box("ec2:RunInstances")).unwrap());
    });
    criterion.bench_function("catalogue/expand_everything", |b| {
        b.iter(|| expand(black_box(catalogue), &everything).len());
    });
    criterion.bench_function("catalogue/look_up_a_misspelled_action", |b| {
        b.iter(|| catalogue.look_up(black_box("ec2:RunInstnaces")).unwrap_err());
    });
    criterion.bench_function("catalogue/actions_of_every_service", |b| {
        b.iter(|| catalogue.services().flat_map(Service::actions).count());
    });
    let singles = singles();
    criterion.bench_function("catalogue/shrink_a_hundred_actions", |b| {
        b.iter(|| shrink(catalogue, black_box(&singles), Style::Shortest))
    });
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20);
    targets = catalogue
}
criterion_main!(benches);
