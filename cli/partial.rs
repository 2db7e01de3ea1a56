//! Partial results: what a part of the logs gave, stored so that parts can be put together in any order, on any machine.
//!
//! A file has two lines: a header with the format's version, what the rest is and a checksum, and the rest as JSON.

use crate::{Exit, Failure};
use can_access_engine::replay::tally::Place;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read;
use xxhash_rust::xxh3::xxh3_128;

const SCHEMA: &str = "can-access.partial/2";
/// How the header begins, of whatever version.
const HEAD: &[u8; 30] = br#"{"schema":"can-access.partial/"#;

/// What partial results are made of.
pub(crate) trait Part: Serialize + DeserializeOwned {
    /// The command that it is of.
    const KIND: &'static str;

    /// Puts two of different logs together. The result is the same in any order.
    fn merge(&mut self, other: Self);

    /// Changes every place.
    fn renumber(&mut self, to: &impl Fn(Place) -> Place);
}

/// A partial result.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Partial<P> {
    /// What it was made with, as the user gave it: parts of different makings do not go together.
    pub(crate) made_with: String,
    /// What tells its logs from all others.
    #[serde(with = "hex")]
    pub(crate) logs: BTreeSet<u128>,
    /// The files that its places are in, in order.
    files: Vec<LogFile>,
    /// What it holds.
    pub(crate) part: P,
}

/// A log. Logs of one name can be different ones.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct LogFile {
    name: String,
    id: String,
}

#[derive(Serialize, Deserialize)]
struct Header {
    schema: String,
    kind: String,
    checksum: String,
}

impl<P: Part> Partial<P> {
    /// Puts what some files gave into the form in which it is stored. `ids` tells each file from all others.
    pub(crate) fn new(made_with: String, ids: &[u128], files: &[String], part: P) -> Self {
        let files = files.iter().zip(ids).map(|(name, id)| LogFile { name: name.clone(), id: format!("{id:032x}") });
        Self::in_order(made_with, ids.iter().copied().collect(), files.collect(), part)
    }

    /// The names of the files that its places are in.
    pub(crate) fn names(&self) -> Vec<String> {
        self.files.iter().map(|file| file.name.clone()).collect()
    }

    /// Only files that places are in are named, and in order.
    fn in_order(made_with: String, logs: BTreeSet<u128>, files: Vec<LogFile>, mut part: P) -> Self {
        let used: RefCell<BTreeSet<usize>> = RefCell::default();
        part.renumber(&|place| {
            used.borrow_mut().insert(place.0);
            place
        });
        let used = used.into_inner();
        let kept: BTreeSet<LogFile> = used.iter().filter_map(|file| files.get(*file).cloned()).collect();
        let kept: Vec<LogFile> = kept.into_iter().collect();
        let at = |file: usize| files.get(file).and_then(|file| kept.binary_search(file).ok()).unwrap_or_default();
        part.renumber(&|(file, line)| (at(file), line));
        Self { made_with, logs, files: kept, part }
    }

    /// The bytes of the file.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        // What is written here are texts, numbers and lists of them.
        let body = serde_json::to_string(self).unwrap_or_default();
        let header = Header {
            schema: SCHEMA.to_owned(),
            kind: P::KIND.to_owned(),
            checksum: format!("{:032x}", xxh3_128(body.as_bytes())),
        };
        let header = serde_json::to_string(&header).unwrap_or_default();
        format!("{header}\n{body}\n").into_bytes()
    }

    /// Reads a file.
    pub(crate) fn read(name: &str, bytes: &[u8]) -> Result<Self, Failure> {
        let refused = |why: &str| Failure::with_help(format!("{name}: {why}"), "make it again from its logs");
        let (header, body) = split(name, bytes)?;
        if header.kind != P::KIND {
            let why = format!("{name}: a partial result of `{}`, and not of `{}`", header.kind, P::KIND);
            return Err(Failure::usage(why));
        }
        if header.checksum != format!("{:032x}", xxh3_128(body)) {
            return Err(refused("the partial result is cut off or damaged"));
        }
        serde_json::from_slice(body).map_err(|_| refused("the partial result is of another version"))
    }

    /// Puts partial results together. What is part of another counts once.
    pub(crate) fn merge(mut all: Vec<(String, Self)>) -> Result<Option<Self>, Failure> {
        // Those of most logs come first, so that parts of them are recognised.
        all.sort_by_cached_key(|(_, partial)| (std::cmp::Reverse(partial.logs.len()), partial.to_bytes()));
        let mut merged: Option<Self> = None;
        for (name, partial) in all {
            let Some(whole) = merged.take() else {
                merged = Some(partial);
                continue;
            };
            if partial.made_with != whole.made_with {
                return Err(Failure::with_help(
                    format!("{name}: made with other options than the rest"),
                    format!("one was made with: {}; another with: {}", partial.made_with, whole.made_with),
                ));
            }
            let common = partial.logs.intersection(&whole.logs).count();
            let is_part = common == partial.logs.len();
            if common > 0 && !is_part {
                return Err(Failure::with_help(
                    format!("{name}: {common} of its logs are in another partial result, too, and others are not"),
                    "merge those from which the larger ones were made",
                ));
            }
            merged = Some(if is_part { whole } else { whole.with(partial) });
        }
        Ok(merged)
    }

    fn with(mut self, mut other: Self) -> Self {
        let all: BTreeSet<LogFile> = self.files.iter().chain(&other.files).cloned().collect();
        let files: Vec<LogFile> = all.into_iter().collect();
        let to = |own: &[LogFile]| -> Vec<usize> {
            own.iter().map(|file| files.binary_search(file).unwrap_or_default()).collect()
        };
        let renumber = |part: &mut P, to: &[usize]| {
            part.renumber(&|(file, line)| (to.get(file).copied().unwrap_or_default(), line));
        };
        renumber(&mut self.part, &to(&self.files));
        renumber(&mut other.part, &to(&other.files));
        self.part.merge(other.part);
        self.logs.extend(other.logs);
        // Places were dropped for others.
        Self::in_order(self.made_with, self.logs, files, self.part)
    }
}

