//! Input that keeps one waiting, because it comes when it comes or has to be unpacked: read by a thread of its own.

use super::buffer::Buffer;
use super::source::is_interrupted;
use std::io::{Error, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, channel, sync_channel};
use std::time::Duration;

/// How much is read at once, and how many such pieces may lie ready.
const PIECE: usize = 1 << 19;
const READY: usize = 2;
/// How long nobody looks whether there was an interruption.
pub(super) const PATIENCE: Duration = Duration::from_millis(50);

/// What another thread reads, up to its end or an interruption.
pub(super) struct Pipe {
    pieces: Receiver<Result<Buffer, Error>>,
    ready: Ready,
    /// Pieces that were taken, to be filled again.
    taken: Sender<Buffer>,
    piece: Buffer,
    position: usize,
}

/// How many pieces lie ready.
#[derive(Debug, Clone)]
pub(super) struct Ready {
    pieces: Arc<AtomicUsize>,
    /// How many make it worth while for one more thread to go on with them.
    enough: usize,
}

impl Ready {
    /// Whether one more thread should go on with what lies ready.
    pub(super) fn is_enough(&self) -> bool {
        self.pieces.load(Ordering::Relaxed) >= self.enough
    }

    /// Whether the thread that reads has more to do than to wait, so that it counts as one of those at work.
    pub(super) fn is_work(&self) -> bool {
        self.enough > 1
    }
}

impl Pipe {
    /// What keeps one waiting because it comes when it comes.
    pub(super) fn waiting(input: impl Read + Send + 'static) -> Self {
        Self::new(input, 1)
    }

    /// What keeps one waiting because it has to be unpacked. As long as it is not waited for that pieces are taken, the
    /// thread that unpacks is one of those at work.
    pub(super) fn unpacking(input: impl Read + Send + 'static) -> Self {
        Self::new(input, READY)
    }

    fn new(input: impl Read + Send + 'static, enough: usize) -> Self {
        let (sender, pieces) = sync_channel(READY);
        let (taken, empty) = channel();
        let ready = Ready { pieces: Arc::default(), enough };
        let counter = Arc::clone(&ready.pieces);
        std::thread::spawn(move || pass_on(input, &sender, &counter, &empty));
        Self { pieces, ready, taken, piece: Buffer::default(), position: 0 }
    }

    /// What tells how many pieces lie ready.
    pub(super) fn ready(&self) -> Ready {
        self.ready.clone()
    }
}

/// Reads until there is nothing more, or nobody who wants it.
fn pass_on(
    mut input: impl Read,
    to: &SyncSender<Result<Buffer, Error>>,
    ready: &AtomicUsize,
    empty: &Receiver<Buffer>,
) {
    loop {
        let mut piece = empty.try_recv().unwrap_or_default();
        piece.truncate(0);
        let read = piece.read_once(PIECE, |room| input.read(room)).map(|_| piece);
        let is_last = read.as_ref().map_or(true, |piece| piece.len() == 0);
        // Counted first, so that there are never fewer than none.
        ready.fetch_add(1, Ordering::Relaxed);
        if to.send(read).is_err() || is_last {
            return;
        }
    }
}

impl Read for Pipe {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        while self.position == self.piece.len() {
            match self.pieces.recv_timeout(PATIENCE) {
                Ok(piece) => {
                    self.ready.pieces.fetch_sub(1, Ordering::Relaxed);
                    // Nobody may be there any more to fill it.
                    _ = self.taken.send(std::mem::replace(&mut self.piece, piece?));
                    self.position = 0;
                }
                Err(RecvTimeoutError::Timeout) if !is_interrupted() => continue,
                Err(_) => return Ok(0),
            }
            if self.piece.len() == 0 {
                return Ok(0);
            }
        }
        let length = self.piece.bytes().get(self.position..).unwrap_or_default().read(buffer)?;
        self.position += length;
        Ok(length)
    }
}
