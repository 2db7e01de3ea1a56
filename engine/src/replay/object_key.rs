//! The keys of objects in access logs, decoded (REPLAY §1.4).
//!
//! S3 logs keys encoded, usually twice, in batches once. What the client sent is beside it in the request line, and says
//! which decoding is right; it can choose among the decodings of what S3 wrote, and never bring in another key.

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
    let once = percent(field.as_bytes());
    let twice = percent(&once);
    let form = |bytes: &[u8]| percent(&spaces(bytes));
    let form_once = form(field.as_bytes());
    let form_twice = form(&form_once);
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).ok().map(Cow::Owned);
    let candidates: [&[u8]; 5] = [&form_twice, &twice, &form_once, &once, field.as_bytes()];
    if let Some(candidate) = candidates.into_iter().find(|candidate| sent.iter().any(|key| **key == **candidate)) {
        return text(candidate);
    }
    text(if batch { &form_once } else { &form_twice })
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
    let hex = |byte: Option<&u8>| byte.and_then(|&byte| char::from(byte).to_digit(16));
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((&byte, behind)) = rest.split_first() {
        let escaped = (byte == b'%').then(|| Some((hex(behind.first())?, hex(behind.get(1))?))).flatten();
        match escaped.and_then(|(high, low)| Some((u8::try_from(high * 16 + low).ok()?, behind.get(2..)?))) {
            Some((byte, behind)) => {
                decoded.push(byte);
                rest = behind;
            }
            None => {
                decoded.push(byte);
                rest = behind;
            }
        }
    }
    decoded
}

fn spaces(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().map(|&byte| if byte == b'+' { b' ' } else { byte }).collect()
}
