//! What no reader of logs can do without, beside which the benchmarks set what the program does.

#![allow(
    dead_code,
    clippy::unwrap_used,
    missing_docs,
    unreachable_pub,
    reason = "a benchmark may stop at anything unexpected, and no benchmark uses all of this"
)]

use serde::Deserialize;
use std::io::Read;

/// Memory to read 256 KiB into.
///
/// Large pieces of memory begin 16 bytes into a page, where some processors take three times as long for the copy; what is
/// read into begins at a multiple of 64.
pub struct Memory(Vec<u8>);

const BLOCK: usize = 1 << 18;
const ALIGNMENT: usize = 64;

impl Memory {
    pub fn new() -> Self {
        Self(vec![0; BLOCK + ALIGNMENT])
    }

    fn block(&mut self) -> &mut [u8] {
        let first = self.0.as_ptr().align_offset(ALIGNMENT);
        self.0.get_mut(first..first + BLOCK).unwrap()
    }
}

/// How many lines there are in what is read in blocks.
pub fn count_lines(mut input: impl Read, memory: &mut Memory) -> usize {
    let block = memory.block();
    let mut lines = 0;
    loop {
        match input.read(block).unwrap() {
            0 => return lines,
            length => lines += memchr::memchr_iter(b'\n', block.get(..length).unwrap()).count(),
        }
    }
}

/// How many fields there are in the rows of an access log that is read in blocks, all of them split: up to the closing
/// quote or bracket, or to a space.
pub fn split_fields(mut input: impl Read, memory: &mut Memory) -> usize {
    let block = memory.block();
    let (mut kept, mut fields) = (0, 0);
    loop {
        let length = kept + input.read(block.get_mut(kept..).unwrap()).unwrap();
        let text = block.get(..length).unwrap();
        if length == kept {
            return fields + fields_of(text);
        }
        let end = memchr::memrchr(b'\n', text).map_or(0, |at| at + 1);
        fields += fields_of(text.get(..end).unwrap());
        block.copy_within(end..length, 0);
        kept = length - end;
    }
}

fn fields_of(text: &[u8]) -> usize {
    let (mut rest, mut fields) = (text, 0);
    while let Some(first) = rest.first() {
        let end = match first {
            b'"' => rest.get(1..).and_then(|inside| memchr::memchr(b'"', inside)).map(|at| at + 2),
            b'[' => memchr::memchr(b']', rest).map(|at| at + 1),
            _ => memchr::memchr2(b' ', b'\n', rest),
        };
        fields += 1;
        rest = end.and_then(|end| rest.get(end + 1..)).unwrap_or_default();
    }
    fields
}

/// The least that tells something of an event.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Typed<'j> {
    event_time: &'j str,
    event_source: &'j str,
    event_name: &'j str,
    #[serde(borrow)]
    error_code: Option<&'j str>,
    #[serde(borrow)]
    user_identity: Caller<'j>,
}

#[derive(Deserialize)]
struct Caller<'j> {
    arn: Option<&'j str>,
}

/// Reads five members of each event with `serde_json`, one event a line: how long they are altogether.
pub fn read_events(events: &[u8]) -> usize {
    let lines = events.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    let told = lines.map(|line| {
        let event: Typed<'_> = serde_json::from_slice(line).unwrap();
        let always = event.event_time.len() + event.event_source.len() + event.event_name.len();
        always + event.error_code.map_or(0, str::len) + event.user_identity.arn.map_or(0, str::len)
    });
    told.sum()
}
