//! What a derivation rests on, as text and as JSON (`can-access schema derive`).

use super::LinesJson;
use super::problems;
use super::replay::Names;
use super::{BOLD, DIM, counted};
use crate::Failure;
use crate::logs::derive::Collected;
use can_access_engine::derivation::{Derived, Evidence, Form, Granted, Options, Precision, SetAside, evidence_for};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;

/// How many examples of what is left out are named.
const NAMED: usize = 3;
/// How many lines of a log are listed for a grant.
const LISTED: usize = 20;

/// AWS's limits for policies of a kind, in the units that sizes are given in.
fn limits(form: Form) -> &'static [(&'static str, usize)] {
    match form {
        Form::Identity | Form::IdentityEach => {
            &[("userInline", 2_048), ("groupInline", 5_120), ("managed", 6_144), ("roleInline", 10_240)]
        }
        Form::Bucket => &[("bucketPolicy", 20_480)],
    }
}

fn name(precision: Precision) -> &'static str {
    match precision {
        Precision::Strict => "strict",
        Precision::Balanced => "balanced",
        Precision::Broad => "broad",
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ReportJson<'a> {
    schema: &'static str,
    complete: bool,
    #[serde(flatten)]
    lines: LinesJson,
    /// Requests with evidence that were outside of the time asked for.
    outside: u64,
    set_aside: &'a BTreeMap<String, u64>,
    unmapped_operations: &'a BTreeMap<String, u64>,
    unplaced_operations: &'a BTreeMap<String, u64>,
    #[serde(flatten)]
    summary: SummaryJson,
    policies: Vec<PolicyJson<'a>>,
}

/// What holds for all policies together.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SummaryJson {
    coverage: f64,
    collateral: u64,
    collateral_names: u64,
    refused_matched: u64,
    held_out_coverage: Option<f64>,
    days: usize,
    first: Option<String>,
    last: Option<String>,
    new_kinds: BTreeMap<String, usize>,
    saturated: bool,
    contradicted: u64,
    withheld: u64,
    not_in_force: u64,
    statements: usize,
    bytes: usize,
    limits: BTreeMap<&'static str, usize>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PolicyJson<'a> {
    of: Option<&'a str>,
    precision: &'static str,
    needed: u64,
    #[serde(flatten)]
    summary: SummaryJson,
    policy: serde_json::Value,
    evidence: Vec<GrantJson<'a>>,
    unused: Vec<UnusedJson<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct GrantJson<'a> {
    action: &'a str,
    resource: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    prefix: Option<&'a str>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    principals: &'a [String],
    names: usize,
    first: Option<String>,
    last: Option<String>,
    file: Option<&'a str>,
    line: Option<u64>,
    collateral: usize,
}

#[derive(Serialize)]
struct UnusedJson<'a> {
    policy: &'a str,
    statement: usize,
    entry: Option<&'a str>,
}

fn summary(policies: &[Derived], options: &Options) -> SummaryJson {
    let sum = |of: fn(&Derived) -> u64| policies.iter().map(of).sum::<u64>();
    let (needed, allowed) = (sum(|policy| policy.needed), sum(|policy| policy.allowed));
    let mut new_kinds: BTreeMap<String, usize> = BTreeMap::new();
    for (day, count) in policies.iter().flat_map(|policy| &policy.new_kinds) {
        let date = time(day * 86_400).chars().take(10).collect();
        *new_kinds.entry(date).or_default() += count;
    }
    let held_out: Vec<f64> = policies.iter().filter_map(|policy| policy.held_out).collect();
    SummaryJson {
        coverage: if needed == 0 { 1.0 } else { allowed as f64 / needed as f64 },
        collateral: sum(|policy| policy.collateral),
        collateral_names: sum(|policy| policy.collateral_names),
        refused_matched: sum(|policy| policy.refused_matched),
        // The worst of them.
        held_out_coverage: held_out.into_iter().reduce(f64::min),
        days: policies.iter().map(|policy| policy.days).max().unwrap_or_default(),
        first: policies.iter().filter_map(|policy| policy.period).map(|(first, _)| first).min().map(time),
        last: policies.iter().filter_map(|policy| policy.period).map(|(_, last)| last).max().map(time),
        new_kinds,
        saturated: policies.iter().all(|policy| policy.saturated),
        contradicted: sum(|policy| policy.contradicted),
        withheld: sum(|policy| policy.withheld),
        not_in_force: sum(|policy| policy.not_in_force),
        statements: policies.iter().map(|policy| policy.statements).sum(),
        bytes: policies.iter().map(|policy| policy.size).max().unwrap_or_default(),
        limits: limits(options.form).iter().copied().collect(),
    }
}

