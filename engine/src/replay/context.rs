//! The request context that a log line tells of: keys that it gives, keys that it shows to be absent, and all others
//! unknown (REPLAY §2.3).

use super::addresses::is_private;
use super::{Observation, Query};
use crate::arn::Arn;
use crate::request::{Context, ContextValue};
use std::net::IpAddr;

/// The keys of requests through access points. What is asked of a bucket does not have them unless they are unknown.
pub(super) const ACCESS_POINT_KEYS: [&str; 3] =
    ["s3:DataAccessPointArn", "s3:DataAccessPointAccount", "s3:AccessPointNetworkOrigin"];

impl Observation<'_> {
    /// The condition keys of the request. What no access log says, such as most headers, is unknown.
    ///
    /// The time of the request is a fact ([`crate::request::Facts::at`]), and what follows from principal and resource is
    /// derived as for every request.
    #[must_use]
    pub fn context(&self) -> Context {
        self.context_where(&|_| true)
    }

    /// The condition keys of the request that are wanted; the others are left unknown. Names are given as they are spelled
    /// here.
    pub(super) fn context_where(&self, wanted: &dyn Fn(&str) -> bool) -> Context {
        let mut context = Context::new();
        context.mark_others_unknown();
        // Older logs do not say whether a request went through an access point.
        if self.answer.as_ref().is_none_or(|answer| answer.tail.access_point.is_none()) {
            ACCESS_POINT_KEYS.iter().for_each(|key| context.mark_unknown(key));
        }
        let mut give = |key: &str, value: Option<&str>| match value {
            _ if !wanted(key) => {}
            // No key here is one that takes no single value.
            Some(value) => _ = context.insert(key, ContextValue::Single(value.to_owned())),
            None => context.mark_absent(key),
        };
        let address: Option<IpAddr> = self.address.parse().ok();
        match address {
            Some(address) if is_private(address) => {
                // Such an address comes through a VPC endpoint, which has keys of its own.
                give("aws:SourceIp", None);
                give("aws:VpcSourceIp", Some(self.address));
            }
            Some(_) => {
                give("aws:SourceIp", Some(self.address));
                for key in ["aws:VpcSourceIp", "aws:SourceVpc", "aws:SourceVpce"] {
                    give(key, None);
                }
            }
            None => {}
        }
        // Which version was asked for can stand in the request line alone.
        if self.version.is_some() || !self.may_ask("versionId") {
            give("s3:versionid", self.version.as_deref());
        }
        let Some(answer) = &self.answer else { return context };
        let tail = &answer.tail;
        if let Some(tls) = tail.tls {
            give("aws:SecureTransport", Some(if tls == "-" { "false" } else { "true" }));
            give("s3:TlsVersion", tls.get(4..).filter(|_| tls != "-"));
        }
        match tail.signature {
            Some("SigV4") => give("s3:signatureversion", Some("AWS4-HMAC-SHA256")),
            Some("SigV2") => give("s3:signatureversion", Some("AWS")),
            Some("-") => give("s3:signatureversion", None),
            _ => {}
        }
        let form = self.needs.is_some() && tail.authentication.is_some_and(|kind| kind == "-") && self.is_form;
        match tail.authentication {
            _ if form => give("s3:authType", Some("POST")),
            Some("AuthHeader") => give("s3:authType", Some("REST-HEADER")),
            Some("QueryString") => give("s3:authType", Some("REST-QUERY-STRING")),
            _ => {}
        }
        match tail.access_point {
            Some("-") => ACCESS_POINT_KEYS.iter().for_each(|key| give(key, None)),
            Some(arn) => {
                give("s3:DataAccessPointArn", Some(arn));
                let account = Arn::parse(arn).map(|arn| arn.account).filter(|account| !account.is_empty());
                give("s3:DataAccessPointAccount", account);
            }
            None => {}
        }
        for (key, text) in [("aws:Referer", answer.referer), ("aws:UserAgent", answer.agent)] {
            if let Some(text) = text.and_then(|text| std::str::from_utf8(text).ok()) {
                give(key, Some(text));
            }
        }
        let delivered = || self.delivery.map(|delivery| delivery.region.as_str());
        if let Some(region) = tail.host.and_then(region).or_else(delivered) {
            give("aws:RequestedRegion", Some(region));
        }
        if let Some(request) = answer.request.and_then(Query::of_request_line) {
            let lists = self.needs.is_some_and(|needs| needs.actions.iter().any(|action| is_listing(action)));
            for (key, parameter) in [("s3:prefix", "prefix"), ("s3:delimiter", "delimiter")] {
                if request.is_no_text(parameter) {
                    continue;
                }
                give(key, request.value(parameter).as_deref().filter(|_| lists));
            }
            if lists && !request.is_no_text("max-keys") {
                // Absent, it is what S3 takes then (R8.4).
                give(
                    "s3:max-keys",
                    Some(request.value("max-keys").as_deref().filter(|text| !text.is_empty()).unwrap_or("1000")),
                );
            }
            let is_signed = tail.authentication.is_none_or(|kind| kind == "QueryString");
            let signed_at = request.signed_at().filter(|_| is_signed);
            if let Some(age) = signed_at.map(|signed| self.time - signed).filter(|age| *age >= 0) {
                give("s3:signatureAge", Some(&(age * 1000).to_string()));
            }
        }
        context
    }
}

/// The actions that have the keys of listings. `s3:ListBucketMultipartUploads` has not, and a HEAD of the bucket sends none.
pub(super) fn is_listing(action: &str) -> bool {
    matches!(action, "s3:ListBucket" | "s3:ListBucketVersions")
}

/// The Region in the name of a host, such as `data.s3.eu-west-1.amazonaws.com`. The global endpoint says nothing.
pub(super) fn region(host: &str) -> Option<&str> {
    let (labels, _) = host.split_once(".amazonaws.com")?;
    let is_region = |label: &&str| {
        let parts: Vec<&str> = label.split('-').collect();
        parts.len() >= 3
            && parts.first().is_some_and(|part| part.len() == 2)
            && parts.last().is_some_and(|part| part.len() == 1 && part.bytes().all(|byte| byte.is_ascii_digit()))
    };
    // It is the last of the labels, or stands behind `s3-` in old names.
    let last = labels.rsplit('.').next()?;
    let old = last.strip_prefix("s3-website-").or_else(|| last.strip_prefix("s3-")).unwrap_or(last);
    Some(old).filter(is_region)
}
