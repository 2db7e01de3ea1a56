//! Access logs: their bytes in blocks, gone through by all threads at once.

mod buffer;
pub(crate) mod derive;
mod pipe;
mod plans;
mod prefixes;
mod question;
pub(crate) mod replay;
pub(crate) mod source;

use can_access_engine::replay::Class;
use can_access_engine::replay::access_log::{Damage, JsonRow, Line, Row};
use can_access_engine::replay::cloudtrail::{self, Documents, Event, EventSkim, EventSkimmer, Item};
use can_access_engine::replay::logged::Delivery;
use can_access_engine::replay::skim::{Skim, Skimmer};
use can_access_engine::replay::skimmed::Skimmed;
use can_access_engine::replay::tally::Place;
use source::{Block, Format, Source};
use std::sync::Arc;

/// Goes through all blocks on all threads, each with a worker and what it skims with, and gives what each found. That has to
/// be put together to the same result whoever found it.
pub(crate) fn each_block<W, F: Send>(
    source: &Source<'_>,
    worker: impl Fn() -> (W, Skimmers) + Sync,
    go_through: impl Fn(&mut W, &mut Block, &mut Skimmers) + Sync,
    finish: impl Fn(W) -> F + Sync,
    hashed: bool,
    progress: impl Fn(u64) + Sync,
) -> Vec<F> {
    rayon::broadcast(|_| {
        let (mut worker, mut skimmers) = worker();
        let mut block = Block::new(hashed);
        source.share();
        while source.next(&mut block) {
            go_through(&mut worker, &mut block, &mut skimmers);
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

    /// Turns to the log of a block, and says whether something else is known of its bucket than of that of the one before.
    pub(crate) fn turn_to(&mut self, block: &Block) -> bool {
        if self.of.as_ref().is_some_and(|(file, _)| *file == block.file) {
            return false;
        }
        let path = self.files.get(block.file);
        let of = (block.file, path.and_then(|path| Delivery::of_path(path)).map(Arc::new));
        let before = self.of.replace(of);
        before.is_some_and(|(_, delivery)| delivery != self.at_hand())
    }

    /// What it says.
    pub(crate) fn at_hand(&self) -> Option<Arc<Delivery>> {
        self.of.as_ref().and_then(|(_, delivery)| delivery.clone())
    }
}

/// What some editors write at the beginning of a text.
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// What stands in a line of a log, or for an event in a document, read in full.
pub(crate) enum Logline<'l> {
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
    /// Reads a line of an S3 server access log.
    pub(crate) fn read(line: &'l [u8], terminated: bool) -> Self {
        match Line::read(line, terminated) {
            Line::Blank => Self::Other(Class::Blank),
            Line::Malformed(damage) => Self::Malformed(damage),
            Line::Row(row) => Self::Row(Box::new(row), line),
        }
    }
}

/// Something ordinary that can be read in full.
pub(crate) trait Readable<'l>: Skimmed<'l> {
    /// Whether it is an event.
    const IS_EVENT: bool;
    /// Whether all of its kind tell exactly the same.
    fn is_always_same(&self) -> bool;
    /// Reads it.
    fn read(text: &[u8]) -> Logline<'_>;
    /// Whether it tells what it was read as, so that others of its kind do.
    fn tells(&self, line: &Logline<'_>) -> bool;
}

impl<'l> Readable<'l> for Skim<'l> {
    const IS_EVENT: bool = false;

    fn is_always_same(&self) -> bool {
        false
    }

    fn read(text: &[u8]) -> Logline<'_> {
        Logline::read(source::first_line(text).0, true)
    }

    fn tells(&self, _: &Logline<'_>) -> bool {
        true
    }
}

impl<'l> Readable<'l> for EventSkim<'l> {
    const IS_EVENT: bool = true;

    fn is_always_same(&self) -> bool {
        self.is_always_same()
    }

    fn read(text: &[u8]) -> Logline<'_> {
        match Event::read(text) {
            Some(event) => Logline::Event(Box::new(event)),
            None => Logline::Malformed(Damage::Event),
        }
    }

    fn tells(&self, line: &Logline<'_>) -> bool {
        let Logline::Event(event) = line else { return false };
        self.tells(event)
    }
}

