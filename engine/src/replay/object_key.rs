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
    if path_style == Some(false) && field != "-" && memchr(b'+', field.as_bytes()).is_none() {
        let once = percent(field.as_bytes());
        if path.strip_prefix(b"/") == Some(&*once) && memchr(b'+', &once).is_none() {
            return String::from_utf8(percent(&once)).ok().map(Cow::Owned);
        }
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

/// The keys that a path can name: with and without the bucket in front, if it is not known which.
fn sent_keys(path: &[u8], bucket: &str, path_style: Option<bool>) -> Vec<Vec<u8>> {
    let decoded = percent(path);
    let Some(whole) = decoded.strip_prefix(b"/") else { return Vec::new() };
    let behind_bucket = whole.strip_prefix(bucket.as_bytes()).and_then(|rest| rest.strip_prefix(b"/"));
    match (path_style, behind_bucket) {
        (Some(true), Some(key)) => vec![key.to_vec()],
        (None, Some(key)) => vec![whole.to_vec(), key.to_vec()],
        (Some(false), _) | (_, None) => vec![whole.to_vec()],
    }
}

/// Replaces `%XX` by the byte; what is no escape stays.
pub(super) fn percent(bytes: &[u8]) -> Vec<u8> {
    decoded(bytes, false)
}

/// The same, and in forms `+` by a space.
fn decoded(bytes: &[u8], form: bool) -> Vec<u8> {
    let hex = |byte: Option<&u8>| byte.and_then(|&byte| char::from(byte).to_digit(16));
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    loop {
        let at = if form { memchr2(b'%', b'+', rest) } else { memchr(b'%', rest) };
        let Some((plain, behind)) = at.and_then(|at| rest.split_at_checked(at)) else { break };
        decoded.extend_from_slice(plain);
        let escape = (behind.first() == Some(&b'%'))
            .then(|| u8::try_from(hex(behind.get(1))? * 16 + hex(behind.get(2))?).ok())
            .flatten();
        let (byte, length) = match (escape, behind.first()) {
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
