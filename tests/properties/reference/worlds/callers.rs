//! Who asks.

use proptest::prop_oneof;
use proptest::sample::select;
use proptest::strategy::{BoxedStrategy, Strategy};

/// One entry of a principal map: its kind and its value.
pub(super) type Entry = (&'static str, &'static str);

/// Two accounts in the middle of things, and a third that is only mentioned.
pub(super) const ACCOUNTS: &[&str] = &["111111111111", "222222222222", "333333333333"];

/// One requester and the facts about it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Caller {
    pub(super) principal: &'static str,
    pub(super) account: Option<&'static str>,
    /// Whether it can carry principal tags.
    pub(super) tagged: bool,
    /// Whether it is a federated user, which needs session policies to do anything.
    pub(super) federated: bool,
    pub(super) role_arn: Option<&'static str>,
    pub(super) federating_user: Option<&'static str>,
    pub(super) principal_id: Option<&'static str>,
    /// The only action it can ask for, if there is but one.
    pub(super) only: Option<&'static str>,
    /// The entries that, listed together, exempt it from a NotPrincipal.
    pub(super) chain: &'static [Entry],
    /// Further entries that name it.
    pub(super) also: &'static [Entry],
    /// Condition keys whose value the rules leave open for it.
    pub(super) open_keys: &'static [&'static str],
}

impl Caller {
    pub(super) fn leaves_open(&self, key: &str) -> bool {
        self.open_keys.contains(&key)
    }
}

pub(super) const NOBODY: Caller = Caller {
    principal: "anonymous",
    account: None,
    tagged: false,
    federated: false,
    role_arn: None,
    federating_user: None,
    principal_id: None,
    only: None,
    chain: &[],
    also: &[],
    open_keys: &[],
};

/// Users, sessions and federated users.
pub(super) const IDENTITIES: &[Caller] = &[
    Caller {
        principal: "arn:aws:iam::111111111111:user/ann",
        account: Some("111111111111"),
        tagged: true,
        principal_id: Some("AIDAEXAMPLEANN"),
        chain: &[("AWS", "111111111111"), ("AWS", "arn:aws:iam::111111111111:user/ann")],
        also: &[("AWS", "arn:aws:iam::111111111111:root"), ("AWS", "AIDAEXAMPLEANN")],
        ..NOBODY
    },
    Caller {
        principal: "arn:aws:iam::111111111111:user/div/ann",
        account: Some("111111111111"),
        tagged: true,
        chain: &[("AWS", "arn:aws:iam::111111111111:root"), ("AWS", "arn:aws:iam::111111111111:user/div/ann")],
        also: &[("AWS", "111111111111"), ("AWS", "arn:aws:iam::111111111111:user/ann")],
        ..NOBODY
    },
    Caller {
        principal: "arn:aws:iam::222222222222:user/bob",
        account: Some("222222222222"),
        tagged: true,
        chain: &[("AWS", "222222222222"), ("AWS", "arn:aws:iam::222222222222:user/bob")],
        also: &[("AWS", "arn:aws:iam::222222222222:root")],
        ..NOBODY
    },
    // A role whose session has no known name, so that no `aws:userid` can be told.
    Caller {
        principal: "arn:aws:iam::111111111111:role/app/web",
        account: Some("111111111111"),
        tagged: true,
        principal_id: Some("AROAEXAMPLEWEB"),
        chain: &[("AWS", "111111111111"), ("AWS", "arn:aws:iam::111111111111:role/app/web")],
        also: &[
            ("AWS", "arn:aws:iam::111111111111:root"),
            ("AWS", "arn:aws:sts::111111111111:assumed-role/web/s1"),
            ("AWS", "AROAEXAMPLEWEB"),
        ],
        open_keys: &["aws:userid"],
        ..NOBODY
    },
    Caller {
        principal: "arn:aws:sts::111111111111:assumed-role/web/s1",
        account: Some("111111111111"),
        tagged: true,
        role_arn: Some("arn:aws:iam::111111111111:role/app/web"),
        principal_id: Some("AROAEXAMPLEWEB"),
        chain: &[
            ("AWS", "111111111111"),
            ("AWS", "arn:aws:iam::111111111111:role/app/web"),
            ("AWS", "arn:aws:sts::111111111111:assumed-role/web/s1"),
        ],
        also: &[
            ("AWS", "arn:aws:iam::111111111111:root"),
            ("AWS", "arn:aws:iam::111111111111:role/web"),
            ("AWS", "AROAEXAMPLEWEB"),
        ],
        ..NOBODY
    },
    // A session whose role has an unknown path, so that no `aws:PrincipalArn` can be told for certain.
    Caller {
        principal: "arn:aws:sts::111111111111:assumed-role/web/s2",
        account: Some("111111111111"),
        tagged: true,
        chain: &[
            ("AWS", "arn:aws:iam::111111111111:root"),
            ("AWS", "arn:aws:iam::111111111111:role/web"),
            ("AWS", "arn:aws:sts::111111111111:assumed-role/web/s2"),
        ],
        also: &[
            ("AWS", "arn:aws:iam::111111111111:role/app/web"),
            ("AWS", "arn:aws:sts::111111111111:assumed-role/web/s1"),
        ],
        open_keys: &["aws:PrincipalArn"],
        ..NOBODY
    },
    Caller {
        principal: "arn:aws:sts::222222222222:assumed-role/deploy/s1",
        account: Some("222222222222"),
        tagged: true,
        role_arn: Some("arn:aws:iam::222222222222:role/deploy"),
        chain: &[
            ("AWS", "222222222222"),
            ("AWS", "arn:aws:iam::222222222222:role/deploy"),
            ("AWS", "arn:aws:sts::222222222222:assumed-role/deploy/s1"),
        ],
        also: &[("AWS", "arn:aws:iam::222222222222:root")],
        ..NOBODY
    },
    // A service-linked role, which SCPs and RCPs leave alone.
    Caller {
        principal: "arn:aws:sts::111111111111:assumed-role/AWSServiceRoleForLambda/s1",
        account: Some("111111111111"),
        tagged: true,
        role_arn: Some(LINKED_ROLE),
        chain: &[
            ("AWS", "111111111111"),
            ("AWS", LINKED_ROLE),
            ("AWS", "arn:aws:sts::111111111111:assumed-role/AWSServiceRoleForLambda/s1"),
        ],
        also: &[("AWS", "arn:aws:iam::111111111111:root")],
        ..NOBODY
    },
    Caller {
        principal: "arn:aws:sts::111111111111:federated-user/ann",
        account: Some("111111111111"),
        tagged: true,
        federated: true,
        federating_user: Some("arn:aws:iam::111111111111:user/ann"),
        chain: &[("AWS", "111111111111"), ("AWS", "arn:aws:sts::111111111111:federated-user/ann")],
        also: &[("AWS", "arn:aws:iam::111111111111:root"), ("AWS", "arn:aws:iam::111111111111:user/ann")],
        // Temporary credentials of this kind carry it, but the rules name no default.
        open_keys: &["aws:MultiFactorAuthPresent"],
        ..NOBODY
    },
    Caller {
        principal: "arn:aws:sts::111111111111:federated-user/guest",
        account: Some("111111111111"),
        tagged: true,
        federated: true,
        federating_user: Some("arn:aws:iam::111111111111:user/div/ann"),
        chain: &[("AWS", "111111111111"), ("AWS", "arn:aws:sts::111111111111:federated-user/guest")],
        also: &[("AWS", "arn:aws:iam::111111111111:user/ann"), ("AWS", "arn:aws:iam::111111111111:user/div/ann")],
        open_keys: &["aws:MultiFactorAuthPresent"],
        ..NOBODY
    },
];

