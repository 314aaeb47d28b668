//! Python and what PyPI has, for peers that share no code with us.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// The interpreter of `MENTOR_TEST_PYTHON`, else of an environment that is made below `target/`, with these packages;
/// `modules` is what they are imported by.
///
/// # Panics
/// When there is no Python, or a package can't be had, with what to do.
pub fn python(modules: &str, packages: &[&str]) -> PathBuf {
    if let Some(python) = std::env::var_os("MENTOR_TEST_PYTHON").filter(|path| !path.is_empty()) {
        return PathBuf::from(python);
    }
    let test = std::env::current_exe().expect("a running test knows its own path");
    // target/<profile>/deps/<test>
    let target = test.ancestors().nth(3).expect("tests lie below target/");
    fs::create_dir_all(target.join("tools")).expect("the target folder can be written");
    // Tests in other processes want the same.
    let lock = fs::File::create(target.join("tools/python.lock")).expect("the target folder can be written");
    lock.lock().expect("a lock");
    let home = target.join("tools/python");
    let python = home.join("bin/python3");
    let has_all = |python: &Path| {
        let import = Command::new(python).args(["-c", &format!("import {modules}")]).output();
        import.is_ok_and(|output| output.status.success())
    };
    if !has_all(&python) {
        if !python.is_file() {
            run(Command::new("python3").args(["-m", "venv"]).arg(&home));
        }
        run(Command::new(&python).args(["-m", "pip", "install", "--quiet"]).args(packages));
    }
    python
}

/// Where programs of PyPI are that do not go together with others: the folder that this variable names, else an
/// environment with these packages, made once below `target/tools`.
///
/// # Panics
/// When there is no Python, or a package can't be had, with what to do.
pub fn environment(variable: &str, name: &str, packages: &[&str]) -> PathBuf {
    if let Some(tools) = std::env::var_os(variable).filter(|path| !path.is_empty()) {
        return PathBuf::from(tools);
    }
    let test = std::env::current_exe().expect("a running test knows its own path");
    let tools = test.ancestors().nth(3).expect("tests lie below target/").join("tools");
    fs::create_dir_all(&tools).expect("the target folder can be written");
    let lock =
        fs::File::create(tools.join(format!("{name}.lock"))).expect("the target folder can be written");
    lock.lock().expect("a lock");
    let (home, wanted) = (tools.join(name), packages.join("\n"));
    let (bin, stamp) = (home.join("bin"), home.join("has"));
    if !fs::read_to_string(&stamp).is_ok_and(|has| has == wanted) {
        run(Command::new("python3").args(["-m", "venv"]).arg(&home));
        run(Command::new(bin.join("python3")).args(["-m", "pip", "install", "--quiet"]).args(packages));
        fs::write(stamp, wanted).expect("the target folder can be written");
    }
    bin
}

/// What a line of Python prints.
///
/// # Panics
/// When it fails.
pub fn script_of(python: &Path, line: &str) -> String {
    let output = Command::new(python).args(["-c", line]).output().expect("Python runs");
    assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

fn run(command: &mut Command) {
    let output = command.output().expect("Python 3 with venv: apt install python3-venv");
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}
