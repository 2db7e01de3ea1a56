//! The same decisions asked of other evaluators, in one run.
//!
//! Rounds of all evaluators alternate, on one thread; what counts is the time of that thread, and of the rounds the
//! median. Beside each rate stands how many requests were allowed, and how often that agreed with can-access: a fast wrong
//! answer is none.
//!
//! With a folder of node packages as its argument, it asks `@cloud-copilot/iam-simulate` from it, too.
//!
//! With `--count-lines FILE`, `--split-fields FILE`, `--unpack FILE` or `--typed-events FILE` it does what readers of logs
//! do, for `logs.py`, and says how many seconds that took of the processor.

#![allow(clippy::unwrap_used, reason = "a benchmark may stop at anything unexpected")]

#[path = "../../baselines/mod.rs"]
mod baselines;
#[path = "../../workloads/mod.rs"]
mod workloads;

use baselines::{Memory, count_lines, read_events, split_fields};
use can_access_engine::decision::{Decision, decide};
use can_access_engine::index::CompiledSet;
use can_access_engine::layer::Layer;
use can_access_engine::request::Facts;
use cpu_time::ThreadTime;
use std::hint::black_box;
use std::io::Read;
use std::panic::catch_unwind;
use std::process::Command;
use std::str::FromStr;
use std::time::Duration;
use workloads::{PRINCIPAL, Question, Workload};

/// An evaluator with policies and requests of its own making: whether a request, by number, is allowed.
struct Evaluator<'w> {
    name: &'static str,
    /// How many of the requests a round asks.
    requests: usize,
    allows: Box<dyn Fn(usize) -> bool + 'w>,
    /// Seconds for a request, round by round.
    times: Vec<f64>,
}

impl<'w> Evaluator<'w> {
    fn new(name: &'static str, requests: usize, allows: impl Fn(usize) -> bool + 'w) -> Self {
        Self { name, requests, allows: Box::new(allows), times: Vec::new() }
    }

