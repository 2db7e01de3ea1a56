//! Values that stand for all values of a key: one for each way the tests of the policies can come out together.

use super::{service, statements};
use crate::arn::Arn;
use crate::condition::is_of;
use crate::condition::{Comparison, ConditionTest, ConditionValue, Family, Operand};
use crate::decimal::Decimal;
use crate::key::{ConditionKey, Shape};
use crate::pattern::{Pattern, Substitute, Variable, Variables, fold};
use crate::policy::PolicySet;
use crate::request::{ContextValue, Lookup, Request};
use std::collections::{BTreeSet, HashSet, VecDeque};

/// The most states of the automaton that finds texts for patterns.
const MAX_STATES: usize = 4_000;
/// The most digits behind the point of a limit.
const MAX_FRACTION: usize = 30;
/// The most patterns on one key that are gone through together.
const MAX_PATTERNS: usize = 60;
/// The most values tried for a key that is inserted somewhere.
const MAX_INSERTED: usize = 200;
/// The most lists tried for a multivalued key.
const MAX_LISTS: usize = 2_000;

/// Values of a key, absent included, and whether they stand for all.
pub(super) struct Representatives {
    pub(super) values: Vec<Option<ContextValue>>,
    pub(super) exhaustive: bool,
}

/// The values of `key` that can make a difference to `request`.
pub(super) fn of(key: &ConditionKey, policies: &PolicySet, request: &Request<'_>) -> Representatives {
    if let Some(origins) = service::origins(key, request) {
        let values = origins.into_iter().map(|origin| Some(ContextValue::Single(origin.to_owned())));
        return Representatives { values: values.collect(), exhaustive: true };
    }
    let concerns = |other: &ConditionKey| other == key || other.is_time() && key.is_time();
    let all_tests = || statements(policies, request).flat_map(|statement| statement.conditions().tests());
    let tests: Vec<&ConditionTest> = all_tests().filter(|test| concerns(test.key())).collect();
    let inserted = statements(policies, request).any(|statement| statement.variables().any(concerns));
    let mut texts = Texts { exhaustive: true, found: Vec::new() };
    // The keys of a call chain follow from one another in ways that are not gone into.
    texts.exhaustive &=
        !key.is_call_chain() || !all_tests().any(|test| test.key().is_call_chain() && test.key() != key);
    let valued = || tests.iter().filter(|test| test.operator().base.family() != Family::Null);
    let families: Vec<Family> = valued().map(|test| test.operator().base.family()).collect();
    let mut atoms = atoms(&tests, request, &mut texts.exhaustive);
    if inserted {
        // What is inserted may at the same time be tested: each such text counts as one that a test names.
        texts.insertions(key, policies, request);
        atoms.extend(
            texts.found.iter().map(|text| Atom { symbols: text.chars().map(Symbol::Char).collect(), folded: false }),
        );
    }
    let family = key.value_type().map(Family::of);
    match family.filter(|family| !matches!(family, Family::String | Family::Arn)) {
        Some(Family::Bool) => texts.typed(Family::Bool, &tests),
        Some(family) => {
            texts.typed(family, &tests);
            texts.found.extend(atoms.iter().filter_map(Atom::literal));
            texts.found.retain(|text| is_of(family, text));
            // Texts that come out alike as values may differ as texts, and the other way round.
            texts.exhaustive &= atoms.is_empty() && families.iter().all(|other| *other == family);
        }
        None => {
            let mut typed: Vec<Family> = TYPED.into_iter().filter(|family| families.contains(family)).collect();
            typed.iter().for_each(|family| texts.typed(*family, &tests));
            typed.extend((!atoms.is_empty()).then_some(Family::String));
            texts.exhaustive &= typed.len() <= 1;
            // Texts that are no value of any of the operators are among these.
            texts.patterns(&atoms);
        }
    }
    texts.found.sort_by(|one, other| (one.len(), one).cmp(&(other.len(), other)));
    texts.found.dedup();
    if !inserted {
        texts.drop_twins(&tests, request);
    }
    let of_service = service::value_of(key, request);
    texts.found.extend(of_service.map(str::to_owned));

    let mut values = if request.always_has(key) { Vec::new() } else { vec![None] };
    let sets = valued().filter(|test| test.operator().set.is_some()).count();
    let (single, multi) = match key.shape() {
        Some(Shape::SingleValued) => (true, false),
        Some(Shape::Multivalued) => (false, true),
        // A single value under a set operator is a list of one (R5.13). A key that no set operator tests is taken to
        // have one value, as whoever wrote the policy took it.
        None => (sets == 0 || sets < families.len() || inserted, sets > 0),
    };
    if single || of_service.is_some() {
        values.extend(texts.found.iter().map(|text| Some(ContextValue::Single(text.clone()))));
    }
    if multi {
        // Every test can ask for one element of its own, beside one that keeps empty texts from being no value at all.
        let lists = lists(&texts.found, sets + 1, &mut texts.exhaustive);
        values.extend(lists.into_iter().map(|list| Some(ContextValue::Multi(list))));
    }
    Representatives { values, exhaustive: texts.exhaustive }
}

