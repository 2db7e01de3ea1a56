//! Shrinking action patterns never changes what they cover.

use crate::cases;
use can_access_engine::action::{ActionElement, ActionPattern};
use can_access_engine::catalogue::{Catalogue, Service};
use can_access_engine::expansion::{Style, expand_all, expand_element, shrink, shrink_policy};
use can_access_engine::layer::Layer;
use can_access_engine::policy::Policy;
use can_access_engine::problem::Source;
use proptest::prelude::*;
use proptest::sample::{Index, select, subsequence};

/// Services of all sizes.
fn prefixes() -> Vec<&'static str> {
    let mut prefixes: Vec<&str> = Catalogue::published().services().map(Service::prefix).collect();
    // The well-known ones more often.
    prefixes.extend(["s3", "iam", "sqs", "kms", "dynamodb", "lambda", "ec2"].repeat(20));
    prefixes
}

/// Entries as people write them: names of one service, patterns with a few of their letters, and what no service has.
fn entries() -> impl Strategy<Value = Vec<String>> {
    let of_service = select(prefixes()).prop_flat_map(|prefix| {
        let names: Vec<&str> =
            Catalogue::published().service(prefix).unwrap().actions().map(|action| action.name()).collect();
        let most = names.len().min(40);
        let literal = subsequence(names.clone(), 1..=most);
        let cut = (select(names), any::<Index>(), any::<bool>()).prop_map(|(name, index, front)| {
            let at = index.index(name.len());
            if front { format!("*{}", &name[at..]) } else { format!("{}*", &name[..at]) }
        });
        (literal, prop::collection::vec(cut, 0..3)).prop_map(move |(literal, cut)| {
            let names = literal.into_iter().map(str::to_owned).chain(cut);
            names.map(|name| format!("{prefix}:{name}")).collect::<Vec<String>>()
        })
    });
    let odd = select(vec!["s3:GetObjet", "newservice:DoIt", "*:Get*", "s3:*", "S3:getobject", "s3:Get?bject", "iam:"]);
    (prop::collection::vec(of_service, 1..4), prop::collection::vec(odd, 0..2)).prop_map(|(of_services, odd)| {
        of_services.into_iter().flatten().chain(odd.into_iter().map(str::to_owned)).collect()
    })
}

fn patterns(texts: &[String]) -> Vec<ActionPattern> {
    texts.iter().map(|text| ActionPattern::parse(text)).collect()
}

fn covered(patterns: &[ActionPattern]) -> Vec<String> {
    expand_all(Catalogue::published(), patterns).iter().map(ToString::to_string).collect()
}

/// The slow, obvious expansion: every action of the catalogue, asked of each pattern as a request would ask.
fn covered_slowly(patterns: &[ActionPattern]) -> Vec<String> {
    let all = Catalogue::published().services().flat_map(Service::actions).map(|action| action.to_string());
    let matches = |name: &String| {
        let action = can_access_engine::request::Action::parse(name).unwrap();
        patterns.iter().any(|pattern| pattern.matches(&action))
    };
    all.filter(matches).collect()
}

proptest! {
    #![proptest_config(cases(60))]

    #[test]
    fn shrinking_covers_the_same_and_is_never_longer(
        texts in entries(), style in select(vec![Style::Shortest, Style::KeepVerbs])
    ) {
        let before = patterns(&texts);
        let short = shrink(Catalogue::published(), &before, style);
        prop_assert_eq!(covered(&patterns(&short)), covered(&before));
        let length = |texts: &[String]| texts.iter().map(|text| text.len() + 3).sum::<usize>();
        prop_assert!(length(&short) <= length(&texts), "{:?}", short);
        // Once is enough, and the order of the entries does not matter.
        prop_assert_eq!(&shrink(Catalogue::published(), &patterns(&short), style), &short);
        let mut turned = texts.clone();
        turned.reverse();
        let mut again = shrink(Catalogue::published(), &patterns(&turned), style);
        let mut short = short;
        again.sort();
        short.sort();
        prop_assert_eq!(again, short);
    }

    #[test]
    fn expanding_agrees_with_asking_for_every_action(texts in entries()) {
        let patterns = patterns(&texts);
        prop_assert_eq!(covered(&patterns), covered_slowly(&patterns));
    }

    #[test]
    fn a_shrunk_policy_grants_and_denies_the_same(
        texts in entries(), element in select(vec!["Action", "NotAction"]), effect in select(vec!["Allow", "Deny"])
    ) {
        let list = serde_json::to_string_pretty(&texts).unwrap();
        let text = format!(
            "{{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": {{\n    \"Effect\": \"{effect}\",\n    \"{element}\": {list},\n    \"Resource\": \"*\"\n  }}\n}}\n"
        );
        let policy = Policy::read(Source::new("p.json", text), Layer::Identity).unwrap();
        let shrunk = shrink_policy(Catalogue::published(), &policy, Style::Shortest).unwrap();
        let again = Policy::read(Source::new("p.json", shrunk.text.clone()), Layer::Identity).unwrap();
        let of = |policy: &Policy| -> Vec<String> {
            let element: &ActionElement = policy.statements()[0].action();
            expand_element(Catalogue::published(), element).iter().map(ToString::to_string).collect()
        };
        prop_assert_eq!(of(&policy), of(&again));
        prop_assert_eq!(policy.statements()[0].effect(), again.statements()[0].effect());
    }
}
