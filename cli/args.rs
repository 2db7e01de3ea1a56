//! The arguments, as clap reads them; completions and the manual page are made from the same definitions.

use can_access_engine::catalogue::AccessLevel;
use can_access_engine::expansion::Style;
use clap::{Args, Parser, Subcommand, ValueEnum};

const EXAMPLES: &str = "\
Examples:
  Does the policy let its holder delete this object?
    can-access -p policy.json s3:DeleteObject 'arn:aws:s3:::data/2017-02-02_$folder$'

  A bucket policy, asked as a role of another account:
    can-access -p bucket.json --principal arn:aws:iam::111122223333:role/backup \\
        --resource-account 444455556666 s3:PutObject arn:aws:s3:::backups/day

  With context keys, and what the account's organization allows:
    can-access -p role.json --scp root.json --scp ou.json \\
        -c aws:SourceIp=203.0.113.7 -c aws:TagKeys=cost -c aws:TagKeys=team \\
        ec2:CreateTags 'arn:aws:ec2:eu-west-1:111122223333:instance/*'

  A gate in a pipeline: fails unless the answer is a denial, errors included:
    can-access -p role.json --expect denied iam:CreateUser '*'

  Why, statement by statement:
    can-access explain -p policy.json s3:GetObject arn:aws:s3:::data/k

Exit codes:
  0  allowed (every pair of action and resource), or as --expect says
  1  denied, or not as --expect says
  2  could not decide: usage, unreadable or malformed input
  3  with --unknown: it depends on context that was not given";

const TEST_EXAMPLES: &str = "\
Examples:
  Run every policy test below a directory:
    can-access test policies/

  One result a line, for machines:
    can-access test --format jsonl policies/role.access-test.yaml

A test file, role.access-test.yaml:
  version: 1
  policies:
    identity: [role.json]
  tests:
    - name: the exporter never deletes data
      action: s3:DeleteObject
      resource: arn:aws:s3:::data/part-0001
      expect: denied

Exit codes:
  0  every test passed
  1  a test failed
  2  a test file could not be read";

