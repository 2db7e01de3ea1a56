//! Memory that files are read into.

use std::io::{ErrorKind, Result};

/// Where in a page it begins. Blocks of files begin at the beginning of a page, or a byte before it; where bytes are copied to
/// a place that is 1 to 31 bytes further into a page than where they come from, some processors take three times as long.
const PLACE: usize = 64;
const PAGE: usize = 4096;

/// Bytes that were read, and room for more, which is used again.
#[derive(Default)]
pub(super) struct Buffer {
    memory: Vec<u8>,
    /// Where the bytes begin, and how many there are.
    first: usize,
    length: usize,
}

impl Buffer {
    /// The bytes.
    pub(super) fn bytes(&self) -> &[u8] {
        self.memory.get(self.first..self.first + self.length).unwrap_or_default()
    }

    pub(super) fn len(&self) -> usize {
        self.length
    }

    /// Keeps so many bytes, and no more.
    pub(super) fn truncate(&mut self, length: usize) {
        self.length = self.length.min(length);
    }

    /// Takes so many bytes away from the front.
    pub(super) fn discard(&mut self, count: usize) {
        let count = count.min(self.length);
        self.memory.copy_within(self.first + count..self.first + self.length, self.first);
        self.length -= count;
    }

    /// Room for so many bytes behind those that there are.
    fn room(&mut self, count: usize) -> &mut [u8] {
        let length = self.length + count;
        if self.memory.len() < self.first + length {
            self.memory.resize(length + PAGE + PLACE, 0);
            let first = self.memory.as_ptr().align_offset(PAGE).min(PAGE) + PLACE;
            self.memory.copy_within(self.first..self.first + self.length, first);
            self.first = first;
        }
        self.memory.get_mut(self.first + self.length..self.first + length).unwrap_or_default()
    }

    /// Adds what is read at once, at most so many bytes; how many that are.
    pub(super) fn read_once(
        &mut self,
        count: usize,
        mut read: impl FnMut(&mut [u8]) -> Result<usize>,
    ) -> Result<usize> {
        loop {
            match read(self.room(count)) {
                Ok(length) => {
                    let length = length.min(count);
                    self.length += length;
                    return Ok(length);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Adds so many bytes, or fewer if there are no more; `read` is told how many of them it has read.
    pub(super) fn read(&mut self, count: usize, mut read: impl FnMut(usize, &mut [u8]) -> Result<usize>) -> Result<()> {
        let start = self.length;
        while self.length - start < count {
            let done = self.length - start;
            if self.read_once(count - done, |room| read(done, room))? == 0 {
                break;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_stay_what_they_are_when_there_is_room_for_more() {
        let mut buffer = Buffer::default();
        let mut wanted = Vec::new();
        for round in 1..200_u8 {
            let count = usize::from(round) * 37;
            buffer
                .read(count, |done, room| {
                    let length = room.len().min(100);
                    room.iter_mut().zip(done..done + length).for_each(|(to, at)| *to = (at % 251) as u8 ^ round);
                    Ok(length)
                })
                .unwrap();
            wanted.extend((0..count).map(|at| (at % 251) as u8 ^ round));
            assert_eq!(buffer.bytes(), wanted);
            assert_eq!(buffer.bytes().as_ptr().align_offset(PAGE), PAGE - PLACE);
            if round % 7 == 0 {
                buffer.discard(count / 2);
                wanted.drain(..count / 2);
                buffer.truncate(wanted.len() - 3);
                wanted.truncate(wanted.len() - 3);
            }
        }
    }

    #[test]
    fn what_was_read_before_a_mistake_is_kept() {
        let mut buffer = Buffer::default();
        let mut answers = [Ok(3), Err(ErrorKind::Interrupted), Ok(2), Err(ErrorKind::UnexpectedEof), Ok(0)].into_iter();
        let mut read = |_: usize, _: &mut [u8]| answers.next().unwrap().map_err(std::io::Error::from);
        assert_eq!(buffer.read(8, &mut read).unwrap_err().kind(), ErrorKind::UnexpectedEof);
        assert_eq!(buffer.len(), 5);
        buffer.read(8, &mut read).unwrap();
        assert_eq!(buffer.len(), 5);
    }
}
