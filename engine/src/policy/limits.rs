//! How large AWS lets policies become, and which characters it takes (SEMANTICS R1.4, §1.4). Warnings only.

use crate::document::Node;
use crate::layer::Layer;
use crate::problem::{Code, Problem, Span};

/// What counts towards a size limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counting {
    /// Characters other than white space.
    WithoutWhiteSpace,
    /// All characters.
    Characters,
    /// Bytes of UTF-8.
    Bytes,
}

/// A size limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SizeLimit {
    /// The largest size that AWS accepts.
    pub most: usize,
    /// What is counted.
    pub counting: Counting,
}

/// The limit for policies of a layer: the widest that AWS has for it, since the same text may be a managed or an
/// inline policy, a bucket or a key policy. AWS raises these numbers at times.
///
/// ```
/// use can_access_engine::{layer::Layer, policy::size_limit};
/// assert_eq!(size_limit(Layer::Scp).most, 5_120);
/// ```
#[must_use]
pub fn size_limit(layer: Layer) -> SizeLimit {
    let (most, counting) = match layer {
        Layer::Identity => (10_240, Counting::WithoutWhiteSpace),
        Layer::Boundary => (6_144, Counting::WithoutWhiteSpace),
        Layer::Session => (2_048, Counting::Characters),
        Layer::Scp | Layer::Rcp => (5_120, Counting::Characters),
        Layer::Endpoint => (20_480, Counting::Characters),
        Layer::Resource => (32_768, Counting::Bytes),
    };
    SizeLimit { most, counting }
}

impl SizeLimit {
    /// The size of a text as this limit counts it.
    ///
    /// ```
    /// use can_access_engine::policy::{Counting, SizeLimit};
    /// let limit = SizeLimit { most: 10, counting: Counting::WithoutWhiteSpace };
    /// assert_eq!(limit.size("{ }\n"), 2);
    /// ```
    #[must_use]
    pub fn size(&self, text: &str) -> usize {
        match self.counting {
            // A character begins with a byte that continues none.
            Counting::WithoutWhiteSpace => {
                let begins = |byte: &u8| (byte & 0xC0 != 0x80) & !matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x0C);
                // So many that their number is a byte, too.
                let pieces = text.as_bytes().chunks(usize::from(u8::MAX));
                pieces.map(|piece| usize::from(piece.iter().map(|byte| u8::from(begins(byte))).sum::<u8>())).sum()
            }
            Counting::Characters => text.chars().count(),
            Counting::Bytes => text.len(),
        }
    }
}

/// Whether a text holds nothing but tabs, line ends and printable ASCII.
fn is_usual(text: &[u8]) -> bool {
    let (pieces, rest) = text.as_chunks::<64>();
    let usual = |byte: &u8| matches!(byte, b'\t' | b'\n' | b'\r' | b' '..=b'~');
    let all_printable = |piece: &[u8; 64]| piece.iter().fold(true, |all, byte| all & matches!(byte, b' '..=b'~'));
    pieces.iter().all(|piece| all_printable(piece) || piece.iter().all(usual)) && rest.iter().all(usual)
}

/// Reports what is too large or holds characters that IAM does not take.
pub(super) fn check(text: &str, root: &Node, layer: Layer, problems: &mut Vec<Problem>) {
    let Some(document) = text.get(root.span.start..root.span.end) else { return };
    let start = Span::new(root.span.start, root.span.start + 1);
    let limit = size_limit(layer);
    // However they are counted, there are no more than bytes.
    let size = if document.len() > limit.most { limit.size(document) } else { 0 };
    if size > limit.most {
        let what = match limit.counting {
            Counting::WithoutWhiteSpace => "characters without white space",
            Counting::Characters => "characters",
            Counting::Bytes => "bytes",
        };
        let message = format!("the policy has {size} {what}; {} may have {}", layer.described(), limit.most);
        problems.push(Problem::warning(Code::TooLarge, start, message));
    }
    if layer.has_strict_sids() && !is_usual(document.as_bytes()) {
        let taken = |c: char| matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{FF}');
        if let Some((at, c)) = document.char_indices().find(|&(_, c)| !taken(c)) {
            let at = root.span.start + at;
            problems.push(
                Problem::warning(
                    Code::UnusualCharacter,
                    Span::new(at, at + c.len_utf8()),
                    format!("IAM does not take the character `{c}`"),
                )
                .help("policies of this type hold tab, line ends and U+0020 to U+00FF only"),
            );
        }
    }
}
