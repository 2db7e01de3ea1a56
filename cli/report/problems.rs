//! Problems on standard error: the place, the source line with the mistake marked, and what to do.

use crate::Failure;
use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use can_access_engine::policy::{Policy, Refused};
use can_access_engine::problem::{Problem, Source};

/// How many problems of one text are shown.
const SHOWN: usize = 20;
/// How many of them may be of one kind.
const SHOWN_OF_A_KIND: usize = 3;

/// Prints why the program could not go on.
pub(crate) fn print_failure(failure: &Failure) {
    match failure {
        Failure::Refused(refused) => refused.iter().for_each(print_refused),
        Failure::Usage { message, help } => print_plain(message, help.as_deref()),
        other => print_plain(&other.to_string(), None),
    }
}

/// Prints what is odd about a policy that is accepted.
pub(crate) fn print_warnings(policy: &Policy) {
    print_all(policy.source(), policy.warnings());
}

fn print_refused(refused: &Refused) {
    print_all(refused.source(), refused.problems());
}

fn print_plain(message: &str, help: Option<&str>) {
    let help = help.map(|help| Level::HELP.message(help));
    let group = Group::with_title(Level::ERROR.primary_title(message)).elements(help);
    anstream::eprintln!("{}", renderer().render(&[group]));
}

/// Prints the problems of a text; of many of one kind, the first.
fn print_all(source: &Source, problems: &[Problem]) {
    let errors_only = problems.iter().any(Problem::is_error);
    let wanted: Vec<&Problem> = problems.iter().filter(|problem| problem.is_error() || !errors_only).collect();
    let mut shown = 0;
    for (index, problem) in wanted.iter().enumerate() {
        let earlier = wanted.iter().take(index).filter(|other| other.code == problem.code).count();
        if shown < SHOWN && earlier < SHOWN_OF_A_KIND {
            anstream::eprintln!("{}\n", render(source, problem));
            shown += 1;
        }
    }
    let rest = wanted.len() - shown;
    if rest > 0 {
        print_plain(&format!("{rest} more of these in {}", source.name()), None);
    }
}

fn render(source: &Source, problem: &Problem) -> String {
    let level = if problem.is_error() { Level::ERROR } else { Level::WARNING };
    let mark = marked(source.text(), problem.span.start, problem.span.end);
    let mut snippet = Snippet::source(source.text()).path(source.name()).annotation(AnnotationKind::Primary.span(mark));
    if let Some((span, label)) = &problem.related {
        let span = marked(source.text(), span.start, span.end);
        snippet = snippet.annotation(AnnotationKind::Context.span(span).label(label));
    }
    let help = problem.help.as_ref().map(|help| Level::HELP.message(help));
    let group = Group::with_title(level.primary_title(&problem.message)).element(snippet).elements(help);
    renderer().render(&[group])
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
