//! Values that stand for all values of a key: one for each way the tests of the policies can come out together.

use super::{statements, variables};
use crate::condition::{Base, ConditionTest, ConditionValue, Family, Operand};
use crate::decimal::Decimal;
use crate::instant::Instant;
use crate::key::{ConditionKey, Shape, ValueType};
use crate::pattern::{Pattern, Substitute, Variables, fold};
use crate::policy::PolicySet;
use crate::request::{ContextValue, Lookup, Request};
use std::collections::{BTreeSet, HashSet, VecDeque};

/// The most states of the automaton that finds texts for patterns.
const MAX_STATES: usize = 4_000;
/// The most lists tried for a multivalued key.
const MAX_LISTS: usize = 2_000;

/// Values of a key, absent included, and whether they stand for all.
pub(super) struct Representatives {
    pub(super) values: Vec<Option<ContextValue>>,
    pub(super) exhaustive: bool,
}

/// The values of `key` that can make a difference to `request`.
pub(super) fn of(key: &ConditionKey, policies: &PolicySet, request: &Request<'_>) -> Representatives {
    let tests: Vec<&ConditionTest> =
        statements(policies, request).flat_map(|s| s.conditions().tests()).filter(|test| test.key() == key).collect();
    let inserted = statements(policies, request).any(|statement| variables(statement).any(|variable| variable == key));
    let mut texts = Texts { exhaustive: true, found: Vec::new() };
    let families: Vec<Family> =
        tests.iter().map(|test| test.operator().base.family()).filter(|f| *f != Family::Null).collect();
    let atoms = atoms(&tests, request, &mut texts.exhaustive);
    match key.value_type() {
        Some(ValueType::Bool) => texts.typed(Family::Bool, &tests),
        Some(value_type) => {
            let family = match value_type {
                ValueType::Number => Family::Numeric,
                ValueType::IpAddress => Family::Ip,
                ValueType::Date | ValueType::Bool => Family::Date,
            };
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
    if inserted {
        texts.insertions(key, policies, request);
    }
    if texts.found.is_empty() {
        texts.found.push("x".to_owned());
    }
    texts.found.sort_by(|one, other| (one.len(), one).cmp(&(other.len(), other)));
    texts.found.dedup();
    if !inserted {
        texts.drop_twins(&tests, request);
    }

    let mut values = vec![None];
    let sets = tests.iter().filter(|test| test.operator().set.is_some()).count();
    let (single, multi) = match key.shape() {
        Some(Shape::SingleValued) => (true, false),
        Some(Shape::Multivalued) => (false, true),
        // A single value under a set operator is a list of one (R5.13).
        None => (sets == 0 || sets < families.len() || inserted, sets > 0),
    };
    if single {
        values.extend(texts.found.iter().map(|text| Some(ContextValue::Single(text.clone()))));
    }
    if multi {
        // Every test can ask for one element of its own, so lists need not be longer than there are tests.
        let lists = lists(&texts.found, sets.max(1), &mut texts.exhaustive);
        values.extend(lists.into_iter().map(|list| Some(ContextValue::Multi(list))));
    }
    Representatives { values, exhaustive: texts.exhaustive }
}

/// Families whose operators read only some texts.
const TYPED: [Family; 5] = [Family::Numeric, Family::Date, Family::Bool, Family::Binary, Family::Ip];

/// Whether a text is a value that operators of this family read.
fn is_of(family: Family, text: &str) -> bool {
    match family {
        Family::Numeric => Decimal::parse(text).is_some(),
        Family::Date => Instant::parse(text).is_some(),
        Family::Bool => text.eq_ignore_ascii_case("true") || text.eq_ignore_ascii_case("false"),
        Family::Ip => text.parse::<std::net::IpAddr>().is_ok(),
        Family::Binary | Family::String | Family::Arn | Family::Null => true,
    }
}

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
                let fresh = ["", "AA==", "AQ==", "Ag==", "Aw=="].into_iter().chain(["BA==", "BQ==", "Bg=="]);
                self.found.extend(fresh.map(str::to_owned));
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
        let mut alphabet: Vec<char> = atoms
            .iter()
            .flat_map(|atom| {
                atom.symbols
                    .iter()
                    .filter_map(|symbol| if let Symbol::Char(c) = symbol { Some(*c) } else { None })
                    .flat_map(|c| {
                        [Some(c), atom.folded.then(|| fold(c)), c.to_uppercase().next().filter(|_| atom.folded)]
                            .into_iter()
                            .flatten()
                    })
            })
            .collect();
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
        // What a variable brings to a comparison with another unknown key is not covered.
        let before = self.found.len();
        for statement in statements(policies, request) {
            for (entry, variable) in statement.resource().into_iter().flat_map(|element| element.variables()) {
                if variable.key() != key {
                    continue;
                }
                if let (Some(pattern), Some(arn)) = (entry.last_part(), request.resource().arn()) {
                    self.found
                        .extend(pattern.stretches(arn.resource, variable, request).into_iter().map(str::to_owned));
                }
                self.exhaustive &= entry.last_part().is_none_or(|pattern| pattern.variables().count() == 1);
            }
            for test in statement.conditions().tests() {
                for value in test.values() {
                    let Some(pattern) = value.pattern() else { continue };
                    for variable in pattern.variables().filter(|variable| variable.key() == key) {
                        self.exhaustive &= pattern.variables().count() == 1;
                        match request.lookup(test.key()) {
                            Lookup::Single(text) => self.compared(pattern, variable, text, request),
                            Lookup::Multi(texts) => {
                                texts.iter().for_each(|text| self.compared(pattern, variable, text, request))
                            }
                            Lookup::Absent => {}
                            Lookup::Unknown => {
                                self.exhaustive = false;
                                let others = statements(policies, request).flat_map(|s| s.conditions().tests());
                                let literals =
                                    others.filter(|other| other.key() == test.key()).flat_map(|other| other.values());
                                self.found
                                    .extend(literals.filter_map(|v| v.pattern()?.as_literal().map(str::to_owned)));
                            }
                        }
                    }
                    if matches!(
                        test.operator().base,
                        Base::ArnLike | Base::ArnEquals | Base::ArnNotLike | Base::ArnNotEquals
                    ) && pattern.variables().any(|variable| variable.key() == key)
                    {
                        self.exhaustive = false;
                    }
                }
            }
        }
        // Something that no comparison has in it, and nothing at all.
        self.found.extend([String::new(), "\u{2603}".to_owned()]);
        if self.found.len() - before > MAX_LISTS {
            self.exhaustive = false;
            self.found.truncate(before + MAX_LISTS);
        }
    }

    fn compared(&mut self, pattern: &Pattern, variable: &crate::pattern::Variable, text: &str, request: &Request<'_>) {
        self.found.extend(pattern.stretches(text, variable, request).into_iter().map(str::to_owned));
        self.found.push(text.to_owned());
    }

    /// Keeps one of the texts that come out alike in every comparison.
    fn drop_twins(&mut self, tests: &[&ConditionTest], request: &Request<'_>) {
        let mut seen: Vec<Vec<bool>> = Vec::new();
        self.found.retain(|text| {
            let mut outcome: Vec<bool> = tests
                .iter()
                .flat_map(|test| {
                    test.values().iter().map(|value| {
                        matches!(
                            value.compare(test.operator().base, text, request),
                            crate::condition::Comparison::Match
                        )
                    })
                })
                .collect();
            outcome.push(text.is_empty());
            let new = !seen.contains(&outcome);
            if new {
                seen.push(outcome);
            }
            new
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
