//! How S3 and CloudTrail write an event down.

use super::{ACCOUNT, Event, Moment, Random, mix, parameters, principal, questions};
use serde_json::{Map, Value, json};
use std::fmt::Write;

/// The canonical id of the account that owns the buckets.
const OWNER: &str = "0f1e2d3c4b5a69788796a5b4c3d2e1f00112233445566778899aabbccddeeff0";
const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// What a kind of row leaves out.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Row {
    /// A request that a client sent.
    Request,
    /// A part of another request: a key of many that are deleted, the source of a copy.
    Part,
    /// What S3 did by itself.
    Own,
}

impl Row {
    fn of(event: &Event) -> Self {
        match event.operation {
            operation if operation.starts_with("S3.") => Self::Own,
            operation if operation.starts_with("BATCH.") || operation.ends_with("_GET") => Self::Part,
            _ => Self::Request,
        }
    }
}

/// Writes an event as a line of S3's access log, with its line feed (REPLAY §1.2).
pub fn line(event: &Event, out: &mut String) {
    let row = Row::of(event);
    out.push_str(OWNER);
    out.push(' ');
    out.push_str(&event.bucket);
    push_time(event.time, out);
    for text in [&event.address, &event.requester] {
        out.push_str(text);
        out.push(' ');
    }
    push_request_id(event, out);
    out.push(' ');
    out.push_str(event.operation);
    out.push(' ');
    match &event.key {
        Some(key) => push_form(key, !event.operation.starts_with("BATCH."), out),
        None => out.push('-'),
    }
    out.push(' ');
    match (row, &event.request_line) {
        (Row::Own, _) => out.push_str("\"-\""),
        (Row::Part, _) => out.push('-'),
        // Nothing that a client sent is escaped.
        (Row::Request, Some(line)) => push_quoted(line, out),
        (Row::Request, None) => {
            out.push('"');
            push_request_line(event, out);
            out.push('"');
        }
    }
    out.push(' ');
    push_number(event.status.map(u64::from), out);
    out.push_str(event.error.unwrap_or("-"));
    out.push(' ');
    push_number(event.sent, out);
    push_number(event.size, out);
    let total = 4 + event.id % 90;
    push_number(Some(total).filter(|_| row == Row::Request), out);
    push_number(Some(total - event.id % 3).filter(|_| row == Row::Request && event.error.is_none()), out);
    if row == Row::Part {
        out.push_str("- - ");
    } else {
        for text in [&event.referer, &event.agent] {
            push_quoted(if text.is_empty() { "-" } else { text }, out);
            out.push(' ');
        }
    }
    out.push_str(event.version.as_deref().unwrap_or("-"));
    out.push(' ');
    push_host_id(event, out);
    push_connection(event, row, out);
    out.push('\n');
}

/// The fields behind the host id.
fn push_connection(event: &Event, row: Row, out: &mut String) {
    if row == Row::Own {
        out.push_str(" - - - - - - - -");
        return;
    }
    let connection = Connection::of(event);
    for text in [connection.signature, connection.cipher, connection.authentication] {
        out.push(' ');
        out.push_str(text);
    }
    out.push(' ');
    push_host(event, out);
    for text in [connection.tls, event.access_point.as_deref().unwrap_or("-"), "-", connection.region] {
        out.push(' ');
        out.push_str(text);
    }
}

struct Connection {
    signature: &'static str,
    cipher: &'static str,
    authentication: &'static str,
    tls: &'static str,
    region: &'static str,
}

impl Connection {
    fn of(event: &Event) -> Self {
        let (signature, authentication) = if event.requester == "-" { ("-", "-") } else { ("SigV4", "AuthHeader") };
        // The website endpoint has no TLS.
        let (cipher, tls) = match event.operation {
            operation if operation.starts_with("WEBSITE.") => ("-", "-"),
            _ if event.agent.len().is_multiple_of(3) => ("ECDHE-RSA-AES128-GCM-SHA256", "TLSv1.2"),
            _ => ("TLS_AES_128_GCM_SHA256", "TLSv1.3"),
        };
        let region = if event.address.starts_with("10.") { "eu-west-1" } else { "-" };
        Self { signature, cipher, authentication, tls, region }
    }
}

