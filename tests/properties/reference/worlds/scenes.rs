//! What is asked.

use super::callers::{Caller, LINKED_ROLE, caller};
use super::statements::Kind;
use proptest::bool::weighted;
use proptest::prop_oneof;
use proptest::sample::select;
use proptest::strategy::{BoxedStrategy, Just, Strategy};

/// Actions that go with the same resources, patterns near those, and the kind of policy such resources have.
#[derive(Clone, Copy, Debug)]
pub(super) struct Group {
    pub(super) actions: &'static [&'static str],
    pub(super) resources: &'static [&'static str],
    pub(super) patterns: &'static [&'static str],
    pub(super) attached: Option<Kind>,
}

pub(super) const OBJECTS: Group = Group {
    actions: &["s3:GetObject", "s3:PutObject", "s3:DeleteObject"],
    resources: &[
        "arn:aws:s3:::data/home/ann/a.txt",
        "arn:aws:s3:::data/red/k",
        "arn:aws:s3:::data/_$folder$",
        "arn:aws:s3:::data/home/a*b",
        "arn:aws:s3:::data//k:v",
        "arn:aws:s3:::data-2/home/bob/a.txt",
        "arn:aws:s3:::data/${aws:username}/k",
        "arn:aws:S3:::data/home/k",
    ],
    patterns: S3_PATTERNS,
    attached: Some(Kind::Resource),
};

pub(super) const BUCKETS: Group = Group {
    actions: &["s3:ListBucket", "s3:GetBucketPolicy", "s3:PutBucketPolicy", "s3:DeleteBucketPolicy"],
    resources: &["arn:aws:s3:::data", "arn:aws:s3:::data-2"],
    patterns: S3_PATTERNS,
    attached: Some(Kind::Resource),
};

pub(super) const S3_PATTERNS: &[&str] = &[
    "arn:aws:s3:::data",
    "arn:aws:s3:::data/",
    "arn:aws:s3:::data/*",
    "arn:aws:s3:::data*",
    "arn:aws:s3:::*",
    "arn:*:s3:::data/*",
    "arn:aws:s3:::data/*/*",
    "arn:aws:s3:::data/home/a?b",
    "arn:aws:s3:::data/home/a${*}b",
    "arn:aws:s3:::data/_$folder$",
    "arn:aws:s3:::data/_${$}folder${$}",
    "arn:aws:s3:::data*/home/${aws:username}/*",
    "arn:aws:s3:::data/${aws:username}/*",
    "arn:aws:s3:::data/${aws:PrincipalTag/team}/*",
    "arn:aws:s3:::data/${aws:PrincipalTag/team, 'home'}/*",
    "arn:aws:s3:::data/${aws:PrincipalTag/team, ''}*",
    "arn:aws:s3:::data/${example:List, 'home'}/*",
    "arn:aws:s3:::other/*",
    "arn:aws:S3:::data/*",
    "arn:*:S3:::data/home/*",
    "arn:AWS:s3:::data/${aws:PrincipalTag/team, 'home'}/*",
];

/// Objects behind access points, and what is in their buckets.
pub(super) const THROUGH_ACCESS_POINTS: Group = Group {
    actions: &["s3:GetObject", "s3:PutObject", "s3:ListBucket"],
    resources: &[
        "arn:aws:s3:us-west-2:111111111111:accesspoint/ap/object/home/ann/a.txt",
        "arn:aws:s3:us-west-2:111111111111:accesspoint/ap/object/red/k",
        "arn:aws:s3:us-west-2:111111111111:accesspoint/ap/object//object/k",
        "arn:aws:s3:us-west-2:111111111111:accesspoint/ap",
        "arn:aws:s3:us-east-1:222222222222:accesspoint/ap-2/object/home/bob/a.txt",
        "arn:aws:s3::222222222222:accesspoint/many.mrap/object/home/k",
    ],
    patterns: ACCESS_POINT_PATTERNS,
    attached: Some(Kind::Resource),
};

/// The bucket behind every access point.
pub(super) const BUCKET_BEHIND: &str = "arn:aws:s3:::data";

/// Of both ARNs that a request through an access point has.
pub(super) const ACCESS_POINT_PATTERNS: &[&str] = &[
    "arn:aws:s3:::data",
    "arn:aws:s3:::data/*",
    "arn:aws:s3:::data/home/*",
    "arn:aws:s3:::data/${aws:username}/*",
    "arn:aws:s3:::data/*/${aws:username}/*",
    "arn:aws:s3:::data/${aws:PrincipalTag/team, 'home'}/*",
    "arn:aws:s3:*:111111111111:accesspoint/*",
    "arn:aws:s3:us-west-2:111111111111:accesspoint/ap/object/*",
    "arn:aws:s3:us-west-2:*:accesspoint/ap/object/${aws:username}/*",
    "arn:aws:s3:*:*:accesspoint/*/object/${aws:PrincipalTag/team}/*",
    "arn:aws:s3:*:*:accesspoint/${aws:PrincipalTag/team, 'ap'}/object/*",
    "arn:aws:s3:*:*:*",
];

pub(super) const KEYS: Group = Group {
    actions: &["kms:Decrypt", "kms:Encrypt", "kms:RetireGrant"],
    resources: &[
        "arn:aws:kms:us-east-1:111111111111:key/1234abcd-12ab-34cd-56ef-1234567890ab",
        "arn:aws:kms:us-east-1:222222222222:key/1234abcd-12ab-34cd-56ef-1234567890ab",
    ],
    patterns: KMS_PATTERNS,
    attached: Some(Kind::Resource),
};