/// What skims lines and events, and keeps in mind what repeats in them.
#[derive(Default)]
pub(crate) struct Skimmers {
    pub(crate) lines: Skimmer,
    pub(crate) events: EventSkimmer,
}

/// What is done with the lines of logs.
pub(crate) trait Visit {
    /// Takes a line or an event that is ordinary, and was looked at only as far as needed to recognise it; with the text
    /// that it begins.
    fn ordinary<'l, S: Readable<'l>>(&mut self, place: Place, skim: &S, text: &'l [u8]);

    /// Takes any other.
    fn line(&mut self, place: Place, line: Logline<'_>);
}

/// Goes through the lines of a block; how many lines it has. The events of a document are numbered like lines.
pub(crate) fn each_line(block: &mut Block, skimmers: &mut Skimmers, visitor: &mut impl Visit) -> u64 {
    let mut count = 0;
    let mut rest = block.text();
    match block.format {
        Format::Rows => {
            while !rest.is_empty() {
                count += 1;
                let place = block.place(count);
                rest = match &skimmers.lines.skim(rest) {
                    Some((skim, behind)) => {
                        visitor.ordinary(place, skim, rest);
                        behind
                    }
                    None => {
                        let (line, terminated, behind) = source::first_line(rest);
                        visitor.line(place, Logline::read(line, terminated));
                        behind
                    }
                };
            }
        }
        Format::JsonLines => {
            while !rest.is_empty() {
                count += 1;
                let place = block.place(count);
                let ends = |behind: &[u8]| matches!(behind, [] | [b'\n', ..] | [b'\r', b'\n', ..]);
                let skimmed = skimmers.events.skim(rest).filter(|(_, behind)| ends(behind));
                if let Some((skim, behind)) = &skimmed {
                    let event = rest.get(..rest.len() - behind.len()).unwrap_or_default();
                    visitor.ordinary(place, skim, event);
                    rest = source::first_line(behind).2;
                    continue;
                }
                let (line, _, behind) = source::first_line(rest);
                rest = behind;
                let line = line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line);
                if line.trim_ascii().is_empty() {
                    visitor.line(place, Logline::Other(Class::Blank));
                    continue;
                }
                let skimmer = Some(&mut skimmers.events);
                cloudtrail::events(line, skimmer, &mut |item| visit_item(place, item, visitor));
            }
        }
        Format::Json => {
            let mut documents = Documents::default();
            let mut done = rest.len() - rest.strip_prefix(BYTE_ORDER_MARK).unwrap_or(rest).len();
            loop {
                let mut take = |item: Item<'_>| {
                    count += 1;
                    visit_item(block.place(count), item, visitor);
                };
                let piece = block.text().get(done..).unwrap_or_default();
                let is_last = !block.goes_on();
                let Some(more) = documents.go_on(piece, is_last, &mut skimmers.events, &mut take) else {
                    count += 1;
                    visitor.line(block.place(count), Logline::Malformed(Damage::Json));
                    break;
                };
                if is_last || source::is_interrupted() {
                    break;
                }
                block.go_on(done + more);
                done = 0;
            }
        }
        Format::Partial => {
            count = 1;
            visitor.line(block.place(1), Logline::Malformed(Damage::Partial));
        }
    }
    count
}

fn visit_item(place: Place, item: Item<'_>, visitor: &mut impl Visit) {
    match item {
        Item::Event(json) => visitor.line(place, EventSkim::read(json)),
        Item::Ordinary(skim, json) => visitor.ordinary(place, &skim, json),
        Item::Row(json) => match JsonRow::read(json) {
            Some(row) => match row.line() {
                Ok(read) => visitor.line(place, Logline::Row(Box::new(read), json)),
                Err(damage) => visitor.line(place, Logline::Malformed(damage)),
            },
            None => visitor.line(place, Logline::Malformed(Damage::Event)),
        },
        Item::NoEvent => visitor.line(place, Logline::Other(Class::NoEvidence)),
        Item::Foreign => visitor.line(place, Logline::Malformed(Damage::Event)),
    }
}
