//! The README's examples are run, and print what it says.
//!
//! `UPDATE_README=1 cargo test --test readme` writes what they print into it; read the difference like code.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a panic is how a test fails")]

use std::fmt::Write;
use std::fs;
use std::process::Command;

/// The words of a command line; single quotes keep a word together.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    for c in line.chars() {
        match c {
            '\'' => quoted = !quoted,
            ' ' if !quoted => words.push(String::new()),
            other => words.last_mut().unwrap().push(other),
        }
    }
    words
}

/// What a command prints, standard error after standard output, with the exit code if it is not 0.
fn printed(line: &str) -> String {
    let words = words(line);
    assert_eq!(words[0], "can-access", "{line}");
    let output = Command::new(env!("CARGO_BIN_EXE_can-access")).args(&words[1..]).output().unwrap();
    let texts = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
    let mut text = texts.concat();
    let code = output.status.code().unwrap();
    if code != 0 {
        text = format!("{}\n[exit code {code}]\n", text.trim_end());
    }
    text
}

/// The README with every example's output as it is.
fn rewritten(readme: &str) -> String {
    let mut text = String::new();
    let mut inside = false;
    for line in readme.lines() {
        match line {
            "```console" => inside = true,
            "```" => inside = false,
            _ if inside => {
                if let Some(command) = line.strip_prefix("$ ") {
                    writeln!(text, "{line}").unwrap();
                    text.push_str(&printed(command));
                }
                continue;
            }
            _ => {}
        }
        writeln!(text, "{line}").unwrap();
    }
    text
}

#[test]
fn the_examples_print_what_the_readme_says() {
    let readme = fs::read_to_string("README.md").unwrap();
    assert!(readme.matches("$ can-access").count() >= 6, "the examples are where the test looks for them");
    let rewritten = rewritten(&readme);
    if std::env::var_os("UPDATE_README").is_some() {
        fs::write("README.md", &rewritten).unwrap();
        return;
    }
    for (number, (said, printed)) in readme.lines().zip(rewritten.lines()).enumerate() {
        assert_eq!(said, printed, "line {}", number + 1);
    }
    assert_eq!(readme.lines().count(), rewritten.lines().count());
}

/// The two set-up commands: the first is run as far as its arguments go, the second is this run.
#[test]
fn the_set_up_commands_are_the_gates_own() {
    let readme = fs::read_to_string("README.md").unwrap();
    let gate = fs::read_to_string(".ci/run").unwrap();
    let block = readme.split("```sh\n").nth(1).unwrap().split("```").next().unwrap();
    let commands: Vec<&str> = block.lines().collect();
    assert_eq!(commands.len(), 2);
    let query = commands[0].strip_prefix("cargo run --release -- ").unwrap();
    assert!(printed(&format!("can-access {query}")).starts_with("allowed\n"));
    assert!(gate.contains(query) && gate.contains(commands[1]), "the gate runs what the README says");
}

/// The policy test in the README passes.
#[test]
fn the_policy_test_passes() {
    let readme = fs::read_to_string("README.md").unwrap();
    let test = readme.split("```yaml\n").nth(1).unwrap().split("```").next().unwrap();
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("readme");
    fs::create_dir_all(&folder).unwrap();
    fs::copy("corpus/policies/pipelines-bucket.json", folder.join("pipelines-bucket.json")).unwrap();
    let path = folder.join("readme.access-test.yaml");
    fs::write(&path, test).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_can-access")).arg("test").arg(&path).output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "3 passed, 0 failed\n");
}