const BATCH_EXAMPLES: &str = "\
Requests are told apart by their first bytes:
  JSON Lines   {\"principal\": \"…\", \"action\": \"s3:GetObject\", \"resource\": \"arn:…\", \"context\": {\"aws:SourceIp\": \"…\"}}
               what `request` holds in a decision's JSON; a JSON document with an array of them is taken, too
  CSV          with a header: principal,action,resource,resourceAccount and condition keys as columns; a row to a
               line, quotes around whole fields, and a column of a condition key repeated for a list
  simulator    the input of SimulateCustomPolicy: ActionNames, ResourceArns, ContextEntries, …

Options give what a request does not say itself; policies that a request brings along count together with those of
the options. A request that cannot be read is answered with {\"decision\": \"error\", …} in its place, reported with
its line, and stops nothing; nor does a file that breaks off.

Examples:
  can-access batch -p role.json requests.jsonl > decisions.jsonl
  can-access batch -p role.json --principal arn:aws:iam::111122223333:role/app --fail-on denied < requests.csv

Exit codes:
  0  every request was answered
  1  an answer is one of --fail-on
  2  a request could not be read";

const REPLAY_EXAMPLES: &str = "\
A line of a log is evidence only if it can be read in one way: who is refused cannot forge a success into their own
request line, referer or user agent. What a log does not tell (most headers, tags, organizations) is unknown; a request
whose verdict hangs on it is `undecided`, and the keys are named.

Examples:
  Would the new policy have denied anything that succeeded?
    can-access replay -p new.json logs/

  And in comparison with the old one:
    can-access replay -p new.json --baseline old.json logs/

  A bucket's own policy, and a role's:
    can-access replay --resource-policy data=bucket.json \\
        --identity arn:aws:iam::111122223333:role/export=role.json 'logs/2026-11-*'

  Every request with its verdict:
    can-access replay -p new.json --each logs/ | jq 'select(.verdict == \"denied\")'

Exit codes:
  0  nothing that succeeded is denied
  1  something is (with --baseline: something that the baseline allows)
  2  usage, unreadable or malformed input";

const DERIVE_EXAMPLES: &str = "\
The policy goes to standard output, a summary to standard error. Before it is written, it is held against all of the
evidence: it allows every request that was allowed, and none that was refused and never allowed. It depends on which
requests were proven, not on how often, when or in which file; lines that can be read in several ways change nothing.

Examples:
  What does the nightly export need?
    can-access derive --principal arn:aws:iam::111122223333:role/export logs/ > policy.json

  A policy for each principal, with the evidence behind every grant:
    can-access derive --out-dir policies --report report.json logs/

  A bucket policy that grants nothing on secrets, whatever the logs say:
    can-access derive --as bucket-policy --bucket data --never 'secrets/*' logs/

  Which lines made a grant necessary?
    can-access derive --why s3:DeleteObject 'arn:aws:s3:::data/*.instruction' logs/

  What of a policy in force was never used?
    can-access derive --existing policy.json logs/ > tighter.json

Exit codes:
  0  a policy was written
  1  there is no evidence, or with --strict: lines could not be used
  2  usage, unreadable or malformed input, or no policy can be proven";

const MERGE_EXAMPLES: &str = "\
Partial results of different logs give what all the logs together would, in whatever order they are merged. A part that
is merged twice counts once. Parts have to be made with the same options.

Examples:
  On each machine, for its share of the logs:
    can-access derive --partial part-7.json logs/2026-11-07/

  Then once:
    can-access merge part-*.json -o all.json
    can-access derive --principal arn:aws:iam::111122223333:role/export all.json > policy.json

Exit codes:
  0  done
  2  usage, or a file is no partial result, damaged, or of other options than the rest";

const EXPAND_EXAMPLES: &str = "\
Examples:
  What does the pattern cover?
    can-access expand 's3:Get*Tagging'

  Everything in two services that changes permissions:
    can-access expand 'iam:*' 'kms:*' --level permissions-management

  For machines, with access levels:
    can-access expand 'dynamodb:*' --format jsonl

Exit codes:
  0  done
  1  a pattern covers no action, or none is of the level and service
  2  usage";

const SHRINK_EXAMPLES: &str = "\
Only action patterns are changed, NotAction and Deny included; everything else stays to the byte. The result is expanded
and compared before it is written. A wildcard stands for whole words, and never for a single action.

Examples:
  Write the policy with shorter patterns:
    can-access shrink policy.json > shorter.json

  See what was changed:
    can-access shrink policy.json --format json

Exit codes:
  0  done, also if nothing could be made shorter
  2  usage, unreadable or malformed input";

const DESCRIBE_EXAMPLES: &str = "\
Examples:
  What can a policy say about the action?
    can-access describe s3:GetObject

  The service, with the names of its actions:
    can-access describe -v dynamodb

  A condition key:
    can-access describe aws:SourceIp

Exit codes:
  0  done
  2  AWS has nothing of that name";

/// Answers offline whether AWS IAM policies allow a principal an action on an ARN, and why
///
/// No account, no network: the answer comes from the policy files alone.
#[derive(Debug, Parser)]
#[command(
    name = "can-access",
    bin_name = "can-access",
    version,
    args_conflicts_with_subcommands = true,
    after_long_help = EXAMPLES,
    after_help = "Run `can-access --help` for examples and exit codes.",
    override_usage = "can-access [-p FILE]... [OPTIONS] ACTION... [RESOURCE]...\n       can-access <COMMAND>",
    disable_help_subcommand = true,
    term_width = 0,
    max_term_width = 100
)]
pub(crate) struct Cli {
    /// What to do other than to answer a query.
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    /// The bare query.
    #[command(flatten)]
    pub(crate) query: Query,
}

impl Cli {
    /// The options that every command has.
    pub(crate) fn common(&self) -> &Common {
        match &self.command {
            Some(Command::Explain(query)) => &query.common,
            Some(Command::Test(test)) => &test.common,
            Some(Command::Batch(batch)) => &batch.common,
            Some(Command::Replay(replay)) => &replay.common,
            Some(Command::Derive(derive)) => &derive.common,
            Some(Command::Merge(merge)) => &merge.common,
            Some(Command::Expand(expand)) => &expand.common,
            Some(Command::Shrink(shrink)) => &shrink.common,
            Some(Command::Describe(describe)) => &describe.common,
            _ => &self.query.common,
        }
    }
}

