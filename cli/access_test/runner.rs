//! Runs policy tests: every pair of action and resource of every test, in parallel, results in the order of the files.

use super::model::{self, Document, Expectation, FactFields, PolicyFields, Test, TestFile};
use crate::Failure;
use crate::advice::{self, Advice};
use crate::input::{self, yaml};
use crate::question::{Answer, Asked, Prepared, Question, account, now};
use can_access_engine::decision::{Blocker, Decision};
use can_access_engine::document;
use can_access_engine::index::CompiledSet;
use can_access_engine::layer::Layer;
use can_access_engine::policy::{Policies, Policy, PolicySet, Refused};
use can_access_engine::problem::Source;
use can_access_engine::request::{Action, EndpointType, Facts, NotPrincipalRule};
use rayon::prelude::*;
use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::{Arc, Mutex};

/// What one pair of a test came to.
#[derive(Debug)]
pub(crate) struct PairResult {
    pub(crate) test: String,
    pub(crate) action: String,
    pub(crate) resource: String,
    pub(crate) expect: Expectation,
    /// The decision, or `error` where the pair was refused.
    pub(crate) decision: &'static str,
    pub(crate) passed: bool,
    pub(crate) blocked_by: Vec<&'static str>,
    /// Why the pair was refused or failed.
    pub(crate) message: Option<String>,
    /// The explanation of a failure, and the test's own `why`.
    pub(crate) explanation: Option<String>,
    pub(crate) why: Option<String>,
}

/// A file's results, or why it could not be read.
pub(crate) struct FileResult {
    pub(crate) path: String,
    /// What may be a mistake in the tests.
    pub(crate) warnings: Vec<String>,
    pub(crate) results: Result<Vec<PairResult>, Failure>,
}

/// How tests are run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct How {
    /// Whether policies are compiled before requests are held against them.
    pub(crate) compiled: bool,
    /// Whether the catalogue has all actions, and is right about them.
    pub(crate) trusting: bool,
}

/// Runs the tests of all files.
pub(crate) fn run(files: &[String], how: How) -> Vec<FileResult> {
    files.par_iter().map(|path| run_file(path, how)).collect()
}

fn run_file(path: &str, how: How) -> FileResult {
    let mut warnings = Vec::new();
    let results = results_of(path, how, &mut warnings);
    FileResult { path: path.to_owned(), warnings, results }
}

fn results_of(path: &str, how: How, warnings: &mut Vec<String>) -> Result<Vec<PairResult>, Failure> {
    let source = input::read(path)?;
    let file = read_file(path, &source)?;
    let mut seen = HashSet::new();
    for test in file.tests.iter().filter(|_| how.trusting) {
        let new = test.actions.iter().filter(|action| seen.insert(action.to_ascii_lowercase()));
        warnings.extend(new.filter_map(|action| advice::unknown_in_test(&test.name, action)));
    }
    let base = Path::new(path).parent().unwrap_or(Path::new(""));
    let library = Library { base, source: &source, files: Mutex::default(), how };
    let results: Vec<Vec<PairResult>> = file.tests.par_iter().map(|test| run_test(test, &library)).collect();
    Ok(results.into_iter().flatten().collect())
}

fn read_file(path: &str, source: &Arc<Source>) -> Result<TestFile, Failure> {
    let refused = |problems| Failure::Refused(vec![Refused::new(Arc::clone(source), problems)]);
    let is_json = Path::new(path).extension().is_some_and(|extension| extension == "json");
    let root = if is_json {
        let reading = document::read(source.text());
        match reading.root {
            Some(root) if !reading.problems.iter().any(can_access_engine::problem::Problem::is_error) => root,
            _ => return Err(refused(reading.problems)),
        }
    } else {
        yaml::read(source).map_err(|refused| Failure::Refused(vec![refused]))?
    };
    model::read(&root).map_err(refused)
}

/// Policy files, each read once for each kind it is used as.
struct Library<'a> {
    base: &'a Path,
    source: &'a Arc<Source>,
    files: Mutex<HashMap<(String, Layer), Loaded>>,
    how: How,
}

type Loaded = Result<Arc<Policy>, Unusable>;

/// Why a policy cannot be used.
#[derive(Debug, Clone)]
enum Unusable {
    /// It is refused, as AWS would refuse it.
    Refused(String),
    /// There is no such file.
    Unreadable(String),
}

