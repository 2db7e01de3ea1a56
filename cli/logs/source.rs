//! Logs in blocks of whole lines, which several threads take as they need them. Memory does not grow with the input, but for
//! JSON texts that are no documents as CloudTrail delivers them: of these, each is in memory as a whole.

use super::buffer::Buffer;
use super::pipe::{PATIENCE, Pipe, Ready};
use crate::Failure;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, TryLockError};
use xxhash_rust::xxh3::{Xxh3, xxh3_128};

/// How large a block is, but for a line that is longer.
const BLOCK: u64 = 1 << 18;
/// How long a line may be: what is longer is no line of a log, and is taken in pieces.
const LONGEST: u64 = 64 << 20;
/// How much of a file is looked at to tell what it is, and how much if that does not tell.
const GLANCE: usize = 1 << 16;
const LOOK: usize = 1 << 20;
/// How much is read at once of what is unpacked.
const PACKED: usize = 1 << 16;
/// How many lines a block can have.
const LINES_BITS: u32 = 27;

/// Whether somebody wants the program to stop.
static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// Lets the first interruption end the reading of logs, so that what was found so far can be told; the second ends the
/// program.
pub(crate) fn end_when_interrupted() {
    let end = || {
        if INTERRUPTED.swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
    };
    // Without it, an interruption ends the program at once.
    _ = ctrlc::set_handler(end);
}

/// Whether somebody interrupted the program.
pub(crate) fn is_interrupted() -> bool {
    INTERRUPTED.load(Ordering::Relaxed)
}

/// What a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// Lines of an S3 server access log.
    Rows,
    /// JSON texts, one a line.
    JsonLines,
    /// JSON texts of several lines; there is one block for all, which is filled again and again.
    Json,
    /// A partial result; there is one block for all.
    Partial,
}

/// Whole lines of a file, or a piece of its JSON texts.
pub(crate) struct Block {
    /// Which of the files.
    pub(crate) file: usize,
    /// Which block of the file, from 0.
    pub(crate) number: u64,
    /// What the file holds.
    pub(crate) format: Format,
    /// What was read, and where in it the lines begin.
    buffer: Buffer,
    start: usize,
    /// What comes behind the bytes.
    input: Option<Box<dyn Read + Send>>,
    /// What stood in the way of reading more.
    error: Option<std::io::Error>,
    /// The hash of all that was in the block, if files are to be told apart.
    hash: Option<Xxh3>,
}

impl Block {
    /// An empty block, to be filled. What is in it is `hashed` if files are to be told apart.
    pub(crate) fn new(hashed: bool) -> Self {
        let hash = hashed.then(Xxh3::new);
        Self {
            file: 0,
            number: 0,
            format: Format::Rows,
            buffer: Buffer::default(),
            start: 0,
            input: None,
            error: None,
            hash,
        }
    }

    /// Has nothing in it from now on.
    fn clear(&mut self) {
        self.buffer.truncate(0);
        self.start = 0;
    }

    /// Whether more follows what it holds.
    pub(crate) fn goes_on(&self) -> bool {
        self.input.is_some()
    }

    /// Reads more behind what is left when so much of it is done with.
    pub(crate) fn go_on(&mut self, done: usize) {
        let Some(input) = &mut self.input else { return };
        self.buffer.discard(self.start + done);
        self.start = 0;
        let before = self.buffer.len();
        // What is not done with is longer than what was read before.
        let wanted = LOOK.max(before);
        self.error = self.buffer.read(wanted, |_, room| input.read(room)).err();
        if self.error.is_some() || self.buffer.len() < before + wanted {
            self.input = None;
        }
        if let Some(hash) = &mut self.hash {
            hash.update(self.buffer.bytes().get(before..).unwrap_or_default());
        }
    }

    /// What it holds.
    pub(crate) fn text(&self) -> &[u8] {
        self.buffer.bytes().get(self.start..).unwrap_or_default()
    }

    /// The lines with their numbers within the block, without their line feed, and whether they had one.
    pub(crate) fn lines(&self) -> impl Iterator<Item = (u64, &[u8], bool)> {
        let mut rest = self.text();
        let mut number = 0;
        std::iter::from_fn(move || {
            if rest.is_empty() {
                return None;
            }
            let (line, terminated, behind) = first_line(rest);
            rest = behind;
            number += 1;
            Some((number, line, terminated))
        })
    }