/// The commands besides the bare query.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Answer a query and show for every statement whether it applied, or which element stopped it
    #[command(after_long_help = EXAMPLES, override_usage = "can-access explain [-p FILE]... [OPTIONS] ACTION... [RESOURCE]...")]
    Explain(Box<Query>),
    /// Run policy tests: files called *.access-test.yaml, .yml or .json
    #[command(after_long_help = TEST_EXAMPLES)]
    Test(TestArgs),
    /// Answer many requests: JSON Lines or CSV in, JSON Lines out, in order
    #[command(after_long_help = BATCH_EXAMPLES)]
    Batch(Box<BatchArgs>),
    /// Hold policies against the requests of access logs: what would they have allowed and denied?
    #[command(after_long_help = REPLAY_EXAMPLES)]
    Replay(Box<ReplayArgs>),
    /// Write the least policy that lets through what access logs prove to have been needed
    #[command(after_long_help = DERIVE_EXAMPLES)]
    Derive(Box<DeriveArgs>),
    /// Put partial results of replay or derive together
    #[command(after_long_help = MERGE_EXAMPLES)]
    Merge(MergeArgs),
    /// List the actions that patterns cover
    #[command(after_long_help = EXPAND_EXAMPLES)]
    Expand(ExpandArgs),
    /// Write a policy with the shortest action patterns that cover the same actions
    #[command(after_long_help = SHRINK_EXAMPLES)]
    Shrink(ShrinkArgs),
    /// Show what AWS says of an action, a service or a condition key: level, resources, keys, dependents
    #[command(after_long_help = DESCRIBE_EXAMPLES)]
    Describe(DescribeArgs),
    /// Print the JSON Schema of an output format
    Schema(SchemaArgs),
    /// Print a completion script for a shell
    Completions(CompletionsArgs),
    /// Print the manual page
    Man,
}

/// A query: policies, a request, and how to answer.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Query {
    /// Actions such as s3:GetObject, then resources as ARNs; every pair is asked about. Without a resource, `*`
    #[arg(value_name = "ACTION... [RESOURCE]...")]
    pub(crate) words: Vec<String>,
    #[command(flatten)]
    pub(crate) policies: PolicyArgs,
    #[command(flatten)]
    pub(crate) request: RequestArgs,
    /// Exit with 0 if every answer is this one, with 1 if not
    #[arg(long, value_name = "DECISION", help_heading = "Output")]
    pub(crate) expect: Option<Expected>,
    #[command(flatten)]
    pub(crate) common: Common,
}

/// Where the policies are. Each takes a file, a directory (its *.json files), a quoted glob, or - for standard input.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Policies (each FILE may be a directory, a quoted glob, or - for standard input)")]
pub(crate) struct PolicyArgs {
    /// An identity policy; or, if its statements have a Principal, a resource-based one. Repeatable
    #[arg(short, long, value_name = "FILE")]
    pub(crate) policy: Vec<String>,
    /// The policy of the resource: bucket policy, key policy, role trust policy, … Repeatable
    #[arg(long, value_name = "FILE")]
    pub(crate) resource_policy: Vec<String>,
    /// The permissions boundary of the user or role
    #[arg(long, value_name = "FILE")]
    pub(crate) boundary: Vec<String>,
    /// A session policy. Repeatable
    #[arg(long, value_name = "FILE")]
    pub(crate) session_policy: Vec<String>,
    /// Service control policies of one level of the principal's organization, root first: repeat for each level.
    /// A directory or a list with commas is one level's set
    #[arg(long, value_name = "FILE[,FILE]...")]
    pub(crate) scp: Vec<String>,
    /// Resource control policies of one level of the resource's organization, as --scp
    #[arg(long, value_name = "FILE[,FILE]...")]
    pub(crate) rcp: Vec<String>,
    /// The policy of the VPC endpoint that the request goes through
    #[arg(long, value_name = "FILE")]
    pub(crate) endpoint_policy: Vec<String>,
    /// The policy of the access point that is asked for; --resource-policy is then that of the bucket behind it
    #[arg(long, value_name = "FILE")]
    pub(crate) access_point_policy: Vec<String>,
}

