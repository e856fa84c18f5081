//! The user's shell, its start-up file, and the programs on its PATH.

use super::Sandbox;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// A shell that is installed.
pub struct Shell {
    name: &'static str,
    path: PathBuf,
}

impl Shell {
    pub fn bash() -> Self {
        Self::find("bash").unwrap()
    }

    /// None if it is not installed, but where all must be tested.
    pub fn find(name: &str) -> Option<Self> {
        let name = ["bash", "zsh", "fish"]
            .into_iter()
            .find(|known| *known == name)
            .unwrap();
        let path = which(name);
        assert!(
            path.is_some() || std::env::var("CI").as_deref() != Ok("true"),
            "{name} is not installed"
        );
        path.map(|path| Self { name, path })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The start-up file, from the home folder.
    pub fn start_up(&self) -> &'static str {
        match self.name {
            "zsh" => ".zshrc",
            "fish" => ".config/fish/config.fish",
            _ => ".bash_profile",
        }
    }

    /// Puts the stand-ins on the PATH, which the system's own start-up files may have set anew, and makes `workon` go to the
    /// main checkout, as virtualenvwrapper's does in a project of its own.
    pub fn write_start_up(&self, sandbox: &Sandbox) {
        let quote = |path: &Path| {
            shlex::try_quote(path.to_str().unwrap())
                .unwrap()
                .into_owned()
        };
        let bin = quote(&sandbox.root.join("bin"));
        let main = quote(&sandbox.main);
        let project = quote(Path::new(sandbox.main.file_name().unwrap()));
        let text = if self.name == "fish" {
            format!(
                "set -gx PATH {bin} $PATH\n\
                 set -g fish_greeting\n\
                 function fish_prompt; echo '$ '; end\n\
                 function workon\n  \
                   test \"$argv[1]\" = {project}; or begin; echo \"ERROR: Environment '$argv[1]' does not exist.\"; return 1; end\n  \
                   set -gx VIRTUAL_ENV {project}; cd {main}\n\
                 end\n"
            )
        } else {
            format!(
                "export PATH={bin}:\"$PATH\"\n\
                 PS1='$ '\n\
                 workon() {{\n  \
                   [ \"$1\" = {project} ] || {{ echo \"ERROR: Environment '$1' does not exist.\"; return 1; }}\n  \
                   export VIRTUAL_ENV={project}; cd {main}\n\
                 }}\n"
            )
        };
        super::write(&sandbox.home.join(self.start_up()), text);
    }
}

/// Puts the stand-ins into a folder.
pub fn install_stand_ins(bin: &Path) {
    let script = bin.join("stand-in");
    // Without the user's packages it starts in a fraction of the time.
    let text = format!(
        "#!{} -IS\n{}",
        python().display(),
        include_str!("stand_in.py")
    );
    fs::write(&script, text).unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    for program in ["python", "npm", "claude"] {
        symlink("stand-in", bin.join(program)).unwrap();
    }
}

impl Sandbox {
    /// Puts a stand-in for one more program at a path.
    pub fn stand_in(&self, path: &Path) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        symlink(self.root.join("bin/stand-in"), path).unwrap();
    }
}

/// The interpreter itself, not a script that looks for one.
pub fn python() -> &'static Path {
    static PYTHON: OnceLock<PathBuf> = OnceLock::new();
    PYTHON.get_or_init(|| {
        let output = Command::new("python3")
            .args(["-c", "import sys; print(sys.executable)"])
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap().trim().into()
    })
}

/// Where a program is.
pub fn which(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap();
    std::env::split_paths(&path)
        .map(|dir| dir.join(program))
        .find(|path| path.is_file())
}