/// The partial results among files, and the others: they are logs.
pub(crate) fn told_apart(files: &[String]) -> Result<(Vec<String>, Vec<String>), Failure> {
    let is_partial = |path: &&String| {
        let mut start = Vec::new();
        let count = u64::try_from(HEAD.len()).unwrap_or_default();
        // Pipes can be read but once.
        let is_file = *path != "-" && std::fs::metadata(path).is_ok_and(|metadata| metadata.is_file());
        let read = is_file && File::open(path).and_then(|file| file.take(count).read_to_end(&mut start)).is_ok();
        // One that is cut off is one, too.
        read && start.len() > 2 && HEAD.starts_with(&start)
    };
    Ok(files.iter().cloned().partition(|path| is_partial(&path)))
}

/// Adds the partial results of files to one.
pub(crate) fn with<P: Part>(own: Partial<P>, files: &[String]) -> Result<Partial<P>, Failure> {
    let mut all = Vec::with_capacity(files.len() + 1);
    for file in files {
        all.push((file.clone(), Partial::read(file, &read(file)?)?));
    }
    let made_with = own.made_with.clone();
    if !own.logs.is_empty() {
        all.push(("the logs".to_owned(), own));
    } else if let Some((name, other)) = all.iter().find(|(_, other)| other.made_with != made_with) {
        return Err(Failure::with_help(
            format!("{name}: made with other options than these"),
            format!("it was made with: {}; these are: {made_with}", other.made_with),
        ));
    }
    Partial::merge(all)?.ok_or_else(|| Failure::usage("no logs are given"))
}

/// The bytes of a file.
pub(crate) fn read(path: &str) -> Result<Vec<u8>, Failure> {
    std::fs::read(path).map_err(|error| Failure::Read { path: path.to_owned(), error })
}

/// Writes a partial result, if all of its logs could be read.
pub(crate) fn write<P: Part>(path: &str, partial: &Partial<P>, broken: &[Failure]) -> Result<Exit, Failure> {
    if !broken.is_empty() {
        return Err(Failure::with_help(
            format!("{path} is not written: not every log could be read to its end"),
            "a part that is incomplete would go unnoticed in the whole",
        ));
    }
    std::fs::write(path, partial.to_bytes()).map_err(|error| Failure::Create { path: path.to_owned(), error })?;
    Ok(Exit::Fine)
}

/// The command that a partial result is of.
pub(crate) fn kind(name: &str, bytes: &[u8]) -> Result<String, Failure> {
    Ok(split(name, bytes)?.0.kind)
}

fn split<'b>(name: &str, bytes: &'b [u8]) -> Result<(Header, &'b [u8]), Failure> {
    let end = memchr::memchr(b'\n', bytes).unwrap_or(bytes.len());
    let (first, rest) = bytes.split_at_checked(end).unwrap_or((bytes, &[]));
    let header: Header = serde_json::from_slice(first).map_err(|_| {
        Failure::with_help(
            format!("{name}: no partial result, or one that is cut off"),
            "make it again from its logs, with --partial FILE",
        )
    })?;
    if header.schema != SCHEMA {
        return Err(Failure::usage(format!("{name}: a partial result of another version: {}", header.schema)));
    }
    let body = rest.strip_prefix(b"\n").unwrap_or(rest);
    Ok((header, body.strip_suffix(b"\n").unwrap_or(body)))
}

mod hex {
    use serde::{Deserialize, Deserializer, Serializer};
    use std::collections::BTreeSet;

    pub(super) fn serialize<S: Serializer>(set: &BTreeSet<u128>, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(set.iter().map(|hash| format!("{hash:032x}")))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeSet<u128>, D::Error> {
        let texts = Vec::<String>::deserialize(deserializer)?;
        let read = |text: &String| u128::from_str_radix(text, 16).map_err(serde::de::Error::custom);
        texts.iter().map(read).collect()
    }
}