// An alias has no policy of its own.
pub(super) const ALIASES: Group = Group {
    actions: &["kms:CreateAlias", "kms:UpdateAlias", "kms:DeleteAlias"],
    resources: &["arn:aws:kms:us-east-1:111111111111:alias/app", "arn:aws:kms:us-east-1:111111111111:alias/aws/s3"],
    patterns: KMS_PATTERNS,
    attached: None,
};

pub(super) const KMS_PATTERNS: &[&str] = &[
    "arn:aws:kms:*:111111111111:key/*",
    "arn:aws:kms:us-east-1:*:key/1234abcd-*",
    "arn:aws:kms:us-west-2:111111111111:key/*",
    "arn:aws:kms:*:*:alias/*",
    "arn:aws:kms:us-east-1:111111111111:alias/aws/*",
    "arn:aws:kms:us-east-1:222222222222:*",
];

pub(super) const ROLES: Group = Group {
    actions: &["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"],
    resources: &["arn:aws:iam::111111111111:role/app/web", "arn:aws:iam::222222222222:role/deploy", LINKED_ROLE],
    patterns: IAM_PATTERNS,
    attached: Some(Kind::Trust),
};

pub(super) const ROLE_SETTINGS: Group = Group {
    actions: &["iam:PassRole", "iam:GetRole", "iam:DeleteRole"],
    resources: &[
        "arn:aws:iam::111111111111:role/app/web",
        "arn:aws:iam::222222222222:role/deploy",
        "arn:aws:iam::111111111111:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Admin",
    ],
    patterns: IAM_PATTERNS,
    attached: Some(Kind::Trust),
};

pub(super) const MANAGED_POLICIES: Group = Group {
    actions: &["iam:GetPolicy", "iam:CreatePolicyVersion", "iam:DeletePolicy"],
    resources: &["arn:aws:iam::aws:policy/ReadOnlyAccess", "arn:aws:iam::111111111111:policy/ReadOnlyAccess"],
    patterns: IAM_PATTERNS,
    attached: None,
};

pub(super) const IAM_PATTERNS: &[&str] = &[
    "arn:aws:iam::111111111111:role/*",
    "arn:aws:iam::*:role/app/*",
    "arn:aws:iam::111111111111:role/${aws:PrincipalTag/team, 'app'}/web",
    "arn:aws:iam::*:policy/*",
    "arn:aws:iam::aws:policy/*",
    "arn:aws:iam::222222222222:*",
];

pub(super) const INSTANCES: Group = Group {
    actions: &["ec2:StopInstances", "ec2:TerminateInstances"],
    resources: &["arn:aws:ec2:us-east-1:111111111111:instance/i-0123456789abcdef0"],
    patterns: EC2_PATTERNS,
    attached: None,
};

pub(super) const EC2_PATTERNS: &[&str] = &["arn:aws:ec2:*:*:instance/*", "arn:aws:ec2:*:*:*"];

pub(super) const UNBOUND: Group = Group {
    actions: &[
        "s3:ListAllMyBuckets",
        "kms:ListKeys",
        "ec2:DescribeInstances",
        "sts:GetCallerIdentity",
        "sts:GetSessionToken",
    ],
    resources: &["*"],
    patterns: &["*", "arn:aws:s3:::*", "arn:aws:s3:::data", "arn:aws:ec2:*:*:*"],
    attached: Some(Kind::Resource),
};

/// Every pattern, for statements that are about something else.
pub(super) const ALL_PATTERNS: &[&[&str]] =
    &[S3_PATTERNS, ACCESS_POINT_PATTERNS, KMS_PATTERNS, IAM_PATTERNS, EC2_PATTERNS];

/// A request and the surroundings that decide which policies can be written about it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scene {
    pub(super) caller: Caller,
    pub(super) group: Group,
    pub(super) action: &'static str,
    pub(super) resource: &'static str,
    /// Whether the bucket restricts public policies.
    pub(super) restricted: bool,
    /// Whether an endpoint, if there is one, is of the gateway type.
    pub(super) gateway: bool,
    /// Whether the unique id of the caller is told.
    pub(super) identified: bool,
}

impl Scene {
    /// Whether the request goes through an access point.
    pub(super) fn is_through_access_point(self) -> bool {
        self.resource.contains(":accesspoint/")
    }
}

pub(super) fn scene() -> BoxedStrategy<Scene> {
    (caller(), weighted(0.3), weighted(0.4), weighted(0.7))
        .prop_flat_map(|(caller, restricted, gateway, identified)| {
            (Just(caller), target(caller), Just(restricted), Just(gateway), Just(identified))
        })
        .prop_map(|(caller, (group, action, resource), restricted, gateway, identified)| Scene {
            caller,
            group,
            action,
            resource,
            restricted: restricted && resource.starts_with("arn:aws:s3:"),
            gateway,
            identified,
        })
        .boxed()
}

/// An action and a resource it can act on.
pub(super) fn target(caller: Caller) -> BoxedStrategy<(Group, &'static str, &'static str)> {
    // What else an identity provider could ask for is left open, so it asks only for what it is there for.
    if let Some(action) = caller.only {
        return select(ROLES.resources).prop_map(move |resource| (ROLES, action, resource)).boxed();
    }
    prop_oneof![
        5 => Just(OBJECTS),
        3 => Just(BUCKETS),
        2 => Just(THROUGH_ACCESS_POINTS),
        3 => Just(KEYS),
        1 => Just(ALIASES),
        4 => Just(ROLES),
        1 => Just(ROLE_SETTINGS),
        1 => Just(MANAGED_POLICIES),
        1 => Just(INSTANCES),
        2 => Just(UNBOUND),
    ]
    .prop_flat_map(|group| (Just(group), select(group.actions), select(group.resources)))
    .boxed()
}