/// The request besides actions and resources.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Request")]
pub(crate) struct RequestArgs {
    /// Who asks: an ARN (user, role, role session, federated user, root, identity provider), an account id (its root
    /// user), a service such as lambda.amazonaws.com, federated:PROVIDER, or anonymous
    #[arg(long, value_name = "PRINCIPAL")]
    pub(crate) principal: Option<String>,
    /// The account that owns the resource, whatever its ARN says [default: the one in the ARN, or else the principal's]
    #[arg(long, value_name = "ACCOUNT")]
    pub(crate) resource_account: Option<String>,
    /// A condition key and its value; repeat a key for several values
    #[arg(short, long, value_name = "KEY=VALUE")]
    pub(crate) context: Vec<String>,
    /// Condition keys in a JSON file: an object of keys and values; a list is a multivalued key
    #[arg(long, value_name = "FILE")]
    pub(crate) context_file: Vec<String>,
    /// When the request is made, in RFC 3339 [default: now]
    #[arg(long, value_name = "TIME")]
    pub(crate) now: Option<String>,
    /// Ask about actions that AWS's data does not have, for services newer than the data
    #[arg(long)]
    pub(crate) allow_unknown_actions: bool,
    /// Keys that are not given are unknown instead of absent
    #[arg(long)]
    pub(crate) unknown: bool,
    /// The ARN of the role behind a session, with its path
    #[arg(long, value_name = "ARN")]
    pub(crate) role_arn: Option<String>,
    /// The user who called GetFederationToken for a federated user
    #[arg(long, value_name = "ARN")]
    pub(crate) federating_user: Option<String>,
    /// The unique id of the user (AIDA…) or role (AROA…)
    #[arg(long, value_name = "ID")]
    pub(crate) principal_id: Option<String>,
    /// The management account of the organization, which SCPs and RCPs do not limit
    #[arg(long, value_name = "ACCOUNT")]
    pub(crate) management_account: Option<String>,
    /// S3 Block Public Access has RestrictPublicBuckets on
    #[arg(long)]
    pub(crate) restrict_public_buckets: bool,
    /// The kind of VPC endpoint [default: interface]
    #[arg(long, value_name = "TYPE")]
    pub(crate) endpoint_type: Option<EndpointType>,
    /// When a NotPrincipal of a Deny exempts: if every level is listed, or any [default: chain]
    #[arg(long, value_name = "RULE")]
    pub(crate) not_principal: Option<NotPrincipal>,
    /// A KMS grant covers the request
    #[arg(long)]
    pub(crate) kms_grant: bool,
    /// The caller started the multipart upload that is aborted or listed
    #[arg(long)]
    pub(crate) multipart_initiator: bool,
    /// A canonical user id and its account, ID=ACCOUNT; or, without =, the requester's own. Repeatable
    #[arg(long, value_name = "ID[=ACCOUNT]")]
    pub(crate) canonical_id: Vec<String>,
    /// The ARN of the bucket behind the access point that is asked for
    #[arg(long, value_name = "ARN")]
    pub(crate) access_point_bucket: Option<String>,
}

/// Options that every command has.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct Common {
    /// How to print the answer
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(crate) format: Format,
    /// Print nothing but errors; the exit code is the answer
    #[arg(short, long)]
    pub(crate) quiet: bool,
    /// Print more: warnings about the policies, and every statement
    #[arg(short, long)]
    pub(crate) verbose: bool,
    /// When to use colours; NO_COLOR is respected
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    pub(crate) color: Color,
    /// How many threads to use [default: one for each core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) threads: Option<u16>,
}

/// Arguments of `test`.
#[derive(Debug, Clone, Args)]
pub(crate) struct TestArgs {
    /// Test files, directories that hold them, or quoted globs
    #[arg(value_name = "PATH", required = true)]
    pub(crate) paths: Vec<String>,
    /// Ask as the tests say, whatever AWS's data has, for services newer than the data
    #[arg(long)]
    pub(crate) allow_unknown_actions: bool,
    /// Hold the requests against compiled policies, which have to say the same
    #[arg(long, hide = true)]
    pub(crate) compiled: bool,
    #[command(flatten)]
    pub(crate) common: Common,
}