/// Whether the values of `key` hang on those of other keys.
pub(super) fn hang_on_others(key: &ConditionKey, policies: &PolicySet, request: &Request<'_>) -> bool {
    let inserted = statements(policies, request).any(|statement| statement.variables().any(|variable| variable == key));
    let tests = statements(policies, request).flat_map(|statement| statement.conditions().tests());
    let mut values = tests.filter(|test| test.key() == key).flat_map(|test| test.values());
    let varies = values.any(|value| value.pattern().is_some_and(|pattern| pattern.variables().next().is_some()));
    inserted || varies
}

/// Families whose operators read only some texts.
const TYPED: [Family; 5] = [Family::Numeric, Family::Date, Family::Bool, Family::Binary, Family::Ip];

/// All lists of up to `most` of the values, without regard to order.
fn lists(values: &[String], most: usize, exhaustive: &mut bool) -> Vec<Vec<String>> {
    let mut lists = vec![Vec::new()];
    let mut from = 0;
    for _ in 0..most.min(values.len()) {
        let until = lists.len();
        for at in from..until {
            let Some(list) = lists.get(at).cloned() else { continue };
            let next =
                list.last().map_or(0, |last| values.iter().position(|value| value == last).map_or(0, |at| at + 1));
            for value in values.iter().skip(next) {
                if lists.len() >= MAX_LISTS {
                    *exhaustive = false;
                    return lists;
                }
                let mut longer = list.clone();
                longer.push(value.clone());
                lists.push(longer);
            }
        }
        from = until;
    }
    lists
}

/// A text condition on the key's value, as an automaton reads it.
#[derive(Clone, PartialEq)]
struct Atom {
    symbols: Vec<Symbol>,
    folded: bool,
}

#[derive(Clone, Copy, PartialEq)]
enum Symbol {
    Char(char),
    Any { colon: bool },
    Run { colon: bool },
}

impl Atom {
    fn literal(&self) -> Option<String> {
        let chars = self.symbols.iter().map(|symbol| if let Symbol::Char(c) = symbol { Some(*c) } else { None });
        chars.collect()
    }

    /// The places behind the symbols that can be reached without reading anything more.
    fn close(&self, states: &mut Vec<usize>) {
        let mut at = 0;
        while let Some(&state) = states.get(at) {
            if matches!(self.symbols.get(state), Some(Symbol::Run { .. })) && !states.contains(&(state + 1)) {
                states.push(state + 1);
            }
            at += 1;
        }
        states.sort_unstable();
    }

