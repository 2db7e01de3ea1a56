//! What a replay found, as text and as JSON (`can-access schema replay`).

use super::LinesJson;
use super::problems;
use super::{BAD, BOLD, DIM, counted};
use crate::Failure;
use crate::input::lines;
use can_access_engine::replay::Class;
use can_access_engine::replay::access_log::Damage;
use can_access_engine::replay::judge::{Judge, Verdict};
use can_access_engine::replay::logged::Logged;
use can_access_engine::replay::tally::{Counts, Example, Findings, Lines, Remark, Segments, Tally};
use can_access_engine::request::ContextValue;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;

/// How many names and groups the text lists.
const LISTED: usize = 20;

/// What the tally's places stand for.
pub(crate) struct Names<'f> {
    pub(crate) files: &'f [String],
    /// Whether there was a baseline to compare with.
    pub(crate) baseline: bool,
    /// Whether everything was read.
    pub(crate) complete: bool,
}

impl Names<'_> {
    pub(crate) fn file(&self, index: usize) -> &str {
        self.files.get(index).map_or("", |file| lines::name(file))
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ReplayJson<'a> {
    schema: &'static str,
    complete: bool,
    #[serde(flatten)]
    lines: LinesJson,
    verdicts: VerdictsJson,
    now_denied: FindingsJson<'a>,
    newly_denied: FindingsJson<'a>,
    newly_allowed: FindingsJson<'a>,
    classes: Vec<ClassJson<'a>>,
    unknown_keys: &'a BTreeMap<String, u64>,
    unasked: &'a BTreeMap<String, u64>,
    unmapped_operations: &'a BTreeMap<String, u64>,
    unplaced_operations: &'a BTreeMap<String, u64>,
}

#[derive(Serialize)]
struct VerdictsJson {
    allowed: u64,
    denied: u64,
    undecided: u64,
}

#[derive(Serialize)]
struct FindingsJson<'a> {
    requests: u64,
    examples: Vec<ExampleJson<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ExampleJson<'a> {
    principal: &'a str,
    action: &'a str,
    resource: &'a str,
    context: BTreeMap<&'a str, &'a ContextValue>,
    file: &'a str,
    line: u64,
    decided_by: Vec<StatementJson<'a>>,
}

#[derive(Serialize)]
struct StatementJson<'a> {
    policy: &'a str,
    statement: usize,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ClassJson<'a> {
    principal: &'a str,
    action: &'a str,
    resource: String,
    allowed: u64,
    denied: u64,
    undecided: u64,
    log_allowed: u64,
    log_refused: u64,
    /// The condition keys that undecided requests hang on.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    unknown_keys: &'a BTreeSet<String>,
}

/// Prints the report as JSON.
pub(crate) fn print_json(out: &mut impl Write, tally: &Tally, names: &Names<'_>, pretty: bool) -> Result<(), Failure> {
    let classes = classes(tally).into_iter().map(|(principal, action, resource, counts)| ClassJson {
        principal,
        action,
        resource,
        allowed: counts.allowed,
        denied: counts.denied,
        undecided: counts.undecided,
        log_allowed: counts.log_allowed,
        log_refused: counts.log_refused,
        unknown_keys: &counts.keys,
    });
    let report = ReplayJson {
        schema: "can-access.replay/1",
        complete: names.complete,
        lines: LinesJson::new(&tally.lines),
        verdicts: VerdictsJson {
            allowed: tally.verdicts.allowed,
            denied: tally.verdicts.denied,
            undecided: tally.verdicts.undecided,
        },
        now_denied: findings(&tally.now_denied, names),
        newly_denied: findings(&tally.newly_denied, names),
        newly_allowed: findings(&tally.newly_allowed, names),
        classes: classes.collect(),
        unknown_keys: &tally.unknown_keys,
        unasked: &tally.unasked,
        unmapped_operations: &tally.lines.unmapped,
        unplaced_operations: &tally.lines.unplaced,
    };
    let written = if pretty {
        serde_json::to_writer_pretty(&mut *out, &report)
    } else {
        serde_json::to_writer(&mut *out, &report)
    };
    written.map_err(std::io::Error::from)?;
    writeln!(out)?;
    Ok(out.flush()?)
}

fn findings<'a>(findings: &'a Findings, names: &'a Names<'_>) -> FindingsJson<'a> {
    let example = |((file, line), example): ((usize, u64), &'a Example)| ExampleJson {
        principal: &example.principal,
        action: &example.action,
        resource: &example.resource,
        context: example.context.iter().map(|(key, value)| (key.as_str(), value)).collect(),
        file: names.file(file),
        line,
        decided_by: example
            .decided_by
            .iter()
            .map(|(policy, statement)| StatementJson { policy, statement: *statement })
            .collect(),
    };
    FindingsJson { requests: findings.requests, examples: findings.examples().map(example).collect() }
}

