//! Answers as JSON, as `can-access schema decision` describes them.

use super::text::shown;
use crate::Failure;
use crate::question::Answer;
use can_access_engine::condition::Why;
use can_access_engine::decision::{Blocker, Completion, Decision, Explanation, StatementReport};
use can_access_engine::layer::{Layer, Rule};
use can_access_engine::problem::Place;
use can_access_engine::request::{ContextValue, Lookup};
use can_access_engine::statement::StatementId;
use can_access_engine::truth::Truth;
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::Write;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DecisionJson<'a> {
    #[serde(flatten)]
    verdict: VerdictJson,
    request: RequestJson<'a>,
    #[serde(flatten)]
    reasons: ReasonsJson<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    needed: Vec<String>,
    #[serde(flatten)]
    more: MoreJson<'a>,
}

#[derive(Serialize)]
struct VerdictJson {
    decision: &'static str,
    allowed: Option<bool>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ReasonsJson<'a> {
    decided_by: Vec<StatementJson<'a>>,
    blocked_by: Vec<&'static str>,
    layers: BTreeMap<&'static str, &'static str>,
    absent_keys: &'a [String],
    assumptions: Vec<String>,
    unsettled: &'a [Rule],
    notes: Vec<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct MoreJson<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    nearest: Option<StatementJson<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    depends_on: Option<DependenceJson<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    statements: Option<Vec<ExaminedJson<'a>>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RequestJson<'a> {
    principal: Option<&'a str>,
    action: &'a str,
    resource: &'a str,
    resource_account: Option<&'a str>,
    context: BTreeMap<&'a str, &'a ContextValue>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unknown: Vec<&'a str>,
}

#[derive(Serialize)]
struct StatementJson<'a> {
    r#type: &'static str,
    policy: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    level: Option<usize>,
    statement: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    sid: Option<&'a str>,
    effect: &'static str,
    start: Place,
    end: Place,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DependenceJson<'a> {
    keys: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    allowed_when: Option<BTreeMap<&'a str, Option<&'a ContextValue>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    denied_when: Option<BTreeMap<&'a str, Option<&'a ContextValue>>>,
    exhaustive: bool,
}

#[derive(Serialize)]
struct ExaminedJson<'a> {
    #[serde(flatten)]
    statement: StatementJson<'a>,
    applies: Option<bool>,
    elements: Vec<ElementJson>,
}

#[derive(Serialize)]
struct ElementJson {
    element: String,
    matches: Option<bool>,
    why: String,
}

