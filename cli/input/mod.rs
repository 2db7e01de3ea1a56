//! What comes from outside: files, directories, globs and standard input, and the policies in them.

pub(crate) mod lines;
pub(crate) mod policies;
pub(crate) mod yaml;

use crate::Failure;
use can_access_engine::document;
use can_access_engine::policy::Refused;
use can_access_engine::problem::Source;
use globset::GlobBuilder;
use std::collections::HashSet;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Takes standard input for one purpose.
///
/// # Errors
/// It was taken for another: what is read there next would be missing here.
pub(crate) fn take_standard_input() -> Result<(), Failure> {
    static TAKEN: AtomicBool = AtomicBool::new(false);
    if TAKEN.swap(true, Ordering::Relaxed) {
        return Err(Failure::usage("standard input can be read but once, and `-` is given more than once"));
    }
    Ok(())
}

/// The text behind a path, or of standard input for `-`.
pub(crate) fn read(path: &str) -> Result<Arc<Source>, Failure> {
    let failed = |error| Failure::Read { path: path.to_owned(), error };
    let (name, bytes) = if path == "-" {
        take_standard_input()?;
        let mut bytes = Vec::new();
        std::io::stdin().lock().read_to_end(&mut bytes).map_err(failed)?;
        ("<stdin>", bytes)
    } else {
        (path, fs::read(path).map_err(failed)?)
    };
    decode(name, bytes).map_err(|refused| Failure::Refused(vec![refused]))
}

/// Bytes as a text with a name; refused with the place of the first byte that is no UTF-8.
pub(crate) fn decode(name: &str, bytes: Vec<u8>) -> Result<Arc<Source>, Refused> {
    let (text, problem) = document::decode(bytes);
    let source = Source::new(name, text);
    match problem {
        None => Ok(source),
        Some(problem) => Err(Refused::new(source, vec![problem])),
    }
}

/// The files that a path stands for: itself; the files of a directory, and those below it, that `wanted` takes; or
/// those that a glob selects. In order of their names.
pub(crate) fn files(path: &str, wanted: impl Fn(&Path) -> bool) -> Result<Vec<String>, Failure> {
    let metadata = fs::metadata(path);
    match metadata {
        Ok(metadata) if metadata.is_dir() => {
            let mut found = Vec::new();
            walk(Path::new(path), &mut found, &mut HashSet::new())?;
            found.retain(|file| wanted(file));
            only_files(found)
        }
        Ok(_) => Ok(vec![path.to_owned()]),
        Err(_) if path.contains(['*', '?', '[', '{']) => {
            let glob = GlobBuilder::new(path).literal_separator(true).build();
            let matcher =
                glob.map_err(|error| Failure::usage(format!("`{path}` is no glob: {error}")))?.compile_matcher();
            let start: PathBuf = Path::new(path)
                .iter()
                .take_while(|part| !part.to_string_lossy().contains(['*', '?', '[', '{']))
                .collect();
            let mut found = Vec::new();
            let start = if start.as_os_str().is_empty() { PathBuf::from(".") } else { start };
            walk(&start, &mut found, &mut HashSet::new())?;
            found = found.into_iter().map(|file| file.strip_prefix("./").map(Path::to_owned).unwrap_or(file)).collect();
            found.retain(|file| matcher.is_match(file));
            if found.is_empty() {
                return Err(Failure::usage(format!("no file matches `{path}`")));
            }
            only_files(found)
        }
        Err(error) => Err(Failure::Read { path: path.to_owned(), error }),
    }
}

/// Every file below a directory. Links are followed, into a directory once; a link to nothing is an error, because the
/// policy that is missing may be the one that denies.
fn walk(directory: &Path, found: &mut Vec<PathBuf>, seen: &mut HashSet<PathBuf>) -> Result<(), Failure> {
    let failed = |path: &Path| {
        let path = path.display().to_string();
        move |error| Failure::Read { path, error }
    };
    if !seen.insert(directory.canonicalize().map_err(failed(directory))?) {
        return Ok(());
    }
    for entry in fs::read_dir(directory).map_err(failed(directory))? {
        let path = entry.map_err(failed(directory))?.path();
        if fs::metadata(&path).map_err(failed(&path))?.is_dir() {
            walk(&path, found, seen)?;
        } else {
            found.push(path);
        }
    }
    Ok(())
}

/// Refuses what is among the files of a directory and is none, such as a named pipe.
fn only_files(found: Vec<PathBuf>) -> Result<Vec<String>, Failure> {
    if let Some(other) = found.iter().find(|path| !path.is_file()) {
        return Err(Failure::usage(format!("{} is no regular file", other.display())));
    }
    Ok(names(found))
}

fn names(mut files: Vec<PathBuf>) -> Vec<String> {
    files.sort();
    files.iter().map(|file| file.to_string_lossy().into_owned()).collect()
}