/// Arguments of `batch`.
#[derive(Debug, Clone, Args)]
pub(crate) struct BatchArgs {
    /// Files of requests, plain or gzip; - or none for standard input
    #[arg(value_name = "REQUESTS")]
    pub(crate) requests: Vec<String>,
    #[command(flatten)]
    pub(crate) policies: PolicyArgs,
    #[command(flatten)]
    pub(crate) request: RequestArgs,
    /// Exit with 1 if an answer is this. Repeatable
    #[arg(long, value_name = "ANSWER", help_heading = "Output")]
    pub(crate) fail_on: Vec<FailOn>,
    #[command(flatten)]
    pub(crate) common: Common,
}

/// Arguments of `replay`.
#[derive(Debug, Clone, Args)]
pub(crate) struct ReplayArgs {
    /// Access logs: files, directories, quoted globs, or - for standard input; plain or gzip
    #[arg(value_name = "LOGS", required = true)]
    pub(crate) logs: Vec<String>,
    #[command(flatten)]
    pub(crate) policies: PolicyArgs,
    /// The identity policies of one principal, by the ARN of the user or role. Repeatable
    #[arg(long, value_name = "ARN=FILE", help_heading = "Policies")]
    pub(crate) identity: Vec<String>,
    /// Policies to compare with, in place of --policy. Repeatable
    #[arg(long, value_name = "FILE", help_heading = "Policies")]
    pub(crate) baseline: Vec<String>,
    /// The account that owns the buckets
    #[arg(long, value_name = "ACCOUNT", help_heading = "What no log says")]
    pub(crate) resource_account: Option<String>,
    /// The account behind a canonical id. Repeatable
    #[arg(long, value_name = "ID=ACCOUNT", help_heading = "What no log says")]
    pub(crate) canonical_id: Vec<String>,
    /// The ARN of a role with its path, which its sessions lack. Repeatable
    #[arg(long, value_name = "ARN", help_heading = "What no log says")]
    pub(crate) role_arn: Vec<String>,
    /// The management account of the organization, which SCPs and RCPs do not limit
    #[arg(long, value_name = "ACCOUNT", help_heading = "What no log says")]
    pub(crate) management_account: Option<String>,
    /// S3 Block Public Access has RestrictPublicBuckets on
    #[arg(long, help_heading = "What no log says")]
    pub(crate) restrict_public_buckets: bool,
    /// Print the verdict on each request as a line of JSON, instead of a summary
    #[arg(long, help_heading = "Output")]
    pub(crate) each: bool,
    /// Write the counts to a file, to be merged with others, instead of a summary
    #[arg(long, value_name = "FILE", conflicts_with = "each", help_heading = "Output")]
    pub(crate) partial: Option<String>,
    #[command(flatten)]
    pub(crate) common: Common,
}

