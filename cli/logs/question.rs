//! What is asked about lines of one kind, and how often it was answered how.

use can_access_engine::replay::judge::{Outlook, Verdict};
use can_access_engine::replay::texts::Client;
use rustc_hash::{FxBuildHasher, FxHashMap};
use smallvec::SmallVec;
use std::borrow::Cow;
use std::hash::BuildHasher;
use std::rc::Rc;

/// How many answers to a question are kept in mind.
const ANSWERS: usize = 1 << 8;
/// The same of answers that hang on a prefix, and how long a prefix is at most to be kept.
const PREFIXES: usize = 1 << 6;
const LONGEST_PREFIX: usize = 1 << 7;
/// How many counts are kept until they are told.
const COUNTS: usize = 1 << 6;
/// The same of the bytes of their segments.
const SEGMENTS: usize = 1 << 12;

/// What the policies say, and those of the baseline.
pub(super) type Verdicts = (Verdict, Option<Verdict>);

/// A question to the policies that differs from line to line in a name, a prefix, a client, an address and a time only.
pub(super) struct Question {
    /// Which group the requests are counted in.
    pub(super) group: usize,
    /// Whether the resources are named by their keys.
    pub(super) named: bool,
    /// The first segment of resources that are not named by their keys.
    segment: Rc<[u8]>,
    outlook: Outlook,
    old_outlook: Option<Outlook>,
    answers: Vec<Verdicts>,
    /// Which answer it is, by what matches the resource, or by the prefix where answers hang on that.
    by_matching: FxHashMap<Matching, usize>,
    by_prefix: FxHashMap<Circumstances, FxHashMap<String, usize>>,
    /// How many requests got an answer, by first segment, that are not told yet.
    counts: Vec<Count>,
    /// How many bytes their segments have.
    segments: usize,
    /// Where the count is, by the hash of what it counts.
    places: FxHashMap<u64, usize>,
    /// Which of them were the last, and what they hung on, by that.
    recent: [Option<(Matching, usize)>; RECENT],
}

/// Which patterns match a resource, or the prefix that is asked for, of the policies and of the baseline.
type Matching = (u64, u64, Circumstances);

/// The numbers of the address and of the time, as far as answers hang on them, each to the policies and to the baseline; and
/// those of the client, to both.
type Circumstances = [u64; 4];

/// How many counts are found without a hash.
const RECENT: usize = 1 << RECENT_BITS;
const RECENT_BITS: u32 = 3;

/// Where among them a count may be.
#[inline]
fn slot((matching, old, [address, time, client, old_client]): &Matching) -> usize {
    // Multiplied by an odd number, so that all bits count in the highest ones.
    let around = address ^ time.rotate_left(32) ^ client.rotate_left(48) ^ old_client.rotate_left(8);
    let all = matching ^ old.rotate_left(32) ^ around.rotate_left(16);
    (all.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (u64::BITS - RECENT_BITS)) as usize
}

/// What the answer hangs on.
pub(super) enum Hinge<'p> {
    Matching(Matching),
    Prefix(Circumstances, Cow<'p, str>),
}

impl Hinge<'_> {
    pub(super) fn into_owned(self) -> Hinge<'static> {
        match self {
            Self::Matching(matching) => Hinge::Matching(matching),
            Self::Prefix(around, prefix) => Hinge::Prefix(around, prefix.into_owned().into()),
        }
    }
}

/// How many requests got an answer.
pub(super) struct Count {
    answer: usize,
    segment: SmallVec<[u8; 24]>,
    pub(super) requests: u64,
    /// Whether the policies deny, and whether they say something else than the baseline.
    pub(super) denied: bool,
    pub(super) changed: bool,
}

/// The first segment of a name, if it has several.
pub(super) fn segment(name: &[u8]) -> &[u8] {
    memchr::memchr(b'/', name).and_then(|at| name.get(..at)).unwrap_or_default()
}

/// Whether that is the first segment of a name.
fn is_in(name: &[u8], known: &[u8]) -> bool {
    match known {
        [] => segment(name).is_empty(),
        _ => name.get(known.len()) == Some(&b'/') && name.starts_with(known),
    }
}

impl Question {
    pub(super) fn new(
        group: usize,
        named: bool,
        segment: &[u8],
        outlook: Outlook,
        old_outlook: Option<Outlook>,
    ) -> Self {
        Self {
            group,
            named,
            segment: segment.into(),
            outlook,
            old_outlook,
            answers: Vec::new(),
            by_matching: FxHashMap::default(),
            by_prefix: FxHashMap::default(),
            counts: Vec::new(),
            segments: 0,
            places: FxHashMap::default(),
            recent: [None; RECENT],
        }
    }

    /// Whether the answer hangs on the prefix that is asked for.
    pub(super) fn hangs_on_prefix(&self) -> bool {
        !self.named && self.outlooks().any(Outlook::hangs_on_prefix)
    }

    /// Whether it hangs on the address.
    pub(super) fn hangs_on_address(&self) -> bool {
        self.outlooks().any(|outlook| outlook.addresses.is_some())
    }

    /// Whether it hangs on the client.
    pub(super) fn hangs_on_client(&self) -> bool {
        self.outlooks().any(Outlook::hangs_on_client)
    }

    fn outlooks(&self) -> impl Iterator<Item = &Outlook> {
        std::iter::once(&self.outlook).chain(&self.old_outlook)
    }

