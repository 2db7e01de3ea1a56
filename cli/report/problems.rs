//! Problems on standard error: the place, the source line with the mistake marked, and what to do.

use super::counted;
use crate::Failure;
use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use can_access_engine::catalogue::Catalogue;
use can_access_engine::checks;
use can_access_engine::policy::{Policy, Refused};
use can_access_engine::problem::{Code, Problem, Source, Span};
use std::collections::HashMap;
use std::io::Write;

/// How many problems of one text are shown.
const SHOWN: usize = 50;
/// How long the source lines of a problem may be to be shown: text without line ends is best looked at in an editor.
const SHOWN_LENGTH: usize = 4_000;
/// How many of them may be of one kind.
const SHOWN_OF_A_KIND: usize = 10;

/// Prints why the program could not go on.
pub(crate) fn print_failure(failure: &Failure) {
    match failure {
        Failure::Refused(refused) => refused.iter().for_each(print_refused),
        Failure::Usage { message, help } => print_plain(message, help.as_deref()),
        other => print_plain(&other.to_string(), None),
    }
}

/// Prints what is odd about a policy that is accepted, by its grammar and by AWS's data.
pub(crate) fn print_warnings(policy: &Policy) {
    let mut warnings = policy.warnings().to_vec();
    warnings.extend(checks::policy(Catalogue::published(), policy));
    warnings.sort_by_key(|warning| warning.span.start);
    print_all(policy.source(), &warnings);
}

/// Prints a mistake that stops nothing.
pub(crate) fn print_error(message: &str) {
    print_plain(message, None);
}

/// Prints what may be wrong and stops nothing.
pub(crate) fn print_warning(message: &str) {
    complain(&renderer().render(&[Group::with_title(Level::WARNING.primary_title(message))]));
}

/// Prints what was done.
pub(crate) fn print_note(message: &str) {
    complain(&renderer().render(&[Group::with_title(Level::NOTE.primary_title(message))]));
}

fn print_refused(refused: &Refused) {
    print_all(refused.source(), refused.problems());
}

fn print_plain(message: &str, help: Option<&str>) {
    let help = help.map(|help| Level::HELP.message(help));
    let group = Group::with_title(Level::ERROR.primary_title(message)).elements(help);
    complain(&renderer().render(&[group]));
}

/// Prints to standard error; if nobody takes it, the exit code still tells.
fn complain(text: &str) {
    _ = writeln!(anstream::stderr(), "{text}");
}

/// Prints the problems of a text; of many of one kind, the first.
pub(crate) fn print_all(source: &Source, problems: &[Problem]) {
    let errors_only = problems.iter().any(Problem::is_error);
    let wanted: Vec<&Problem> = problems.iter().filter(|problem| problem.is_error() || !errors_only).collect();
    let mut of_a_kind: HashMap<Code, usize> = HashMap::new();
    let mut shown = 0;
    for problem in &wanted {
        let earlier = of_a_kind.entry(problem.code).or_default();
        if shown < SHOWN && *earlier < SHOWN_OF_A_KIND {
            complain(&format!("{}\n", render(source, problem)));
            shown += 1;
        }
        *earlier += 1;
    }
    let rest = wanted.len() - shown;
    if rest > 0 {
        let [one, many] = if errors_only { ["more error", "more errors"] } else { ["more warning", "more warnings"] };
        print_note(&format!("{} in {}", counted(rest, one, many), source.name()));
    }
}

fn render(source: &Source, problem: &Problem) -> String {
    let level = if problem.is_error() { Level::ERROR } else { Level::WARNING };
    // The lines that hold the place and its companion, so that a large text is not gone through for each problem.
    let text = source.text();
    let places = problem.related.iter().map(|(span, _)| span.start).chain([problem.span.start]);
    let (first, last) = places.fold((usize::MAX, 0), |(first, last), at| (first.min(at), last.max(at)));
    let start = text.get(..first.min(text.len())).and_then(|before| before.rfind('\n')).map_or(0, |at| at + 1);
    let end = text.get(last.min(text.len())..).and_then(|rest| rest.find('\n')).map_or(text.len(), |at| last + at);
    let lines = text.get(start..end).unwrap_or(text);
    // A byte-order mark is not shown, and takes no column.
    let mark_length = if lines.starts_with('\u{FEFF}') { '\u{FEFF}'.len_utf8() } else { 0 };
    let (lines, start) = (lines.get(mark_length..).unwrap_or(lines), start + mark_length);
    let help = problem.help.as_ref().map(|help| Level::HELP.message(help));
    let title = Group::with_title(level.primary_title(&problem.message));
    if lines.len() > SHOWN_LENGTH {
        let place = source.place(problem.span.start);
        let origin = Origin::path(source.name()).line(place.line).char_column(place.column);
        return renderer().render(&[title.element(origin).elements(help)]);
    }
    let mark = |span: Span| marked(lines, span.start.saturating_sub(start), span.end.saturating_sub(start));
    let mut snippet = Snippet::source(lines)
        .line_start(source.place(start).line)
        .path(source.name())
        .annotation(AnnotationKind::Primary.span(mark(problem.span)));
    if let Some((span, label)) = &problem.related {
        snippet = snippet.annotation(AnnotationKind::Context.span(mark(*span)).label(label));
    }
    renderer().render(&[title.element(snippet).elements(help)])
}

/// What to underline: a span of one line, inside the text.
fn marked(text: &str, start: usize, end: usize) -> std::ops::Range<usize> {
    let start = (0..=start.min(text.len())).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
    let line_end = text.get(start..).and_then(|rest| rest.find('\n')).map_or(text.len(), |at| start + at);
    let end = (end.min(line_end)..=text.len()).find(|&at| text.is_char_boundary(at)).unwrap_or(text.len());
    start..end.max(start)
}

fn renderer() -> Renderer {
    Renderer::styled().decor_style(DecorStyle::Ascii)
}
