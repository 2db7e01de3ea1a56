//! The request line of a logged request: the path and the parameters behind it.

use super::object_key::percent;
use std::borrow::Cow;

/// Path and parameters of a request line, as sent.
#[derive(Debug, Clone, Copy)]
pub(super) struct Query<'l> {
    pub(super) path: &'l [u8],
    parameters: &'l [u8],
}

impl<'l> Query<'l> {
    /// Reads `METHOD target HTTP/1.1`. The target may hold spaces: S3 logs what it was sent.
    pub(super) fn of_request_line(line: &'l [u8]) -> Option<Self> {
        let start = memchr::memchr(b' ', line)? + 1;
        let target = line.get(start..)?;
        let end =
            memchr::memrchr(b' ', target).filter(|&at| target.get(at + 1..).is_some_and(|v| v.starts_with(b"HTTP/")));
        let target = target.get(..end.unwrap_or(target.len()))?;
        // An absolute target names the host, too.
        let target = match [&b"http://"[..], b"https://"].into_iter().find_map(|scheme| target.strip_prefix(scheme)) {
            Some(rest) => rest.get(memchr::memchr(b'/', rest)?..)?,
            None => target,
        };
        let at = memchr::memchr(b'?', target);
        let (path, parameters) = target.split_at_checked(at.unwrap_or(target.len()))?;
        Some(Self { path, parameters: parameters.strip_prefix(b"?").unwrap_or_default() })
    }

    /// What a parameter holds, decoded: `None` if it is not there or no text, empty if it has no value.
    pub(super) fn value(&self, name: &str) -> Option<Cow<'l, str>> {
        decoded(self.sent(name)?)
    }

    /// Whether a parameter is there and what it holds is no text, so that nobody can say what it asks for.
    pub(super) fn is_no_text(&self, name: &str) -> bool {
        self.sent(name).is_some_and(|value| !is_text(value))
    }

    /// Whether a parameter is there several times with different values, of which nobody can say which one counts.
    pub(super) fn contradicts_itself(&self, name: &str) -> bool {
        let mut values = self.all_sent(name);
        values.next().is_some_and(|first| values.any(|other| percent(first) != percent(other)))
    }

    /// What a parameter holds, as it was sent; the first of that name.
    fn sent(&self, name: &str) -> Option<&'l [u8]> {
        self.all_sent(name).next()
    }

    /// What all parameters of a name hold.
    fn all_sent(&self, name: &str) -> impl Iterator<Item = &'l [u8]> {
        self.parameters.split(|&byte| byte == b'&').filter_map(move |parameter| {
            let at = memchr::memchr(b'=', parameter).unwrap_or(parameter.len());
            let (key, value) = parameter.split_at_checked(at)?;
            let is_it =
                key == name.as_bytes() || memchr::memchr(b'%', key).is_some() && *percent(key) == *name.as_bytes();
            is_it.then(|| value.strip_prefix(b"=").unwrap_or_default())
        })
    }

    /// Whether this is a presigned request that had expired at a time in seconds since 1970.
    pub(super) fn is_expired(&self, time: i64) -> bool {
        self.expiry().is_some_and(|expiry| time > expiry)
    }

    /// When the signature of a presigned request was made.
    pub(super) fn signed_at(&self) -> Option<i64> {
        compact_time(&self.value("X-Amz-Date")?)
    }

    /// When a presigned request expires.
    fn expiry(&self) -> Option<i64> {
        match self.value("X-Amz-Expires") {
            Some(lifetime) => Some(self.signed_at()? + lifetime.parse::<i64>().ok()?),
            // The older signature has the time itself.
            None => self.value("Expires").filter(|_| self.value("AWSAccessKeyId").is_some())?.parse().ok(),
        }
    }
}

/// Whether a value stands for a text. Of most that is seen without decoding them: nothing in them is beyond ASCII.
pub(super) fn is_text(value: &[u8]) -> bool {
    let pairs = value.iter().zip(value.get(1..).unwrap_or_default());
    // All are looked at, many at a time.
    let is_encoded = pairs.fold(false, |found, (sign, digit)| found | (*sign == b'%') & (*digit > b'7'));
    value.is_ascii() && !is_encoded || decoded(value).is_some()
}

/// The text that a value stands for; `None` if that is no UTF-8.
pub(super) fn decoded(value: &[u8]) -> Option<Cow<'_, str>> {
    match std::str::from_utf8(value) {
        Ok(text) if !text.contains('%') => Some(Cow::Borrowed(text)),
        _ => String::from_utf8(percent(value)).ok().map(Cow::Owned),
    }
}

/// Seconds since 1970 of a time such as `20261121T190000Z`.
pub(super) fn compact_time(text: &str) -> Option<i64> {
    let (date, clock) = text.strip_suffix('Z')?.split_once('T')?;
    let part = |text: &str, from: usize, to: usize| text.get(from..to).map(str::to_owned);
    let iso = format!(
        "{}-{}-{}T{}:{}:{}Z",
        part(date, 0, 4)?,
        part(date, 4, 6)?,
        part(date, 6, 8)?,
        part(clock, 0, 2)?,
        part(clock, 2, 4)?,
        part(clock, 4, 6)?
    );
    i64::try_from(crate::instant::Instant::parse(&iso)?.seconds()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_texts_if_they_are_ones_decoded() {
        for value in
            ["", "%", "a%2", "a%2F", "%c3%a9", "%c3", "%C3%A9", "a%80", "%7f", "%zz", "%g0", "%c3%", "é", "a%:0"]
        {
            for (before, behind) in [(0, 0), (15, 0), (16, 3), (40, 40)] {
                let value = format!("{}{value}{}", "a".repeat(before), "/".repeat(behind));
                assert_eq!(is_text(value.as_bytes()), decoded(value.as_bytes()).is_some(), "{value}");
            }
        }
        assert!(!is_text(b"\xFF"));
    }
}