    fn round(&mut self, least: Duration) {
        let start = ThreadTime::now();
        let mut rounds = 0_u32;
        while start.elapsed() < least || rounds == 0 {
            for request in 0..self.requests {
                black_box((self.allows)(black_box(request)));
            }
            rounds += 1;
        }
        self.times.push(start.elapsed().as_secs_f64() / f64::from(rounds) / self.requests as f64);
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn iam_rs(workload: &Workload) -> impl Fn(usize) -> bool {
    use iam_rs::{Arn, EvaluationOptions, IAMPolicy, IAMRequest, PolicyEvaluator, Principal, PrincipalId};
    let policies: Vec<IAMPolicy> =
        workload.identity.iter().filter_map(|text| serde_json::from_str(text).ok()).collect();
    let options = EvaluationOptions { max_statements: usize::MAX, ..EvaluationOptions::default() };
    let evaluator = PolicyEvaluator::with_policies(policies).with_options(options);
    let request = |question: &Question| {
        let principal = Principal::Aws(PrincipalId::String(PRINCIPAL.to_owned()));
        IAMRequest::new(principal, question.action.as_str(), Arn::parse(&question.resource).unwrap())
    };
    let requests: Vec<IAMRequest> = workload.questions.iter().map(request).collect();
    move |at| evaluator.evaluate(&requests[at]).is_ok_and(|result| result.decision == iam_rs::Decision::Allow)
}

/// `None` where it panics.
fn aws_iam(workload: &Workload) -> Option<impl Fn(usize) -> bool> {
    use aws_iam::model::{Policy, QString};
    use aws_iam::offline::{EvaluationResult, Request, evaluate_all};
    let policies: Vec<Policy> =
        workload.identity.iter().filter_map(|text| aws_iam::io::read_from_string(text).ok()).collect();
    let request = |question: &Question| Request {
        request_id: None,
        principal: None,
        action: QString::from_str(question.action.as_str()).unwrap(),
        resource: question.resource.clone(),
        environment: Default::default(),
    };
    let requests: Vec<Request> = workload.questions.iter().map(request).collect();
    let allows = move |at: usize| {
        let policies: Vec<&Policy> = policies.iter().collect();
        evaluate_all(&requests[at], &policies) == Ok(EvaluationResult::Allow)
    };
    let works = catch_unwind(std::panic::AssertUnwindSafe(|| (0..20).for_each(|at| _ = allows(at)))).is_ok();
    works.then_some(allows)
}

/// For scale: another language, with the statements translated and their conditions left out.
fn cedar(workload: &Workload) -> impl Fn(usize) -> bool {
    use cedar_policy::{Authorizer, Context, Entities, EntityUid, PolicySet, Request, RestrictedExpression};
    let like = |attribute: &str, value: &serde_json::Value| {
        let texts: Vec<String> = match value {
            serde_json::Value::Array(items) => {
                items.iter().filter_map(|item| item.as_str().map(str::to_owned)).collect()
            }
            item => item.as_str().map(str::to_owned).into_iter().collect(),
        };
        let like = |text: &String| format!("context.{attribute} like {}", serde_json::to_string(text).unwrap());
        texts.iter().map(like).collect::<Vec<_>>().join(" || ")
    };
    let mut text = String::new();
    for policy in &workload.identity {
        let document: serde_json::Value = serde_json::from_str(policy).unwrap();
        let statements = match &document["Statement"] {
            serde_json::Value::Array(items) => items.clone(),
            item => vec![item.clone()],
        };
        for statement in statements.iter().filter(|statement| statement["Action"] != serde_json::Value::Null) {
            let effect = if statement["Effect"] == "Allow" { "permit" } else { "forbid" };
            let (action, resource) = (like("action", &statement["Action"]), like("arn", &statement["Resource"]));
            let resource = if resource.is_empty() { "true".to_owned() } else { resource };
            text += &format!("{effect}(principal, action, resource) when {{ ({action}) && ({resource}) }};\n");
        }
    }
    let policies: PolicySet = text.parse().unwrap();
    let uid = |text: &str| EntityUid::from_str(text).unwrap();
    let requests: Vec<Request> = workload
        .questions
        .iter()
        .map(|question| {
            let pairs = [("action", question.action.as_str()), ("arn", &question.resource)];
            let pairs = pairs.map(|(key, value)| (key.to_owned(), RestrictedExpression::new_string(value.to_owned())));
            let context = Context::from_pairs(pairs).unwrap();
            Request::new(uid("P::\"p\""), uid("A::\"a\""), uid("R::\"r\""), context, None).unwrap()
        })
        .collect();
    let (authorizer, entities) = (Authorizer::new(), Entities::empty());
    move |at| authorizer.is_authorized(&requests[at], &policies, &entities).decision() == cedar_policy::Decision::Allow
}

/// The workload as `iam-simulate.mjs` reads it.
fn exported(workload: &Workload, requests: usize) -> serde_json::Value {
    let question = |question: &Question| {
        let context: serde_json::Map<String, serde_json::Value> = question
            .context
            .keys()
            .map(|(key, value)| (key.as_str().to_owned(), serde_json::to_value(value).unwrap()))
            .collect();
        serde_json::json!({
            "principal": PRINCIPAL,
            "action": question.action.as_str(),
            "resource": question.resource,
            "owner": question.owner.map_or("111122223333".to_owned(), |owner| owner.to_string()),
            "context": context,
        })
    };
    serde_json::json!({
        "identity": workload.identity, "boundary": workload.boundary, "session": workload.session,
        "scp": workload.scp, "resource": workload.resource,
        "questions": workload.questions.iter().take(requests).map(question).collect::<Vec<_>>(),
    })
}

/// The same asked of iam-simulate, whose packages stand in a folder: the seconds of each decision, and the answers.
fn iam_simulate(modules: &str, workload: &Workload, requests: usize) -> (f64, Vec<bool>) {
    let file = std::env::temp_dir().join("can-access-workload.json");
    std::fs::write(&file, exported(workload, requests).to_string()).unwrap();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/iam-simulate.mjs");
    let output = Command::new("node").args([script, modules]).arg(&file).arg("2").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let allowed = answer["allowed"].as_array().unwrap().iter().map(|allowed| allowed == true).collect();
    (answer["each"].as_f64().unwrap(), allowed)
}

/// Asks the slower ones only the first `slow` requests, in so many rounds.
fn compare(title: &str, workload: &Workload, slow: usize, rounds: usize) {
    let facts = Facts::default();
    let (plain, compiled) = (workload.policies(), CompiledSet::new(workload.policies()));
    let requests = workload.requests(&facts);
    let all = requests.len();
    let mut evaluators = vec![
        Evaluator::new("can-access, verdict", all, |at| compiled.verdict(&requests[at]) == Decision::Allowed),
        Evaluator::new("can-access, decide", all, |at| compiled.decide(&requests[at]).decision == Decision::Allowed),
        Evaluator::new("can-access, not compiled", slow, |at| {
            decide(&plain, &requests[at]).decision == Decision::Allowed
        }),
    ];
    let has_layers = !workload.resource.is_empty();
    if !has_layers {
        evaluators.push(Evaluator::new("iam-rs", slow, iam_rs(workload)));
        match aws_iam(workload) {
            Some(allows) => evaluators.push(Evaluator::new("aws-iam", slow, allows)),
            None => println!("aws-iam panics on {title}"),
        }
        evaluators.push(Evaluator::new("cedar-policy", slow, cedar(workload)));
    }
    let ours: Vec<bool> = (0..all).map(|at| (evaluators[0].allows)(at)).collect();
    for _ in 0..rounds {
        evaluators.iter_mut().for_each(|evaluator| evaluator.round(Duration::from_millis(30)));
    }
    let first = evaluators[0].times.clone();
    println!(
        "\n{title}: {} policies\n{:28} {:>12} {:>11} {:>10}   allowed, as can-access",
        workload.identity.len(),
        "",
        "a second",
        "each",
        "times"
    );
    // The machine is not equally fast all the time: what is compared stood beside each other.
    let times = |times: &[f64]| median(times.iter().zip(&first).map(|(other, own)| other / own).collect());
    let row = |name: &str, each: f64, times: f64, answers: &[bool]| {
        let alike = answers.iter().zip(&ours).filter(|(one, other)| one == other).count();
        let allowed = answers.iter().filter(|allowed| **allowed).count();
        let (rate, all) = (1.0 / each, answers.len());
        println!("{name:28} {rate:>12.0} {:>8.2} µs {times:>10.2}   {allowed} of {all}, {alike} alike", each * 1e6);
    };
    for evaluator in &evaluators {
        let answers: Vec<bool> = (0..evaluator.requests).map(|at| (evaluator.allows)(at)).collect();
        row(evaluator.name, median(evaluator.times.clone()), times(&evaluator.times), &answers);
    }
    if let Some(modules) = std::env::args().nth(1) {
        let (each, answers) = iam_simulate(&modules, workload, slow.min(100));
        row("iam-simulate", each, each / median(first.clone()), &answers);
    }
}

/// Reading all policies: how long it takes, and how many times what iam-rs takes in the same round.
fn reading(texts: &[String]) {
    let mut rows: Vec<(&str, Vec<f64>)> = vec![
        ("can-access, read and compile", Vec::new()),
        ("can-access, read", Vec::new()),
        ("iam-rs, read", Vec::new()),
        ("serde_json::Value", Vec::new()),
    ];
    let workload = Workload { identity: texts.to_vec(), ..Workload::default() };
    for _ in 0..31 {
        for (name, times) in &mut rows {
            let start = ThreadTime::now();
            match *name {
                "can-access, read and compile" => _ = black_box(CompiledSet::new(workload.policies())),
                "can-access, read" => {
                    texts.iter().for_each(|text| _ = black_box(workloads::read(text, Layer::Identity)))
                }
                "iam-rs, read" => {
                    texts.iter().for_each(|text| _ = black_box(serde_json::from_str::<iam_rs::IAMPolicy>(text).ok()))
                }
                _ => texts
                    .iter()
                    .for_each(|text| _ = black_box(serde_json::from_str::<serde_json::Value>(text).unwrap())),
            }
            times.push(start.elapsed().as_secs_f64());
        }
    }
    println!("\nreading {} policies", texts.len());
    let iam_rs = rows[2].1.clone();
    for (name, times) in rows {
        let ratio = median(times.iter().zip(&iam_rs).map(|(own, other)| own / other).collect());
        println!("{name:32} {:>7.1} ms {ratio:>6.2}", median(times) * 1e3);
    }
}

/// How many bytes are packed in what is read.
fn unpack(file: impl Read) -> usize {
    let mut unpacked = flate2::read::MultiGzDecoder::new(file);
    let mut block = vec![0; 1 << 18];
    let mut bytes = 0;
    loop {
        match unpacked.read(&mut block).unwrap() {
            0 => return bytes,
            length => bytes += length,
        }
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, option, path] = &arguments[..]
        && let Some(option) = option.strip_prefix("--")
    {
        let mut file = std::fs::File::open(path).unwrap();
        let mut events = Vec::new();
        if option == "typed-events" {
            file.read_to_end(&mut events).unwrap();
        }
        let start = ThreadTime::now();
        let found = match option {
            "count-lines" => format!("{} lines", count_lines(file, &mut Memory::new())),
            "split-fields" => format!("{} fields", split_fields(file, &mut Memory::new())),
            "unpack" => format!("{} bytes", unpack(file)),
            "typed-events" => format!("{} bytes of members", read_events(&events)),
            _ => panic!("no such option: --{option}"),
        };
        println!("{found}: {} s", start.elapsed().as_secs_f64());
        return;
    }
    std::panic::set_hook(Box::new(|_| ()));
    compare("one_small_policy", &workloads::one_small_policy(), 1000, 31);
    if let Some(all) = workloads::managed() {
        compare("hundred_managed_policies", &workloads::managed_policies(100, &all), 1000, 7);
        compare("all_managed_policies", &workloads::managed_policies(all.len(), &all), 200, 7);
        reading(&all);
    }
    compare("every_layer", &workloads::every_layer(), 1000, 31);
}
