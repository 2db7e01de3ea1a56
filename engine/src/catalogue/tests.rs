use super::*;
use crate::arn::Arn;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;

fn published() -> &'static Catalogue {
    Catalogue::published()
}

#[test]
fn the_data_file_is_the_one_its_checksum_belongs_to() {
    let written = include_str!("aws.txt.gz.sha256");
    let digest: String = Sha256::digest(DATA).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(written, format!("{digest}  aws.txt.gz\n"));
    assert!(DATA.len() <= 450_000, "{} bytes", DATA.len());
}

#[test]
fn every_member_can_be_unpacked_and_stands_in_order() {
    let catalogue = published();
    assert!(lines(&catalogue.about).next() == Some("catalogue\t1"));
    let services = &catalogue.services;
    assert!(services.is_sorted_by(|one, other| one.prefix() < other.prefix()));
    assert_eq!(services.len(), 456);
    for service in services {
        let (first, more) = service.members.split_first().unwrap();
        assert!(first.text().starts_with(&format!("service\t{}\n", service.prefix())), "{}", service.prefix());
        for member in more {
            let (prefix, name) = member.name().split_once(':').unwrap();
            assert_eq!(prefix, service.prefix());
            assert!(member.text().starts_with(&format!("action\t{name}\t")), "{}", member.name());
        }
    }
    // What is unpacked here is all there is.
    let mut whole = String::new();
    std::io::Read::read_to_string(&mut flate2::read::MultiGzDecoder::new(DATA), &mut whole).unwrap();
    let in_front = [&catalogue.about, &catalogue.lists].into_iter().flatten();
    let members = in_front.chain(services.iter().flat_map(|service| &service.members));
    assert_eq!(whole, members.map(Member::text).collect::<String>());
}

#[test]
fn every_action_is_found_by_its_name() {
    for action in published().services().flat_map(Service::actions) {
        assert_eq!(published().action(&action.to_string().to_uppercase()).unwrap().name(), action.name());
    }
}

#[test]
fn every_action_has_an_id_of_its_own_which_questions_and_policies_know() {
    let mut ids = BTreeSet::new();
    for action in published().services().flat_map(Service::actions) {
        assert!(ids.insert(action.id()), "{action}");
        assert_eq!(crate::request::Action::parse(&action.to_string()).unwrap().id(), action.id());
    }
    assert_eq!(ids.len(), 22_091);
}

#[test]
fn the_counts_are_those_of_the_data() {
    let actions = published().services().flat_map(Service::actions).count();
    let types = published().services().flat_map(Service::resource_types).count();
    let own = |service: Service<'static>| service.keys().filter(|key| !key.name().starts_with("aws:"));
    let keys: BTreeSet<&str> = published().services().flat_map(own).map(Key::name).collect();
    let dependents: Vec<usize> =
        published().services().flat_map(Service::actions).map(|action| action.dependents().count()).collect();
    let with_dependents = dependents.iter().filter(|&&count| count > 0).count();
    assert_eq!((actions, types, with_dependents), (22_091, 2_334, 1_654));
    // 1,580 with the three global ones, less one that is listed in two spellings.
    assert_eq!(keys.len(), 1_576);
}

#[test]
fn sorted_and_without_twins() {
    for service in published().services() {
        let names: Vec<String> = service.actions().map(|action| action.name().to_lowercase()).collect();
        assert!(names.is_sorted_by(|one, other| one < other), "{}", service.prefix());
    }
}

#[test]
fn every_dependent_action_and_every_resource_type_exists() {
    for action in published().services().flat_map(Service::actions) {
        for needed in action.dependents() {
            assert_eq!(published().action(needed).unwrap().to_string(), needed, "{action}");
        }
        assert!(action.resources().all(|resource| resource.resource_type().is_some()), "{action}");
        assert!(action.levels().next().is_some(), "{action}");
    }
}

#[test]
fn an_operation_is_no_action_and_needs_actions_that_exist() {
    for (operation, needed) in operations() {
        assert!(published().action(operation).is_none(), "{operation}");
        let (prefix, _) = operation.split_once(':').unwrap();
        assert!(published().service(prefix).is_some(), "{operation}");
        let named: Vec<&str> = needed.split('`').skip(1).step_by(2).collect();
        assert!(!named.is_empty(), "{operation}");
        for name in named {
            assert_eq!(published().action(name).unwrap().to_string(), name, "{operation}");
        }
    }
    assert!(operations().map(|(operation, _)| operation.to_lowercase()).is_sorted_by(|one, other| one < other));
}

#[test]
fn a_client_is_no_service_and_its_prefixes_are() {
    for (client, prefixes) in clients() {
        assert!(published().service(client).is_none(), "{client}");
        assert!(prefixes.split(',').all(|prefix| published().service(prefix).is_some()), "{client}: {prefixes}");
    }
    assert!(clients().map(|(client, _)| client).is_sorted_by(|one, other| one < other));
}

