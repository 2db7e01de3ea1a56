//! Policies derived from made-up logs, against what is known about the jobs that the logs are of.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a panic is how a test fails")]

mod binary;
mod generator;

use binary::{code, err, file, folder, out, run};
use can_access_engine::decision::{Decision, decide};
use can_access_engine::layer::Layer;
use can_access_engine::policy::{Policy, PolicySet};
use can_access_engine::problem::Source;
use can_access_engine::request::{Action, Context, ContextValue, Facts, Principal, Request, Resource};
use generator::{Kind, Question, Workload};
use std::sync::Arc;

/// The policies that a derived text is.
fn policies(text: &str, kind: Kind) -> PolicySet {
    let mut policies = PolicySet::default();
    match kind {
        Kind::Identity => policies.identity.push(read(text, Layer::Identity)),
        Kind::BucketPolicy => policies.resource.push(read(text, Layer::Resource)),
    }
    policies
}

fn read(text: &str, layer: Layer) -> Arc<Policy> {
    Arc::new(
        Policy::read(Source::new("derived.json", text), layer).unwrap_or_else(|refused| panic!("{refused}\n{text}")),
    )
}

fn allows(policies: &PolicySet, question: &Question) -> bool {
    let principal = Principal::parse(&question.principal).unwrap();
    let action = Action::parse(&question.action).unwrap();
    let mut context = Context::new();
    if let Some(prefix) = &question.prefix {
        context.insert("s3:prefix", ContextValue::Single(prefix.clone())).unwrap();
    }
    let facts = Facts::default();
    let account = principal.account().copied();
    let resource = Resource::parse(&question.resource).unwrap();
    let request = Request::new(&principal, &action, resource, account, &context, &facts).unwrap();
    decide(policies, &request).decision == Decision::Allowed
}

/// Derives the policy of a workload from logs.
fn derive(workload: &Workload, logs: &[&str], options: &[&str]) -> String {
    let mut args = vec!["derive"];
    args.extend(logs);
    for principal in &workload.principals {
        args.extend(["--principal", principal]);
    }
    if workload.kind == Kind::BucketPolicy {
        args.extend(["--as", "bucket-policy", "--bucket", &workload.bucket]);
    }
    args.extend(options);
    let output = run(&args);
    assert_eq!(code(&output), 0, "{}: {}", workload.name, err(&output));
    out(&output)
}

#[test]
fn what_is_needed_is_allowed_what_is_sensitive_is_not_and_later_runs_succeed() {
    let folder = folder("derivation");
    let mut wrong = Vec::new();
    for seed in [1, 2] {
        for workload in generator::workloads(seed, 20) {
            let log = file(&folder, &format!("{}-{seed}.log", workload.name), &workload.access_log());
            let text = derive(&workload, &[&log], &[]);
            let policies = policies(&text, workload.kind);
            let count =
                |questions: &[Question]| questions.iter().filter(|question| allows(&policies, question)).count();
            let missing: Vec<&Question> =
                workload.needed.iter().filter(|question| !allows(&policies, question)).collect();
            let granted: Vec<&Question> =
                workload.sensitive.iter().filter(|question| allows(&policies, question)).collect();
            let later = count(&workload.later);
            let enough = later * 100 >= workload.later.len() * 95;
            let shown = |questions: &[&Question]| {
                questions.iter().take(8).map(|question| format!("\n    {question:?}")).collect::<String>()
            };
            let unmet: Vec<&Question> = workload.later.iter().filter(|question| !allows(&policies, question)).collect();
            if !missing.is_empty() || !granted.is_empty() || !enough {
                wrong.push(format!(
                    "{} (seed {seed}):\n  {} of {} needed are denied{}\n  {} of {} sensitive are allowed{}\n  {later} of {} later are allowed{}\n{text}",
                    workload.name,
                    missing.len(),
                    workload.needed.len(),
                    shown(&missing),
                    granted.len(),
                    workload.sensitive.len(),
                    shown(&granted),
                    workload.later.len(),
                    shown(&unmet),
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong\n{}", wrong.len(), wrong.join("\n\n"));
}
