//! Patterns (sections 2, 3 and 6).

use super::request::{Held, Request, six};
use std::collections::BTreeMap;

/// One character of a pattern: itself, `?`, or `*`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tok {
    Char(char),
    Any,
    Run,
}

/// Whether the whole of `text` fits `pattern`, in which only `*` and `?` are special (R2.3, R3.5, R3.6).
pub(crate) fn glob(pattern: &str, text: &str) -> bool {
    fits(&live(pattern), &characters(text))
}

/// R3.7: whether the whole text fits the pattern.
pub(super) fn fits(pattern: &[Tok], text: &[char]) -> bool {
    fits_from(pattern, text, &mut BTreeMap::new())
}

/// The recursion behind [`fits`]. No pair of what is left of pattern and text is asked about twice, however many ways
/// lead to it.
pub(super) fn fits_from(pattern: &[Tok], text: &[char], known: &mut BTreeMap<(usize, usize), bool>) -> bool {
    if let Some(answer) = known.get(&(pattern.len(), text.len())) {
        return *answer;
    }
    let answer = match (pattern.split_first(), text.split_first()) {
        (None, _) => text.is_empty(),
        (Some((Tok::Run, rest)), None) => fits_from(rest, text, known),
        (Some((Tok::Run, rest)), Some((_, tail))) => fits_from(rest, text, known) || fits_from(pattern, tail, known),
        (Some((Tok::Any, rest)), Some((_, tail))) => fits_from(rest, tail, known),
        (Some((Tok::Char(wanted), rest)), Some((found, tail))) => wanted == found && fits_from(rest, tail, known),
        (Some((Tok::Any | Tok::Char(_), _)), None) => false,
    };
    known.insert((pattern.len(), text.len()), answer);
    answer
}

/// Text whose `*` and `?` are wildcards and which has nothing else in it.
pub(super) fn live(pattern: &str) -> Vec<Tok> {
    let token = |c: char| match c {
        '*' => Tok::Run,
        '?' => Tok::Any,
        other => Tok::Char(other),
    };
    pattern.chars().map(token).collect()
}

/// The characters of a text.
pub(super) fn characters(text: &str) -> Vec<char> {
    text.chars().collect()
}

/// A pattern read as plain text, for operators that have no wildcards (R5.20).
pub(super) fn plain(pattern: &[Tok]) -> String {
    let character = |token: &Tok| match token {
        Tok::Char(c) => *c,
        Tok::Any => '?',
        Tok::Run => '*',
    };
    pattern.iter().map(character).collect()
}

/// R6.1: policy text with escapes and variables replaced by literal characters (R3.14, R3.18), or nothing when a
/// variable has no value. Without `variables` nothing is replaced (R1.9).
pub(super) fn expand(text: &str, variables: bool, request: &Request) -> Option<Vec<Tok>> {
    if !variables {
        return Some(live(text));
    }
    let Some((before, opened)) = text.split_once("${") else {
        return Some(live(text)); // R3.12
    };
    let Some((inside, after)) = opened.split_once('}') else {
        return Some(live(text)); // R3.13
    };
    let mut tokens = live(before);
    tokens.extend(replacement(inside, request)?.chars().map(Tok::Char));
    tokens.extend(expand(after, variables, request)?);
    Some(tokens)
}

/// What stands for the text between `${` and `}` (R6.7, R6.9, R6.16).
pub(super) fn replacement(inside: &str, request: &Request) -> Option<String> {
    if inside == "*" || inside == "?" || inside == "$" {
        return Some(inside.to_owned());
    }
    let (name, default) = match inside.split_once(',') {
        None => (inside, None),
        Some((name, quoted)) => {
            let opened = quoted.trim().strip_prefix('\'');
            (name, opened.and_then(|opened| opened.strip_suffix('\'')))
        }
    };
    match request.lookup(name.trim()) {
        Some(Held::Multi(_)) => None,
        Some(Held::Single(value)) if !value.is_empty() => Some(value.clone()),
        Some(Held::Single(_)) | None => default.map(str::to_owned),
    }
}

/// R2.5, R3.3: one or more asterisks and nothing else.
pub(super) fn only_asterisks(pattern: &str) -> bool {
    !pattern.is_empty() && pattern.chars().all(|c| c == '*')
}

/// R2.1 to R2.6: one entry of Action or NotAction.
pub(super) fn action_matches(pattern: &str, action: &str) -> bool {
    if only_asterisks(pattern) {
        return true;
    }
    let pattern = pattern.to_ascii_lowercase();
    let action = action.to_ascii_lowercase();
    let (Some((service, name)), Some((asked_service, asked_name))) = (pattern.split_once(':'), action.split_once(':'))
    else {
        return false;
    };
    let malformed = name.is_empty() || name.contains(|c: char| c == ':' || c == ',' || c.is_whitespace());
    !malformed && glob(service, asked_service) && glob(name, asked_name)
}

/// R3.2 to R3.22: one entry of Resource or NotResource.
///
/// Variables count only in the sixth part (R3.17). A request without a resource fits nothing but asterisks, since `*`
/// has no six parts. Entries with fewer than six parts (R3.11) are made only where what is missing counts as `*`.
pub(super) fn resource_matches(pattern: &str, variables: bool, request: &Request) -> bool {
    if only_asterisks(pattern) {
        return true;
    }
    let mut wanted: Vec<&str> = pattern.splitn(6, ':').collect();
    wanted.resize(6, "*");
    let Some(asked) = six(request.matched_resource()) else {
        return false;
    };
    let Some(last) = expand(wanted[5], variables, request) else {
        return false; // R3.19
    };
    wanted[0] == "arn"
        && asked[0] == "arn"
        && (1..5).all(|part| glob(wanted[part], asked[part]))
        && fits(&last, &characters(asked[5]))
}