#[test]
fn global_keys_are_sorted_and_agree_with_what_services_list() {
    let names: Vec<String> = global::GlobalKey::all().map(|key| key.name().to_lowercase()).collect();
    assert!(names.is_sorted_by(|one, other| one < other));
    for key in published().services().flat_map(Service::keys).filter(|key| key.name().starts_with("aws:")) {
        let Some(known) = global::GlobalKey::find(key.name()) else { panic!("{}", key.name()) };
        assert_eq!(known.is_list(), key.is_list(), "{}", key.name());
    }
}

#[test]
fn names_that_vary_cover_what_is_put_in() {
    for (name, key, wanted) in [
        ("s3:ExistingObjectTag/<key>", "s3:existingobjecttag/team", true),
        ("s3:ExistingObjectTag/<key>", "s3:existingobjecttag/", false),
        ("kms:EncryptionContext:${EncryptionContextKey}", "kms:encryptioncontext:app", true),
        ("codebuild:secondarySources/${sourceIdentifier}.location", "codebuild:secondarysources/x.y.location", true),
        ("codebuild:secondarySources/${sourceIdentifier}.location", "codebuild:secondarysources/x.type", false),
        ("token.actions.githubusercontent.com:sub", "token.actions.githubusercontent.com:sub", true),
        ("aws:TagKeys", "aws:tagkeys/x", false),
    ] {
        assert_eq!(covers(name, key), wanted, "{name} {key}");
    }
}

#[test]
fn suggestions_name_what_was_meant() {
    for (text, wanted) in [
        ("s3:GetObjet", "did you mean `s3:GetObject`?"),
        ("s3:GetObjects", "did you mean `s3:GetObject`?"),
        ("s3:ReadObject", "did you mean `s3:GetObject`?"),
        ("s3:UploadObject", "did you mean `s3:PutObject`?"),
        ("dynamodb:InsertItem", "did you mean `dynamodb:PutItem`?"),
        (
            "s3:DescribeInstances",
            "did you mean `ec2:DescribeInstances`, `opsworks:DescribeInstances` or `gamelift:DescribeInstances`?",
        ),
        ("ec3:DescribeInstances", "did you mean `ec2:DescribeInstances`?"),
        ("emr:RunJobFlow", "did you mean `elasticmapreduce:RunJobFlow`?"),
        ("iam:AssumeRole", "did you mean `sts:AssumeRole`?"),
        ("s3:HeadObject", "that operation needs `s3:GetObject` on the object"),
        ("s3:listobjectsv2", "that operation needs `s3:ListBucket` on the bucket"),
        ("bedrock-runtime:Converse", "that operation needs `bedrock:InvokeModel` on the model"),
    ] {
        let unknown = published().look_up(text).unwrap_err();
        assert_eq!(unknown.help().as_deref(), Some(wanted), "{text}");
    }
    let unknown = published().look_up("lambda:Invoke").unwrap_err();
    assert!(unknown.help().unwrap().starts_with("that operation needs `lambda:InvokeFunction`"));
    assert_eq!(published().look_up("frobnicate:Xyzzy").unwrap_err().help(), None);
}

#[test]
fn keys_that_were_probably_meant() {
    for (key, wanted) in [
        ("aws:SourceIpp", "aws:SourceIp"),
        ("aws:PrincipalOrgId ", "aws:PrincipalOrgID"),
        ("aws:PrincipleTag/team", "aws:PrincipalTag/${TagKey}"),
        ("s3:prefixx", "s3:prefix"),
        ("s3:SourceIp", "aws:SourceIp"),
    ] {
        assert_eq!(published().nearest_keys(key), [wanted], "{key}");
    }
    assert!(published().nearest_keys("example:nothing").is_empty());
}

/// The quick way to hold an ARN against a form says what the way for patterns says.
#[test]
fn forms_fit_arns_as_they_meet_patterns() {
    let (mut asked, mut fitting) = (0, 0);
    for service in published().services() {
        let templates: Vec<Template<'_>> = service.resource_types().flat_map(|of| of.arns()).collect();
        let filled = templates.iter().map(|template| template.filled("aws"));
        let mut arns: Vec<String> = filled.clone().collect();
        arns.extend(filled.clone().map(|arn| format!("{arn}/more")));
        arns.extend(filled.clone().map(|arn| arn.replace("ACCOUNT", "")));
        arns.extend(filled.clone().map(|arn| arn.replace('/', "/x/")));
        arns.extend(filled.clone().map(|arn| arn.replace('/', "//")));
        arns.extend(filled.clone().map(|arn| format!("{arn}{}", arn.rsplit([':', '/']).next().unwrap())));
        arns.extend(filled.map(|arn| arn.chars().take(arn.len() - 1).collect()));
        for arn in arns.iter().filter_map(|arn| Arn::parse(arn)) {
            for template in &templates {
                let symbols = arn.parts().map(|part| part.chars().map(Symbol::Char).collect());
                assert_eq!(template.fits(&arn), template.meets(&symbols), "{template} {arn:?}");
                asked += 1;
                fitting += usize::from(template.fits(&arn));
            }
        }
    }
    assert!(fitting > 2_000 && asked > 10 * fitting, "{fitting} of {asked}");
}
