//! Answers to the requests of a batch, and what is kept in mind of them: one that is all the same to the policies as an
//! earlier one gets the same answer, with its own names in it.

use super::entry::{Entry, Mistake};
use super::source::Raw;
use crate::Failure;
use crate::advice::Advice;
use crate::args::BatchArgs;
use crate::input::lines;
use crate::question::{Asked, Prepared, Question, hides_missing_keys, resource_has_wildcard};
use crate::report::json;
use can_access_engine::decision::{Decision, Explanation, StatementReport};
use can_access_engine::index::{CompiledSet, Kinds, RequestKind};
use can_access_engine::policy::PolicySet;
use can_access_engine::request::{Action, Request};
use rustc_hash::FxHashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// How many actions are kept in mind.
const ACTIONS: usize = 1 << 12;
/// How many bytes of answers are kept in mind, about, on each thread.
const KEPT: usize = 1 << 23;

/// What a batch asks: of which policies, and what its requests have in common.
#[derive(Clone, Copy)]
pub(crate) struct Batch<'a> {
    pub(crate) args: &'a BatchArgs,
    pub(crate) question: &'a Question,
    pub(crate) policies: &'a CompiledSet,
}

/// Answers to some entries, one after the other.
#[derive(Default)]
pub(crate) struct Answers {
    /// A line for each request, and one for each entry that could not be read.
    pub(crate) text: Vec<u8>,
    pub(crate) denied: bool,
    pub(crate) undecided: bool,
    /// What is wrong with entries.
    pub(crate) mistakes: Vec<String>,
}

/// Those who answer, one for each thread.
pub(crate) struct Answerers<'a> {
    batch: Batch<'a>,
    idle: Idle<Answerer<'a>>,
    /// Memory for answers.
    room: Idle<Vec<u8>>,
}

/// What threads can take, and give back for others.
struct Idle<T>(Mutex<Vec<T>>);

impl<T> Idle<T> {
    fn take(&self) -> Option<T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    fn give(&self, thing: T) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(thing);
    }
}

/// Who answers.
struct Answerer<'a> {
    batch: Batch<'a>,
    /// The actions that were asked about, each looked up once.
    actions: FxHashMap<String, Arc<(Action, Advice)>>,
    kinds: Kinds<'a>,
    /// The kind of the request at hand.
    kind: RequestKind,
    known: FxHashMap<RequestKind, Known<'a>>,
    /// How many bytes are kept in mind, about.
    size: usize,
}

/// What answers to requests of one kind have in common.
struct Known<'a> {
    decision: Decision,
    shared: json::Shared,
    /// What the names of what is missing hang on.
    explanation: Arc<Explanation<'a>>,
}

impl<'a> Answerers<'a> {
    pub(crate) fn new(batch: Batch<'a>) -> Self {
        Self { batch, idle: Idle(Mutex::default()), room: Idle(Mutex::default()) }
    }

    /// Answers entries of an input, which has this header.
    pub(crate) fn answer(&self, path: &str, entries: Vec<Raw>, header: &[String]) -> Answers {
        let mut answerer = self.idle.take().unwrap_or_else(|| Answerer::new(self.batch));
        let mut answers = Answers { text: self.room.take().unwrap_or_default(), ..Answers::default() };
        for entry in entries {
            answerer.answer(path, entry, header, &mut answers);
        }
        self.idle.give(answerer);
        answers
    }

    /// Takes back the memory of answers that were written.
    pub(crate) fn forget(&self, Answers { mut text, .. }: Answers) {
        text.clear();
        if text.capacity() <= KEPT {
            self.room.give(text);
        }
    }
}

impl<'a> Answerer<'a> {
    fn new(batch: Batch<'a>) -> Self {
        Self {
            batch,
            actions: FxHashMap::default(),
            kinds: Kinds::of(batch.policies),
            kind: RequestKind::default(),
            known: FxHashMap::default(),
            size: 0,
        }
    }

    fn answer(&mut self, path: &str, raw: Raw, header: &[String], answers: &mut Answers) {
        let (line, before) = (raw.line, answers.text.len());
        let result = raw.read(header).and_then(|entry| self.answer_entry(entry, answers));
        if let Err(Mistake { place, message }) = result {
            let place = place.map_or_else(|| line.to_string(), |place| place.to_string());
            let place = format!("{}:{place}", lines::name(path));
            // One record for each entry, so that lines of input and output can be told apart.
            answers.text.truncate(before);
            answers.text.extend(json::error_line(lines::name(path), line, &message));
            answers.mistakes.push(format!("{place}: {message}"));
        }
    }