    /// The place of a line of the block: file, and block and line in one number. Documents can have more events than there
    /// is room for; those behind are at the last place.
    pub(crate) fn place(&self, line: u64) -> (usize, u64) {
        (self.file, self.number << LINES_BITS | line.min((1 << LINES_BITS) - 1))
    }
}

/// The first line of a text, whether it has a line feed, and what follows it.
pub(crate) fn first_line(text: &[u8]) -> (&[u8], bool, &[u8]) {
    match memchr::memchr(b'\n', text).and_then(|end| text.split_at_checked(end)) {
        Some((line, behind)) => (line, true, behind.get(1..).unwrap_or_default()),
        None => (text, false, &[]),
    }
}

/// What the blocks of files have: how many lines, so that the lines of files can be numbered, and a hash, so that files
/// can be told apart.
#[derive(Debug, Default)]
pub(crate) struct LineCounts {
    noted: Vec<Noted>,
    /// File, block and hash, if files are to be told apart.
    hashes: Vec<(usize, u64, u128)>,
}

/// A block has at most [`LINES_BITS`] bits of lines, and a file at most as many blocks as places have room for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Noted {
    file: u32,
    lines: u32,
    block: u64,
}

impl LineCounts {
    /// Notes how many lines a block has, and its hash.
    pub(crate) fn note(&mut self, block: &Block, lines: u64) {
        if let Some(hash) = &block.hash {
            let hash = if block.format == Format::Json { hash.digest128() } else { xxh3_128(block.text()) };
            self.hashes.push((block.file, block.number, hash));
        }
        let small = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
        self.noted.push(Noted { file: small(block.file as u64), lines: small(lines), block: block.number });
    }

    /// What tells each file from all others: its name without directories, and what is in it.
    pub(crate) fn identities(&self, files: &[String]) -> Vec<u128> {
        let mut all: Vec<Vec<(u64, u128)>> = vec![Vec::new(); files.len()];
        for (file, block, hash) in &self.hashes {
            if let Some(blocks) = all.get_mut(*file) {
                blocks.push((*block, *hash));
            }
        }
        let identity = |(path, mut blocks): (&String, Vec<(u64, u128)>)| {
            blocks.sort_unstable();
            let name = path.rsplit(['/', '\\']).next().unwrap_or(path);
            let mut text = name.as_bytes().to_vec();
            text.push(b'\n');
            blocks.iter().for_each(|(_, hash)| text.extend(hash.to_le_bytes()));
            xxh3_128(&text)
        };
        files.iter().zip(all).map(identity).collect()
    }

    /// Adds what others noted.
    pub(crate) fn merge(&mut self, other: Self) {
        self.noted.extend(other.noted);
        self.hashes.extend(other.hashes);
    }

    /// What turns a [`Block::place`] into a file and the number of a line of it.
    pub(crate) fn numbering(mut self) -> impl Fn((usize, u64)) -> (usize, u64) {
        self.noted.sort_unstable_by_key(|noted| (noted.file, noted.block));
        // How many lines of the file come up to the end of each block.
        let (mut file, mut count) = (u32::MAX, 0);
        let upto: Vec<u64> = self
            .noted
            .iter()
            .map(|noted| {
                count = if noted.file == file { count } else { 0 } + u64::from(noted.lines);
                file = noted.file;
                count
            })
            .collect();
        let noted = self.noted;
        move |(file, place)| {
            let (block, line) = (place >> LINES_BITS, place & ((1 << LINES_BITS) - 1));
            let of = |noted: &Noted| (noted.file as usize, noted.block);
            let at = noted.binary_search_by_key(&(file, block), of).ok();
            let count = at.and_then(|at| Some(upto.get(at)? - u64::from(noted.get(at)?.lines))).unwrap_or_default();
            (file, count + line)
        }
    }
}

/// The blocks of files, for threads to take.
pub(crate) struct Source<'f> {
    files: &'f [String],
    state: Mutex<State>,
    /// Threads that have nothing to do as long as another keeps up with what a pipe gives.
    idle: Condvar,
    broken: Mutex<Vec<(usize, Failure)>>,
    read: Arc<AtomicU64>,
    stopped: AtomicBool,
}

