//! Scripts in the place of programs.

use super::{Sandbox, shell, until};
use std::fs;
use std::path::Path;
use std::process::Command;

/// What a script waits with: it says that it was reached, and goes on when the gate is open, or the sandbox gone.
pub const GATE: &str = r#"mkdir -p "$SANDBOX/reached"; while [ ! -e "$SANDBOX/gate" ] && [ -e "$SANDBOX" ]; do sleep 0.01; done"#;

impl Sandbox {
    /// Waits until a script is at the gate.
    #[track_caller]
    pub fn await_gate(&self) {
        until("a script is at the gate", || {
            self.root.join("reached").exists()
        });
    }

    /// Lets it go on.
    pub fn open_gate(&self) {
        fs::write(self.root.join("gate"), "").unwrap();
    }

    /// Puts a script before a program on the PATH; `$REAL` is the program itself.
    pub fn wrap(&self, program: &str, script: &str) {
        let real = shell::which(program).unwrap();
        let script = format!("REAL={}\n{script}", real.display());
        self.write_script(&self.root.join("bin").join(program), &script);
    }

    /// Runs a script before a program whose arguments, with a space on both sides, fit a pattern of the shell's.
    pub fn intercept(&self, program: &str, pattern: &str, script: &str) {
        let script = format!(r#"case " $* " in {pattern}) {script};; esac; exec "$REAL" "$@""#);
        self.wrap(program, &script);
    }

    /// Takes such a script away.
    pub fn unwrap(&self, program: &str) {
        fs::remove_file(self.root.join("bin").join(program)).unwrap();
    }

    /// Writes a bash script that can be executed.
    pub fn write_script(&self, path: &Path, script: &str) {
        // A file that this process has open for writing, or a child that it starts meanwhile, cannot be executed: `install`
        // writes it in a process of its own.
        let text = self.root.join("script");
        fs::write(&text, format!("#!/bin/bash\n{script}\n")).unwrap();
        let status = Command::new("install")
            .arg("-m755")
            .args([&text, path])
            .status();
        assert!(status.unwrap().success());
        fs::remove_file(text).unwrap();
    }
}