/// Root users, a service, identity providers and nobody in particular.
pub(super) const OTHERS: &[Caller] = &[
    Caller {
        principal: "arn:aws:iam::111111111111:root",
        account: Some("111111111111"),
        chain: &[("AWS", "111111111111")],
        also: &[("AWS", "arn:aws:iam::111111111111:root")],
        ..NOBODY
    },
    Caller {
        principal: "222222222222",
        account: Some("222222222222"),
        chain: &[("AWS", "222222222222")],
        also: &[("AWS", "arn:aws:iam::222222222222:root")],
        ..NOBODY
    },
    Caller { principal: "lambda.amazonaws.com", chain: &[("Service", "lambda.amazonaws.com")], ..NOBODY },
    Caller {
        principal: "arn:aws:iam::111111111111:saml-provider/corp",
        only: Some("sts:AssumeRoleWithSAML"),
        also: &[("Federated", "arn:aws:iam::111111111111:saml-provider/corp")],
        ..NOBODY
    },
    Caller {
        principal: "federated:accounts.google.com",
        only: Some("sts:AssumeRoleWithWebIdentity"),
        also: &[("Federated", "accounts.google.com")],
        ..NOBODY
    },
    NOBODY,
];

pub(super) const LINKED_ROLE: &str =
    "arn:aws:iam::111111111111:role/aws-service-role/lambda.amazonaws.com/AWSServiceRoleForLambda";

/// Everyone a policy may name, near the request or not.
pub(super) const ENTRIES: &[Entry] = &[
    ("AWS", "111111111111"),
    ("AWS", "222222222222"),
    ("AWS", "333333333333"),
    ("AWS", "arn:aws:iam::111111111111:root"),
    ("AWS", "arn:aws:iam::222222222222:root"),
    ("AWS", "arn:aws-cn:iam::111111111111:root"),
    ("AWS", "arn:aws:iam::111111111111:user/ann"),
    ("AWS", "arn:aws:iam::111111111111:user/Ann"),
    ("AWS", "arn:aws:iam::111111111111:user/div/ann"),
    ("AWS", "arn:aws:iam::222222222222:user/bob"),
    ("AWS", "arn:aws:iam::111111111111:role/app/web"),
    ("AWS", "arn:aws:iam::111111111111:role/web"),
    ("AWS", "arn:aws:iam::222222222222:role/web"),
    ("AWS", "arn:aws:iam::222222222222:role/deploy"),
    ("AWS", "arn:aws:sts::111111111111:assumed-role/web/s1"),
    ("AWS", "arn:aws:sts::111111111111:assumed-role/web/s2"),
    ("AWS", "arn:aws:sts::222222222222:assumed-role/deploy/s1"),
    ("AWS", "arn:aws:sts::111111111111:federated-user/ann"),
    ("AWS", "AIDAEXAMPLEANN"),
    ("AWS", "AROAEXAMPLEWEB"),
    ("AWS", "AROAEXAMPLEOLD"),
    ("Service", "lambda.amazonaws.com"),
    ("Service", "cloudtrail.amazonaws.com"),
    ("Federated", "arn:aws:iam::111111111111:saml-provider/corp"),
    ("Federated", "accounts.google.com"),
];

pub(super) fn caller() -> BoxedStrategy<Caller> {
    prop_oneof![3 => select(IDENTITIES), 1 => select(OTHERS)].boxed()
}