#[derive(Default)]
struct State {
    /// The first file that was not opened yet.
    next: usize,
    /// A file whose blocks can be read side by side.
    plain: Option<Plain>,
    /// Files whose blocks come one after the other, and how much lies ready of those that another thread reads.
    streams: Vec<(Arc<Mutex<Stream>>, Option<Ready>)>,
    /// How many threads take blocks side by side, and how many of them rest while another one unpacks.
    sharing: usize,
    resting: usize,
}

struct Plain {
    file: usize,
    format: Format,
    handle: Arc<File>,
    length: u64,
    next: u64,
}

struct Stream {
    file: usize,
    format: Format,
    /// What is left of it; `None` at its end.
    input: Option<Box<dyn Read + Send>>,
    /// The beginning of a line whose end was not in the last block.
    rest: Vec<u8>,
    next: u64,
}

/// A file that was opened.
struct Opened {
    /// The file and its length, if it can be read in ranges.
    plain: Option<(Arc<File>, u64)>,
    format: Format,
    /// The same as a stream.
    input: Box<dyn Read + Send>,
    /// How much of it lies ready, if another thread reads it.
    ready: Option<Ready>,
}

/// Bytes as they are read, counted.
struct Counted<R> {
    input: R,
    read: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.input.read(buffer)?;
        self.read.fetch_add(u64::try_from(count).unwrap_or_default(), Ordering::Relaxed);
        Ok(count)
    }
}

/// What was looked at, and then the rest.
struct Looked<R> {
    look: Buffer,
    /// How much of it was read.
    position: usize,
    /// What stood in the way of looking further.
    error: Option<std::io::Error>,
    rest: R,
}

impl<R: Read> Looked<R> {
    /// Looks at what comes first. Of what is still to come, nothing is waited for but the end of a line that is JSON.
    fn new(mut input: R, is_to_come: bool) -> std::io::Result<Self> {
        let (mut look, mut error) = (Buffer::default(), None);
        if is_to_come {
            // What a line of JSON is shows at its end.
            while error.is_none() && look.len() < LOOK && (look.len() == 0 || is_open_line(look.bytes())) {
                match look.read_once(GLANCE, |room| input.read(room)) {
                    Ok(0) => break,
                    Ok(_) => {}
                    Err(stop) => error = Some(stop),
                }
            }
        } else {
            for more in [GLANCE, LOOK - GLANCE] {
                if error.is_none() && !tells_format(look.bytes()) {
                    error = look.read(more, |_, room| input.read(room)).err();
                }
            }
        }
        match error {
            Some(error) if look.len() == 0 => Err(error),
            error => Ok(Self { look, position: 0, error, rest: input }),
        }
    }
}

impl<R: Read> Read for Looked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        match self.look.bytes().get(self.position..).unwrap_or_default().read(buffer)? {
            0 => {
                (self.look, self.position) = (Buffer::default(), 0);
                self.error.take().map_or_else(|| self.rest.read(buffer), Err)
            }
            length => {
                self.position += length;
                Ok(length)
            }
        }
    }
}

/// What to do next.
enum Claim {
    Range { file: usize, format: Format, handle: Arc<File>, number: u64 },
    Stream(Arc<Mutex<Stream>>, Option<Ready>),
    Nothing,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<'f> Source<'f> {
    pub(crate) fn new(files: &'f [String]) -> Self {
        Self {
            files,
            state: Mutex::default(),
            idle: Condvar::new(),
            broken: Mutex::default(),
            read: Arc::default(),
            stopped: AtomicBool::new(false),
        }
    }

    /// The files.
    pub(crate) fn files(&self) -> &'f [String] {
        self.files
    }

    /// Ends the reading.
    pub(crate) fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    /// How many bytes of the files were read.
    pub(crate) fn read(&self) -> u64 {
        self.read.load(Ordering::Relaxed)
    }

    /// Files that could not be read to their end, in order; what came before counts.
    pub(crate) fn broken(self) -> Vec<Failure> {
        let mut broken = self.broken.into_inner().unwrap_or_else(PoisonError::into_inner);
        broken.sort_by_key(|(file, _)| *file);
        broken.into_iter().map(|(_, failure)| failure).collect()
    }

