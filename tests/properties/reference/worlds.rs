//! Random worlds for [`decide`](super::decide): one request and every kind of policy around it.
//!
//! The vocabulary is small, and policies are drawn near the request they are about, so that statements, conditions
//! and principals match about as often as they miss. What the rules forbid (a Principal in an identity policy, an
//! Allow in an RCP, a variable in a number) cannot come out, so every document is valid. Left out are the few
//! combinations for which `reference/SEMANTICS.md` gives no single answer; each is named where it is left out.

use proptest::bool::{ANY, weighted};
use proptest::collection::vec;
use proptest::option;
use proptest::prop_oneof;
use proptest::sample::{select, subsequence};
use proptest::strategy::{BoxedStrategy, Just, Strategy};
use serde_json::{Map, Value, json};

// ---------------------------------------------------------------------------------------------------------------------
// Who asks
// ---------------------------------------------------------------------------------------------------------------------

/// One entry of a principal map: its kind and its value.
type Entry = (&'static str, &'static str);

/// Two accounts in the middle of things, and a third that is only mentioned.
const ACCOUNTS: &[&str] = &["111111111111", "222222222222", "333333333333"];

/// One requester and the facts about it.
#[derive(Clone, Copy, Debug)]
struct Caller {
    principal: &'static str,
    account: Option<&'static str>,
    /// Whether it can carry principal tags.
    tagged: bool,
    /// Whether it is a federated user, which needs session policies to do anything.
    federated: bool,
    role_arn: Option<&'static str>,
    federating_user: Option<&'static str>,
    principal_id: Option<&'static str>,
    /// The only action it can ask for, if there is but one.
    only: Option<&'static str>,
    /// The entries that, listed together, exempt it from a NotPrincipal.
    chain: &'static [Entry],
    /// Further entries that name it.
    also: &'static [Entry],
    /// Condition keys whose value the rules leave open for it.
    open_keys: &'static [&'static str],
}

impl Caller {
    fn leaves_open(&self, key: &str) -> bool {
        self.open_keys.contains(&key)
    }
}