    fn answer_entry(&mut self, mut entry: Entry, answers: &mut Answers) -> Result<(), Mistake> {
        let Batch { args, question, policies: set } = self.batch;
        let own = entry.policies.take().map(|own| with_own(set.policies(), &own)).transpose()?;
        let policies = own.as_ref().unwrap_or(set.policies());
        if policies.policies().next().is_none() {
            return Err("no policy is given: name one with -p".to_owned().into());
        }
        let trusting = !args.request.allow_unknown_actions;
        let question = with(question, &entry);
        let everything = ["*".to_owned()];
        let resources = if entry.resources.is_empty() { &everything[..] } else { &entry.resources };
        for action in &entry.actions {
            let action = self.action(action)?;
            let (action, advice) = &*action;
            if trusting {
                advice.check_action()?;
            }
            if entry.resources.is_empty() {
                advice.check_needs_no_resource()?;
            }
            for resource in resources {
                let prepared = question.prepare(policies, resource)?;
                // All statements are shown only to those who ask for them.
                let answered = if own.is_some() || args.common.verbose {
                    let asked = Asked::Plain(policies);
                    let answer = advice.ask(&prepared, asked, action, resource, trusting, &entry.context)?;
                    json::print_lines(&mut answers.text, std::slice::from_ref(&answer), args.common.verbose)?;
                    answer.explanation.outcome.decision
                } else {
                    let (request, remarks) =
                        advice.request(&prepared, policies, action, resource, trusting, &entry.context)?;
                    self.answer_request(&prepared, request, remarks, &mut answers.text)?
                };
                match answered {
                    Decision::Allowed => {}
                    Decision::ExplicitDeny | Decision::ImplicitDeny => answers.denied = true,
                    Decision::Depends => answers.undecided = true,
                }
            }
        }
        Ok(())
    }

    fn action(&mut self, text: &str) -> Result<Arc<(Action, Advice)>, Mistake> {
        if self.actions.len() >= ACTIONS {
            self.actions.clear();
        }
        match self.actions.get(text) {
            Some(known) => Ok(Arc::clone(known)),
            None => {
                let action = Action::parse(text).map_err(|error| Mistake::from(error.to_string()))?;
                let advice = Advice::on(&action);
                let looked_up = Arc::new((action, advice));
                self.actions.insert(text.to_owned(), Arc::clone(&looked_up));
                Ok(looked_up)
            }
        }
    }

    /// Answers a request to the policies of all, about which there are these remarks.
    fn answer_request(
        &mut self,
        prepared: &Prepared,
        request: Request<'_>,
        remarks: Vec<String>,
        text: &mut Vec<u8>,
    ) -> Result<Decision, Failure> {
        let asked = Asked::Compiled(self.batch.policies);
        // What is said of the question itself hangs on more than on its kind.
        let is_of_kind = remarks.is_empty() && !resource_has_wildcard(&request) && self.tell_kind(prepared, &request);
        if let Some(known) = self.known.get(&self.kind).filter(|_| is_of_kind) {
            let answer = prepared.bare_answer(asked, request, Arc::clone(&known.explanation));
            known.shared.print_line(text, &answer)?;
            return Ok(known.decision);
        }
        let explanation = Arc::new(asked.explain(&request));
        let answer = prepared.answer(asked, request, Arc::clone(&explanation), remarks)?;
        let (decision, shared) = (explanation.outcome.decision, json::Shared::of(&answer, false)?);
        shared.print_line(text, &answer)?;
        if is_of_kind {
            self.keep(Known { decision, shared, explanation });
        }
        Ok(decision)
    }

    /// Tells the kind of a request; whether it is of one.
    fn tell_kind(&mut self, prepared: &Prepared, request: &Request<'_>) -> bool {
        let is_of_kind = self.kinds.tell(request, &mut self.kind);
        if is_of_kind {
            self.kind.add(u8::from(prepared.principal_given()));
            self.kind.add(u8::from(hides_missing_keys(Asked::Compiled(self.batch.policies), request)));
        }
        is_of_kind
    }

    /// Keeps in mind what answers to requests like the one at hand have in common.
    fn keep(&mut self, known: Known<'a>) {
        let reports = known.explanation.statements.capacity() * size_of::<StatementReport<'_>>();
        let size = size_of::<Known<'_>>() + self.kind.as_bytes().len() + known.shared.size() + reports;
        if self.size + size > KEPT {
            self.known.clear();
            self.size = 0;
        }
        if size <= KEPT {
            self.size += size;
            self.known.insert(self.kind.clone(), known);
        }
    }
}

/// The question of all requests, with what an entry says.
fn with(question: &Question, entry: &Entry) -> Question {
    let mut question = question.clone();
    question.principal = entry.principal.clone().or(question.principal);
    question.resource_account = entry.resource_account.clone().or(question.resource_account);
    question.context.retain(|(known, _)| !entry.context.iter().any(|(key, _)| key.eq_ignore_ascii_case(known)));
    question.context.extend(entry.context.iter().cloned());
    question.unknown.extend(entry.unknown.iter().cloned());
    question
}

/// The policies of all requests with those that one brings along. Of boundaries and resource policies there is but one.
fn with_own(given: &PolicySet, own: &PolicySet) -> Result<PolicySet, Mistake> {
    let mut together = given.clone();
    together.identity.extend(own.identity.iter().cloned());
    for (own, given, what) in [
        (&own.boundary, &mut together.boundary, "permissions boundary"),
        (&own.resource, &mut together.resource, "resource policy"),
    ] {
        if !own.is_empty() && !given.is_empty() {
            return Err(format!("the request brings a {what} along, and the options name one: which of both?").into());
        }
        given.extend(own.iter().cloned());
    }
    Ok(together)
}
