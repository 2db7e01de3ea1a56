//! Input read as a stream: plain or gzip, told apart by its first bytes, a file or standard input.

use crate::Failure;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};

/// How much is read at a time.
const BUFFER: usize = 1 << 20;

/// The bytes behind a path, or of standard input for `-`; unpacked if they are gzip.
pub(crate) fn open(path: &str) -> Result<Box<dyn BufRead + Send>, Failure> {
    let failed = |error| Failure::Read { path: path.to_owned(), error };
    let raw: Box<dyn Read + Send> = if path == "-" {
        super::take_standard_input()?;
        Box::new(std::io::stdin())
    } else {
        let file = File::open(path).map_err(failed)?;
        if file.metadata().map_err(failed)?.is_dir() {
            return Err(failed(std::io::Error::from(std::io::ErrorKind::IsADirectory)));
        }
        Box::new(file)
    };
    let mut plain = BufReader::with_capacity(BUFFER, raw);
    let packed = plain.fill_buf().map_err(failed)?.starts_with(&[0x1F, 0x8B]);
    Ok(if packed {
        Box::new(BufReader::with_capacity(BUFFER, flate2::bufread::MultiGzDecoder::new(plain)))
    } else {
        Box::new(plain)
    })
}

/// What messages call a path.
pub(crate) fn name(path: &str) -> &str {
    if path == "-" { "<stdin>" } else { path }
}
