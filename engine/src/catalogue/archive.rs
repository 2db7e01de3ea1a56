//! The data file: gzip members one behind the other, so that one is read without unpacking the others, and `zcat` shows
//! the whole text.
//!
//! In front is `about` (where the facts are from, the titles of the services), with the table of contents in its header,
//! and `lists` (the keys with several values). Then comes a member for each service, under its prefix; what does not fit
//! into one of reasonable size follows in further ones, under the name of their first action, such as
//! `ec2:DescribeAddresses`.

use super::ActionId;
use std::io::Read;
use std::sync::OnceLock;

/// One member: what the table of contents says of it, and its text once somebody has asked for it.
#[derive(Debug)]
pub(super) struct Member {
    name: &'static str,
    /// Whether resource control policies apply to the service; in the table because decisions ask for it.
    pub(super) rcps: bool,
    packed: &'static [u8],
    text: OnceLock<String>,
    /// Where the records of its text begin, in order: actions by their ids, types of resources by their names in lower case.
    actions: OnceLock<Vec<(ActionId, usize)>>,
    types: OnceLock<Vec<(String, usize)>>,
}

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

    /// Its text from the record of an action on, whose name is given in lower case.
    pub(super) fn action(&self, name: &str) -> Option<&str> {
        let prefix = self.name.split_once(':').map_or(self.name, |(prefix, _)| prefix);
        let id = |name: &str| ActionId::of(&format!("{prefix}:{name}"));
        let actions = self.actions.get_or_init(|| heads(self.text(), "action", id));
        self.records(actions, &id(name)).find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, text)| text)
    }

    /// Its text from the record of a type of resources on. Letter case does not count, but the same one comes first.
    pub(super) fn resource_type(&self, name: &str) -> Option<&str> {
        let types = self.types.get_or_init(|| heads(self.text(), "resource", str::to_owned));
        let folded = name.to_ascii_lowercase();
        let mut records = self.records(types, &folded);
        let same = self.records(types, &folded).find(|(own, _)| *own == name);
        same.or_else(|| records.next()).map(|(_, text)| text)
    }

    /// The names of the records with a key, and the text from there on.
    fn records<K: Ord>(&self, heads: &[(K, usize)], key: &K) -> impl Iterator<Item = (&str, &str)> {
        let start = heads.partition_point(|(own, _)| own < key);
        let same = heads.iter().skip(start).take_while(move |(own, _)| own == key);
        same.filter_map(|(_, at)| self.text().get(*at..)).filter_map(|text| Some((head(text)?.1, text)))
    }
}

/// Kind and name of the record that a text begins with.
fn head(text: &str) -> Option<(&str, &str)> {
    let mut fields = text.lines().next()?.split('\t');
    fields.next().zip(fields.next())
}

/// Where the records of a kind begin, in the order of what `key` makes of their names in lower case. All lines begin a
/// record that are not indented.
fn heads<K: Ord>(text: &str, kind: &str, key: impl Fn(&str) -> K) -> Vec<(K, usize)> {
    let mut heads = Vec::new();
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if let Some((_, name)) = head(line).filter(|(of, _)| *of == kind) {
            heads.push((key(&name.to_ascii_lowercase()), at));
        }
        at += line.len();
    }
    heads.sort_unstable();
    heads
}

/// The members of a file, in order; none if its beginning is damaged.
pub(super) fn members(file: &'static [u8]) -> Vec<Member> {
    let contents = contents(file).unwrap_or_default();
    let mut end = file.len();
    // The table says how long each is; the first holds the table and takes what is left.
    let mut members: Vec<Member> = contents
        .lines()
        .rev()
        .filter_map(|line| {
            let mut fields = line.split('\t');
            let (length, rcps, name) = (fields.next()?, fields.next()?, fields.next()?);
            let start = match length {
                "-" => 0,
                length => end.checked_sub(length.parse().ok()?)?,
            };
            let packed = file.get(start..end)?;
            end = start;
            Some(Member {
                name,
                rcps: rcps == "rcp",
                packed,
                text: OnceLock::new(),
                actions: OnceLock::new(),
                types: OnceLock::new(),
            })
        })
        .collect();
    members.reverse();
    members
}

/// The table of contents: the extra field of the first member's header (RFC 1952, section 2.3.1.1).
fn contents(file: &'static [u8]) -> Option<&'static str> {
    const FIXED: [u8; 4] = [0x1F, 0x8B, 8, 0b0000_0100]; // magic, deflate, an extra field
    let behind = file.strip_prefix(&FIXED)?.get(6..)?;
    let (&size, behind) = behind.split_first_chunk()?;
    let extra = behind.get(..usize::from(u16::from_le_bytes(size)))?;
    let (_length, table) = extra.strip_prefix(b"CT")?.split_first_chunk::<2>()?;
    std::str::from_utf8(table).ok()
}