/// Prints one answer as an object, several as an array.
pub(crate) fn print(out: &mut impl Write, answers: &[Answer<'_>], everything: bool) -> Result<(), Failure> {
    match answers {
        [answer] => serde_json::to_writer_pretty(&mut *out, &of(answer, everything)).map_err(std::io::Error::from)?,
        answers => {
            let all: Vec<_> = answers.iter().map(|answer| of(answer, everything)).collect();
            serde_json::to_writer_pretty(&mut *out, &all).map_err(std::io::Error::from)?;
        }
    }
    Ok(writeln!(out)?)
}

/// Prints each answer as an object on a line of its own.
pub(crate) fn print_lines(out: &mut impl Write, answers: &[Answer<'_>], everything: bool) -> Result<(), Failure> {
    answers.iter().try_for_each(|answer| Shared::of(answer, everything)?.print_line(out, answer))
}

/// What answers to requests of one kind have in common: the texts of members.
pub(crate) struct Shared {
    verdict: String,
    reasons: String,
    more: String,
}

impl Shared {
    /// What an answer has in common with others.
    pub(crate) fn of(answer: &Answer<'_>, everything: bool) -> Result<Self, Failure> {
        Ok(Self {
            verdict: members(&verdict(answer))?,
            reasons: members(&reasons(answer))?,
            more: members(&more(answer, everything))?,
        })
    }

    /// How many bytes it takes.
    pub(crate) fn size(&self) -> usize {
        [&self.verdict, &self.reasons, &self.more].iter().map(|text| text.len()).sum()
    }

    /// Prints an answer as an object on a line of its own. Of the explanation, no more is looked at than what
    /// [`super::text::needs`] does.
    pub(crate) fn print_line(&self, out: &mut impl Write, answer: &Answer<'_>) -> Result<(), Failure> {
        let Self { verdict, reasons, more } = self;
        write_all(out, &["{", verdict, ",\"request\":"])?;
        serde_json::to_writer(&mut *out, &request(answer)).map_err(std::io::Error::from)?;
        write_all(out, &[",", reasons])?;
        let needed = super::text::needs(answer);
        if !needed.is_empty() {
            out.write_all(b",\"needed\":")?;
            serde_json::to_writer(&mut *out, &needed).map_err(std::io::Error::from)?;
        }
        Ok(write_all(out, &[if more.is_empty() { "" } else { "," }, more, "}\n"])?)
    }
}

fn write_all(out: &mut impl Write, texts: &[&str]) -> std::io::Result<()> {
    texts.iter().try_for_each(|text| out.write_all(text.as_bytes()))
}

/// The members of an object, without its braces.
fn members(object: &impl Serialize) -> Result<String, Failure> {
    let mut text = serde_json::to_string(object).map_err(std::io::Error::from)?;
    text.pop();
    Ok(text.split_off(text.len().min(1)))
}

/// What stands in place of an answer where an entry of a batch could not be read.
pub(crate) fn error_line(file: &str, line: u64, message: &str) -> Vec<u8> {
    let value = serde_json::json!({ "decision": "error", "file": file, "line": line, "message": message });
    format!("{value}\n").into_bytes()
}

fn of<'a>(answer: &'a Answer<'_>, everything: bool) -> DecisionJson<'a> {
    DecisionJson {
        verdict: verdict(answer),
        request: request(answer),
        reasons: reasons(answer),
        needed: super::text::needs(answer),
        more: more(answer, everything),
    }
}

fn verdict(answer: &Answer<'_>) -> VerdictJson {
    let decision = answer.explanation.outcome.decision;
    let allowed = match decision {
        Decision::Allowed => Some(true),
        Decision::ExplicitDeny | Decision::ImplicitDeny => Some(false),
        Decision::Depends => None,
    };
    VerdictJson { decision: decision.name(), allowed }
}

fn request<'a>(answer: &'a Answer<'_>) -> RequestJson<'a> {
    let request = &answer.request;
    RequestJson {
        principal: answer.principal_given.then(|| request.principal().as_str()),
        action: request.action().as_str(),
        resource: request.resource().as_str(),
        resource_account: request
            .resource_account()
            .filter(|_| answer.principal_given || answer.owner_known())
            .map(|account| account.as_str()),
        context: request.context().keys().map(|(key, value)| (key.as_str(), value)).collect(),
        unknown: if answer.principal_given {
            request.context().unknown_keys().map(|key| key.as_str()).collect()
        } else {
            Vec::new()
        },
    }
}

/// What an explanation tells of a statement.
fn told<'a>(explanation: &'a Explanation<'_>, id: &StatementId) -> Option<StatementJson<'a>> {
    explanation.statements.iter().find(|report| report.at == *id).map(statement)
}

fn reasons<'a>(answer: &'a Answer<'_>) -> ReasonsJson<'a> {
    let explanation = &answer.explanation;
    let outcome = &explanation.outcome;
    let layers = Layer::ALL.into_iter().map(|layer| (layer.name(), outcome.layer(layer).name()));
    let mut notes = answer.notes.clone();
    notes.extend(outcome.service.map(|rule| rule.to_string()));
    ReasonsJson {
        decided_by: explanation.decided_by.iter().filter_map(|id| told(explanation, id)).collect(),
        blocked_by: outcome.blocked_by.iter().map(Blocker::name).collect(),
        layers: layers.collect(),
        absent_keys: &explanation.absent_keys,
        assumptions: answer.assumptions().map(|assumption| assumption.to_string()).collect(),
        unsettled: &explanation.unsettled,
        notes,
    }
}

fn more<'a>(answer: &'a Answer<'_>, everything: bool) -> MoreJson<'a> {
    let explanation = &answer.explanation;
    MoreJson {
        nearest: explanation.nearest.as_ref().and_then(|id| told(explanation, id)),
        depends_on: explanation.dependence.as_ref().map(|dependence| DependenceJson {
            keys: &dependence.keys,
            allowed_when: dependence.allowed_when.as_ref().map(completion),
            denied_when: dependence.denied_when.as_ref().map(completion),
            exhaustive: dependence.exhaustive,
        }),
        statements: everything.then(|| explanation.statements.iter().map(|report| examined(report, answer)).collect()),
    }
}

fn completion(completion: &Completion) -> BTreeMap<&str, Option<&ContextValue>> {
    completion.iter().map(|(key, value)| (key.as_str(), value.as_ref())).collect()
}

fn statement<'a>(report: &StatementReport<'a>) -> StatementJson<'a> {
    let source = report.policy.source();
    let span = report.statement.span();
    let leveled = matches!(report.at.layer, Layer::Scp | Layer::Rcp);
    StatementJson {
        r#type: report.at.layer.name(),
        policy: source.name(),
        level: leveled.then_some(report.at.level),
        statement: report.at.statement,
        sid: report.statement.sid(),
        effect: report.statement.effect().name(),
        start: source.place(span.start),
        end: source.place(span.end),
    }
}

fn known(truth: Truth) -> Option<bool> {
    match truth {
        Truth::True => Some(true),
        Truth::False => Some(false),
        Truth::Unknown => None,
    }
}

fn examined<'a>(report: &StatementReport<'a>, answer: &Answer<'_>) -> ExaminedJson<'a> {
    let elements = super::text::elements(report, answer).into_iter().map(|element| ElementJson {
        element: element.name,
        matches: known(element.matches),
        why: element.why,
    });
    ExaminedJson { statement: statement(report), applies: known(report.applies), elements: elements.collect() }
}

/// What a key holds, for messages.
pub(crate) fn held(lookup: Lookup<'_>) -> String {
    match lookup {
        Lookup::Absent => "absent".to_owned(),
        Lookup::Unknown => "unknown".to_owned(),
        Lookup::Single(text) => format!("`{}`", shown(text)),
        Lookup::Multi([]) => "an empty list".to_owned(),
        Lookup::Multi(texts) => texts.iter().map(|text| format!("`{}`", shown(text))).collect::<Vec<_>>().join(", "),
    }
}

/// Why a test came out as it did, in a word or two.
pub(crate) fn reason(why: Why) -> &'static str {
    match why {
        Why::Compared => "compared",
        Why::Absent => "the key is absent",
        Why::EmptyValues => "the key holds no value",
        Why::NeedsSetOperator => "the key holds a list, and the operator takes one value",
        Why::Presence => "presence",
        Why::Unknown => "the key is unknown",
    }
}