    fn read(&self, states: &[usize], c: char) -> Vec<usize> {
        let mut next = Vec::new();
        for &state in states {
            let to = match self.symbols.get(state) {
                Some(Symbol::Char(own)) if *own == c || self.folded && fold(*own) == fold(c) => state + 1,
                Some(Symbol::Any { colon }) if *colon || c != ':' => state + 1,
                Some(Symbol::Run { colon }) if *colon || c != ':' => state,
                _ => continue,
            };
            if !next.contains(&to) {
                next.push(to);
            }
        }
        self.close(&mut next);
        next
    }
}

/// The text conditions of the tests, variables replaced. Those whose variables have no value match nothing; those whose
/// variables are unknown cannot be covered.
fn atoms(tests: &[&ConditionTest], request: &Request<'_>, exhaustive: &mut bool) -> Vec<Atom> {
    let mut atoms: Vec<Atom> = Vec::new();
    for value in tests.iter().flat_map(|test| test.values()) {
        let (pattern, folded, arn) = match value.operand() {
            Operand::Text(pattern) => (pattern, false, false),
            Operand::FoldedText(pattern) => (pattern, true, false),
            Operand::Arn(pattern) => (pattern, false, true),
            _ => continue,
        };
        if pattern.variables().any(|variable| request.variable(variable.key()) == Substitute::Unknown) {
            *exhaustive = false;
            continue;
        }
        let Some(pattern) = pattern.resolved(request) else { continue };
        let atom = Atom { symbols: symbols(&pattern, arn), folded };
        if !atoms.contains(&atom) {
            atoms.push(atom);
        }
    }
    atoms
}

fn symbols(pattern: &Pattern, arn: bool) -> Vec<Symbol> {
    // In an ARN pattern no wildcard crosses one of the first five colons, unless it is `*` alone.
    let parts = arn && !pattern.is_everything();
    let mut colons = 0;
    let symbols = pattern.characters().into_iter().map(|character| {
        let colon = !parts || colons >= 5;
        match character {
            Some(Some(c)) => {
                colons += usize::from(c == ':');
                Symbol::Char(c)
            }
            Some(None) => Symbol::Any { colon },
            None => Symbol::Run { colon },
        }
    });
    symbols.collect()
}

struct Texts {
    exhaustive: bool,
    found: Vec<String>,
}

impl Texts {
    /// Values on and around the limits of typed operators.
    fn typed(&mut self, family: Family, tests: &[&ConditionTest]) {
        let of_family = tests.iter().filter(|test| test.operator().base.family() == family);
        let values: Vec<&ConditionValue> =
            of_family.flat_map(|test| test.values()).filter(|value| !value.is_malformed()).collect();
        match family {
            Family::Numeric => self.numbers(&values),
            Family::Date => self.instants(&values),
            Family::Bool => self.found.extend(["true".to_owned(), "false".to_owned()]),
            Family::Binary => {
                self.found.extend(values.iter().map(|value| value.as_str().to_owned()));
                // Bytes longer than any that are listed.
                let longest = values.iter().map(|value| value.as_str().len()).max().unwrap_or(0);
                self.found.push("AAAA".repeat(longest / 4 + 1));
            }
            Family::Ip => {
                self.found.extend(["0.0.0.0".to_owned(), "::".to_owned()]);
                for value in values {
                    if let Operand::Network(network) = value.operand() {
                        self.found.extend(network.edges().iter().map(ToString::to_string));
                    }
                }
            }
            Family::String | Family::Arn | Family::Null => {}
        }
    }

    fn numbers(&mut self, values: &[&ConditionValue]) {
        let parsed: Vec<Decimal<'_>> = values.iter().filter_map(|value| Decimal::parse(value.as_str())).collect();
        let scale = parsed.iter().map(|number| number.digits().1.len()).max().unwrap_or(0) + 1;
        if scale > MAX_FRACTION {
            self.exhaustive = false;
            return;
        }
        self.found.push("0".to_owned());
        for number in parsed {
            let (integer, fraction) = number.digits();
            let digits = format!("{integer}{fraction:0<scale$}");
            let Ok(scaled) = (if digits.is_empty() { Ok(0) } else { digits.parse::<i128>() }) else {
                self.exhaustive = false;
                continue;
            };
            let scaled = if number.is_negative() { -scaled } else { scaled };
            self.found.extend([scaled - 1, scaled, scaled + 1].into_iter().map(|scaled| decimal(scaled, scale)));
        }
    }