const NOBODY: Caller = Caller {
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
const IDENTITIES: &[Caller] = &[
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
const OTHERS: &[Caller] = &[
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

const LINKED_ROLE: &str =
    "arn:aws:iam::111111111111:role/aws-service-role/lambda.amazonaws.com/AWSServiceRoleForLambda";

/// Everyone a policy may name, near the request or not.
const ENTRIES: &[Entry] = &[
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

fn caller() -> BoxedStrategy<Caller> {
    prop_oneof![3 => select(IDENTITIES), 1 => select(OTHERS)].boxed()
}

// ---------------------------------------------------------------------------------------------------------------------
// What is asked
// ---------------------------------------------------------------------------------------------------------------------

/// Actions that go with the same resources, patterns near those, and the kind of policy such resources have.
#[derive(Clone, Copy, Debug)]
struct Group {
    actions: &'static [&'static str],
    resources: &'static [&'static str],
    patterns: &'static [&'static str],
    attached: Option<Kind>,
}

const OBJECTS: Group = Group {
    actions: &["s3:GetObject", "s3:PutObject", "s3:DeleteObject"],
    resources: &[
        "arn:aws:s3:::data/home/ann/a.txt",
        "arn:aws:s3:::data/red/k",
        "arn:aws:s3:::data/_$folder$",
        "arn:aws:s3:::data/home/a*b",
        "arn:aws:s3:::data//k:v",
        "arn:aws:s3:::data-2/home/bob/a.txt",
        "arn:aws:s3:::data/${aws:username}/k",
    ],
    patterns: S3_PATTERNS,
    attached: Some(Kind::Resource),
};

const BUCKETS: Group = Group {
    actions: &["s3:ListBucket", "s3:GetBucketPolicy", "s3:PutBucketPolicy", "s3:DeleteBucketPolicy"],
    resources: &["arn:aws:s3:::data", "arn:aws:s3:::data-2"],
    patterns: S3_PATTERNS,
    attached: Some(Kind::Resource),
};

const S3_PATTERNS: &[&str] = &[
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
];

const KEYS: Group = Group {
    actions: &["kms:Decrypt", "kms:Encrypt", "kms:RetireGrant"],
    resources: &[
        "arn:aws:kms:us-east-1:111111111111:key/1234abcd-12ab-34cd-56ef-1234567890ab",
        "arn:aws:kms:us-east-1:222222222222:key/1234abcd-12ab-34cd-56ef-1234567890ab",
    ],
    patterns: KMS_PATTERNS,
    attached: Some(Kind::Resource),
};

// An alias has no policy of its own.
const ALIASES: Group = Group {
    actions: &["kms:CreateAlias", "kms:UpdateAlias", "kms:DeleteAlias"],
    resources: &["arn:aws:kms:us-east-1:111111111111:alias/app", "arn:aws:kms:us-east-1:111111111111:alias/aws/s3"],
    patterns: KMS_PATTERNS,
    attached: None,
};

const KMS_PATTERNS: &[&str] = &[
    "arn:aws:kms:*:111111111111:key/*",
    "arn:aws:kms:us-east-1:*:key/1234abcd-*",
    "arn:aws:kms:us-west-2:111111111111:key/*",
    "arn:aws:kms:*:*:alias/*",
    "arn:aws:kms:us-east-1:111111111111:alias/aws/*",
    "arn:aws:kms:us-east-1:222222222222:*",
];

const ROLES: Group = Group {
    actions: &["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"],
    resources: &["arn:aws:iam::111111111111:role/app/web", "arn:aws:iam::222222222222:role/deploy", LINKED_ROLE],
    patterns: IAM_PATTERNS,
    attached: Some(Kind::Trust),
};

const ROLE_SETTINGS: Group = Group {
    actions: &["iam:PassRole", "iam:GetRole", "iam:DeleteRole"],
    resources: &[
        "arn:aws:iam::111111111111:role/app/web",
        "arn:aws:iam::222222222222:role/deploy",
        "arn:aws:iam::111111111111:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Admin",
    ],
    patterns: IAM_PATTERNS,
    attached: Some(Kind::Trust),
};

const MANAGED_POLICIES: Group = Group {
    actions: &["iam:GetPolicy", "iam:CreatePolicyVersion", "iam:DeletePolicy"],
    resources: &["arn:aws:iam::aws:policy/ReadOnlyAccess", "arn:aws:iam::111111111111:policy/ReadOnlyAccess"],
    patterns: IAM_PATTERNS,
    attached: None,
};

const IAM_PATTERNS: &[&str] = &[
    "arn:aws:iam::111111111111:role/*",
    "arn:aws:iam::*:role/app/*",
    "arn:aws:iam::111111111111:role/${aws:PrincipalTag/team, 'app'}/web",
    "arn:aws:iam::*:policy/*",
    "arn:aws:iam::aws:policy/*",
    "arn:aws:iam::222222222222:*",
];

const INSTANCES: Group = Group {
    actions: &["ec2:StopInstances", "ec2:TerminateInstances"],
    resources: &["arn:aws:ec2:us-east-1:111111111111:instance/i-0123456789abcdef0"],
    patterns: EC2_PATTERNS,
    attached: None,
};

const EC2_PATTERNS: &[&str] = &["arn:aws:ec2:*:*:instance/*", "arn:aws:ec2:*:*:*"];

const UNBOUND: Group = Group {
    actions: &["s3:ListAllMyBuckets", "kms:ListKeys", "ec2:DescribeInstances", "sts:GetCallerIdentity"],
    resources: &["*"],
    patterns: &["*", "arn:aws:s3:::*", "arn:aws:s3:::data", "arn:aws:ec2:*:*:*"],
    attached: Some(Kind::Resource),
};

/// Every pattern, for statements that are about something else.
const ALL_PATTERNS: &[&[&str]] = &[S3_PATTERNS, KMS_PATTERNS, IAM_PATTERNS, EC2_PATTERNS];

/// A request and the surroundings that decide which policies can be written about it.
#[derive(Clone, Copy, Debug)]
struct Scene {
    caller: Caller,
    group: Group,
    action: &'static str,
    resource: &'static str,
    /// Whether the bucket restricts public policies.
    restricted: bool,
    /// Whether an endpoint, if there is one, is of the gateway type.
    gateway: bool,
    /// Whether the unique id of the caller is told.
    identified: bool,
}

fn scene() -> BoxedStrategy<Scene> {
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
fn target(caller: Caller) -> BoxedStrategy<(Group, &'static str, &'static str)> {
    // What else an identity provider could ask for is left open, so it asks only for what it is there for.
    if let Some(action) = caller.only {
        return select(ROLES.resources).prop_map(move |resource| (ROLES, action, resource)).boxed();
    }
    prop_oneof![
        5 => Just(OBJECTS),
        3 => Just(BUCKETS),
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

// ---------------------------------------------------------------------------------------------------------------------
// The world
// ---------------------------------------------------------------------------------------------------------------------

/// Worlds for [`decide`](super::decide): a request, its context and facts, and policies of every kind around it.
pub(crate) fn world() -> impl Strategy<Value = Value> {
    scene()
        .prop_flat_map(|scene| (Just(scene), policies(scene), context(scene), facts(scene), resource_account(scene)))
        .prop_map(|(scene, policies, mut context, mut facts, resource_account)| {
            if policies.contains_key("endpoint") {
                // A request that went through an endpoint has no public address.
                context.remove("aws:SourceIp");
                if scene.gateway {
                    facts.insert("endpoint_type".to_owned(), json!("gateway"));
                }
            }
            let mut world = json!({
                "policies": policies,
                "principal": scene.caller.principal,
                "action": scene.action,
                "resource": scene.resource,
                "context": context,
                "facts": facts,
            });
            if let Some(account) = resource_account {
                world["resource_account"] = json!(account);
            }
            world
        })
}

/// The account that owns the resource, where the caller has to say so, and sometimes where it need not.
fn resource_account(scene: Scene) -> BoxedStrategy<Option<&'static str>> {
    let written = scene.resource.split(':').nth(4).unwrap_or_default();
    if scene.resource.starts_with("arn:aws:s3:") {
        let told = select(&ACCOUNTS[..2]).prop_map(Some);
        match scene.caller.account {
            Some(own) => prop_oneof![1 => Just(None::<&'static str>), 1 => Just(Some(own)), 2 => told].boxed(),
            None => told.boxed(),
        }
    } else if ACCOUNTS.contains(&written) {
        option::weighted(0.2, Just(written)).boxed()
    } else {
        Just(None).boxed()
    }
}

fn facts(scene: Scene) -> BoxedStrategy<Map<String, Value>> {
    (option::weighted(0.25, select(ACCOUNTS)), option::weighted(0.4, select(vec!["chain", "any"])))
        .prop_map(move |(management_account, not_principal)| {
            let caller = scene.caller;
            let principal_id = caller.principal_id.filter(|_| scene.identified);
            let told = [
                ("management_account", management_account),
                ("not_principal", not_principal),
                ("role_arn", caller.role_arn),
                ("federating_user", caller.federating_user),
                ("principal_id", principal_id),
            ];
            let mut facts = Map::new();
            for (name, value) in told {
                if let Some(value) = value {
                    facts.insert(name.to_owned(), Value::from(value));
                }
            }
            if scene.restricted {
                facts.insert("restrict_public_buckets".to_owned(), Value::from(true));
            }
            facts
        })
        .boxed()
}

/// The policies of every kind that is present.
fn policies(scene: Scene) -> BoxedStrategy<Map<String, Value>> {
    let session = if scene.caller.federated { 0.6 } else { 0.25 };
    let attached = match scene.group.attached {
        Some(kind) => {
            let often = if scene.resource == "*" { 0.2 } else { 0.75 };
            option::weighted(often, vec(document(scene, kind), 1)).boxed()
        }
        None => Just(None).boxed(),
    };
    // Whether an alias of an AWS managed key falls under RCPs, as the key itself does not, is left open.
    let rcp = if scene.resource.contains(":alias/aws/") {
        Just(None).boxed()
    } else {
        option::weighted(0.25, vec(vec(document(scene, Kind::Rcp), 1..=2), 1..=2)).boxed()
    };
    // A level without any SCP lets nothing through.
    let level = prop_oneof![24 => vec(document(scene, Kind::Scp), 1..=2), 1 => Just(Vec::new())];
    (
        option::weighted(0.9, vec(document(scene, Kind::Identity), 1..=2)),
        option::weighted(0.25, vec(document(scene, Kind::Boundary), 1)),
        option::weighted(session, vec(document(scene, Kind::Session), 1..=2)),
        attached,
        option::weighted(0.25, vec(document(scene, Kind::Endpoint), 1)),
        option::weighted(0.3, vec(level, 1..=3)),
        rcp,
    )
        .prop_map(|(identity, boundary, session, resource, endpoint, scp, rcp)| {
            let mut policies = Map::new();
            let sets = [
                ("identity", identity),
                ("boundary", boundary),
                ("session", session),
                ("resource", resource),
                ("endpoint", endpoint),
            ];
            for (kind, documents) in sets {
                if let Some(documents) = documents {
                    policies.insert(kind.to_owned(), Value::from(documents));
                }
            }
            for (kind, levels) in [("scp", scp), ("rcp", rcp)] {
                if let Some(levels) = levels {
                    policies.insert(kind.to_owned(), Value::from(levels));
                }
            }
            policies
        })
        .boxed()
}

// ---------------------------------------------------------------------------------------------------------------------
// Documents and statements
// ---------------------------------------------------------------------------------------------------------------------

/// What a document is for, which decides the elements it can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Identity,
    Boundary,
    Session,
    Scp,
    Rcp,
    /// A resource policy other than a role's.
    Resource,
    /// The trust policy of a role.
    Trust,
    Endpoint,
}

impl Kind {
    /// How often a document starts with a statement that allows nearly everything; RCPs can only deny.
    fn openness(self) -> Option<f64> {
        match self {
            Kind::Identity => Some(0.6),
            Kind::Boundary | Kind::Session => Some(0.7),
            Kind::Scp => Some(0.85),
            Kind::Rcp => None,
            Kind::Resource | Kind::Trust => Some(0.5),
            Kind::Endpoint => Some(0.8),
        }
    }

    /// How often a statement denies; those of RCPs always do.
    fn denials(self) -> Option<f64> {
        match self {
            Kind::Rcp => None,
            Kind::Resource | Kind::Trust => Some(0.2),
            Kind::Identity | Kind::Boundary | Kind::Session | Kind::Scp | Kind::Endpoint => Some(0.12),
        }
    }
}

fn document(scene: Scene, kind: Kind) -> BoxedStrategy<Value> {
    version(kind)
        .prop_flat_map(move |version| {
            let variables = version == Some("2012-10-17");
            let open = match kind.openness() {
                Some(often) => option::weighted(often, open_statement(scene, kind)).boxed(),
                None => Just(None).boxed(),
            };
            (Just(version), open, vec(statement(scene, kind, variables), 1..=2), ANY)
        })
        .prop_map(|(version, open, statements, bare)| {
            let statements: Vec<Value> = open.into_iter().chain(statements).collect();
            let mut document = json!({ "Statement": listed(statements, bare) });
            if let Some(version) = version {
                document["Version"] = json!(version);
            }
            document
        })
        .boxed()
}

/// R1.27: an RCP has to be of the current version.
fn version(kind: Kind) -> BoxedStrategy<Option<&'static str>> {
    let current = Just(Some("2012-10-17"));
    if kind == Kind::Rcp {
        return current.boxed();
    }
    prop_oneof![10 => current, 1 => Just(Some("2008-10-17")), 1 => Just(None)].boxed()
}

/// A list, or its only value bare.
fn listed(values: Vec<Value>, bare: bool) -> Value {
    match values.as_slice() {
        [single] if bare => single.clone(),
        _ => Value::from(values),
    }
}

/// A statement that allows nearly everything, to whom the kind of policy lets it.
fn open_statement(scene: Scene, kind: Kind) -> BoxedStrategy<Value> {
    match kind {
        Kind::Identity | Kind::Boundary | Kind::Session | Kind::Scp | Kind::Rcp => {
            Just(json!({ "Effect": "Allow", "Action": "*", "Resource": "*" })).boxed()
        }
        Kind::Resource => named(scene, kind)
            .prop_map(|principal| json!({ "Effect": "Allow", "Principal": principal, "Action": "*", "Resource": "*" }))
            .boxed(),
        Kind::Trust => named(scene, kind)
            .prop_map(|principal| json!({ "Effect": "Allow", "Principal": principal, "Action": "sts:*" }))
            .boxed(),
        Kind::Endpoint => Just(json!({ "Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*" })).boxed(),
    }
}

fn statement(scene: Scene, kind: Kind, variables: bool) -> BoxedStrategy<Value> {
    let denies = match kind.denials() {
        Some(often) => weighted(often).boxed(),
        None => Just(true).boxed(),
    };
    denies
        .prop_flat_map(move |denies| {
            let conditional = if denies { 0.6 } else { 0.3 };
            (
                Just(denies),
                principal_element(scene, kind, denies),
                action_element(scene, kind),
                resource_element(scene, kind),
                option::weighted(conditional, condition(scene, kind, variables)),
            )
        })
        .prop_map(|(denies, principal, action, resource, condition)| {
            let effect = if denies { "Deny" } else { "Allow" };
            let mut statement = Map::new();
            statement.insert("Effect".to_owned(), Value::from(effect));
            for (name, value) in [principal, Some(action), resource].into_iter().flatten() {
                statement.insert(name.to_owned(), value);
            }
            if let Some(condition) = condition {
                statement.insert("Condition".to_owned(), condition);
            }
            Value::Object(statement)
        })
        .boxed()
}

/// An element by name.
type Element = (&'static str, Value);

/// Principal or NotPrincipal, for the kinds that have them.
fn principal_element(scene: Scene, kind: Kind, denies: bool) -> BoxedStrategy<Option<Element>> {
    let principal = |value: Value| Some(("Principal", value));
    match kind {
        Kind::Identity | Kind::Boundary | Kind::Session | Kind::Scp => Just(None).boxed(),
        Kind::Rcp => Just(principal(json!("*"))).boxed(),
        Kind::Resource | Kind::Endpoint if denies => {
            let other = not_named(scene, kind).prop_map(|value| Some(("NotPrincipal", value)));
            prop_oneof![3 => named(scene, kind).prop_map(principal), 2 => other].boxed()
        }
        Kind::Resource | Kind::Endpoint | Kind::Trust => named(scene, kind).prop_map(principal).boxed(),
    }
}

/// The entries that such a policy may have: identity providers are for trust policies.
fn entries_for(kind: Kind, entries: &[Entry]) -> Vec<Entry> {
    entries.iter().copied().filter(|(name, _)| *name != "Federated" || kind == Kind::Trust).collect()
}

/// A Principal element, more often than not naming the caller.
fn named(scene: Scene, kind: Kind) -> BoxedStrategy<Value> {
    let far = entries_for(kind, ENTRIES);
    let mut near = entries_for(kind, scene.caller.chain);
    near.extend(entries_for(kind, scene.caller.also));
    let entry =
        if near.is_empty() { select(far).boxed() } else { prop_oneof![3 => select(near), 1 => select(far)].boxed() };
    let entries = (vec(entry, 1..=2), ANY).prop_map(|(entries, bare)| principal_map(&entries, bare));
    let everyone = Just(json!({ "AWS": "*" }));
    if kind == Kind::Trust {
        prop_oneof![5 => entries, 1 => everyone].boxed()
    } else {
        prop_oneof![5 => entries, 1 => everyone, 1 => Just(json!("*"))].boxed()
    }
}

/// A NotPrincipal element: often the whole chain of the caller, sometimes a part of it, sometimes others or everyone.
///
/// Left out, because the rules can be read in two ways: unique ids (whether they complete a chain), `"*"` under
/// `AWS` (whether it exempts services), and accounts in the policy of a gateway endpoint (whether they exempt
/// anyone but root users).
fn not_named(scene: Scene, kind: Kind) -> BoxedStrategy<Value> {
    let clear = |(_, value): &Entry| {
        let unique_id = value.starts_with("AIDA") || value.starts_with("AROA");
        let account = ACCOUNTS.contains(value) || value.ends_with(":root");
        !(unique_id || account && kind == Kind::Endpoint && scene.gateway)
    };
    let chain: Vec<Entry> = entries_for(kind, scene.caller.chain).into_iter().filter(clear).collect();
    let far: Vec<Entry> = entries_for(kind, ENTRIES).into_iter().filter(clear).collect();
    let others = vec(select(far), 1..=2);
    let entries = if chain.is_empty() {
        others.boxed()
    } else {
        let most = chain.len();
        prop_oneof![4 => Just(chain.clone()), 2 => subsequence(chain, 1..=most), 1 => others].boxed()
    };
    let element = (entries, ANY).prop_map(|(entries, bare)| principal_map(&entries, bare));
    prop_oneof![8 => element, 1 => Just(json!("*"))].boxed()
}

/// The entries as a principal map.
fn principal_map(entries: &[Entry], bare: bool) -> Value {
    let mut map = Map::new();
    for name in ["AWS", "Service", "Federated"] {
        let mut values: Vec<Value> = Vec::new();
        for (kind, value) in entries {
            let value = Value::from(*value);
            if *kind == name && !values.contains(&value) {
                values.push(value);
            }
        }
        if !values.is_empty() {
            map.insert(name.to_owned(), listed(values, bare));
        }
    }
    Value::Object(map)
}

/// Actions that are about something else, or about much.
const FAR_ACTIONS: &[&str] = &[
    "s3:*",
    "s3:Get*",
    "s3:*Object",
    "s3:GetObjectAcl",
    "s3:List*",
    "kms:*",
    "kms:Decrypt",
    "kms:*Alias",
    "sts:*",
    "sts:Assume*",
    "iam:*",
    "iam:Get*",
    "ec2:*",
    "ec2:Describe*",
    "s3-object-lambda:Get*",
    "*:Get*",
    "*:*",
];

/// Actions of services that have had RCPs from the start.
const RCP_ACTIONS: &[&str] = &["s3:*", "s3:Get*", "s3:PutObject", "kms:*", "kms:Decrypt", "sts:*", "sts:AssumeRole"];

/// Actions of trust policies.
const TRUST_ACTIONS: &[&str] = &[
    "sts:*",
    "sts:AssumeRole",
    "sts:assumerole",
    "sts:AssumeRole*",
    "sts:AssumeRoleWith*",
    "sts:AssumeRoleWithSAML",
    "sts:AssumeRoleWithWebIdentity",
    "sts:TagSession",
    "sts:SetSourceIdentity",
    "sts:?ssumeRole",
];

/// Patterns that match the action, or nearly do.
fn near_actions(action: &str) -> Vec<String> {
    let (service, name) = action.split_once(':').unwrap_or((action, ""));
    let end = name.len();
    vec![
        action.to_owned(),
        action.to_ascii_lowercase(),
        format!("{}:{name}", service.to_ascii_uppercase()),
        format!("{service}:*"),
        format!("{service}:{}*", &name[..3]),
        format!("{service}:*{}", &name[end - 3..]),
        format!("{service}:{}*{}", &name[..2], &name[end - 2..]),
        format!("{service}:?{}", &name[1..]),
        format!("{service}:{name}*"),
        format!("{service}:{name}?"),
    ]
}

/// Owned copies, for pools that are put together.
fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

/// One to two of the texts, as an element has them.
fn some_of(text: BoxedStrategy<String>) -> BoxedStrategy<Value> {
    (vec(text, 1..=2), ANY).prop_map(|(texts, bare)| listed(texts.into_iter().map(Value::from).collect(), bare)).boxed()
}

/// Action, and now and then NotAction.
fn action_element(scene: Scene, kind: Kind) -> BoxedStrategy<Element> {
    let near = select(near_actions(scene.action));
    let far = select(owned(FAR_ACTIONS));
    let action = |value: Value| ("Action", value);
    match kind {
        Kind::Trust => {
            let known = select(owned(TRUST_ACTIONS));
            let pattern = if scene.action.starts_with("sts:") {
                prop_oneof![1 => near, 1 => known].boxed()
            } else {
                known.boxed()
            };
            some_of(pattern).prop_map(action).boxed()
        }
        Kind::Rcp => {
            let known = select(owned(RCP_ACTIONS));
            let supported = ["s3:", "kms:", "sts:"].iter().any(|service| scene.action.starts_with(service));
            let pattern = if supported { prop_oneof![1 => near, 1 => known].boxed() } else { known.boxed() };
            some_of(pattern).prop_map(action).boxed()
        }
        Kind::Identity | Kind::Boundary | Kind::Session | Kind::Scp | Kind::Resource | Kind::Endpoint => {
            let everything = Just("*".to_owned());
            let pattern = prop_oneof![6 => near, 2 => far.clone(), 1 => everything].boxed();
            let excluded = some_of(far.boxed()).prop_map(|value| ("NotAction", value));
            prop_oneof![8 => some_of(pattern).prop_map(action), 1 => excluded].boxed()
        }
    }
}

/// Patterns that match the resource, or nearly do.
fn near_resources(resource: &str) -> Vec<String> {
    let parts: Vec<&str> = resource.splitn(6, ':').collect();
    let [arn, partition, service, region, account, last] = parts.as_slice() else {
        return vec!["*".to_owned()];
    };
    let start = format!("{arn}:{partition}:{service}:{region}:{account}");
    // Never into the middle of a variable, which would leave its brace open.
    let fixed = last.split("${").next().unwrap_or(last);
    let half = &fixed[..fixed.len() / 2];
    let short = &last[..last.len() - 1];
    vec![
        resource.to_owned(),
        format!("{start}:*"),
        format!("{start}:{half}*"),
        format!("{start}:{short}?"),
        format!("{start}:{last}?"),
        format!("{arn}:*:{service}:*:*:{last}"),
        format!("{arn}:{partition}:{service}:*:{account}:*{last}"),
    ]
}

/// Resource, and now and then NotResource; trust policies have neither.
fn resource_element(scene: Scene, kind: Kind) -> BoxedStrategy<Option<Element>> {
    if kind == Kind::Trust {
        return Just(None).boxed();
    }
    let specific = prop_oneof![
        4 => select(near_resources(scene.resource)),
        3 => select(owned(scene.group.patterns)),
        1 => select(owned(&ALL_PATTERNS.concat())),
    ]
    .boxed();
    let everything = Just("*".to_owned());
    let pattern = prop_oneof![3 => specific.clone(), 1 => everything].boxed();
    let included = some_of(pattern).prop_map(|value| Some(("Resource", value)));
    let excluded = some_of(specific).prop_map(|value| Some(("NotResource", value)));
    prop_oneof![8 => included, 1 => excluded].boxed()
}

// ---------------------------------------------------------------------------------------------------------------------
// Conditions
// ---------------------------------------------------------------------------------------------------------------------

/// Every operator, without qualifiers and suffix.
const OPERATORS: &[&str] = &[
    "StringEquals",
    "StringNotEquals",
    "StringEqualsIgnoreCase",
    "StringNotEqualsIgnoreCase",
    "StringLike",
    "StringNotLike",
    "NumericEquals",
    "NumericNotEquals",
    "NumericLessThan",
    "NumericLessThanEquals",
    "NumericGreaterThan",
    "NumericGreaterThanEquals",
    "DateEquals",
    "DateNotEquals",
    "DateLessThan",
    "DateLessThanEquals",
    "DateGreaterThan",
    "DateGreaterThanEquals",
    "Bool",
    "BinaryEquals",
    "IpAddress",
    "NotIpAddress",
    "ArnEquals",
    "ArnNotEquals",
    "ArnLike",
    "ArnNotLike",
    "Null",
];

/// The operators that suit a key best.
fn suited(key: &str) -> &'static [&'static str] {
    match key {
        "aws:SourceIp" => &["IpAddress", "NotIpAddress", "Null"],
        "ec2:Number" => &[
            "NumericEquals",
            "NumericNotEquals",
            "NumericLessThan",
            "NumericLessThanEquals",
            "NumericGreaterThan",
            "NumericGreaterThanEquals",
        ],
        "aws:CurrentTime" => &[
            "DateEquals",
            "DateNotEquals",
            "DateLessThan",
            "DateLessThanEquals",
            "DateGreaterThan",
            "DateGreaterThanEquals",
        ],
        "aws:SecureTransport" | "aws:MultiFactorAuthPresent" | "aws:ViaAWSService" => &["Bool", "Null"],
        "example:Arn" | "aws:PrincipalArn" => {
            &["ArnEquals", "ArnNotEquals", "ArnLike", "ArnNotLike", "StringLike", "StringEquals"]
        }
        "example:Blob" => &["BinaryEquals", "StringEquals"],
        _ => &[
            "StringEquals",
            "StringNotEquals",
            "StringEqualsIgnoreCase",
            "StringNotEqualsIgnoreCase",
            "StringLike",
            "StringNotLike",
            "Null",
        ],
    }
}

/// The condition keys, given and derived; `aws:TagKeys` and `example:List` hold several values.
const CONDITION_KEYS: &[&str] = &[
    "aws:PrincipalTag/team",
    "aws:SourceIp",
    "s3:prefix",
    "ec2:Number",
    "aws:CurrentTime",
    "aws:SecureTransport",
    "example:Arn",
    "example:Blob",
    "aws:TagKeys",
    "example:List",
    "aws:username",
    "aws:userid",
    "aws:PrincipalArn",
    "aws:PrincipalAccount",
    "aws:PrincipalType",
    "aws:ResourceAccount",
    "aws:ViaAWSService",
    "aws:MultiFactorAuthPresent",
];

/// Values that fit one key better than the rest.
fn values_of(key: &str) -> &'static [&'static str] {
    match key {
        "aws:PrincipalTag/team" => &["red", "blue", "home", ""],
        "s3:prefix" => &["", "home/", "home/*", "home/ann/*"],
        "aws:SourceIp" => &["203.0.113.7", "203.0.113.*"],
        "aws:TagKeys" => &["a", "b", "?"],
        "example:List" => &["red", "ann", "10", "*"],
        "example:Blob" => &["AQI=", "AQ*"],
        "aws:username" => &["ann", "ANN", "b*"],
        "aws:userid" => &["AIDAEXAMPLEANN", "AROAEXAMPLEWEB:s1", "AROAEXAMPLEWEB:*", "111111111111:*", "anonymous"],
        "aws:PrincipalAccount" | "aws:ResourceAccount" => &["111111111111", "222222222222", "anonymous", "*"],
        "aws:PrincipalType" => &["User", "AssumedRole", "Account", "FederatedUser", "Anonymous"],
        "example:Arn" | "aws:PrincipalArn" => ARN_PATTERNS,
        "aws:SecureTransport" | "aws:ViaAWSService" | "aws:MultiFactorAuthPresent" => &["true", "false"],
        _ => &["10", "*"],
    }
}

const STRINGS: &[&str] = &[
    "",
    "*",
    "red",
    "RED",
    "blue",
    "ann",
    "r?d",
    "a*",
    "home/",
    "home/ann/",
    "home/*",
    "10",
    "true",
    "$x",
    "${*}",
    "a${*}",
    "a${?}",
    "${aws:username}",
    "${AWS:USERNAME}",
    "${aws:username}/*",
    "home/${aws:username}/",
    "home/${aws:username}/*",
    "${aws:PrincipalTag/team}",
    "${aws:PrincipalTag/team}*",
    "${aws:PrincipalTag/team, 'red'}",
    "${aws:PrincipalTag/team, ''}",
    "${aws:PrincipalTag/team, 'a, b'}",
    "${example:List, 'red'}",
];

const ARN_PATTERNS: &[&str] = &[
    "*",
    "arn:aws:iam::111111111111:root",
    "arn:aws:iam::111111111111:role/app/web",
    "arn:aws:iam::111111111111:role/*",
    "arn:aws:iam::*:user/ann",
    "arn:aws:iam::111111111111:user/${aws:username}",
    "arn:aws:iam::*:*/${aws:PrincipalTag/team, 'deploy'}",
    "arn:aws:sts::111111111111:assumed-role/web/s1",
    "arn:aws:sts::*:federated-user/?nn",
    "arn:aws:sns:us-east-1:111111111111:t?",
    "arn:aws:sns:*:${aws:PrincipalAccount}:red",
    "arn:aws:x:*:111111111111:f/*",
    "arn:aws:x:us-east-2:222222222222:s:*",
];

const NUMBERS: &[&str] = &["10", "9", "1.2", "1.20", "-1", "+10", "0", "-0", "10.0", "1000000000000000000000.5"];

const DATES: &[&str] = &[
    "2024-01-01T00:00:00Z",
    "2024-01-01T01:00:00+01:00",
    "2023-12-31T19:00:00-05:00",
    "2024-01",
    "2024-01-01",
    "1704067200",
    "1704067200.5",
    "2024-02-29",
    "2024-06-15T12:30Z",
    "2024-06-15T12:30:00",
    "2024-06-15T12:30:00.5Z",
    "2030-12-31T23:59:59.999Z",
];

const BLOBS: &[&str] = &["AQI=", "AQID", "//8=", "AA=="];

const NETWORKS: &[&str] = &[
    "203.0.113.0/24",
    "203.0.113.7",
    "203.0.113.9/31",
    "203.0.113.9/24",
    "10.0.0.0/8",
    "0.0.0.0/0",
    "2001:db8::/32",
    "2001:DB8:0::1",
    "::/0",
];

/// A Condition element of one or two comparisons.
fn condition(scene: Scene, kind: Kind, variables: bool) -> BoxedStrategy<Value> {
    vec(comparison(scene, kind, variables), 1..=2)
        .prop_map(|comparisons| {
            let mut condition: Map<String, Value> = Map::new();
            for (operator, key, values) in comparisons {
                let keys = condition.entry(operator).or_insert_with(|| json!({}));
                if let Some(keys) = keys.as_object_mut() {
                    // R1.22: keys under one operator never differ by case alone.
                    let taken = keys.keys().any(|other| other.eq_ignore_ascii_case(&key));
                    if !taken {
                        keys.insert(key, values);
                    }
                }
            }
            Value::Object(condition)
        })
        .boxed()
}

/// An operator, a key and the values.
type Comparison = (String, String, Value);

/// Keys that make a bucket policy not public. Which operators count for that is left open by the rules, so where it
/// matters they are used only in the ways of [`PINNING`].
const PINNING_KEYS: &[&str] = &["aws:SourceIp", "aws:userid", "aws:PrincipalArn", "aws:PrincipalAccount"];

const PINNING: &[(&str, &str, &str)] = &[
    ("IpAddress", "aws:SourceIp", "203.0.113.0/24"),
    ("IpAddress", "aws:SourceIp", "10.0.0.0/8"),
    ("IpAddress", "aws:SourceIp", "0.0.0.0/0"),
    ("IpAddress", "aws:SourceIp", "200.0.0.0/5"),
    ("IpAddress", "aws:SourceIp", "2001:db8::/32"),
    ("IpAddress", "aws:SourceIp", "2001:d00::/24"),
    ("NotIpAddress", "aws:SourceIp", "203.0.113.0/24"),
    ("StringEquals", "aws:PrincipalAccount", "111111111111"),
    ("StringEquals", "aws:PrincipalAccount", "222222222222"),
    ("StringNotEquals", "aws:PrincipalAccount", "333333333333"),
    ("StringLike", "aws:PrincipalAccount", "1*"),
    ("ArnEquals", "aws:PrincipalArn", "arn:aws:iam::111111111111:role/app/web"),
    ("ArnLike", "aws:PrincipalArn", "arn:aws:iam::222222222222:user/bob"),
    ("ArnLike", "aws:PrincipalArn", "arn:aws:iam::111111111111:role/*"),
    ("ArnNotLike", "aws:PrincipalArn", "arn:aws:iam::333333333333:root"),
];

fn comparison(scene: Scene, kind: Kind, variables: bool) -> BoxedStrategy<Comparison> {
    let careful = scene.restricted && kind == Kind::Resource;
    let keys: Vec<&'static str> = CONDITION_KEYS
        .iter()
        .copied()
        .filter(|key| !(scene.caller.leaves_open(key) || careful && PINNING_KEYS.contains(key)))
        .collect();
    let general = select(keys).prop_flat_map(move |key| comparison_of(key, variables));
    if !careful {
        return general.boxed();
    }
    let pinning: Vec<(&'static str, &'static str, &'static str)> =
        PINNING.iter().copied().filter(|(_, key, _)| !scene.caller.leaves_open(key)).collect();
    let pin = select(pinning).prop_map(|(operator, key, value)| (operator.to_owned(), key.to_owned(), json!(value)));
    prop_oneof![1 => general, 1 => pin].boxed()
}

/// A comparison of one key, mostly with an operator that suits it.
fn comparison_of(key: &'static str, variables: bool) -> BoxedStrategy<Comparison> {
    let spelling = prop_oneof![
        8 => Just(key.to_owned()),
        1 => Just(key.to_ascii_uppercase()),
    ];
    let operator = prop_oneof![3 => select(suited(key)), 1 => select(OPERATORS)];
    (spelling, operator)
        .prop_flat_map(move |(spelling, operator)| {
            (Just(spelling), Just(operator), qualifier(key), weighted(0.2), values(key, operator, variables))
        })
        .prop_map(|(spelling, operator, qualifier, if_exists, values)| {
            // R1.21: `Null` takes no suffix.
            let suffix = if if_exists && operator != "Null" { "IfExists" } else { "" };
            (format!("{qualifier}{operator}{suffix}"), spelling, values)
        })
        .boxed()
}

/// A set qualifier, seldom for keys with one value and mostly for keys with several.
fn qualifier(key: &str) -> BoxedStrategy<&'static str> {
    let several = key == "aws:TagKeys" || key == "example:List";
    let plain: u32 = if several { 1 } else { 10 };
    prop_oneof![plain => Just(""), 2 => Just("ForAllValues:"), 2 => Just("ForAnyValue:")].boxed()
}

/// One to three policy values that the operator can read.
fn values(key: &str, operator: &str, variables: bool) -> BoxedStrategy<Value> {
    let pool = if operator == "Null" {
        vec![json!("true"), json!("false"), json!(true), json!(false)]
    } else if operator == "Bool" {
        let mut pool = vec![json!("true"), json!("false"), json!("False"), json!(true), json!(false)];
        if variables {
            pool.push(json!("${aws:PrincipalTag/team, 'true'}"));
        }
        pool
    } else if operator == "BinaryEquals" {
        json_texts(BLOBS)
    } else if operator.starts_with("Numeric") {
        let mut pool = json_texts(NUMBERS);
        pool.extend([json!(10), json!(9)]);
        pool
    } else if operator.starts_with("Date") {
        json_texts(DATES)
    } else if operator.starts_with("Arn") {
        json_texts(ARN_PATTERNS)
    } else if operator.ends_with("IpAddress") {
        json_texts(NETWORKS)
    } else {
        // Strings: the key's own values count as much as all the others.
        let own = json_texts(values_of(key));
        let mut pool = json_texts(STRINGS);
        for _ in 0..STRINGS.len() / own.len() {
            pool.extend(own.iter().cloned());
        }
        pool
    };
    (vec(select(pool), 1..=3), ANY).prop_map(|(values, bare)| listed(values, bare)).boxed()
}

fn json_texts(texts: &[&str]) -> Vec<Value> {
    texts.iter().map(|text| Value::from(*text)).collect()
}

// ---------------------------------------------------------------------------------------------------------------------
// The request context
// ---------------------------------------------------------------------------------------------------------------------

const TEAMS: &[&str] = &["red", "blue", "home", "a*", "true", ""];
const ADDRESSES: &[&str] = &["203.0.113.7", "203.0.113.200", "203.0.114.1", "10.1.2.3", "2001:db8::1", "::1"];
const PREFIXES: &[&str] = &["", "home/", "home/ann/", "home/ann", "red/", "ann/", "a*", "ab", "${aws:username}"];
const COUNTS: &[&str] = &["10", "9", "1.20", "-1", "0", "010", "1e1", "many", ""];
const TIMES: &[&str] = &[
    "2024-01-01T00:00:00Z",
    "2024-06-15T12:30:00Z",
    "2024-06-15T12:30:00.500Z",
    "2024-02-29T00:00:00Z",
    "2024-01-01T01:00:00+01:00",
    "1704067200",
];
const TRUTHS: &[&str] = &["true", "false"];
const ARNS: &[&str] = &[
    "arn:aws:iam::111111111111:role/app/web",
    "arn:aws:iam::111111111111:user/ann",
    "arn:aws:iam::222222222222:role/deploy",
    "arn:aws:sns:us-east-1:111111111111:t1",
    "arn:aws:sns:us-east-1:111111111111:red",
    "arn:aws:x:us-east-2:222222222222:s:111111111111:f/d",
    "arn:aws:x",
    "red",
    "",
];
const BYTES: &[&str] = &["AQI=", "AQID", "//8=", "red!"];
const TAG_KEYS: &[&str] = &["a", "b", "c", "10", ""];
const LISTED: &[&str] = &[
    "red",
    "ann",
    "home/",
    "10",
    "true",
    "203.0.113.7",
    "2024-01-01",
    "AQI=",
    "arn:aws:iam::111111111111:role/app/web",
    "",
];

/// One of the texts, or the key is absent.
fn perhaps(texts: &'static [&'static str]) -> BoxedStrategy<Option<Value>> {
    option::weighted(0.7, select(texts).prop_map(Value::from)).boxed()
}

/// A list of the texts, which may be empty, or the key is absent.
fn perhaps_several(texts: &'static [&'static str]) -> BoxedStrategy<Option<Value>> {
    option::weighted(0.75, vec(select(texts), 0..=3).prop_map(Value::from)).boxed()
}

/// The context that comes with the request. The time is always given, and tags only for those who can carry them.
fn context(scene: Scene) -> BoxedStrategy<Map<String, Value>> {
    let team = if scene.caller.tagged { perhaps(TEAMS) } else { Just(None).boxed() };
    (
        team,
        perhaps(ADDRESSES),
        perhaps(PREFIXES),
        perhaps(COUNTS),
        select(TIMES).prop_map(|time| Some(Value::from(time))),
        perhaps(TRUTHS),
        perhaps(ARNS),
        perhaps(BYTES),
        perhaps_several(TAG_KEYS),
        perhaps_several(LISTED),
    )
        .prop_map(|(team, address, prefix, count, time, secure, arn, bytes, tag_keys, list)| {
            let given = [
                ("aws:PrincipalTag/team", team),
                ("aws:SourceIp", address),
                ("s3:prefix", prefix),
                ("ec2:Number", count),
                ("aws:CurrentTime", time),
                ("aws:SecureTransport", secure),
                ("example:Arn", arn),
                ("example:Blob", bytes),
                ("aws:TagKeys", tag_keys),
                ("example:List", list),
            ];
            let present = given.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?)));
            present.collect::<Map<String, Value>>()
        })
        .boxed()
}
