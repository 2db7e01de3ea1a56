//! The keys of objects in access logs, decoded (REPLAY §1.4).
//!
//! S3 logs keys encoded, usually twice, in batches once. What the client sent is beside it in the request line, and says
//! which decoding is right; it can choose among the decodings of what S3 wrote, and never bring in another key.

use memchr::{memchr, memchr2};
use std::borrow::Cow;

/// Decodes the key field of a row. `path` is the path of its request line, if it has one that can be trusted to be that
/// of the row, `path_style` whether the bucket is its first segment, where that is known.
///
/// `None` if there is no key, or if it is no text.
///
/// ```
/// use can_access_engine::replay::object_key::decode;
/// assert_eq!(decode("a%2520dir/1%252B1", false, Some(b"/a%20dir/1%2B1"), "b", None).unwrap(), "a dir/1+1");
/// assert_eq!(decode("2016_%24folder%24", false, Some(b"/2016_%24folder%24"), "b", None).unwrap(), "2016_$folder$");
/// assert_eq!(decode("Screen+Shot.png", true, None, "b", None).unwrap(), "Screen Shot.png");
/// assert_eq!(decode("-", false, Some(b"/"), "b", None), None);
/// ```
#[must_use]
pub fn decode<'l>(
    field: &'l str,
    batch: bool,
    path: Option<&[u8]>,
    bucket: &str,
    path_style: Option<bool>,
) -> Option<Cow<'l, str>> {
    if field != "-" && !field.bytes().any(|byte| matches!(byte, b'%' | b'+')) {
        return Some(Cow::Borrowed(field));
    }
    let sent = path.map(|path| sent_keys(path, bucket, path_style)).unwrap_or_default();
    if field == "-" {
        // An object can have that name, too.
        return sent.iter().any(|key| **key == *b"-").then_some(Cow::Borrowed("-"));
    }
    let raw = field.as_bytes();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).ok().map(Cow::Owned);
    let is_sent = |bytes: &[u8]| sent.iter().any(|key| **key == *bytes);
    // Most keys are encoded twice, as forms are.
    let form_twice = decoded(&decoded(raw, true), true);
    if is_sent(&form_twice) {
        return text(form_twice);
    }
    let twice = || percent(&percent(raw));
    let form_once = || decoded(raw, true);
    let others: [&dyn Fn() -> Vec<u8>; 4] = [&twice, &form_once, &|| percent(raw), &|| raw.to_vec()];
    if !sent.is_empty()
        && let Some(other) = others.iter().map(|other| other()).find(|other| is_sent(other))
    {
        return text(other);
    }
    text(if batch { form_once() } else { form_twice })
}

/// The key of a row, if the path of its request names it: what [`decode`] and [`is_sent`] say together.
pub(super) fn decode_sent<'l>(
    field: &'l str,
    path: &[u8],
    bucket: &str,
    path_style: Option<bool>,
) -> Option<Cow<'l, str>> {
    // Most keys are encoded as in the path, and then once more.
    if path_style == Some(false)
        && field != "-"
        && let Some(sent) = path.strip_prefix(b"/")
        && memchr(b'+', field.as_bytes()).is_none()
        && memchr(b'+', sent).is_none()
        && decodes_to(field.as_bytes(), sent)
    {
        return String::from_utf8(percent(sent)).ok().map(Cow::Owned);
    }
    decode(field, false, Some(path), bucket, path_style).filter(|key| is_sent(key, path, bucket, path_style))
}

/// Whether a path names a key.
pub(super) fn is_sent(key: &str, path: &[u8], bucket: &str, path_style: Option<bool>) -> bool {
    // Most paths name the key as it is.
    if path_style == Some(false) && path.strip_prefix(b"/") == Some(key.as_bytes()) && !path.contains(&b'%') {
        return true;
    }
    sent_keys(path, bucket, path_style).iter().any(|sent| **sent == *key.as_bytes())
}

/// The keys that a path can name: with and without the bucket in front, but for where the host has no bucket. Where it has
/// one, S3 logs paths with it all the same (S3 User Guide, "Amazon S3 server access log format", Request-URI).
fn sent_keys(path: &[u8], bucket: &str, path_style: Option<bool>) -> Vec<Vec<u8>> {
    let decoded = percent(path);
    let Some(whole) = decoded.strip_prefix(b"/") else { return Vec::new() };
    let behind_bucket = whole.strip_prefix(bucket.as_bytes()).and_then(|rest| rest.strip_prefix(b"/"));
    match (path_style, behind_bucket) {
        (Some(true), Some(key)) => vec![key.to_vec()],
        (_, Some(key)) => vec![whole.to_vec(), key.to_vec()],
        (_, None) => vec![whole.to_vec()],
    }
}

/// Whether bytes are others with their `%XX` replaced.
fn decodes_to(mut encoded: &[u8], mut bytes: &[u8]) -> bool {
    loop {
        let Some(at) = memchr(b'%', encoded) else { return encoded == bytes };
        let (plain, escape) = encoded.split_at_checked(at).unwrap_or((encoded, &[]));
        let Some(rest) = bytes.strip_prefix(plain) else { return false };
        let (byte, length) = escaped(escape).map_or((b'%', 1), |byte| (byte, 3));
        let Some((first, rest)) = rest.split_first() else { return false };
        if *first != byte {
            return false;
        }
        (encoded, bytes) = (escape.get(length..).unwrap_or_default(), rest);
    }
}

/// The byte that `%XX` at the beginning stands for.
fn escaped(bytes: &[u8]) -> Option<u8> {
    let &[b'%', tens, ones, ..] = bytes else { return None };
    let hex = |byte: u8| char::from(byte).to_digit(16);
    u8::try_from(hex(tens)? * 16 + hex(ones)?).ok()
}

/// Replaces `%XX` by the byte; what is no escape stays.
pub(super) fn percent(bytes: &[u8]) -> Vec<u8> {
    decoded(bytes, false)
}

/// The same, and in forms `+` by a space.
fn decoded(bytes: &[u8], form: bool) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    loop {
        let at = if form { memchr2(b'%', b'+', rest) } else { memchr(b'%', rest) };
        let Some((plain, behind)) = at.and_then(|at| rest.split_at_checked(at)) else { break };
        decoded.extend_from_slice(plain);
        let (byte, length) = match (escaped(behind), behind.first()) {
            (Some(byte), _) => (byte, 3),
            (None, Some(b'+')) => (b' ', 1),
            (None, _) => (b'%', 1),
        };
        decoded.push(byte);
        rest = behind.get(length..).unwrap_or_default();
    }
    decoded.extend_from_slice(rest);
    decoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_decodes_to_something_is_told_without_decoding() {
        let texts: [&[u8]; 9] = [b"", b"a", b"%", b"%4", b"%41", b"%2541", b"a%zz%", b"%41b%25", b"%E2%82%AC/x"];
        for encoded in texts {
            for bytes in texts.into_iter().chain([&b"A"[..], b"Ab%", "€/x".as_bytes()]) {
                assert_eq!(decodes_to(encoded, bytes), percent(encoded) == bytes, "{encoded:?} {bytes:?}");
            }
        }
    }
}