    fn instants(&mut self, values: &[&ConditionValue]) {
        self.found.push("0".to_owned());
        for value in values {
            if let Operand::Instant(instant) = value.operand() {
                self.found.extend(instant.around());
            }
        }
    }

    /// A text for every way the conditions can come out together, shortest first: a walk through the product of their
    /// automata.
    fn patterns(&mut self, atoms: &[Atom]) {
        let literals: Vec<String> = atoms.iter().filter(|atom| !atom.folded).filter_map(Atom::literal).collect();
        if literals.len() == atoms.len() {
            // Each text, the empty one, and one that is none of them.
            let longest = literals.iter().map(|text| text.chars().count()).max().unwrap_or(0);
            self.found.extend(literals);
            self.found.extend([String::new(), "x".repeat(longest + 1)]);
            return;
        }
        if atoms.len() > MAX_PATTERNS {
            self.exhaustive = false;
            self.found.extend(literals);
            self.found.extend([String::new(), "x".to_owned()]);
            return;
        }
        let mut alphabet: Vec<char> = Vec::new();
        for atom in atoms {
            for symbol in &atom.symbols {
                let Symbol::Char(c) = *symbol else { continue };
                alphabet.push(c);
                if atom.folded {
                    alphabet.extend([fold(c), c.to_ascii_uppercase()]);
                    match fold(c) {
                        // The Kelvin sign and the long s.
                        'k' => alphabet.push('\u{212A}'),
                        's' => alphabet.push('\u{17F}'),
                        other if !other.is_ascii() => self.exhaustive = false,
                        _ => {}
                    }
                }
            }
        }
        alphabet.sort_unstable();
        alphabet.dedup();
        // One character stands for all that no pattern mentions.
        let fresh = ('x'..='z')
            .chain('a'..='w')
            .chain('0'..='9')
            .chain('\u{4E00}'..='\u{9FFF}')
            .find(|c| !alphabet.contains(c));
        alphabet.extend(fresh);
        if atoms.iter().any(|atom| {
            atom.symbols.iter().any(|s| matches!(s, Symbol::Any { colon: false } | Symbol::Run { colon: false }))
        }) && !alphabet.contains(&':')
        {
            alphabet.push(':');
        }
        let start: Vec<Vec<usize>> = atoms
            .iter()
            .map(|atom| {
                let mut states = vec![0];
                atom.close(&mut states);
                states
            })
            .collect();
        let mut outcomes: BTreeSet<Vec<bool>> = BTreeSet::new();
        // The start is not known yet: a text that leads back to it is another one than the empty text.
        let mut known: HashSet<Vec<Vec<usize>>> = HashSet::new();
        let mut queue = VecDeque::from([(start, String::new())]);
        while let Some((states, text)) = queue.pop_front() {
            let accepts: Vec<bool> =
                atoms.iter().zip(&states).map(|(atom, states)| states.contains(&atom.symbols.len())).collect();
            // The empty text stands for itself alone: it counts as no value in sets and variables.
            if text.is_empty() || outcomes.insert(accepts) {
                self.found.push(text.clone());
            }
            for &c in &alphabet {
                let next: Vec<Vec<usize>> =
                    atoms.iter().zip(&states).map(|(atom, states)| atom.read(states, c)).collect();
                if known.contains(&next) {
                    continue;
                }
                if known.len() >= MAX_STATES {
                    self.exhaustive = false;
                    return;
                }
                known.insert(next.clone());
                queue.push_back((next, format!("{text}{c}")));
            }
        }
    }

