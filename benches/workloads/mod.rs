//! What the benchmarks ask: policies, and requests drawn near them.

#![allow(
    dead_code,
    clippy::panic,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    missing_docs,
    unreachable_pub,
    reason = "a benchmark may stop at anything unexpected, and no benchmark uses all of this"
)]

use can_access_engine::arn::AccountId;
use can_access_engine::layer::Layer;
use can_access_engine::policy::{Policies, Policy, PolicySet, Reader};
use can_access_engine::problem::Source;
use can_access_engine::request::{Action, Context, ContextValue, Facts, Principal, Request, Resource};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

/// Policies as texts, layer by layer, and requests.
#[derive(Default)]
pub struct Workload {
    pub identity: Vec<String>,
    pub boundary: Vec<String>,
    pub session: Vec<String>,
    pub scp: Vec<Vec<String>>,
    pub resource: Vec<String>,
    pub questions: Vec<Question>,
}

/// A request before it is put together.
pub struct Question {
    pub principal: Principal,
    pub action: Action,
    pub resource: String,
    pub owner: Option<AccountId>,
    pub context: Context,
}

pub const PRINCIPAL: &str = "arn:aws:iam::111122223333:role/app";

/// A generator of numbers that are always the same (xorshift).
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(limit.max(1)).unwrap()).unwrap()
    }

    pub fn of<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }
}

pub fn question(action: &str, resource: &str) -> Option<Question> {
    Resource::parse(resource).ok()?;
    Some(Question {
        principal: Principal::parse(PRINCIPAL).unwrap(),
        action: Action::parse(action).ok()?,
        resource: resource.to_owned(),
        owner: None,
        context: Context::new(),
    })
}

impl Workload {
    pub fn policies(&self) -> PolicySet {
        let mut reader = Reader::new();
        let mut of = |texts: &[String], layer| -> Policies {
            texts.iter().map(|text| Arc::new(read_by(&mut reader, text, layer))).collect()
        };
        PolicySet {
            identity: of(&self.identity, Layer::Identity),
            boundary: of(&self.boundary, Layer::Boundary),
            session: of(&self.session, Layer::Session),
            scp: self.scp.iter().map(|level| of(level, Layer::Scp)).collect(),
            resource: of(&self.resource, Layer::Resource),
            ..PolicySet::default()
        }
    }

    pub fn requests<'w>(&'w self, facts: &'w Facts) -> Vec<Request<'w>> {
        let request = |question: &'w Question| {
            let Question { principal, action, resource, owner, context } = question;
            Request::new(principal, action, Resource::parse(resource).unwrap(), *owner, context, facts).unwrap()
        };
        self.questions.iter().map(request).collect()
    }

    /// With requests near its identity policies: of ten, six that a statement is about, three with the action of one and
    /// the resource of another, one about something else.
    pub fn asking(mut self, count: usize, random: &mut Random) -> Self {
        let statements: Vec<Value> = self.identity.iter().flat_map(|text| statements(text)).collect();
        while self.questions.len() < count {
            let statement = random.of(&statements);
            let Some(action) = pick(&statement["Action"], random) else { continue };
            let action = action.replace('*', "Thing").replace('?', "x");
            let other = random.below(10);
            let of = if other < 6 { statement } else { random.of(&statements) };
            let service = action.split(':').next().unwrap().to_owned();
            let resource = match pick(&of["Resource"], random) {
                Some(arn) if arn.starts_with("arn:") && other < 9 => concrete(&arn),
                _ => format!("arn:aws:{service}:us-east-1:111122223333:thing/abc-{}", random.below(100)),
            };
            self.questions.extend(question(&action, &resource));
        }
        self
    }
}

pub fn read(text: &str, layer: Layer) -> Policy {
    read_by(&mut Reader::new(), text, layer)
}

fn read_by(reader: &mut Reader, text: &str, layer: Layer) -> Policy {
    reader.read(Source::new("policy.json", text), layer).unwrap_or_else(|refused| panic!("{refused}\n{text}"))
}

fn statements(text: &str) -> Vec<Value> {
    let document: Value = serde_json::from_str(text).unwrap();
    match &document["Statement"] {
        Value::Array(statements) => statements.clone(),
        statement => vec![statement.clone()],
    }
}

fn pick(value: &Value, random: &mut Random) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Array(items) => random.of(items).as_str().map(str::to_owned),
        _ => None,
    }
}

/// An ARN that a pattern fits, unless it has variables.
fn concrete(pattern: &str) -> String {
    let mut parts: Vec<String> = pattern.splitn(6, ':').map(str::to_owned).collect();
    let usual = ["arn", "aws", "s3", "us-east-1", "111122223333", "abc"];
    for (part, usual) in parts.iter_mut().zip(usual) {
        *part = if part == "*" { usual.to_owned() } else { part.replace('*', "abc").replace('?', "x") };
    }
    parts.join(":")
}

/// One policy of two statements on a bucket.
pub fn one_small_policy() -> Workload {
    let text = r#"{ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Action": ["s3:ListBucket", "s3:GetBucketLocation"], "Resource": "arn:aws:s3:::my-backups" },
        { "Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"], "Resource": "arn:aws:s3:::my-backups/*" } ] }"#;
    Workload { identity: vec![text.to_owned()], ..Workload::default() }.asking(1000, &mut Random::new(1))
}

