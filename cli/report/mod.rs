//! What is printed: answers as text and JSON, problems with their places, and test results.

pub(crate) mod derive;
pub(crate) mod json;
pub(crate) mod problems;
pub(crate) mod replay;
pub(crate) mod tests;
pub(crate) mod text;

use crate::args::Color;
use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};
use can_access_engine::decision::Decision;
use std::io::{BufWriter, Stdout};

/// Standard output, buffered, without colours where there is no terminal to show them.
pub(crate) fn output() -> BufWriter<AutoStream<Stdout>> {
    BufWriter::new(anstream::stdout())
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

/// How a decision is coloured.
fn style_of(decision: Decision) -> Style {
    match decision {
        Decision::Allowed => GOOD,
        Decision::ExplicitDeny | Decision::ImplicitDeny => BAD,
        Decision::Depends => OPEN,
    }
}
