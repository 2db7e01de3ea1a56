//! What is printed: answers as text and JSON, problems with their places, and test results.

pub(crate) mod derive;
pub(crate) mod json;
pub(crate) mod problems;
pub(crate) mod replay;
pub(crate) mod tests;
pub(crate) mod text;

use crate::args::{Color, Format};
use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};
use can_access_engine::decision::Decision;
use can_access_engine::replay::Class;
use can_access_engine::replay::tally::Lines;
use serde::Serialize;
use std::fmt::Display;
use std::io::{BufWriter, Stdout};

/// What the lines of logs count as, for machines.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LinesJson {
    lines: u64,
    blank: u64,
    malformed: u64,
    partial: u64,
    ambiguous: u64,
    unmapped: u64,
    no_evidence: u64,
    allowed: u64,
    refused: u64,
}

impl LinesJson {
    fn new(lines: &Lines) -> Self {
        Self {
            lines: lines.all(),
            blank: lines.of(Class::Blank),
            malformed: lines.of(Class::Malformed),
            partial: lines.of(Class::Partial),
            ambiguous: lines.of(Class::Ambiguous),
            unmapped: lines.of(Class::Unmapped),
            no_evidence: lines.of(Class::NoEvidence),
            allowed: lines.of(Class::Allowed),
            refused: lines.of(Class::Refused),
        }
    }
}

/// Standard output, buffered: for what people read, without colours where there is no terminal to show them.
pub(crate) fn output(format: Format) -> BufWriter<AutoStream<Stdout>> {
    match format {
        Format::Text => BufWriter::new(anstream::stdout()),
        Format::Json | Format::Jsonl => data(),
    }
}

/// Standard output for machines, buffered. It has every byte that is written: taking colours out takes other control
/// characters out, too, and keys of objects can hold those.
pub(crate) fn data() -> BufWriter<AutoStream<Stdout>> {
    BufWriter::new(AutoStream::always_ansi(std::io::stdout()))
}

/// Says when to use colours, for standard output and standard error.
pub(crate) fn set_color(color: Color) {
    match color {
        Color::Auto => ColorChoice::Auto,
        Color::Always => ColorChoice::Always,
        Color::Never => ColorChoice::Never,
    }
    .write_global();
}

/// Headings, such as places.
pub(crate) const BOLD: Style = Style::new().bold();
/// What is less important.
pub(crate) const DIM: Style = Style::new().dimmed();
const GOOD: Style = AnsiColor::Green.on_default().bold();
const BAD: Style = AnsiColor::Red.on_default().bold();
const OPEN: Style = AnsiColor::Yellow.on_default().bold();

/// So many of something, which has another name where there is one of it.
pub(crate) fn counted<N: Display + PartialEq + From<u8>>(count: N, one: &str, many: &str) -> String {
    let what = if count == N::from(1) { one } else { many };
    format!("{count} {what}")
}

/// How a decision is coloured.
fn style_of(decision: Decision) -> Style {
    match decision {
        Decision::Allowed => GOOD,
        Decision::ExplicitDeny | Decision::ImplicitDeny => BAD,
        Decision::Depends => OPEN,
    }
}
