//! Server access logs in their JSON form, as S3 delivers them to CloudWatch Logs and to tables (REPLAY §1.1). Values stand
//! apart there, so that nothing in one of them can pass for another.

use super::access_log::{Answer, Damage, Rest, Row, Tail, is_bucket};
use crate::instant::Instant;
use serde::Deserialize;
use serde_json::Value;

/// A record, as it is delivered.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct JsonRow {
    bucket_owner_id: Option<String>,
    bucket_name: Option<String>,
    request_time: Option<String>,
    remote_ip: Option<String>,
    requester: Option<String>,
    request_id: Option<String>,
    operation: Option<String>,
    key_name: Option<String>,
    request_uri: Option<String>,
    http_status: Value,
    error_code: Option<String>,
    referer: Option<String>,
    user_agent: Option<String>,
    version_id: Option<String>,
    host_id: Option<String>,
    signature_version: Option<String>,
    cipher_suite: Option<String>,
    authentication_type: Option<String>,
    host_header: Option<String>,
    tls_version: Option<String>,
    access_point_arn: Option<String>,
    acl_required: Option<String>,
    source_region: Option<String>,
}

impl JsonRow {
    /// Reads a record. `None` if it is none.
    ///
    /// ```
    /// use can_access_engine::replay::access_log::JsonRow;
    /// let record = r#"{ "bucket_name": "data", "request_time": "2026-11-21T19:00:01.120Z", "operation": "REST.GET.OBJECT",
    ///     "key_name": "k", "http_status": 200 }"#;
    /// assert_eq!(JsonRow::read(record.as_bytes()).unwrap().line().unwrap().bucket, "data");
    /// ```
    #[must_use]
    pub fn read(json: &[u8]) -> Option<Self> {
        serde_json::from_slice(json).ok()
    }

    /// The same as the row of a text log.
    ///
    /// # Errors
    /// What every row has and this one lacks.
    pub fn line(&self) -> Result<Row<'_>, Damage> {
        fn or_nil(text: &Option<String>) -> &str {
            text.as_deref().unwrap_or("-")
        }
        fn bytes(text: &Option<String>) -> Option<&[u8]> {
            text.as_deref().map(str::as_bytes)
        }
        let time = self.request_time.as_deref().and_then(Instant::parse).ok_or(Damage::Time)?;
        let status = match &self.http_status {
            Value::Number(number) => number.as_u64().and_then(|status| u16::try_from(status).ok()),
            Value::String(text) => text.parse().ok(),
            _ => None,
        };
        let tail = Tail {
            version: Some(or_nil(&self.version_id)),
            host_id: Some(or_nil(&self.host_id)),
            signature: Some(or_nil(&self.signature_version)),
            cipher: Some(or_nil(&self.cipher_suite)),
            authentication: Some(or_nil(&self.authentication_type)),
            host: Some(or_nil(&self.host_header)),
            tls: Some(or_nil(&self.tls_version)),
            access_point: Some(or_nil(&self.access_point_arn)),
            acl: Some(or_nil(&self.acl_required)),
            source_region: Some(or_nil(&self.source_region)),
        };
        Ok(Row {
            owner: or_nil(&self.bucket_owner_id),
            bucket: self.bucket_name.as_deref().filter(|name| is_bucket(name.as_bytes())).ok_or(Damage::Bucket)?,
            time: i64::try_from(time.seconds()).map_err(|_| Damage::Time)?,
            address: or_nil(&self.remote_ip),
            requester: or_nil(&self.requester),
            request_id: or_nil(&self.request_id),
            operation: self.operation.as_deref().ok_or(Damage::Operation)?,
            key: or_nil(&self.key_name),
            rest: Rest::Whole(Answer {
                request: bytes(&self.request_uri),
                within: None,
                status,
                error: self.error_code.as_deref().filter(|code| *code != "-"),
                referer: bytes(&self.referer),
                agent: bytes(&self.user_agent),
                tail,
            }),
        })
    }
}