    /// What the answer hangs on, given the name of the resource, the prefix that is asked for, the client, the address, and
    /// the time in seconds since 1970. `room` is for texts that have to be put together.
    pub(super) fn hinge<'p>(
        &self,
        name: &[u8],
        (prefix, client): (Option<&'p str>, Option<Client<'_>>),
        (address, time): (Option<&[u8]>, i64),
        room: &mut Vec<u8>,
    ) -> Hinge<'p> {
        let address = |outlook: &Outlook| {
            let addresses = outlook.addresses.as_ref().zip(address);
            addresses.map_or(0, |(addresses, address)| addresses.number(address))
        };
        let time = |outlook: &Outlook| outlook.times.as_ref().map_or(0, |times| times.number(time));
        let old = self.old_outlook.as_ref();
        let both = |number: &dyn Fn(&Outlook) -> u32| {
            u64::from(number(&self.outlook)) | u64::from(old.map_or(0, number)) << u32::BITS
        };
        let client =
            |outlook: Option<&Outlook>| outlook.zip(client).map_or(0, |(outlook, client)| outlook.client(&client));
        let around = [both(&address), both(&time), client(Some(&self.outlook)), client(old)];
        if let Some(prefix) = prefix {
            let old = old.map_or(Some(0), |old| old.matching_prefix(prefix));
            return match self.outlook.matching_prefix(prefix).zip(old) {
                Some((matching, old)) => Hinge::Matching((matching, old, around)),
                None => Hinge::Prefix(around, Cow::Borrowed(prefix)),
            };
        }
        let mut matching = |outlook: &Outlook| outlook.matching(name, room);
        Hinge::Matching((matching(&self.outlook), old.map_or(0, matching), around))
    }

    /// The count of requests that got the same answer for resources in the same first segment, if the answer is known. The
    /// resource is named by its key, or always by the same. `tell` is told of counts that have to make room.
    pub(super) fn answered(
        &mut self,
        hinge: &Hinge<'_>,
        key: Option<&[u8]>,
        tell: impl FnMut(&Verdicts, &[u8], u64),
    ) -> Option<&mut Count> {
        let is_in_it = |place: usize| {
            let count = self.counts.get(place);
            count.is_some_and(|count| key.is_none_or(|key| is_in(key, &count.segment)))
        };
        let place = match hinge {
            Hinge::Prefix(..) => self.place(hinge, key, tell)?,
            Hinge::Matching(matching) => match self.recent.get(slot(matching)) {
                Some(Some((known, place))) if known == matching && is_in_it(*place) => *place,
                _ => {
                    let place = self.place(hinge, key, tell)?;
                    *self.recent.get_mut(slot(matching))? = Some((*matching, place));
                    place
                }
            },
        };
        self.counts.get_mut(place)
    }

    /// Where the count is.
    #[inline(never)]
    fn place(
        &mut self,
        hinge: &Hinge<'_>,
        key: Option<&[u8]>,
        tell: impl FnMut(&Verdicts, &[u8], u64),
    ) -> Option<usize> {
        let always = Rc::clone(&self.segment);
        let segment = key.map_or(&*always, segment);
        let answer = match hinge {
            Hinge::Prefix(around, prefix) => *self.by_prefix.get(around)?.get(&**prefix)?,
            Hinge::Matching(matching) => *self.by_matching.get(matching)?,
        };
        let is_it = |count: &Count| count.answer == answer && *count.segment == *segment;
        let hash = FxBuildHasher.hash_one((answer, segment));
        if let Some(place) = self.places.get(&hash) {
            let known = self.counts.get(*place).is_some_and(is_it).then_some(*place);
            // What has the same hash by chance is not found by it.
            if let Some(place) = known.or_else(|| self.counts.iter().position(is_it)) {
                return Some(place);
            }
        }
        if self.counts.len() >= COUNTS || self.segments >= SEGMENTS {
            self.settle(tell);
        }
        self.places.insert(hash, self.counts.len());
        self.segments += segment.len();
        let (verdict, old) = self.answers.get(answer)?;
        let (denied, changed) = (*verdict == Verdict::Denied, old.as_ref().is_some_and(|old| old != verdict));
        self.counts.push(Count { answer, segment: segment.into(), requests: 0, denied, changed });
        Some(self.counts.len() - 1)
    }

    /// Keeps an answer in mind.
    pub(super) fn learn(&mut self, hinge: &Hinge<'_>, verdicts: Verdicts, tell: impl FnMut(&Verdicts, &[u8], u64)) {
        let most = match hinge {
            Hinge::Prefix(_, prefix) if prefix.len() > LONGEST_PREFIX => return,
            Hinge::Prefix(..) => PREFIXES,
            Hinge::Matching(_) => ANSWERS,
        };
        if self.answers.len() >= most {
            self.settle(tell);
            self.answers.clear();
            self.by_matching.clear();
            self.by_prefix.clear();
        }
        let answer = self.answers.len();
        self.answers.push(verdicts);
        match hinge {
            Hinge::Prefix(around, prefix) => {
                self.by_prefix.entry(*around).or_default().insert(prefix.clone().into_owned(), answer);
            }
            Hinge::Matching(matching) => _ = self.by_matching.insert(*matching, answer),
        }
    }

    /// Tells of all counts, and begins anew.
    pub(super) fn settle(&mut self, mut tell: impl FnMut(&Verdicts, &[u8], u64)) {
        self.recent = [None; RECENT];
        self.places.clear();
        self.segments = 0;
        for Count { answer, segment, requests, .. } in self.counts.drain(..) {
            if let Some(verdicts) = self.answers.get(answer) {
                tell(verdicts, &segment, requests);
            }
        }
    }
}