/// The report as JSON.
pub(crate) fn json(derived: &[Derived], collected: &Collected, names: &Names<'_>, options: &Options) -> String {
    let lines = &collected.lines;
    let report = ReportJson {
        schema: "can-access.derive/1",
        complete: names.complete,
        lines: LinesJson::new(lines),
        outside: collected.outside,
        set_aside: &collected.aside,
        unmapped_operations: &lines.unmapped,
        unplaced_operations: &lines.unplaced,
        summary: summary(derived, options),
        policies: derived.iter().map(|policy| policy_json(policy, names, options)).collect(),
    };
    let mut text = serde_json::to_string_pretty(&report).unwrap_or_default();
    text.push('\n');
    text
}

fn policy_json<'a>(derived: &'a Derived, names: &'a Names<'_>, options: &Options) -> PolicyJson<'a> {
    let grant = |granted: &'a Granted| GrantJson {
        action: &granted.action,
        resource: &granted.resource,
        prefix: granted.prefix.as_deref(),
        principals: &granted.principals,
        names: granted.names,
        first: granted.seen.map(|seen| time(seen.first)),
        last: granted.seen.map(|seen| time(seen.last)),
        file: granted.seen.map(|seen| names.file(seen.place.0)),
        line: granted.seen.map(|seen| seen.place.1),
        collateral: granted.collateral,
    };
    PolicyJson {
        of: derived.of.as_deref(),
        precision: name(derived.precision),
        needed: derived.needed,
        summary: summary(std::slice::from_ref(derived), options),
        policy: serde_json::from_str(&derived.text).unwrap_or_default(),
        evidence: derived.grants.iter().map(grant).collect(),
        unused: derived
            .unused
            .iter()
            .map(|unused| UnusedJson {
                policy: &unused.policy,
                statement: unused.statement,
                entry: unused.entry.as_deref(),
            })
            .collect(),
    }
}

fn time(seconds: i64) -> String {
    jiff::Timestamp::from_second(seconds).map(|time| time.to_string()).unwrap_or_default()
}

/// Says on standard error what a policy rests on.
pub(crate) fn print_summary(derived: &Derived, options: &Options) {
    let mut out = anstream::stderr().lock();
    let of = derived.of.as_deref().map(|of| format!(" for {of}")).unwrap_or_default();
    let days = counted(derived.days, "day", "days");
    let statements = counted(derived.statements, "statement", "statements");
    let needed = if derived.different == derived.needed {
        let needed = counted(derived.needed, "request", "different requests, all");
        format!("needed     {needed} allowed by the policy")
    } else {
        let (some, all) = (derived.needed, derived.different);
        format!(
            "needed     about {all} different requests; the {some} of them that are kept are all allowed by the policy"
        )
    };
    let mut lines = vec![
        format!("{BOLD}{statements}{of}{BOLD:#} from {days} of evidence"),
        needed,
        format!("refused    {} and never allowed, none allowed by the policy", derived.refused),
    ];
    if derived.contradicted > 0 {
        lines.push(format!(
            "           {} refused at times, and allowed or very many like them at others: they count as needed",
            derived.contradicted
        ));
    }
    if derived.not_in_force > 0 {
        let count = derived.not_in_force;
        lines
            .push(format!("left out   {count} that were needed and that the policies in force do not allow, such as:"));
        for (action, resource, principal) in derived.not_in_force_examples.iter().take(NAMED) {
            lines.push(format!("           {action} on {} as {principal}", super::text::shown(resource)));
        }
    }
    if derived.withheld > 0 {
        lines.push(format!("withheld   {} that were needed and match --never", derived.withheld));
    }
    lines.push(match (derived.collateral, derived.collateral_names) {
        (0, 0) => "collateral none: no name is known that the patterns match without need".to_owned(),
        (0, names) => {
            format!("collateral {names} known names of kinds that are needed are matched and were not needed")
        }
        (kinds, names) => {
            format!(
                "collateral {names} known names are matched and were not needed, some of {kinds} kinds that never were"
            )
        }
    });
    if let Some(share) = derived.held_out {
        lines.push(format!(
            "held out   {:.1} % of the last 30 % of the time would be allowed by what came before",
            share * 100.0
        ));
    }
    if !derived.saturated {
        lines.push(if derived.days < 3 {
            "evidence   not enough: there are fewer than three days of it".to_owned()
        } else {
            "evidence   not enough: names of new kinds came until the end".to_owned()
        });
    }
    if derived.precision != options.precision {
        lines.push(format!("precision  {}, so that the policy fits", name(derived.precision)));
    }
    let limits = limits(options.form).iter().map(|(what, most)| {
        let over = if derived.size > *most { " (too large)" } else { "" };
        format!("{most} {}{over}", spelled(what))
    });
    lines.push(format!("size       {} of {}", derived.size, limits.collect::<Vec<_>>().join(", ")));
    for unused in derived.unused.iter().take(LISTED) {
        let entry = unused.entry.as_ref().map_or("all of it".to_owned(), |entry| format!("`{entry}`"));
        lines.push(format!("unused     {}, statement {}: {entry}", unused.policy, unused.statement));
    }
    for line in lines {
        // A closed standard error is nobody's loss.
        _ = writeln!(out, "{line}");
    }
}