    /// Tells that one more thread takes blocks, beside others, until there are none.
    pub(crate) fn share(&self) {
        lock(&self.state).sharing += 1;
    }

    /// The next block, in memory that is used again; `false` behind the last. A single thread gets them in order.
    pub(crate) fn next(&self, block: &mut Block) -> bool {
        self.close(block);
        while !is_interrupted() && !self.stopped.load(Ordering::Relaxed) {
            let found = match self.claim() {
                Claim::Nothing => return false,
                Claim::Range { file, format, handle, number } => {
                    (block.file, block.number, block.format) = (file, number, format);
                    self.fill(block, &handle)
                }
                Claim::Stream(stream, ready) => {
                    let found = self.go_on(&mut lock(&stream), block);
                    if ready.is_some_and(|ready| ready.is_enough()) {
                        self.idle.notify_one();
                    }
                    found
                }
            };
            if found {
                return true;
            }
        }
        false
    }

    /// Tells what stood in the way of reading all of a block.
    pub(crate) fn close(&self, block: &mut Block) {
        block.input = None;
        if let Some(error) = block.error.take() {
            self.complain(block.file, error);
        }
    }

    fn claim(&self) -> Claim {
        let mut state = lock(&self.state);
        while !is_interrupted() && !self.stopped.load(Ordering::Relaxed) {
            if let Some(plain) = &mut state.plain {
                let number = plain.next;
                if number * BLOCK < plain.length {
                    plain.next += 1;
                    let Plain { file, format, .. } = *plain;
                    return Claim::Range { file, format, handle: Arc::clone(&plain.handle), number };
                }
                state.plain = None;
            }
            state.streams.retain(|(stream, _)| match stream.try_lock() {
                Ok(stream) => stream.input.is_some(),
                Err(TryLockError::WouldBlock) => true,
                Err(TryLockError::Poisoned(_)) => false,
            });
            // Who unpacks is at work, too: where that is all there is to do, one thread less goes on with it.
            if let [(_, Some(ready))] = &state.streams[..]
                && ready.is_work()
                && !ready.is_enough()
                && state.next == self.files.len()
                && state.resting + 1 < state.sharing
            {
                state.resting += 1;
                state = self.rest(state);
                state.resting -= 1;
                continue;
            }
            // Rather one that nobody reads at the moment, then another file, then one to wait for.
            if let Some((free, ready)) = state.streams.iter().find(|(stream, _)| stream.try_lock().is_ok()) {
                return Claim::Stream(Arc::clone(free), ready.clone());
            }
            if state.next < self.files.len() {
                let file = state.next;
                state.next += 1;
                self.open(file, &mut state);
                continue;
            }
            match state.streams.iter().find(|(_, ready)| ready.is_none()) {
                Some((stream, _)) => return Claim::Stream(Arc::clone(stream), None),
                None if state.streams.is_empty() => break,
                // Who waits for a pipe is one who wakes up instead of the one who unpacks.
                None => state = self.rest(state),
            }
        }
        self.idle.notify_all();
        Claim::Nothing
    }

