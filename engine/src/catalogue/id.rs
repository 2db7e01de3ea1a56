//! What actions are found by.

use xxhash_rust::xxh3::xxh3_64;

/// What an action is found by, in the catalogue and in compiled policies: 64 bits of its name, XXH3 of `service:name` in
/// lower case. One that the catalogue does not list has an id, too. Two actions could have the same, so that whoever finds
/// one by it still looks at the name.
///
/// ```
/// use can_access_engine::catalogue::Catalogue;
/// use can_access_engine::request::Action;
/// let listed = Catalogue::published().action("s3:GetObject").unwrap();
/// assert_eq!(listed.id(), Action::parse("S3:getobject").unwrap().id());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ActionId(u64);

impl ActionId {
    /// The id of the action `service:name`, in lower case.
    pub(crate) fn of(folded: &str) -> Self {
        Self(xxh3_64(folded.as_bytes()))
    }

    /// Where to look for one whose place is taken by another of the same id.
    pub(crate) fn next(self) -> Self {
        Self(self.0.wrapping_add(1))
    }

    /// Its last six bits.
    pub(crate) fn low_bits(self) -> u64 {
        self.0 % 64
    }
}
