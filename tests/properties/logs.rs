//! Whatever a client sends, a line of an access log proves no more than it should.

use crate::{cases, generator};
use can_access_engine::replay::access_log::{Line, Rest, Tail};
use can_access_engine::replay::logged::{Logged, Part};
use can_access_engine::replay::requester::Requester;
use can_access_engine::replay::skim::{Kind, Skimmer};
use can_access_engine::replay::skimmed::Skimmed;
use can_access_engine::replay::{Class, observe};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use std::collections::HashMap;

/// A request as it happened, and how S3 would log it.
#[derive(Debug, Clone)]
struct Request {
    requester: &'static str,
    operation: &'static str,
    key: &'static str,
    status: &'static str,
    error: &'static str,
    version: &'static str,
    request: Vec<u8>,
    referer: Vec<u8>,
    agent: Vec<u8>,
    fields: usize,
}

impl Request {
    fn line(&self) -> Vec<u8> {
        let Self { requester, operation, key, status, error, version, .. } = self;
        let mut line =
            format!("0f1e acme [21/Nov/2026:19:00:00 +0000] 203.0.113.9 {requester} 0A1B2C {operation} {key} \"")
                .into_bytes();
        line.extend(&self.request);
        line.extend(format!("\" {status} {error} 243 - 12 - \"").bytes());
        line.extend(&self.referer);
        line.extend(b"\" \"");
        line.extend(&self.agent);
        let tail = [
            version,
            "aG9zdCBpZA==",
            "SigV4",
            "TLS_AES_128_GCM_SHA256",
            "AuthHeader",
            "acme.s3.eu-west-1.amazonaws.com",
            "TLSv1.3",
            "-",
            "-",
            "eu-west-1",
        ];
        line.extend(format!("\" {}", tail[..self.fields - 17].join(" ")).bytes());
        line
    }
}

/// What a client can send: pieces of lines, quotes, whole forged ends, and any bytes but a line feed.
fn sent() -> impl Strategy<Value = Vec<u8>> {
    let forged = select(vec![
        "\" 200 - - - 1 - \"-\" \"-\" - ",
        "\" 200 - 5 5 1 1 \"-\" \"agent\" - host SigV4 cipher AuthHeader acme.s3.amazonaws.com TLSv1.3 - - - ",
        "\" 304 - - - - - - - ",
        "\" 404 NoSuchKey 1 1 1 1 \"",
        "\" 403 AccessDenied 243 - 12 - \"",
        "\" 206 - - - - - \"x\" \"y\" v1 host SigV4 cipher QueryString acme TLSv1.2 arn:aws:s3:eu-west-1:444455556666:accesspoint/a Yes eu-west-1",
        " HTTP/1.1",
        "GET /data/report HTTP/1.1",
        "?prefix=",
        "\" ",
        "\"",
        "-",
        " - ",
        "\" \"",
        "\\\"",
        "%22%20200",
        "REST.GET.OBJECT secret ",
        " arn:aws:iam::444455556666:root 0A1B REST.PUT.OBJECT other \"PUT /other HTTP/1.1\" 200 - ",
        "\r",
        "\t",
        "",
    ]);
    let piece = prop_oneof![
        8 => forged.prop_map(|text| text.as_bytes().to_vec()),
        1 => vec(any::<u8>().prop_filter("a line is one line", |byte| *byte != b'\n'), 0..12),
        1 => "[a-z \"/-]{0,12}".prop_map(String::into_bytes),
    ];
    vec(piece, 0..6).prop_map(|pieces| pieces.concat())
}

