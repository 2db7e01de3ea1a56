//! Logs in blocks of whole lines, so that lines are read on every core in memory that does not grow with the input.

use crate::Failure;
use crate::input::lines;
use memchr::memchr_iter;
use std::io::Read;

/// How large a block is, but for a line that is longer.
const BLOCK: usize = 1 << 20;
/// How long a line may be: what is longer is no line of a log, and is taken in pieces.
const LONGEST: usize = 64 << 20;

/// Whole lines of a file.
pub(crate) struct Block {
    /// Which of the files.
    pub(crate) file: usize,
    /// The number of the first line, from 1.
    pub(crate) first_line: u64,
    bytes: Vec<u8>,
}

impl Block {
    /// The lines, without their line feed, and whether they had one.
    pub(crate) fn lines(&self) -> impl Iterator<Item = (u64, &[u8], bool)> {
        let mut rest = &self.bytes[..];
        let mut number = self.first_line;
        std::iter::from_fn(move || {
            if rest.is_empty() {
                return None;
            }
            let end = memchr::memchr(b'\n', rest);
            let (line, behind) = rest.split_at_checked(end.unwrap_or(rest.len()))?;
            let this = (number, line, end.is_some());
            rest = behind.get(1..).unwrap_or_default();
            number += 1;
            Some(this)
        })
    }

    /// How many bytes it is.
    pub(crate) fn size(&self) -> usize {
        self.bytes.len()
    }
}

/// The blocks of several files, one after the other.
pub(crate) struct Blocks<'f> {
    files: &'f [String],
    file: usize,
    input: Option<Box<dyn Read + Send>>,
    line: u64,
    /// The beginning of a line whose end was not in the last block.
    rest: Vec<u8>,
    /// Files that could not be read to their end; what came before counts.
    pub(crate) broken: Vec<Failure>,
}

impl<'f> Blocks<'f> {
    pub(crate) fn new(files: &'f [String]) -> Self {
        Self { files, file: 0, input: None, line: 1, rest: Vec::new(), broken: Vec::new() }
    }

    /// The next block; `None` behind the last file.
    pub(crate) fn next(&mut self) -> Result<Option<Block>, Failure> {
        loop {
            let Some(path) = self.files.get(self.file) else { return Ok(None) };
            let input = match &mut self.input {
                Some(input) => input,
                none => none.insert(lines::open(path)?),
            };
            let mut bytes = std::mem::take(&mut self.rest);
            let wanted = if bytes.len() >= BLOCK { bytes.len() } else { BLOCK - bytes.len() };
            let wanted = u64::try_from(wanted).unwrap_or(u64::MAX);
            let before = bytes.len();
            let mut read = input.take(wanted).read_to_end(&mut bytes);
            if let Err(error) = read {
                // A packed file that is cut off, for one. Its last line is one without an end.
                self.broken.push(Failure::Read { path: path.clone(), error });
                read = Ok(0);
            }
            let read = read.unwrap_or(bytes.len() - before);
            let end = match memchr::memrchr(b'\n', &bytes) {
                // The end of the file ends its last line, whether or not it has a line feed.
                _ if read == 0 => bytes.len(),
                Some(at) => at + 1,
                None if bytes.len() < LONGEST => 0,
                None => bytes.len(),
            };
            self.rest = bytes.split_off(end);
            let block = Block { file: self.file, first_line: self.line, bytes };
            self.line += u64::try_from(memchr_iter(b'\n', &block.bytes).count()).unwrap_or_default();
            if read == 0 {
                self.input = None;
                self.file += 1;
                self.line = 1;
            }
            if block.size() > 0 {
                return Ok(Some(block));
            }
        }
    }
}