    /// Waits until there may be something to do.
    fn rest<'s>(&self, state: MutexGuard<'s, State>) -> MutexGuard<'s, State> {
        self.idle.wait_timeout(state, PATIENCE).unwrap_or_else(PoisonError::into_inner).0
    }

    fn open(&self, file: usize, state: &mut State) {
        let Some(path) = self.files.get(file) else { return };
        match self.opened(file, path) {
            Ok(Opened { plain: Some((handle, length)), format, .. }) => {
                state.plain = Some(Plain { file, format, handle, length, next: 0 });
            }
            Ok(Opened { plain: None, format, input, ready }) => {
                let stream = Stream { file, format, input: Some(input), rest: Vec::new(), next: 0 };
                state.streams.push((Arc::new(Mutex::new(stream)), ready));
            }
            Err(error) => self.complain(file, error),
        }
    }

    fn complain(&self, file: usize, error: std::io::Error) {
        let path = self.files.get(file).cloned().unwrap_or_default();
        lock(&self.broken).push((file, Failure::Read { path, error }));
    }

    /// Opens a file: as one that can be read in ranges, if it is plain, and as a stream.
    fn opened(&self, file: usize, path: &str) -> std::io::Result<Opened> {
        let mut is_to_come = true;
        let mut plain: Option<(Arc<File>, u64)> = None;
        let mut ready = None;
        let mut piped = |pipe: Pipe| {
            ready = Some(pipe.ready());
            Box::new(pipe)
        };
        let raw: Box<dyn Read + Send> = if path == "-" {
            piped(Pipe::waiting(std::io::stdin()))
        } else {
            let handle = File::open(path)?;
            let metadata = handle.metadata()?;
            if metadata.is_dir() {
                return Err(std::io::Error::from(std::io::ErrorKind::IsADirectory));
            }
            if metadata.is_file() {
                is_to_come = false;
                plain = Some((Arc::new(handle.try_clone()?), metadata.len()));
                Box::new(handle)
            } else {
                piped(Pipe::waiting(handle))
            }
        };
        let mut counted = BufReader::with_capacity(PACKED, Counted { input: raw, read: Arc::clone(&self.read) });
        let input: Box<dyn Read + Send> = if counted.fill_buf()?.starts_with(&[0x1F, 0x8B]) {
            plain = None;
            let unpacked = flate2::bufread::MultiGzDecoder::new(counted);
            // Where no other file is left to be unpacked by another thread, one unpacks while others go on.
            let is_last = file + 1 == self.files.len();
            if is_last && rayon::current_num_threads() > 1 {
                piped(Pipe::unpacking(unpacked))
            } else {
                Box::new(unpacked)
            }
        } else {
            Box::new(counted)
        };
        let looked = Looked::new(input, is_to_come)?;
        let format = format(looked.look.bytes());
        let in_ranges = matches!(format, Format::Rows | Format::JsonLines);
        let plain = plain.filter(|(_, length)| in_ranges && *length > 0);
        if let Some((handle, _)) = &plain {
            // What was looked at is read again.
            self.read.fetch_sub((&**handle).stream_position()?, Ordering::Relaxed);
        }
        Ok(Opened { plain, format, input: Box::new(looked), ready })
    }

    /// Reads a range of a file: the lines that begin in it.
    fn fill(&self, block: &mut Block, handle: &File) -> bool {
        // The byte before says whether a line begins at the start.
        let from = (block.number * BLOCK).saturating_sub(1);
        let until = (block.number + 1) * BLOCK;
        block.clear();
        if let Err(error) = read_lines(handle, from, until, &mut block.buffer) {
            self.complain(block.file, error);
        }
        self.read.fetch_add(BLOCK.min(block.buffer.len() as u64), Ordering::Relaxed);
        if block.number > 0 {
            let first = memchr::memchr(b'\n', block.text()).filter(|at| u64::try_from(*at).is_ok_and(|at| at < BLOCK));
            block.start = first.map_or(block.buffer.len(), |at| at + 1);
        }
        !block.text().is_empty()
    }

    /// Reads the next lines of a stream.
    fn go_on(&self, stream: &mut Stream, block: &mut Block) -> bool {
        if stream.format == Format::Json {
            return Self::begin(stream, block);
        }
        let Some(input) = &mut stream.input else { return false };
        (block.file, block.number, block.format) = (stream.file, stream.next, stream.format);
        stream.next += 1;
        block.clear();
        let buffer = &mut block.buffer;
        let mut rest = &*stream.rest;
        _ = buffer.read(rest.len(), |_, room| rest.read(room));
        stream.rest.clear();
        let whole = stream.format == Format::Partial;
        loop {
            let before = buffer.len();
            let have = before as u64;
            let wanted = usize::try_from(BLOCK.saturating_sub(have).max(BLOCK / 4)).unwrap_or(usize::MAX);
            if let Err(error) = buffer.read(wanted, |_, room| input.read(room)) {
                // A packed file that is cut off, for one. Its last line is one without an end.
                self.complain(stream.file, error);
                stream.input = None;
                return buffer.len() > 0;
            }
            if buffer.len() == before {
                // The end of the file ends its last line, whether or not it has a line feed.
                stream.input = None;
                return before > 0;
            }
            if whole {
                continue;
            }
            let new = buffer.bytes().get(before..).unwrap_or_default();
            match memchr::memrchr(b'\n', new) {
                Some(at) => {
                    stream.rest.extend_from_slice(new.get(at + 1..).unwrap_or_default());
                    buffer.truncate(before + at + 1);
                    return true;
                }
                None if have < LONGEST => {}
                None => return true,
            }
        }
    }
}