fn request(statuses: Vec<(&'static str, &'static str)>) -> impl Strategy<Value = Request> {
    let requesters = vec!["-", "arn:aws:iam::111122223333:user/ann", "arn:aws:sts::111122223333:assumed-role/app/s"];
    let operations = vec![
        ("REST.GET.OBJECT", "data/report", "GET /data/report"),
        ("REST.DELETE.OBJECT", "secret/k", "DELETE /secret/k"),
        ("REST.PUT.OBJECT", "x", "PUT /x"),
        ("REST.GET.BUCKET", "-", "GET /"),
    ];
    let fields = select(vec![18_usize, 24, 25, 26, 27]);
    let what = (select(requesters), select(operations), select(statuses), select(vec!["-", "v1"]), fields);
    (what, sent(), sent(), sent(), any::<bool>()).prop_map(
        |((requester, (operation, key, line), (status, error), version, fields), request, referer, agent, whole)| {
            // The request line as a client would begin it, or anything at all.
            let request = if whole { [line.as_bytes(), &request, b" HTTP/1.1"].concat() } else { request };
            Request { requester, operation, key, status, error, version, request, referer, agent, fields }
        },
    )
}

/// Lines of what S3 does by itself, and what looks like them.
fn by_itself() -> impl Strategy<Value = Vec<String>> {
    let of = |words: &[&'static str]| select(words.to_vec());
    let operations =
        of(&["S3.EXPIRE.OBJECT", "S3.CREATE.DELETEMARKER", "S3.COMPUTE.OBJECT.CHECKSUM", "S3.NONE.OBJECT"]);
    let who = (of(&["AmazonS3", "AmazonS3", "-", "arn:aws:iam::111122223333:user/ann"]), operations);
    let key = of(&["a/b", "a%252Fb+c", "x%25FF", "-"]);
    let request = of(&["\"-\"", "\"-\"", "\"-\"", "-", "\"GET /a/b HTTP/1.1\""]);
    let answer = of(&["- -", "- -", "200 -", "204 -", "403 AccessDenied"]);
    let client = of(&["\"-\" \"-\"", "\"-\" \"-\"", "- -", "\"-\" \"agent\""]);
    let version = of(&["-", "v1", "200", "404", "v=/", "\"v"]);
    let host_id = of(&["aG9zdA==", "aG9z+dA", "aG9zdA", "-", "a\"="]);
    let tail = of(&[
        "- - - - - - - -",
        "- - - - - - -",
        "- - - - - -",
        "- - - - - - - - -",
        "- - - - - - - -\r",
        "SigV4 c AuthHeader acme.s3.amazonaws.com TLSv1.3 - - -",
    ]);
    let rest = vec((key, request, answer, client, version, host_id, tail), 2..16);
    (who, rest).prop_map(|((requester, operation), lines)| {
        let line = |(key, request, answer, client, version, host_id, tail)| {
            format!(
                "0f1e acme [21/Nov/2026:19:00:00 +0000] - {requester} 0A1B2C {operation} {key} {request} {answer} - 317 - - {client} {version} {host_id} {tail}\n"
            )
        };
        lines.into_iter().map(line).collect()
    })
}

/// Who, what and on which key are as they were, wherever something is taken from the line.
fn check(request: &Request) -> Result<Class, TestCaseError> {
    let line = request.line();
    let row = match Line::read(&line, true) {
        Line::Row(row) => row,
        Line::Blank => return Err(TestCaseError::fail("blank")),
        Line::Malformed(_) => return Ok(Class::Malformed),
    };
    prop_assert_eq!((row.bucket, row.operation), ("acme", request.operation));
    let observation = observe(&row);
    prop_assert_eq!(observation.requester, Requester::read(request.requester));
    if matches!(observation.class, Class::Allowed | Class::Refused) {
        prop_assert_eq!(observation.key.as_deref().unwrap_or("-"), request.key);
        let actions = &observation.needs.unwrap().actions[..];
        let wanted: &[&str] = match (request.operation, request.version) {
            ("REST.GET.OBJECT", "-") => &["s3:GetObject"],
            ("REST.GET.OBJECT", _) => &["s3:GetObjectVersion"],
            ("REST.DELETE.OBJECT", "-") => &["s3:DeleteObject"],
            ("REST.DELETE.OBJECT", _) => &["s3:DeleteObjectVersion"],
            ("REST.PUT.OBJECT", _) => &["s3:PutObject"],
            _ => &["s3:ListBucket"],
        };
        prop_assert_eq!(actions, wanted);
        prop_assert!(observation.access_point().is_none());
    }
    Ok(observation.class)
}

/// Lines that are skimmed and read, one after the other.
struct Both {
    /// One for which sessions of a role are of one kind, and one for which they are not.
    skimmers: [(Skimmer, bool); 2],
    /// What reading lines of a kind gave, but for what is their own.
    read: HashMap<(bool, Kind), String>,
}

impl Default for Both {
    fn default() -> Self {
        Self { skimmers: [false, true].map(|by_session| (Skimmer::new(by_session), by_session)), read: HashMap::new() }
    }
}

impl Both {
    /// What is skimmed of a text's first line is what reading it gives, and lines of one kind read alike; whether it was
    /// skimmed.
    fn check(&mut self, text: &[u8]) -> Result<bool, TestCaseError> {
        let mut skimmed = Vec::new();
        for (skimmer, by_session) in &mut self.skimmers {
            skimmed.push((skimmer.skim(text), *by_session));
        }
        prop_assert!(skimmed.iter().all(|(skim, _)| skim.is_some()) || skimmed.iter().all(|(skim, _)| skim.is_none()));
        let Some((skim, rest)) = skimmed[0].0 else { return Ok(false) };
        let end = text.iter().position(|byte| *byte == b'\n');
        let Some(end) = end else { return Err(TestCaseError::fail("skimmed without an end")) };
        prop_assert!(text[end + 1..] == *rest, "the next line is another one");
        let line = &text[..end];
        let Line::Row(row) = Line::read(line, true) else {
            return Err(TestCaseError::fail(format!("not read: {}", String::from_utf8_lossy(line))));
        };
        let observation = observe(&row);
        let key = skim.key(skim.style());
        if skim.has_key() && key.is_none() || skim.has_prefix() && skim.prefix().is_none() {
            return Ok(false);
        }
        prop_assert_eq!(skim.time(), row.time);
        for (other, by_session) in skimmed {
            let Some((other, _)) = other else { continue };
            prop_assert_eq!(
                (other.time(), other.key(other.style()), other.prefix()),
                (skim.time(), skim.key(skim.style()), skim.prefix())
            );
            let session = Requester::read(row.requester).role().filter(|_| !by_session);
            let requester = session.map_or_else(|| row.requester.to_owned(), |role| format!("{role:?}"));
            let answered = match &row.rest {
                // The key is decoded as the request line says, which is the line's own.
                Rest::Whole(answer) => {
                    let mut tail = Tail { host_id: None, ..answer.tail };
                    if row.operation.starts_with("S3.") {
                        // Of what S3 does by itself to a version nothing hangs on which.
                        tail.version = tail.version.map(|version| if version == "-" { "-" } else { "some" });
                    }
                    format!("{:?} {:?} {tail:?}", answer.status, answer.error)
                }
                other => format!("{other:?}"),
            };
            let parts: Vec<_> =
                observation.facts().iter().map(|fact| (fact.action.as_str().to_owned(), fact.part)).collect();
            // An empty prefix is another thing than none.
            let prefix = if skim.has_prefix() { None } else { Some(observation.context_of(&|key| key == "s3:prefix")) };
            let read = format!(
                "{:?} {:?} {requester} {} {answered} {parts:?} {prefix:?}",
                observation.class,
                (row.owner, row.bucket),
                row.operation
            );
            let known = self.read.entry((by_session, other.kind())).or_insert_with(|| read.clone());
            prop_assert_eq!(&*known, &read);
        }
        let is_known = observation.class == Class::NoEvidence && observation.requester == Requester::Itself;
        if skim.has_key() && (is_known || matches!(observation.class, Class::Allowed | Class::Refused)) {
            prop_assert_eq!(observation.key.as_deref().map(str::as_bytes), key.as_deref());
        }
        let prefix = skim.prefix();
        for fact in observation.facts().iter().filter(|fact| fact.part == Part::Prefix) {
            prop_assert_eq!(Some(&*fact.name), prefix.as_deref());
        }
        Ok(true)
    }
}

/// The lines of the corpus and of made-up logs, of which most are skimmed.
#[test]
fn most_lines_are_skimmed_and_tell_what_they_tell_when_read() {
    let (mut skimmed, mut all) = (0, 0);
    let mut tricky = std::fs::read("corpus/logs/tricky.log").unwrap();
    for workload in generator::workloads(17, 8) {
        tricky.extend(workload.access_log().bytes());
    }
    let mut both = Both::default();
    let mut rest = &tricky[..];
    while !rest.is_empty() {
        all += 1;
        let told = both.check(rest);
        let end = rest.iter().position(|byte| *byte == b'\n').map_or(rest.len(), |end| end + 1);
        let line;
        (line, rest) = rest.split_at(end);
        skimmed += usize::from(told.unwrap_or_else(|why| panic!("{why}: {}", String::from_utf8_lossy(line))));
    }
    assert!(skimmed * 10 > all * 7, "{skimmed} of {all}");
}

/// Of what S3 does by itself, most is skimmed, with a version and without.
#[test]
fn what_s3_does_by_itself_is_skimmed() {
    let mut both = Both::default();
    let mut kinds = HashMap::new();
    for (version, host_id, is_skimmed) in
        [("-", "aG9zdA==", true), ("v1", "aG9z+dA", true), ("200", "aG9zdA=", true), ("-", "aG9zdA", false)]
    {
        let line = format!(
            "0f1e acme [21/Nov/2026:19:00:00 +0000] - AmazonS3 0A1B2C S3.EXPIRE.OBJECT tmp/x \"-\" - - - 317 - - \"-\" \"-\" {version} {host_id} - - - - - - - -\n"
        );
        let line = line.repeat(2);
        assert_eq!(both.check(line.as_bytes()).unwrap(), is_skimmed, "{line}");
        if is_skimmed {
            let [(skimmer, _), _] = &mut both.skimmers;
            kinds.insert(skimmer.skim(line.as_bytes()).unwrap().0.kind(), line);
        }
    }
    assert_eq!(kinds.len(), 2);
}

/// What was refused once is not usual for the next requester, whatever number it has.
#[test]
fn what_is_not_ordinary_is_read_from_the_first_line_on() {
    let line = |requester: &str, agent: &str, tail: &str| {
        format!("owner data [21/Nov/2026:19:00:00 +0000] 192.0.2.10 {requester} 0A1B REST.GET.OBJECT a \"GET /a HTTP/1.1\" 200 - 10 10 12 11 \"-\" \"{agent}\" - abc {tail}\n").into_bytes()
    };
    let host = "SigV4 c AuthHeader data.s3.amazonaws.com TLSv1.3 - - -";
    for (agent, tail) in [("agent", "- - - - - - -"), (" 200", host)] {
        let mut both = Both::default();
        for requester in ["-", "-", "arn:aws:iam::111122223333:user/ann"] {
            assert!(!both.check(&line(requester, agent, tail)).unwrap(), "{agent} {tail}");
        }
        assert!(both.check(&line("-", "agent", host)).unwrap());
    }
}

#[test]
fn a_time_that_is_no_text_is_no_time() {
    let mut both = Both::default();
    for time in
        ["19:00:00", "19:00:é", "é:00:00", "19:é:00", "19:00:\u{FF}", "24:00:00", "19:60:00", "23:59:60", "1é:00:0"]
    {
        let line = format!(
            "owner data [21/Nov/2026:{time} +0000] 192.0.2.10 - 0A1B REST.GET.OBJECT a \"GET /a HTTP/1.1\" 200 - 10 10 12 11 \"-\" \"agent\" - abc SigV4 c AuthHeader data.s3.amazonaws.com TLSv1.3 - - -\n"
        );
        both.check(line.as_bytes()).unwrap();
    }
}

proptest! {
    #![proptest_config(cases(6_000))]

    #[test]
    fn a_skimmed_line_tells_what_it_tells_when_read(
        requests in vec((request(vec![("403", "AccessDenied"), ("200", "-"), ("404", "NoSuchKey")]), any::<[bool; 3]>()), 1..8),
        cut in any::<prop::sample::Index>(), sign in prop::sample::select(b"\n\n\n\r\t\0 \"\xc3".to_vec())
    ) {
        let mut both = Both::default();
        let mut log = Vec::new();
        for (request, plain) in requests {
            // Most lines forge nothing.
            let request = Request {
                request: if plain[0] { format!("GET /{} HTTP/1.1", request.key).into_bytes() } else { request.request },
                referer: if plain[1] { b"-".to_vec() } else { request.referer },
                agent: if plain[2] { b"agent".to_vec() } else { request.agent },
                ..request
            };
            let line = [&request.line()[..], b"\n"].concat();
            both.check(&line)?;
            log.extend(line);
        }
        // The same lines, something in the middle of one, and others behind it.
        let at = cut.index(log.len());
        log.insert(at, sign);
        let starts = (0..log.len()).filter(|at| *at == 0 || log[at - 1] == b'\n');
        for start in starts {
            both.check(&log[start..])?;
        }
    }

    #[test]
    fn what_s3_does_by_itself_tells_what_it_tells_when_read(lines in by_itself()) {
        let mut both = Both::default();
        let log = lines.concat();
        let starts = std::iter::once(0).chain(log.match_indices('\n').map(|(at, _)| at + 1));
        for start in starts.take(lines.len()) {
            both.check(&log.as_bytes()[start..])?;
        }
    }

    #[test]
    fn a_refused_request_never_proves_that_it_was_allowed(
        request in request(vec![("403", "AccessDenied"), ("403", "SignatureDoesNotMatch"), ("503", "SlowDown"), ("301", "PermanentRedirect")])
    ) {
        prop_assert_ne!(check(&request)?, Class::Allowed);
    }

    #[test]
    fn an_allowed_request_never_proves_that_it_was_refused(
        request in request(vec![("200", "-"), ("304", "-"), ("404", "NoSuchKey"), ("412", "PreconditionFailed")])
    ) {
        prop_assert_ne!(check(&request)?, Class::Refused);
    }

    #[test]
    fn any_bytes_are_a_line_of_some_class(bytes in vec(any::<u8>(), 0..300), terminated in any::<bool>()) {
        if let Line::Row(row) = Line::read(&bytes, terminated) {
            let observation = observe(&row);
            _ = (observation.context(), observation.facts().len());
        }
    }

    #[test]
    fn a_cut_line_proves_nothing_that_the_whole_one_does_not(
        request in request(vec![("403", "AccessDenied"), ("503", "SlowDown")]), cut in any::<prop::sample::Index>()
    ) {
        let line = request.line();
        let cut = &line[..cut.index(line.len())];
        if let Line::Row(row) = Line::read(cut, false) {
            prop_assert_ne!(observe(&row).class, Class::Allowed);
        }
    }

    #[test]
    fn a_line_that_was_cut_and_mended_proves_nothing_by_what_a_request_line_lacks(
        request in request(vec![("403", "AccessDenied")]), cut in any::<prop::sample::Index>()
    ) {
        // Clients forge no end of a request line here: whoever does can have the status that follows it in a cut line.
        let plain = !String::from_utf8_lossy(&request.request).contains(" HTTP/");
        let request = Request { referer: b"-".to_vec(), agent: b"agent".to_vec(), ..request };
        let line = request.line();
        let cut = &line[..cut.index(line.len())];
        if let Line::Row(row) = Line::read(cut, true)
            && plain
        {
            prop_assert_ne!(observe(&row).class, Class::Allowed);
        }
    }
}

/// A property about lines that were never evidence would prove nothing.
#[test]
fn requests_meet_the_classes_that_the_properties_are_about() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut met = std::collections::BTreeMap::new();
    let strategy = request(vec![("200", "-"), ("403", "AccessDenied")]);
    for _ in 0..4_000 {
        let request = proptest::strategy::ValueTree::current(&strategy.new_tree(&mut runner).unwrap());
        let line = request.line();
        let Line::Row(row) = Line::read(&line, true) else { continue };
        *met.entry(observe(&row).class.name()).or_insert(0) += 1;
    }
    for class in [Class::Allowed, Class::Refused, Class::Ambiguous, Class::Partial] {
        assert!(met.get(class.name()).is_some_and(|count| *count >= 100), "{met:?}");
    }
}
