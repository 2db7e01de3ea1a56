//! Input that may keep one waiting: read by a thread of its own, so that an interruption ends the waiting.

use super::source::is_interrupted;
use std::io::{Error, Read};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;

/// How much is read at once, and how many such pieces may lie ready.
const PIECE: usize = 1 << 16;
const READY: usize = 16;
/// How long nobody looks whether there was an interruption.
const PATIENCE: Duration = Duration::from_millis(50);

/// What a pipe says, up to its end or an interruption.
pub(super) struct Pipe {
    pieces: Receiver<Result<Vec<u8>, Error>>,
    piece: Vec<u8>,
    taken: usize,
}

impl Pipe {
    pub(super) fn new(input: impl Read + Send + 'static) -> Self {
        let (sender, pieces) = sync_channel(READY);
        std::thread::spawn(move || pass_on(input, &sender));
        Self { pieces, piece: Vec::new(), taken: 0 }
    }
}

/// Reads until there is nothing more, or nobody who wants it.
fn pass_on(mut input: impl Read, to: &SyncSender<Result<Vec<u8>, Error>>) {
    loop {
        let mut piece = vec![0; PIECE];
        let read = input.read(&mut piece).map(|length| {
            piece.truncate(length);
            piece
        });
        let is_last = read.as_ref().map_or(true, Vec::is_empty);
        if to.send(read).is_err() || is_last {
            return;
        }
    }
}

impl Read for Pipe {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        while self.taken == self.piece.len() {
            match self.pieces.recv_timeout(PATIENCE) {
                Ok(piece) => (self.piece, self.taken) = (piece?, 0),
                Err(RecvTimeoutError::Timeout) if !is_interrupted() => continue,
                Err(_) => return Ok(0),
            }
            if self.piece.is_empty() {
                return Ok(0);
            }
        }
        let rest = self.piece.get(self.taken..).unwrap_or_default();
        let length = rest.len().min(buffer.len());
        buffer.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
        self.taken += length;
        Ok(length)
    }
}