impl Source<'_> {
    /// Hands a stream of JSON texts to a block.
    fn begin(stream: &mut Stream, block: &mut Block) -> bool {
        block.input = stream.input.take();
        (block.file, block.number, block.format) = (stream.file, stream.next, stream.format);
        block.clear();
        block.hash.as_mut().into_iter().for_each(Xxh3::reset);
        block.go_on(0);
        block.buffer.len() > 0 || block.error.is_some()
    }
}

/// Reads from an offset to the end of the last line that begins before `until`.
fn read_lines(file: &File, from: u64, until: u64, buffer: &mut Buffer) -> std::io::Result<()> {
    let wanted = usize::try_from(until - from).unwrap_or(usize::MAX);
    read_at(file, from, wanted, buffer)?;
    // A line that begins before the end goes on until its line feed.
    while buffer.len() >= wanted && buffer.bytes().last() != Some(&b'\n') && (buffer.len() as u64) < LONGEST {
        let (before, more) = (buffer.len(), 1 << 12);
        read_at(file, from + before as u64, more, buffer)?;
        let new = buffer.bytes().get(before..).unwrap_or_default();
        if let Some(at) = memchr::memchr(b'\n', new) {
            buffer.truncate(before + at + 1);
            break;
        }
        if new.len() < more {
            break;
        }
    }
    Ok(())
}

/// Adds so many bytes from an offset, or fewer at the end of the file.
fn read_at(file: &File, offset: u64, count: usize, buffer: &mut Buffer) -> std::io::Result<()> {
    buffer.read(count, |done, room| {
        let at = offset + done as u64;
        #[cfg(unix)]
        return std::os::unix::fs::FileExt::read_at(file, room, at);
        #[cfg(windows)]
        return std::os::windows::fs::FileExt::seek_read(file, room, at);
    })
}

/// The beginning of a file, from where something stands.
fn beginning(look: &[u8]) -> &[u8] {
    look.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(look).trim_ascii_start()
}

/// Whether a beginning is that of a line of JSON, or of a document, whose end is still to come.
fn is_open_line(look: &[u8]) -> bool {
    let text = beginning(look);
    opens_json(text) && !text.contains(&b'\n')
}

/// Whether what comes behind a beginning makes no difference to the format: of lines, three are asked for.
fn tells_format(look: &[u8]) -> bool {
    memchr::memchr_iter(b'\n', beginning(look)).nth(2).is_some()
}

/// What a file holds, by its beginning.
fn format(look: &[u8]) -> Format {
    let text = beginning(look);
    if text.starts_with(br#"{"schema":"can-access.partial/"#) {
        return Format::Partial;
    }
    // Whole lines: what is looked at may end in one.
    let end = memchr::memrchr(b'\n', text).unwrap_or(0);
    let mut lines = text.get(..end).unwrap_or_default().split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    let is_whole = |line: &[u8]| {
        matches!(line.first(), Some(b'{' | b'[')) && serde_json::from_slice::<serde::de::IgnoredAny>(line).is_ok()
    };
    let first = lines.next().unwrap_or_default();
    // The first line may be damaged; but one that opens a list or an object goes on in the next.
    let goes_on = matches!(first.last(), Some(b'[' | b'{' | b',' | b':'));
    if is_whole(first) || !goes_on && lines.take(2).any(is_whole) {
        return Format::JsonLines;
    }
    if opens_json(text) { Format::Json } else { Format::Rows }
}

/// Whether a text begins as a JSON document does that can hold events: a row that is cut may begin with the bracket of its time.
fn opens_json(text: &[u8]) -> bool {
    let next = || text.get(1..).unwrap_or_default().trim_ascii_start().first();
    match text.first() {
        Some(b'{') => matches!(next(), None | Some(b'"' | b'}')),
        Some(b'[') => matches!(next(), None | Some(b'{' | b'[' | b'"' | b']')),
        _ => false,
    }
}