/// AWS's managed policies, by name, if `benches/managed-policies.py` has fetched them. Those that deny everything, or all
/// but a few actions, are left out: with them the first statement would end the matter.
pub fn managed() -> Option<Vec<String>> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let file = root
        .ancestors()
        .map(|folder| folder.join("target/bench-data/managed-policies.json"))
        .find(|file| file.exists());
    let Some(file) = file else {
        eprintln!("no managed policies: python3 benches/managed-policies.py fetches them");
        return None;
    };
    let text = std::fs::read_to_string(file).unwrap();
    let all: BTreeMap<String, Value> = serde_json::from_str(&text).unwrap();
    let texts = all.values().map(Value::to_string);
    Some(texts.filter(|text| !statements(text).iter().any(denies_everything)).collect())
}

fn denies_everything(statement: &Value) -> bool {
    let actions = match &statement["Action"] {
        Value::Array(items) => items.clone(),
        action => vec![action.clone()],
    };
    statement["Effect"] == "Deny"
        && (statement["NotAction"] != Value::Null || actions.iter().any(|action| action == "*"))
}

/// So many of the managed policies, evenly.
pub fn managed_policies(count: usize, all: &[String]) -> Workload {
    let chosen = (0..count).map(|at| all[at * all.len() / count].clone()).collect();
    Workload { identity: chosen, ..Workload::default() }.asking(1000, &mut Random::new(2))
}

/// Every layer at once, across accounts: two levels of service control policies, a boundary, a session policy, and a bucket
/// policy with 20 patterns of ARNs, 50 networks and a list of tags.
pub fn every_layer() -> Workload {
    let quoted = |texts: Vec<String>| format!("[\"{}\"]", texts.join("\", \""));
    let networks = quoted((0..50).map(|n| format!("198.51.{n}.0/24")).collect());
    let patterns = quoted((0..20).map(|n| format!("arn:aws:s3:::shared/team-{n}/*")).collect());
    let teams = quoted((0..12).map(|n| format!("team-{n}")).collect());
    let allow = |rest: &str| format!(r#"{{ "Version": "2012-10-17", "Statement": [{rest}] }}"#);
    let everything = r#"{ "Effect": "Allow", "Action": "*", "Resource": "*" }"#;
    let region = r#"{ "Effect": "Deny", "NotAction": ["iam:*", "s3:*", "sts:*"], "Resource": "*", "Condition": { "StringNotEquals": { "aws:RequestedRegion": ["eu-west-1", "eu-central-1"] } } }"#;
    let leave = r#"{ "Effect": "Deny", "Action": ["organizations:LeaveOrganization", "account:CloseAccount"], "Resource": "*" }"#;
    let of_s3 = r#"{ "Effect": "Allow", "Action": ["s3:Get*", "s3:List*", "s3:PutObject"], "Resource": "*" }"#;
    let mut workload = Workload {
        identity: vec![
            allow(
                r#"{ "Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": "arn:aws:s3:::shared/*" }, { "Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::shared" }"#,
            ),
            allow(
                r#"{ "Effect": "Deny", "Action": "s3:*", "Resource": "*", "Condition": { "Bool": { "aws:SecureTransport": "false" } } }"#,
            ),
        ],
        boundary: vec![allow(of_s3)],
        session: vec![allow(of_s3)],
        scp: vec![vec![allow(everything), allow(region)], vec![allow(everything), allow(leave)]],
        resource: vec![allow(&format!(
            r#"{{ "Effect": "Allow", "Principal": {{ "AWS": "arn:aws:iam::111122223333:root" }}, "Action": ["s3:GetObject", "s3:PutObject"], "Resource": {patterns},
                "Condition": {{ "IpAddress": {{ "aws:SourceIp": {networks} }}, "StringEquals": {{ "aws:PrincipalTag/team": {teams} }} }} }},
              {{ "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": ["arn:aws:s3:::shared", "arn:aws:s3:::shared/*"], "Condition": {{ "NumericLessThan": {{ "s3:TlsVersion": "1.2" }} }} }}"#
        ))],
        ..Workload::default()
    };
    let mut random = Random::new(3);
    while workload.questions.len() < 1000 {
        let key = format!("arn:aws:s3:::shared/team-{}/part-{}", random.below(24), random.below(1000));
        let action = *random.of(&["s3:GetObject", "s3:PutObject", "s3:DeleteObject"]);
        let Some(mut question) = question(action, &key) else { continue };
        question.owner = AccountId::parse("444455556666");
        let mut set = |key: &str, value: String| question.context.insert(key, ContextValue::Single(value)).unwrap();
        set("aws:SourceIp", format!("198.51.{}.7", random.below(60)));
        set("aws:PrincipalTag/team", format!("team-{}", random.below(14)));
        set("s3:TlsVersion", if random.below(10) == 0 { "1.1" } else { "1.3" }.to_owned());
        workload.questions.push(question);
    }
    workload
}
