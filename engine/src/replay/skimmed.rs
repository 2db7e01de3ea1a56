//! What ordinary lines and ordinary events have in common: what may differ between those of one kind.

use super::skim::{Kind, Style};
use super::texts::Client;
use std::borrow::Cow;

/// Something ordinary: a line of an access log ([`Skim`](super::skim::Skim)), or an event of CloudTrail
/// ([`EventSkim`](super::cloudtrail::EventSkim)).
pub trait Skimmed<'l> {
    /// What kind it is of: those of one kind differ in nothing but what the others here say. Sessions of a role are of one
    /// kind or not, as was said when what skims was made.
    fn kind(&self) -> Kind;

    /// When it happened, in seconds since 1970.
    fn time(&self) -> i64;

    /// The address it came from, if those of one kind may differ in it.
    fn address(&self) -> Option<&'l [u8]> {
        None
    }

    /// What the client says of itself, if those of one kind may differ in it.
    fn client(&self) -> Option<Client<'l>> {
        None
    }

    /// Whether it is about an object that has a key.
    fn has_key(&self) -> bool;

    /// The key, decoded, in UTF-8, given how those of its kind name buckets. `None` if it has none, or has to be read.
    fn key(&self, style: Style) -> Option<Cow<'l, [u8]>>;

    /// Whether it asks for a prefix.
    fn has_prefix(&self) -> bool {
        self.written_prefix().is_some()
    }

    /// The prefix that it asks for, decoded. `None` if it asks for none, or has to be read.
    fn prefix(&self) -> Option<Cow<'l, str>>;

    /// The prefix as it is written; others may stand for the same.
    fn written_prefix(&self) -> Option<&'l [u8]>;

    /// How those of its kind name the bucket.
    fn style(&self) -> Style {
        None
    }

    /// Whether its key and prefix are texts, as those of others of its kind may not be.
    #[inline(never)]
    fn is_text(&self) -> bool {
        let key = || !self.has_key() || self.key(self.style()).is_some();
        key() && (!self.has_prefix() || self.prefix().is_some())
    }
}