/// Arguments of `derive`.
#[derive(Debug, Clone, Args)]
pub(crate) struct DeriveArgs {
    /// Access logs: files, directories, quoted globs, or - for standard input; plain or gzip
    #[arg(value_name = "LOGS", required = true)]
    pub(crate) logs: Vec<String>,
    /// Only the requests of this principal, by the ARN of the user or role, or `anonymous`. Repeatable
    #[arg(long, value_name = "PRINCIPAL", help_heading = "Evidence")]
    pub(crate) principal: Vec<String>,
    /// Only requests to this bucket. Repeatable
    #[arg(long, value_name = "BUCKET", help_heading = "Evidence")]
    pub(crate) bucket: Vec<String>,
    /// Only requests from this time on: 2026-11-21, or 2026-11-21T19:00:00Z
    #[arg(long, value_name = "TIME", help_heading = "Evidence")]
    pub(crate) since: Option<String>,
    /// Only requests before this time
    #[arg(long, value_name = "TIME", help_heading = "Evidence")]
    pub(crate) until: Option<String>,
    /// Whether a 404 on an object counts as a need to list its bucket: S3 says 403 to those who may not
    #[arg(long, value_name = "WHAT", default_value = "keep", help_heading = "Evidence")]
    pub(crate) existence_probes: Probes,
    /// The account behind a canonical id. Repeatable
    #[arg(long, value_name = "ID=ACCOUNT", help_heading = "Evidence")]
    pub(crate) canonical_id: Vec<String>,
    /// The ARN of a role with its path, which its sessions in logs lack. Repeatable
    #[arg(long, value_name = "ARN", help_heading = "Evidence")]
    pub(crate) role_arn: Vec<String>,
    /// How closely patterns follow the names that were seen
    #[arg(long, value_name = "HOW", default_value = "balanced", help_heading = "Policy")]
    pub(crate) precision: Precision,
    /// How large the policy may become, as AWS counts it: broader patterns are taken until it fits
    #[arg(long, value_name = "BYTES", help_heading = "Policy")]
    pub(crate) max_bytes: Option<usize>,
    /// Keys that nothing may be granted on, as a pattern such as 'secrets/*', or a pattern of ARNs. Repeatable
    #[arg(long, value_name = "PATTERN", help_heading = "Policy")]
    pub(crate) never: Vec<String>,
    /// On how many days names have to be seen before a * stands for what varies in them
    #[arg(long, value_name = "DAYS", default_value_t = 1, help_heading = "Policy")]
    pub(crate) min_days: usize,
    /// An identity-based policy, or the bucket's
    #[arg(long = "as", value_name = "KIND", default_value = "identity", help_heading = "Policy")]
    pub(crate) form: PolicyForm,
    /// A policy in force: what is derived allows no more and keeps its conditions and denials; what was needed beyond it, and
    /// what of it was never used, is reported. Repeatable
    #[arg(long, value_name = "FILE", help_heading = "Policy")]
    pub(crate) existing: Vec<String>,
    /// Write the policy to a file instead of standard output
    #[arg(short, long, value_name = "FILE", conflicts_with = "out_dir", help_heading = "Output")]
    pub(crate) output: Option<String>,
    /// Write a policy for each principal (or each bucket) into this directory
    #[arg(long, value_name = "DIR", help_heading = "Output")]
    pub(crate) out_dir: Option<String>,
    /// Write what the policy rests on, as JSON (`can-access schema derive`)
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub(crate) report: Option<String>,
    /// Say which lines of the logs made a grant necessary, instead of writing a policy
    #[arg(long, value_names = ["ACTION", "RESOURCE"], num_args = 2, conflicts_with_all = ["output", "out_dir", "report", "strict", "max_bytes", "min_days", "precision"], help_heading = "Output")]
    pub(crate) why: Vec<String>,
    /// Write what the logs prove to a file, to be merged with others, instead of a policy
    #[arg(long, value_name = "FILE", conflicts_with_all = ["output", "out_dir", "report", "why", "principal", "bucket", "precision", "max_bytes", "never", "min_days", "form", "existing", "strict"], help_heading = "Output")]
    pub(crate) partial: Option<String>,
    /// Exit with 1 if lines could not be used: malformed, ambiguous, cut off, of unknown operations
    #[arg(long, help_heading = "Output")]
    pub(crate) strict: bool,
    #[command(flatten)]
    pub(crate) common: Common,
}

/// Arguments of `merge`.
#[derive(Debug, Clone, Args)]
pub(crate) struct MergeArgs {
    /// Partial results: files, directories or quoted globs
    #[arg(value_name = "PARTIAL", required = true)]
    pub(crate) partials: Vec<String>,
    /// Write the result to a file instead of standard output
    #[arg(short, long, value_name = "FILE", help_heading = "Output")]
    pub(crate) output: Option<String>,
    #[command(flatten)]
    pub(crate) common: Common,
}

/// What to do with requests for objects that are not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Probes {
    /// They show that the bucket may be listed, and has to be
    Keep,
    /// They show nothing but that the object may be read
    Drop,
}

/// How closely patterns follow names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Precision {
    /// Wildcards only for what varies in three names at least: ? where its length is fixed
    Strict,
    /// A * for what varies (? for short numbers of directories), and whole directories where names of three kinds or more
    /// come and go
    Balanced,
    /// Whole directories early, and a whole bucket if need be
    Broad,
}

/// Kinds of policies that are derived.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum PolicyForm {
    /// For users and roles
    Identity,
    /// For a bucket, with its principals
    BucketPolicy,
}

/// Answers that a batch can fail on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum FailOn {
    /// A request is denied
    Denied,
    /// The answer depends on context that is not known
    Depends,
}

