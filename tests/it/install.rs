//! What a release consists of, and the lines in the README that install it.
#![cfg(target_os = "linux")]

use crate::sandbox::{Outcome, Sandbox, read, write};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The folder that holds this repository.
fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A release of a program that says so, where its address says that it is.
struct Release {
    sandbox: Sandbox,
    address: String,
    folder: PathBuf,
}

impl Release {
    fn pack(sandbox: Sandbox) -> Self {
        let folder = sandbox.root.join("place/releases/latest/download");
        let address = format!("file://{}/place", sandbox.root.display());
        let name = Command::new("uname").arg("-sm").output().unwrap().stdout;
        let name = String::from_utf8(name).unwrap().trim().replace(' ', "-");
        for machine in [&name, "Other-machine"] {
            let program = folder.join(format!("tally-session-{machine}"));
            write(&program, format!("#!/bin/sh\necho made for {machine}\n"));
        }
        let mut pack = sandbox.command(repository().join(".github/pack"), &sandbox.root);
        pack.args([VERSION, &address]).arg(&folder);
        sandbox.outcome(&mut pack).says("");
        Self {
            sandbox,
            address,
            folder,
        }
    }

    /// The README's lines with this address, as the user's shell runs them.
    fn install(&self) -> Outcome {
        let readme = read(&repository().join("README.md"));
        let (_, lines) = readme.split_once("\nrepository=").unwrap();
        let (lines, _) = lines.split_once("\n```").unwrap();
        let (_, lines) = lines.split_once('\n').unwrap();
        let lines = format!("repository={}\n{lines}", self.address);
        let shell = self.sandbox.shell_path();
        let mut shell = self.sandbox.command(shell, &self.sandbox.root);
        self.sandbox.outcome(shell.args(["-c", &lines]))
    }

    fn installed(&self) -> PathBuf {
        self.sandbox.home.join(".local/bin/tally-session")
    }
}

#[test]
fn the_readme_s_lines_install_a_release_and_update_it() {
    for shell in ["bash", "zsh"] {
        let Some(sandbox) = Sandbox::with_shell(shell) else {
            continue;
        };
        let release = Release::pack(sandbox);
        for _ in 0..2 {
            release.install().says("tally-session-[..]: OK\n");
            let said = Command::new(release.installed()).output().unwrap().stdout;
            assert!(said.starts_with(b"made for Linux-"));
            write(&release.installed(), "an older one");
        }
        let beside = fs::read_dir(release.installed().parent().unwrap()).unwrap();
        assert_eq!(beside.count(), 1);
    }
}

#[test]
fn the_readme_s_lines_install_nothing_that_differs_from_its_checksum() {
    let release = Release::pack(Sandbox::new());
    for file in fs::read_dir(&release.folder).unwrap() {
        let file = file.unwrap().path();
        if file.extension().is_some_and(|it| it == "gz") {
            let other = release.folder.join("tally-session-Other-machine.tar.gz");
            fs::copy(other, file).unwrap();
        }
    }
    release.install().is(
        1,
        "tally-session-[..]: FAILED\n",
        "[..]sha256sum: WARNING: 1 computed checksum did NOT match\n",
    );
    assert!(!release.installed().exists());
}

#[test]
fn a_release_says_what_is_new_how_to_install_it_and_under_which_licence() {
    let release = Release::pack(Sandbox::new());
    let notes = read(&release.folder.join("notes.md"));
    let changes = read(&repository().join(".github/CHANGELOG.md"));
    let (news, install) = notes.split_once("\n\n## Install\n").unwrap();
    assert!(changes.contains(&format!("\n## {VERSION}\n{news}\n")));
    let from = format!("repository={}\n", release.address);
    assert!(install.contains(&from), "{install}");
    let here = format!("/releases/download/v{VERSION}/");
    assert!(install.contains(&here), "{install}");
    let sandbox = &release.sandbox;
    let mut tar = sandbox.command("tar", &release.folder);
    tar.args(["-xzf", "tally-session-Other-machine.tar.gz"]);
    sandbox.outcome(&mut tar).says("");
    assert!(read(&release.folder.join("README.md")).contains(&from));
    let licence = read(&release.folder.join("LICENSE"));
    assert!(licence.contains("MIT License") && licence.contains("WITHOUT WARRANTY"));
}

#[test]
fn a_release_without_news_is_refused() {
    let sandbox = Sandbox::new();
    let mut pack = sandbox.command(repository().join(".github/pack"), &sandbox.root);
    pack.args(["0.0.99", "https://example.com", "."]);
    let words = "error: the section 0.0.99 of .github/CHANGELOG.md is not there\n";
    sandbox.outcome(&mut pack).fails(words);
}