/// The groups of requests: principal, action, and what stands for their resources.
fn classes(tally: &Tally) -> Vec<(&str, &str, String, &Counts)> {
    let mut classes = Vec::new();
    for ((principal, action, scope), segments) in &tally.requests {
        match segments {
            Segments::Many(counts) => classes.push((principal.as_str(), action.as_str(), format!("{scope}*"), counts)),
            Segments::Few(few) => {
                for (segment, counts) in few {
                    let resource = match segment.as_str() {
                        "-" => scope.clone(),
                        "" => format!("{scope}*"),
                        segment => format!("{scope}{segment}/*"),
                    };
                    classes.push((principal, action, resource, counts));
                }
            }
        }
    }
    classes
}

/// Prints the report for people.
pub(crate) fn print_text(
    out: &mut impl Write,
    tally: &Tally,
    names: &Names<'_>,
    everything: bool,
) -> Result<(), Failure> {
    let verdicts = &tally.verdicts;
    if !names.complete {
        writeln!(out, "{BAD}incomplete{BAD:#}: not everything could be read")?;
    }
    writeln!(
        out,
        "{}: {} allowed and {} refused by the log, {} without evidence",
        counted(tally.lines.all(), "line", "lines"),
        counted(tally.lines.of(Class::Allowed), "request", "requests"),
        tally.lines.of(Class::Refused),
        tally.lines.all() - tally.lines.of(Class::Allowed) - tally.lines.of(Class::Refused)
    )?;
    writeln!(
        out,
        "the policies allow {}, deny {}, cannot decide {}",
        verdicts.allowed, verdicts.denied, verdicts.undecided
    )?;
    let what =
        ["request that succeeded is denied by the policies", "requests that succeeded are denied by the policies"];
    print_findings(out, (what, "denied"), &tally.now_denied, names)?;
    if names.baseline {
        let what = [
            "request that succeeded is denied, and the baseline allows it",
            "requests that succeeded are denied, and the baseline allows them",
        ];
        print_findings(out, (what, "denied"), &tally.newly_denied, names)?;
        let what =
            ["request is allowed, and the baseline denies it", "requests are allowed, and the baseline denies them"];
        print_findings(out, (what, "allowed"), &tally.newly_allowed, names)?;
    }
    if !tally.unknown_keys.is_empty() {
        writeln!(out, "\nundecided because the log does not tell:")?;
        for (key, count) in tally.unknown_keys.iter().take(LISTED) {
            writeln!(out, "  {key}  {DIM}{count}{DIM:#}")?;
        }
    }
    for (why, count) in &tally.unasked {
        writeln!(out, "\nundecided: {why}  {DIM}{count}{DIM:#}")?;
    }
    let classes = classes(tally);
    let shown = if everything { classes.len() } else { LISTED };
    if classes.is_empty() {
        return Ok(out.flush()?);
    }
    // What the policies say, and what happened.
    writeln!(
        out,
        "\n{BOLD}{:>10} {:>10} {:>10}   {:>10} {:>10}{BOLD:#}",
        "allowed", "denied", "undecided", "succeeded", "refused"
    )?;
    for (principal, action, resource, counts) in classes.iter().take(shown) {
        let Counts { allowed, denied, undecided, log_allowed, log_refused, keys } = counts;
        writeln!(
            out,
            "{allowed:>10} {denied:>10} {undecided:>10}   {log_allowed:>10} {log_refused:>10}  {action} on {} {DIM}{principal}{DIM:#}",
            super::text::shown(resource)
        )?;
        if !keys.is_empty() {
            let keys = keys.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
            writeln!(out, "{:>56}  {DIM}depends on {keys}{DIM:#}", "")?;
        }
    }
    if classes.len() > shown {
        writeln!(out, "{DIM}and {} more: -v lists them{DIM:#}", classes.len() - shown)?;
    }
    Ok(out.flush()?)
}

/// Prints examples of requests, one or many of which there are, that the policies allow or deny as `how` says.
fn print_findings(
    out: &mut impl Write,
    ([one, many], how): ([&str; 2], &str),
    findings: &Findings,
    names: &Names<'_>,
) -> Result<(), Failure> {
    if findings.requests == 0 {
        return Ok(());
    }
    let what = if findings.requests == 1 { one } else { many };
    writeln!(out, "\n{BAD}{}{BAD:#} {what}, first:", findings.requests)?;
    for ((file, line), example) in findings.examples() {
        let resource = super::text::shown(&example.resource);
        writeln!(out, "  {}:{line}: {} on {resource} as {}", names.file(file), example.action, example.principal)?;
        for (policy, statement) in &example.decided_by {
            writeln!(out, "    {DIM}{how} by {policy}, statement {statement}{DIM:#}")?;
        }
    }
    Ok(())
}

