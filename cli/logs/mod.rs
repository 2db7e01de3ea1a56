//! Access logs: their bytes in blocks, gone through by all threads at once.

pub(crate) mod derive;
mod pipe;
mod plans;
mod question;
pub(crate) mod replay;
pub(crate) mod source;

use can_access_engine::replay::Class;
use can_access_engine::replay::access_log::{Damage, JsonRow, Line, Row};
use can_access_engine::replay::cloudtrail::{self, Event, Item};
use can_access_engine::replay::logged::Delivery;
use can_access_engine::replay::skim::{Skim, Skimmer};
use can_access_engine::replay::tally::Place;
use source::{Block, Format, Source};
use std::sync::Arc;

/// Goes through all blocks on all threads, each with a worker of its own, and gives what each found. That has to be put
/// together to the same result whoever found it.
pub(crate) fn each_block<W, F: Send>(
    source: &Source<'_>,
    worker: impl Fn() -> W + Sync,
    go_through: impl Fn(&mut W, &Block) + Sync,
    finish: impl Fn(W) -> F + Sync,
    progress: impl Fn(u64) + Sync,
) -> Vec<F> {
    rayon::broadcast(|_| {
        let mut worker = worker();
        let mut block = Block::new();
        while source.next(&mut block) {
            go_through(&mut worker, &block);
            progress(source.read());
        }
        finish(worker)
    })
}

/// What the name of the log at hand says of the bucket that it is about.
#[derive(Default)]
pub(crate) struct Deliveries<'f> {
    files: &'f [String],
    /// Which of the files it is, and what its name says.
    of: Option<(usize, Option<Arc<Delivery>>)>,
}

impl<'f> Deliveries<'f> {
    pub(crate) fn new(files: &'f [String]) -> Self {
        Self { files, of: None }
    }

    /// Turns to the log of a block.
    pub(crate) fn turn_to(&mut self, block: &Block) {
        if self.of.as_ref().is_none_or(|(file, _)| *file != block.file) {
            let path = self.files.get(block.file);
            self.of = Some((block.file, path.and_then(|path| Delivery::of_path(path)).map(Arc::new)));
        }
    }

    /// What it says.
    pub(crate) fn at_hand(&self) -> Option<Arc<Delivery>> {
        self.of.as_ref().and_then(|(_, delivery)| delivery.clone())
    }
}

/// What some editors write at the beginning of a text.
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// What stands in a line of a log, or for an event in a document.
pub(crate) enum Logline<'l> {
    /// An ordinary line of an S3 server access log, looked at as far as needed to recognise it, with the text that it
    /// begins.
    Ordinary(&'l Skim<'l>, &'l [u8]),
    /// A row of an S3 server access log, with its line.
    Row(Box<Row<'l>>, &'l [u8]),
    /// An event of CloudTrail.
    Event(Box<Event>),
    /// Nothing that tells of a request.
    Other(Class),
    /// Nothing that can be read.
    Malformed(Damage),
}

impl<'l> Logline<'l> {
    /// Reads the line that was skimmed at the beginning of a text.
    pub(crate) fn skimmed(text: &'l [u8]) -> Self {
        Self::read(source::first_line(text).0, true)
    }

    /// Reads a line of an S3 server access log.
    pub(crate) fn read(line: &'l [u8], terminated: bool) -> Self {
        match Line::read(line, terminated) {
            Line::Blank => Self::Other(Class::Blank),
            Line::Malformed(damage) => Self::Malformed(damage),
            Line::Row(row) => Self::Row(Box::new(row), line),
        }
    }
}

/// Goes through the lines of a block; how many lines it has. The events of a document are numbered like lines.
pub(crate) fn each_line(block: &Block, skimmer: &mut Skimmer, mut each: impl FnMut(Place, Logline<'_>)) -> u64 {
    let mut count = 0;
    match block.format {
        Format::Rows => {
            let mut rest = block.text();
            while !rest.is_empty() {
                count += 1;
                let place = block.place(count);
                rest = match &skimmer.skim(rest) {
                    Some((skim, behind)) => {
                        each(place, Logline::Ordinary(skim, rest));
                        behind
                    }
                    None => {
                        let (line, terminated, behind) = source::first_line(rest);
                        each(place, Logline::read(line, terminated));
                        behind
                    }
                };
            }
        }
        Format::JsonLines => {
            for (number, line, _) in block.lines() {
                count = number;
                let place = block.place(number);
                let line = line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line);
                if line.trim_ascii().is_empty() {
                    each(place, Logline::Other(Class::Blank));
                    continue;
                }
                cloudtrail::events(line, &mut |item| each_item(place, item, &mut each));
            }
        }
        Format::Json => {
            let whole = block.text().strip_prefix(BYTE_ORDER_MARK).unwrap_or(block.text());
            let mut texts = serde_json::Deserializer::from_slice(whole).into_iter::<Box<serde_json::value::RawValue>>();
            let mut read = 0;
            while let Some(text) = texts.next() {
                let mut take = |item: Item<'_>| {
                    count += 1;
                    each_item(block.place(count), item, &mut each);
                };
                match text {
                    Ok(text) => cloudtrail::events(text.get().as_bytes(), &mut take),
                    Err(_) => {
                        // What is whole before the damage counts.
                        cloudtrail::events_before_damage(whole.get(read..).unwrap_or_default(), &mut take);
                        count += 1;
                        each(block.place(count), Logline::Malformed(Damage::Json));
                        break;
                    }
                }
                read = texts.byte_offset();
            }
        }
        Format::Partial => {
            count = 1;
            each(block.place(1), Logline::Malformed(Damage::Partial));
        }
    }
    count
}

fn each_item(place: Place, item: Item<'_>, each: &mut impl FnMut(Place, Logline<'_>)) {
    match item {
        Item::Event(json) => match Event::read(json) {
            Some(event) => each(place, Logline::Event(Box::new(event))),
            None => each(place, Logline::Malformed(Damage::Event)),
        },
        Item::Row(json) => match JsonRow::read(json) {
            Some(row) => match row.line() {
                Ok(read) => each(place, Logline::Row(Box::new(read), json)),
                Err(damage) => each(place, Logline::Malformed(damage)),
            },
            None => each(place, Logline::Malformed(Damage::Event)),
        },
        Item::NoEvent => each(place, Logline::Other(Class::NoEvidence)),
        Item::Foreign => each(place, Logline::Malformed(Damage::Event)),
    }
}
