//! The data file: gzip members one behind the other, each with its name and length in its header, so that one service
//! is read without unpacking the others, and `zcat` shows the whole text.

use std::io::Read;
use std::sync::OnceLock;

/// One member: what its header says, and its text once somebody has asked for it.
#[derive(Debug)]
pub(super) struct Member {
    name: &'static str,
    /// Whether resource control policies apply to the service; in the header because decisions ask for it.
    pub(super) rcps: bool,
    packed: &'static [u8],
    text: OnceLock<String>,
}

/// The subfields of a member's header: the length of the whole member in four bytes, the lowest first; and whether the
/// service has resource control policies.
const LENGTH: [u8; 4] = [b'C', b'L', 4, 0];
const RCPS: [u8; 4] = [b'R', b'C', 1, 0];

impl Member {
    pub(super) fn name(&self) -> &'static str {
        self.name
    }

    /// The unpacked text. A damaged member is empty; the tests hold the file against its checksum and read all of it.
    pub(super) fn text(&self) -> &str {
        self.text.get_or_init(|| {
            let mut text = String::new();
            match flate2::read::GzDecoder::new(self.packed).read_to_string(&mut text) {
                Ok(_) => text,
                Err(_) => String::new(),
            }
        })
    }
}

/// The members of a file, in order. What follows a damaged header is left out.
pub(super) fn members(mut rest: &'static [u8]) -> Vec<Member> {
    let mut members = Vec::new();
    while let Some((name, rcps, length)) = header(rest) {
        let Some((packed, behind)) = rest.split_at_checked(length) else { break };
        members.push(Member { name, rcps, packed, text: OnceLock::new() });
        rest = behind;
    }
    members
}

/// Name, RCPs and length of the member in front (RFC 1952, section 2.3).
fn header(bytes: &'static [u8]) -> Option<(&'static str, bool, usize)> {
    const FIXED: [u8; 4] = [0x1F, 0x8B, 8, 0b0000_1100]; // magic, deflate, extra field and name
    let behind = bytes.strip_prefix(&FIXED)?.get(6..)?;
    let (&size, behind) = behind.split_first_chunk()?;
    let (extra, behind) = behind.split_at_checked(usize::from(u16::from_le_bytes(size)))?;
    let (&length, extra) = extra.strip_prefix(&LENGTH)?.split_first_chunk()?;
    let &[rcps] = extra.strip_prefix(&RCPS)? else { return None };
    let name = behind.split(|&byte| byte == 0).next()?;
    let length = usize::try_from(u32::from_le_bytes(length)).ok().filter(|&length| length > 0)?;
    Some((std::str::from_utf8(name).ok()?, rcps != 0, length))
}