fn push_host(event: &Event, out: &mut String) {
    match &event.access_point {
        Some(arn) => {
            out.push_str(arn.rsplit('/').next().unwrap_or(arn));
            out.push('-');
            out.push_str(ACCOUNT);
            out.push_str(".s3-accesspoint");
        }
        None => out.push_str(&event.bucket),
    }
    out.push_str(match (event.operation.starts_with("WEBSITE."), &event.access_point) {
        (true, _) => ".s3-website-eu-west-1.amazonaws.com",
        (false, None) => ".s3.eu-west-1.amazonaws.com",
        (false, Some(_)) => ".eu-west-1.amazonaws.com",
    });
}

/// ` [21/Nov/2026:19:00:00 +0000] `
fn push_time(time: i64, out: &mut String) {
    let moment = Moment::of(time);
    out.push_str(" [");
    push_digits(moment.day, 2, out);
    out.push('/');
    out.push_str(MONTHS[moment.month as usize - 1]);
    out.push('/');
    push_digits(moment.year, 4, out);
    for number in [moment.hour, moment.minute, moment.second] {
        out.push(':');
        push_digits(number, 2, out);
    }
    out.push_str(" +0000] ");
}

fn push_digits(number: i64, count: u32, out: &mut String) {
    for place in (0..count).rev() {
        out.push(char::from(b'0' + (number / 10_i64.pow(place) % 10) as u8));
    }
}

/// A number or `-`, and a blank.
fn push_number(number: Option<u64>, out: &mut String) {
    match number.filter(|number| *number > 0) {
        Some(number) => {
            let _ = write!(out, "{number} ");
        }
        None => out.push_str("- "),
    }
}

fn push_quoted(text: &str, out: &mut String) {
    out.push('"');
    out.push_str(text);
    out.push('"');
}

/// S3's id of the request: sixteen upper-case letters and digits.
fn push_request_id(event: &Event, out: &mut String) {
    Random::new(event.id).push_text(b"0123456789ABCDEFGHJKMNPQRSTVWXYZ", 16, out);
}

/// The host id: the shared one, or one of its own.
fn push_host_id(event: &Event, out: &mut String) {
    match &event.host_id {
        Some(id) => out.push_str(id),
        None => {
            Random::new(!event.id).push_text(BASE64, 75, out);
            out.push('=');
        }
    }
}

/// `GET /a%20key?versionId=1 HTTP/1.1`
fn push_request_line(event: &Event, out: &mut String) {
    out.push_str(method(event.operation));
    out.push_str(" /");
    push_percent(event.key.as_deref().unwrap_or_default(), b"/-_.~", out);
    if !event.query.is_empty() {
        out.push('?');
        out.push_str(&event.query);
    }
    out.push_str(" HTTP/1.1");
}

fn method(operation: &str) -> &str {
    match operation.split('.').nth(1).unwrap_or_default() {
        "COPY" => "PUT",
        method => method,
    }
}

/// Writes a key form-encoded, once or twice (REPLAY §1.4); slashes stay.
fn push_form(key: &str, twice: bool, out: &mut String) {
    let (blank, escape) = if twice { ("%2B", "%25") } else { ("+", "%") };
    push_escaped(key, b"/-_.*", out, |byte, out| match byte {
        b' ' => out.push_str(blank),
        _ => push_hex(escape, byte, out),
    });
}

/// Writes a text with all but letters, digits and the bytes to keep as `%XX`.
fn push_percent(text: &str, keep: &[u8], out: &mut String) {
    push_escaped(text, keep, out, |byte, out| push_hex("%", byte, out));
}

/// Writes a text; `escape` writes what is no letter, no digit, and not to be kept.
fn push_escaped(text: &str, keep: &[u8], out: &mut String, escape: impl Fn(u8, &mut String)) {
    let mut plain = 0;
    for (at, byte) in text.bytes().enumerate() {
        if !byte.is_ascii_alphanumeric() && !keep.contains(&byte) {
            // Inside of a character, nothing is plain: the range is empty, even if it is no text.
            out.push_str(text.get(plain..at).unwrap_or_default());
            escape(byte, out);
            plain = at + 1;
        }
    }
    out.push_str(text.get(plain..).unwrap_or_default());
}

fn push_hex(before: &str, byte: u8, out: &mut String) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    out.push_str(before);
    out.push(char::from(DIGITS[usize::from(byte >> 4)]));
    out.push(char::from(DIGITS[usize::from(byte & 15)]));
}

/// A value as it stands in a query.
pub(super) fn query_value(text: &str) -> String {
    let mut encoded = String::new();
    push_percent(text, b"-_.~", &mut encoded);
    encoded
}