/// Says on standard error what was taken for granted, and which policies were given for nothing.
pub(crate) fn print_notes(tally: &Tally, judge: &Judge) {
    let named: BTreeSet<&str> = tally.requests.keys().map(|(principal, ..)| principal.as_str()).collect();
    for principal in judge.identities.keys().collect::<BTreeSet<_>>() {
        if !named.contains(principal.as_str()) {
            problems::print_warning(&format!("no request with evidence is of {principal}, which --identity names"));
        }
    }
    for bucket in judge.buckets.keys().collect::<BTreeSet<_>>() {
        if !tally.buckets.contains_key(bucket) {
            problems::print_warning(&format!(
                "no request with evidence is for the bucket {bucket}, which --resource-policy names"
            ));
        }
    }
    if !tally.assumed_paths.is_empty() {
        let roles: Vec<&str> = tally.assumed_paths.keys().map(String::as_str).take(LISTED).collect();
        problems::print_note(&format!(
            "the policies look at roles, and access logs do not tell their paths: these are taken to have none, name them \
             with --role-arn otherwise: {}",
            roles.join(", ")
        ));
    }
}

/// That documents break off, or are damaged in a way that nothing behind it can be read.
pub(crate) fn damaged(lines: &Lines, files: &[String]) -> Option<Failure> {
    let (count, (file, event)) = lines.damage.get(&Damage::Json)?;
    let name = files.get(*file).map_or("", |file| crate::input::lines::name(file));
    let more = if *count > 1 { format!(", and {} more", count - 1) } else { String::new() };
    Some(Failure::with_help(
        format!("{name} is no JSON from its event {event} on{more}"),
        "what follows was not read: mend the file, or leave it out",
    ))
}

/// Says on standard error what was not used, and why.
pub(crate) fn complain(lines: &Lines, names: &Names<'_>) {
    let number = |count: u64| counted(count, "line", "lines");
    let place = |(file, line): (usize, u64)| format!("first at {}:{line}", names.file(file));
    for (damage, (count, first)) in &lines.damage {
        problems::print_warning(&format!("{} cannot be read: {}; {}", number(*count), damage.name(), place(*first)));
    }
    for (class, why) in
        [(Class::Partial, "cut off or not aligned"), (Class::Ambiguous, "to be read in several ways, as if forged")]
    {
        if let Some(first) = lines.first_of(class) {
            let count = number(lines.of(class));
            problems::print_warning(&format!("{count} {why}, which proves nothing; {}", place(first)));
        }
    }
    if !lines.unmapped.is_empty() {
        let listed: Vec<&str> = lines.unmapped.keys().map(String::as_str).take(LISTED).collect();
        let count = number(lines.of(Class::Unmapped));
        problems::print_warning(&format!("{count} with an operation that is not known: {}", listed.join(", ")));
    }
    if !lines.unplaced.is_empty() {
        let count: u64 = lines.unplaced.values().sum();
        let listed: Vec<&str> = lines.unplaced.keys().map(String::as_str).take(LISTED).collect();
        problems::print_warning(&format!(
            "{} of requests that succeeded prove nothing, because what they were about is not told or not known: {}",
            number(count),
            listed.join(", ")
        ));
    }
    let first = |remark| lines.remarks.get(&remark).map(|at| place(*at));
    if let Some(first) =
        first(Remark::DeletesSeveral).filter(|_| !lines.remarks.contains_key(&Remark::DeletedWithOthers))
    {
        problems::print_warning(&format!(
            "objects were deleted several at a time, and the rows are missing that tell which (BATCH.DELETE.OBJECT); {first}"
        ));
    }
    if let Some(first) = first(Remark::NeededAcl) {
        problems::print_note(&format!(
            "some requests were allowed by an ACL, and by no policy that is in force; {first}"
        ));
    }
}

#[derive(Serialize)]
struct RecordJson<'a> {
    file: &'a str,
    line: u64,
    principal: Option<String>,
    actions: Vec<&'a str>,
    resource: Option<std::borrow::Cow<'a, str>>,
    /// Of each action, where they differ.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    resources: Vec<std::borrow::Cow<'a, str>>,
    log: &'static str,
    verdict: &'static str,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    keys: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<&'static str>,
}

/// Writes one observation with its verdict as a line of JSON.
pub(crate) fn record(
    records: &mut Vec<u8>,
    judge: &Judge,
    file: &str,
    line: u64,
    logged: &dyn Logged,
    verdict: &Verdict,
) {
    let (name, keys, why) = match verdict {
        Verdict::Allowed => ("allowed", &[][..], None),
        Verdict::Denied => ("denied", &[][..], None),
        Verdict::Undecided(keys) => ("undecided", &keys[..], None),
        Verdict::Unasked(why) => ("undecided", &[][..], Some(*why)),
    };
    let facts = logged.facts();
    let record = RecordJson {
        file,
        line,
        principal: judge.principal_of(logged),
        actions: facts.iter().map(|fact| fact.action.as_str()).collect(),
        resource: facts.first().map(|fact| fact.resource()),
        resources: if facts.windows(2).all(|pair| matches!(pair, [one, other] if one.resource() == other.resource())) {
            Vec::new()
        } else {
            facts.iter().map(|fact| fact.resource()).collect()
        },
        log: logged.class().name(),
        verdict: name,
        keys,
        why,
    };
    // Writing to memory does not fail.
    _ = serde_json::to_writer(&mut *records, &record);
    records.push(b'\n');
}