fn spelled(limit: &str) -> &str {
    match limit {
        "userInline" => "for a user",
        "groupInline" => "a group",
        "managed" => "a managed policy",
        "roleInline" => "a role",
        _ => "for a bucket",
    }
}

/// Says whose requests are in no policy.
pub(crate) fn print_set_aside(collected: &Collected, aside: &SetAside, options: &Options) {
    for (why, count) in collected.aside.iter().take(LISTED) {
        problems::print_warning(&format!("{} set aside: {why}", counted(*count, "request", "requests")));
    }
    let listed =
        |names: &BTreeSet<String>| names.iter().map(String::as_str).take(LISTED).collect::<Vec<_>>().join(", ");
    if !aside.resources.is_empty() {
        let why = if options.form == Form::Bucket {
            "bucket policies are about buckets and their objects; the policies of access points and of other resources are \
             their own"
        } else {
            "--bucket selects what is asked of the bucket itself, and not through its access points"
        };
        problems::print_warning(&format!("set aside: requests for {}: {why}", listed(&aside.resources)));
    }
    if !aside.principals.is_empty() {
        problems::print_note(&format!(
            "set aside: {}: {}",
            listed(&aside.principals),
            if options.form == Form::Bucket {
                "what they need of a bucket policy cannot be tried; add it by hand"
            } else {
                "no identity-based policy is theirs; --as bucket-policy grants them what they needed"
            }
        ));
    }
}

/// Says why there is no policy.
pub(crate) fn nothing((allowed, unplaced): (u64, u64), principals: &[&str], options: &Options) {
    let message = if unplaced > 0 && allowed == 0 {
        "there is no evidence: of all requests that succeeded, it is not told or not known what they were about"
            .to_owned()
    } else if allowed == 0 {
        "there is no evidence: the logs prove no request to have been allowed".to_owned()
    } else {
        let listed: Vec<&str> = principals.iter().copied().take(LISTED).collect();
        let chosen =
            if options.principals.is_empty() && options.buckets.is_empty() { "" } else { " of what was asked for" };
        if !options.existing.is_empty() {
            "nothing that the policies of --existing allow was needed".to_owned()
        } else if listed.is_empty() {
            format!("there is no evidence{chosen} of anybody that policies name, in the time that was asked for")
        } else {
            format!("there is no evidence{chosen}; requests of these were allowed: {}", listed.join(", "))
        }
    };
    problems::print_error(&message);
}

/// Names the lines that made a grant necessary; whether there are any.
pub(crate) fn print_why(
    out: &mut impl Write,
    evidence: &Evidence,
    options: &Options,
    action: &str,
    resource: &str,
    names: &Names<'_>,
) -> Result<bool, Failure> {
    let found = evidence_for(evidence, options, action, resource);
    for (principal, resource, prefix, seen) in found.iter().take(LISTED) {
        let (file, line) = seen.place;
        let prefix =
            prefix.as_ref().map(|prefix| format!(" with prefix {}", super::text::shown(prefix))).unwrap_or_default();
        writeln!(
            out,
            "{}:{line}: {action} on {}{prefix} as {principal} {DIM}{}{DIM:#}",
            names.file(file),
            super::text::shown(resource),
            time(seen.first)
        )?;
    }
    if found.len() > LISTED {
        writeln!(out, "{DIM}and {} more{DIM:#}", found.len() - LISTED)?;
    }
    out.flush()?;
    if found.is_empty() {
        let actions = can_access_engine::derivation::actions(evidence);
        let known = actions.iter().any(|known| known.eq_ignore_ascii_case(action));
        let listed = actions.into_iter().take(LISTED).collect::<Vec<_>>().join(", ");
        let hint = if known || listed.is_empty() { String::new() } else { format!("; needed were {listed}") };
        problems::print_error(&format!("no line proves a need of {action} on {}{hint}", super::text::shown(resource)));
    }
    Ok(!found.is_empty())
}