/// What [`query_value`] was made from.
pub(super) fn decoded(value: &str) -> String {
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.as_bytes();
    while let [first, behind @ ..] = rest {
        let escape = (*first == b'%').then(|| value_of(behind.get(..2)?)).flatten();
        bytes.push(escape.unwrap_or(*first));
        rest = if escape.is_some() { &behind[2..] } else { behind };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn value_of(digits: &[u8]) -> Option<u8> {
    u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

/// An event as CloudTrail records it (REPLAY §3), as a data event or a management event. `None` if it does not: what
/// S3 does by itself, parts of other requests, and what is no proper request.
pub fn record(event: &Event) -> Option<Value> {
    let name = name(event)?;
    if matches!(event.status, Some(301 | 302 | 400)) || Row::of(event) != Row::Request {
        return None;
    }
    let bucket = event.access_point.as_ref().unwrap_or(&event.bucket);
    let mut asked = Map::new();
    asked.insert("bucketName".to_owned(), json!(bucket));
    let mut host = String::new();
    push_host(event, &mut host);
    asked.insert("Host".to_owned(), json!(host));
    if let Some(key) = &event.key {
        asked.insert("key".to_owned(), json!(key));
    }
    asked.extend(parameters(&event.query).map(|(name, value)| (name.to_owned(), json!(value))));
    if let Some(source) = &event.copied_from {
        let mut encoded = String::new();
        push_percent(source, b"/-_.~", &mut encoded);
        asked.insert("x-amz-copy-source".to_owned(), json!(encoded));
    }
    let mut ids = [String::new(), String::new()];
    push_request_id(event, &mut ids[0]);
    push_host_id(event, &mut ids[1]);
    let connection = Connection::of(event);
    let is_data = !matches!(
        name,
        "GetBucketLocation" | "GetBucketVersioning" | "PutBucketVersioning" | "GetBucketPolicy" | "GetBucketAcl"
    );
    let from_service = event.requester.strip_prefix("svc:");
    let mut record = json!({
        "eventVersion": "1.11",
        "userIdentity": identity(event),
        "eventTime": iso(event.time),
        "eventSource": "s3.amazonaws.com",
        "eventName": name,
        "awsRegion": "eu-west-1",
        "sourceIPAddress": from_service.unwrap_or(&event.address),
        "userAgent": from_service.map_or_else(|| format!("[{}]", event.agent), str::to_owned),
        "requestParameters": asked,
        "responseElements": null,
        "additionalEventData": {
            "SignatureVersion": connection.signature,
            "CipherSuite": connection.cipher,
            "AuthenticationMethod": connection.authentication,
            "bytesTransferredIn": if method(event.operation) == "PUT" { event.size.unwrap_or(0) } else { 0 },
            "bytesTransferredOut": event.sent.unwrap_or(0),
            "x-amz-id-2": ids[1],
        },
        "requestID": ids[0],
        "eventID": Random::new(mix(event.id, name)).uuid(),
        "readOnly": matches!(method(event.operation), "GET" | "HEAD"),
        "resources": resources(event),
        "eventType": "AwsApiCall",
        "managementEvent": !is_data,
        "recipientAccountId": ACCOUNT,
        "eventCategory": if is_data { "Data" } else { "Management" },
    });
    let members = record.as_object_mut()?;
    if connection.tls != "-" {
        let details = json!({
            "tlsVersion": connection.tls, "cipherSuite": connection.cipher, "clientProvidedHostHeader": host,
        });
        members.insert("tlsDetails".to_owned(), details);
    }
    if let Some(error) = event.error {
        members.insert("errorCode".to_owned(), json!(error));
        members.insert("errorMessage".to_owned(), json!(message(event, error)));
    }
    Some(record)
}

/// CloudTrail's name of an operation.
fn name(event: &Event) -> Option<&'static str> {
    Some(match event.operation {
        "REST.GET.OBJECT" | "WEBSITE.GET.OBJECT" => "GetObject",
        "REST.HEAD.OBJECT" | "WEBSITE.HEAD.OBJECT" => "HeadObject",
        "REST.PUT.OBJECT" => "PutObject",
        "REST.COPY.OBJECT" => "CopyObject",
        "REST.DELETE.OBJECT" => "DeleteObject",
        "REST.POST.MULTI_OBJECT_DELETE" => "DeleteObjects",
        "REST.POST.UPLOADS" => "CreateMultipartUpload",
        "REST.PUT.PART" => "UploadPart",
        "REST.POST.UPLOAD" => "CompleteMultipartUpload",
        "REST.DELETE.UPLOAD" => "AbortMultipartUpload",
        "REST.GET.OBJECT_TAGGING" => "GetObjectTagging",
        "REST.PUT.OBJECT_TAGGING" => "PutObjectTagging",
        "REST.HEAD.BUCKET" => "HeadBucket",
        "REST.GET.BUCKET" => "ListObjects",
        "REST.GET.BUCKETVERSIONS" => "ListObjectVersions",
        "REST.GET.UPLOADS" => "ListMultipartUploads",
        "REST.GET.LOCATION" => "GetBucketLocation",
        "REST.GET.VERSIONING" => "GetBucketVersioning",
        "REST.PUT.VERSIONING" => "PutBucketVersioning",
        "REST.GET.BUCKETPOLICY" => "GetBucketPolicy",
        "REST.GET.ACL" if event.key.is_none() => "GetBucketAcl",
        _ => return None,
    })
}

/// Who sent the request (REPLAY §3.2).
fn identity(event: &Event) -> Value {
    if let Some(service) = event.requester.strip_prefix("svc:") {
        return json!({ "type": "AWSService", "invokedBy": service });
    }
    let arn = principal(&event.requester);
    let account = event.requester.split(':').nth(4);
    let (Some(arn), Some(account)) = (arn, account) else {
        let account = if event.requester == "-" { "ANONYMOUS_PRINCIPAL" } else { "444455556666" };
        return json!({ "type": "AWSAccount", "principalId": "", "accountId": account });
    };
    let id = Random::new(mix(0, &arn)).text("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 17);
    let name = arn.rsplit('/').next().unwrap_or_default();
    if arn == event.requester {
        return json!({
            "type": "IAMUser", "principalId": format!("AIDA{id}"), "arn": arn, "accountId": account,
            "accessKeyId": "AKIAIOSFODNN7EXAMPLE", "userName": name,
        });
    }
    let session = event.requester.rsplit('/').next().unwrap_or_default();
    json!({
        "type": "AssumedRole",
        "principalId": format!("AROA{id}:{session}"),
        "arn": event.requester,
        "accountId": account,
        "accessKeyId": "ASIAIOSFODNN7EXAMPLE",
        "sessionContext": {
            "sessionIssuer": {
                "type": "Role", "principalId": format!("AROA{id}"), "arn": arn, "accountId": account, "userName": name,
            },
            "attributes": { "creationDate": iso(event.time - event.time % 3600), "mfaAuthenticated": "false" },
        },
    })
}

/// The resources that CloudTrail names.
fn resources(event: &Event) -> Value {
    let arn = format!("arn:aws:s3:::{}", event.bucket);
    let mut list = vec![json!({ "type": "AWS::S3::Bucket", "accountId": ACCOUNT, "ARN": arn })];
    match (&event.key, event.operation) {
        (Some(key), _) => list.push(json!({ "type": "AWS::S3::Object", "ARN": format!("{arn}/{key}") })),
        (None, "REST.GET.BUCKET" | "REST.GET.BUCKETVERSIONS" | "REST.POST.MULTI_OBJECT_DELETE") => {
            list.push(json!({ "type": "AWS::S3::Object", "ARNPrefix": format!("{arn}/") }));
        }
        (None, _) => {}
    }
    if let Some(access_point) = &event.access_point {
        list.push(json!({ "type": "AWS::S3::AccessPoint", "accountId": ACCOUNT, "ARN": access_point }));
    }
    Value::Array(list)
}

fn message(event: &Event, error: &str) -> String {
    let own = event.requester.split(':').nth(4) == Some(ACCOUNT);
    let asked = questions(event).filter(|_| own).unwrap_or_default();
    match (error, asked.first()) {
        ("AccessDenied", Some(asked)) => format!(
            "User: {} is not authorized to perform: {} on resource: \"{}\" because no identity-based policy allows the \
             {} action",
            event.requester, asked.action, asked.resource, asked.action
        ),
        ("AccessDenied", None) => "Access Denied".to_owned(),
        ("NoSuchKey", _) => "The specified key does not exist.".to_owned(),
        ("SlowDown", _) => "Please reduce your request rate.".to_owned(),
        _ => error.to_owned(),
    }
}

/// `2026-11-21T19:00:00Z`
fn iso(time: i64) -> String {
    let moment = Moment::of(time);
    format!("{}T{:02}:{:02}:{:02}Z", moment.date(), moment.hour, moment.minute, moment.second)
}