/// Arguments of `expand`.
#[derive(Debug, Clone, Args)]
pub(crate) struct ExpandArgs {
    /// Patterns of actions, in quotes, such as 's3:Get*Tagging'; without one, every action of --level and --service
    #[arg(value_name = "PATTERN")]
    pub(crate) patterns: Vec<String>,
    /// Only actions of this access level. Repeatable
    #[arg(long, value_name = "LEVEL", ignore_case = true)]
    pub(crate) level: Vec<Level>,
    /// Only actions of the service with this prefix. Repeatable
    #[arg(long, value_name = "PREFIX")]
    pub(crate) service: Vec<String>,
    #[command(flatten)]
    pub(crate) common: Common,
}

/// Arguments of `shrink`.
#[derive(Debug, Clone, Args)]
pub(crate) struct ShrinkArgs {
    /// The policy: a file, or - for standard input
    #[arg(value_name = "POLICY")]
    pub(crate) policy: String,
    /// Wildcards never stand for the verb: AssumeRole* rather than *Role*
    #[arg(long)]
    pub(crate) keep_verbs: bool,
    /// Write to a file instead of standard output
    #[arg(short, long, value_name = "FILE", help_heading = "Output")]
    pub(crate) output: Option<String>,
    #[command(flatten)]
    pub(crate) common: Common,
}

impl ShrinkArgs {
    /// Which patterns are wanted.
    pub(crate) fn style(&self) -> Style {
        if self.keep_verbs { Style::KeepVerbs } else { Style::Shortest }
    }
}

/// Arguments of `describe`.
#[derive(Debug, Clone, Args)]
pub(crate) struct DescribeArgs {
    /// Actions, prefixes of services, or condition keys
    #[arg(value_name = "ACTION|SERVICE|KEY", required = true)]
    pub(crate) names: Vec<String>,
    #[command(flatten)]
    pub(crate) common: Common,
}

/// Access levels of actions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Level {
    /// Sees which resources there are
    List,
    /// Sees what is in them
    Read,
    /// Creates, changes or deletes them
    Write,
    /// Grants or changes permissions
    PermissionsManagement,
    /// Changes tags
    Tagging,
}

impl Level {
    /// The level as the catalogue has it.
    pub(crate) fn of_catalogue(self) -> AccessLevel {
        match self {
            Self::List => AccessLevel::List,
            Self::Read => AccessLevel::Read,
            Self::Write => AccessLevel::Write,
            Self::PermissionsManagement => AccessLevel::PermissionsManagement,
            Self::Tagging => AccessLevel::Tagging,
        }
    }
}

/// Arguments of `schema`.
#[derive(Debug, Clone, Args)]
pub(crate) struct SchemaArgs {
    /// Which output to describe
    pub(crate) of: Schema,
}

/// Arguments of `completions`.
#[derive(Debug, Clone, Args)]
pub(crate) struct CompletionsArgs {
    /// The shell
    pub(crate) shell: clap_complete::Shell,
}

/// Outputs that have a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Schema {
    /// What a query prints with `--format json`
    Decision,
    /// What `test` prints for each pair with `--format jsonl`
    TestResult,
    /// What `replay` prints with `--format json`
    Replay,
    /// The report of derive
    Derive,
    /// What `expand` prints for each action with `--format jsonl`
    ExpandedAction,
    /// What `shrink` prints with `--format json`
    ShrunkPolicy,
    /// What `describe` prints with `--format json`
    Description,
}

/// What a query may be expected to give.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "camelCase")]
pub(crate) enum Expected {
    /// The request is allowed
    Allowed,
    /// The request is denied, explicitly or implicitly
    Denied,
    /// A statement denies the request
    ExplicitDeny,
    /// Nothing allows the request
    ImplicitDeny,
}

/// Output formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum Format {
    /// For people
    #[default]
    Text,
    /// One JSON value
    Json,
    /// One JSON value a line
    Jsonl,
}

/// When to use colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless NO_COLOR is set
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// Kinds of VPC endpoints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum EndpointType {
    /// An account in its policy is the root user only
    Gateway,
    /// An account in its policy is all its identities
    Interface,
}

/// How strictly NotPrincipal exempts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum NotPrincipal {
    /// Account, user or role, and session must be listed
    Chain,
    /// One of them is enough
    Any,
}