impl Library<'_> {
    fn policy(&self, document: &Document, layer: Layer) -> Loaded {
        match document {
            Document::Inline(node) => Policy::from_node(Arc::clone(self.source), node, layer)
                .map(Arc::new)
                .map_err(|r| Unusable::Refused(r.to_string())),
            Document::File(path) => {
                let key = (path.clone(), layer);
                if let Some(loaded) = self.lock().get(&key) {
                    return loaded.clone();
                }
                let loaded = self.load(path, layer);
                self.lock().insert(key, loaded.clone());
                loaded
            }
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<(String, Layer), Loaded>> {
        self.files.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn load(&self, path: &str, layer: Layer) -> Loaded {
        let path = self.base.join(path);
        let source = match input::read(&path.to_string_lossy()) {
            Ok(source) => source,
            Err(Failure::Refused(refused)) => {
                return Err(Unusable::Refused(refused.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")));
            }
            Err(other) => return Err(Unusable::Unreadable(other.to_string())),
        };
        Policy::read(source, layer).map(Arc::new).map_err(|refused| Unusable::Refused(refused.to_string()))
    }

    fn group(&self, documents: Option<&Vec<Document>>, layer: Layer) -> Result<Policies, Unusable> {
        documents.into_iter().flatten().map(|document| self.policy(document, layer)).collect()
    }

    fn set(&self, fields: &PolicyFields) -> Result<PolicySet, Unusable> {
        let levels = |levels: Option<&Vec<Vec<Document>>>, layer| {
            levels.into_iter().flatten().map(|level| self.group(Some(level), layer)).collect::<Result<Vec<_>, _>>()
        };
        Ok(PolicySet {
            identity: self.group(fields.identity.as_ref(), Layer::Identity)?,
            resource: self.group(fields.resource.as_ref(), Layer::Resource)?,
            access_point: self.group(fields.access_point.as_ref(), Layer::Resource)?,
            boundary: self.group(fields.boundary.as_ref(), Layer::Boundary)?,
            session: self.group(fields.session.as_ref(), Layer::Session)?,
            endpoint: self.group(fields.endpoint.as_ref(), Layer::Endpoint)?,
            scp: levels(fields.scp.as_ref(), Layer::Scp)?,
            rcp: levels(fields.rcp.as_ref(), Layer::Rcp)?,
        })
    }
}

fn run_test(test: &Test, library: &Library<'_>) -> Vec<PairResult> {
    let policies = library.set(&test.policies);
    let compiled = policies.as_ref().ok().filter(|_| library.how.compiled);
    let compiled = compiled.map(|policies| CompiledSet::indexing_everything(policies.clone()));
    let pairs = test.actions.iter().flat_map(|action| test.resources.iter().map(move |resource| (action, resource)));
    pairs
        .map(|(action, resource)| {
            let pair = Pair { test, action, resource };
            match &policies {
                Err(Unusable::Refused(message)) => pair.refused(message.clone()),
                Err(Unusable::Unreadable(message)) => pair.unreadable(message.clone()),
                Ok(policies) => run_pair(&pair, policies, compiled.as_ref(), library.how.trusting),
            }
        })
        .collect()
}

fn run_pair(pair: &Pair<'_>, policies: &PolicySet, compiled: Option<&CompiledSet>, trusting: bool) -> PairResult {
    let prepared = question(pair.test).and_then(|question| question.prepare(policies, pair.resource));
    let answered = prepared.and_then(|prepared: Prepared| {
        let action = Action::parse(pair.action)?;
        let (asked, context) = (Asked::Plain(policies), &pair.test.context);
        let mut answer = Advice::on(&action).ask(&prepared, asked, &action, pair.resource, trusting, context)?;
        if let Some(compiled) = compiled {
            let outcome = compiled.decide(&answer.request);
            let brief = compiled.explain_briefly(&answer.request).outcome;
            if brief != outcome || compiled.verdict(&answer.request) != outcome.decision {
                return Err(Failure::usage("compiled policies do not decide alike in all ways of asking"));
            }
            Arc::make_mut(&mut answer.explanation).outcome = outcome;
        }
        Ok(pair.answered(&answer))
    });
    match answered {
        Ok(result) => result,
        Err(failure) => pair.refused(failure.to_string()),
    }
}

/// The question a test asks.
fn question(test: &Test) -> Result<Question, Failure> {
    let FactFields { management_account, role_arn, federating_user, principal_id, canonical_id, canonical_ids, .. } =
        &test.facts;
    let mut facts = Facts::default().at(now());
    facts.management_account =
        management_account.as_deref().map(|text| account("management account", text)).transpose()?;
    facts.restrict_public_buckets = test.facts.restrict_public_buckets;
    facts.endpoint_type = if test.facts.gateway_endpoint { EndpointType::Gateway } else { EndpointType::Interface };
    facts.not_principal = if test.facts.any_not_principal { NotPrincipalRule::Any } else { NotPrincipalRule::Chain };
    facts.kms_grant = test.facts.kms_grant;
    facts.multipart_initiator = test.facts.multipart_initiator;
    facts.canonical_id = canonical_id.clone();
    facts.access_point_bucket = test.facts.access_point_bucket.clone();
    for (id, owner) in canonical_ids {
        facts.canonical_ids.push((id.clone(), account("account of a canonical id", owner)?));
    }
    Ok(Question {
        principal: test.principal.clone(),
        role_arn: role_arn.clone(),
        principal_id: principal_id.clone(),
        federating_user: federating_user.clone(),
        resource_account: test.resource_account.clone(),
        context: test.context.clone(),
        unknown: test.unknown.clone(),
        others_unknown: false,
        facts: Arc::new(facts),
    })
}

struct Pair<'t> {
    test: &'t Test,
    action: &'t str,
    resource: &'t str,
}

impl Pair<'_> {
    fn result(&self, decision: &'static str, passed: bool) -> PairResult {
        PairResult {
            test: self.test.name.clone(),
            action: self.action.to_owned(),
            resource: self.resource.to_owned(),
            expect: self.test.expect,
            decision,
            passed,
            blocked_by: Vec::new(),
            message: None,
            explanation: None,
            why: self.test.why.clone(),
        }
    }

    /// The policies, the request or its context are refused.
    fn refused(&self, message: String) -> PairResult {
        PairResult { message: Some(message), ..self.result("error", self.test.expect == Expectation::Error) }
    }

    /// A file that is not there is a mistake of the test, whatever it expects.
    fn unreadable(&self, message: String) -> PairResult {
        PairResult { message: Some(message), ..self.result("error", false) }
    }

    fn answered(&self, answer: &Answer<'_>) -> PairResult {
        let outcome = &answer.explanation.outcome;
        let decision = outcome.decision;
        let as_expected = match self.test.expect {
            Expectation::Allowed => decision == Decision::Allowed,
            Expectation::Denied => matches!(decision, Decision::ExplicitDeny | Decision::ImplicitDeny),
            Expectation::ExplicitDeny => decision == Decision::ExplicitDeny,
            Expectation::ImplicitDeny => decision == Decision::ImplicitDeny,
            Expectation::Depends => decision == Decision::Depends,
            Expectation::Error => false,
        };
        let unmet: Vec<&str> =
            self.test.because.iter().map(String::as_str).filter(|reason| !is_reason(reason, answer)).collect();
        let message =
            (!unmet.is_empty()).then(|| format!("expected because of {}, which is not the reason", unmet.join(", ")));
        let passed = as_expected && unmet.is_empty();
        let explanation = (!passed).then(|| crate::report::text::answer_to_string(answer, true));
        let blocked_by = outcome.blocked_by.iter().map(Blocker::name).collect();
        PairResult { blocked_by, message, explanation, ..self.result(decision.name(), passed) }
    }
}

/// Whether a Sid or a layer is among the reasons of an answer.
fn is_reason(reason: &str, answer: &Answer<'_>) -> bool {
    let explanation = &answer.explanation;
    let deciding = explanation.statements.iter().filter(|report| explanation.decided_by.contains(&report.at));
    let mut deciding = deciding.map(|report| (report.at.layer, report.statement.sid()));
    let blocks = explanation.outcome.blocked_by.iter().any(|blocker| blocker.name() == reason);
    let grants = |layer: Layer| explanation.outcome.decision == Decision::Allowed && layer.name() == reason;
    blocks || deciding.any(|(layer, sid)| sid == Some(reason) || grants(layer))
}