    /// Values that the key's variables could be replaced by to make a difference: stretches of what is compared.
    fn insertions(&mut self, key: &ConditionKey, policies: &PolicySet, request: &Request<'_>) {
        let on_bucket = request.on_bucket();
        let resources = [request.matched_as(), Some(request.resource().as_str())].into_iter().flatten();
        let resources = resources.chain(on_bucket.as_ref().map(|request| request.resource().as_str()));
        let resources: Vec<Arn<'_>> = resources.filter_map(Arn::parse).collect();
        for statement in statements(policies, request) {
            let entries = statement.resource().into_iter().flat_map(|element| element.variables());
            for (entry, variable) in entries.filter(|(_, variable)| variable.key() == key) {
                let Some(pattern) = entry.last_part() else { continue };
                resources.iter().for_each(|arn| self.stretches(pattern, variable, arn.resource, request));
            }
            for test in statement.conditions().tests() {
                for value in test.values() {
                    let Some(pattern) = value.pattern() else { continue };
                    for variable in pattern.variables().filter(|variable| variable.key() == key) {
                        // Stretches are exact: where letter case is folded, or an ARN is split, others fit as well.
                        self.exhaustive &= matches!(value.operand(), Operand::Text(_));
                        match request.lookup(test.key()) {
                            Lookup::Single(text) => self.stretches(pattern, variable, text, request),
                            Lookup::Multi(texts) => {
                                texts.iter().for_each(|text| self.stretches(pattern, variable, text, request));
                            }
                            Lookup::Absent => {}
                            // What a variable brings to a comparison with another unknown key is not covered.
                            Lookup::Unknown => {
                                self.exhaustive = false;
                                let others = statements(policies, request).flat_map(|s| s.conditions().tests());
                                let values =
                                    others.filter(|other| other.key() == test.key()).flat_map(|other| other.values());
                                let literals = values.filter_map(|v| v.pattern()?.as_literal().map(str::to_owned));
                                self.found.extend(literals.take(MAX_INSERTED));
                            }
                        }
                    }
                }
            }
        }
        if self.found.len() > MAX_INSERTED {
            self.exhaustive = false;
            self.found.truncate(MAX_INSERTED);
        }
    }

    fn stretches(&mut self, pattern: &Pattern, variable: &Variable, text: &str, request: &Request<'_>) {
        // With a second unknown variable in the pattern, or the same one again, the stretches are not all there is.
        let unknown = pattern.variables().filter(|other| request.variable(other.key()) == Substitute::Unknown);
        self.exhaustive &= unknown.count() <= 1;
        let stretches = pattern.stretches(text, variable, request, MAX_INSERTED + 1);
        self.found.extend(stretches.into_iter().map(str::to_owned));
        self.found.push(text.to_owned());
    }

    /// Keeps one of the texts that come out alike in every test.
    fn drop_twins(&mut self, tests: &[&ConditionTest], request: &Request<'_>) {
        let mut seen: HashSet<Vec<bool>> = HashSet::new();
        self.found.retain(|text| {
            let matches = |test: &&ConditionTest| {
                let mut comparisons =
                    test.values().iter().map(|value| value.compare(test.operator().base, text, request));
                comparisons.any(|comparison| comparison == Comparison::Match)
            };
            let mut outcome: Vec<bool> = tests.iter().map(matches).collect();
            outcome.push(text.is_empty());
            seen.insert(outcome)
        });
    }
}

/// A number given in units of 10^-scale.
fn decimal(scaled: i128, scale: usize) -> String {
    let sign = if scaled < 0 { "-" } else { "" };
    let digits = format!("{:0>width$}", scaled.unsigned_abs(), width = scale + 1);
    let (integer, fraction) = digits.split_at(digits.len() - scale);
    format!("{sign}{integer}.{fraction}").trim_end_matches('0').trim_end_matches('.').to_owned()
}
