//! The real programs, installed once into `target/real-stack` and used by every run after that.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The version that is installed, unless `REAL_STACK_CLAUDE` names another.
const CLAUDE: &str = "2.1.332";
const FRONTEND: [&str; 3] = ["vite@8", "svelte@5", "@sveltejs/vite-plugin-svelte@7"];
const DJANGO: &str = "django~=5.2";
const UV: &str = "uv~=0.13.9";
const VIRTUALENVWRAPPER: &str = "virtualenvwrapper~=6.1";

/// Where each of the real programs is.
pub struct Stack {
    /// The folder with the program `claude`.
    pub claude: PathBuf,
    /// The `node_modules` with Vite, Svelte and its plugin.
    pub node_modules: PathBuf,
    /// The virtual environment that holds virtualenvwrapper.
    pub wrapper: PathBuf,
    /// Django and what it needs, to be installed from without a network.
    pub wheels: PathBuf,
}

/// The folder of it all, for as long as nobody else installs there.
fn cache() -> (PathBuf, File) {
    let cache = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/real-stack");
    fs::create_dir_all(&cache).expect("make target/real-stack");
    let lock = File::create(cache.join("lock")).expect("make target/real-stack/lock");
    lock.lock().expect("lock target/real-stack");
    (cache, lock)
}

/// A folder with uv as `bin/uv`, and in `cache` what it needs to make the environment of a project without a network.
pub fn uv(project: &str) -> PathBuf {
    let (cache, _lock) = cache();
    part(&cache, "uv", &format!("{UV}\n{project}"), |dir| {
        run(Command::new("python3").args(["-m", "venv"]).arg(dir));
        run(Command::new(dir.join("bin/pip")).args(["install", "-q", UV]));
        fs::write(dir.join("pyproject.toml"), project).expect("write pyproject.toml");
        run(Command::new(dir.join("bin/uv"))
            .args(["sync", "-q", "--project"])
            .arg(dir)
            .env("UV_CACHE_DIR", dir.join("cache")));
    })
}

impl Stack {
    /// Installs what is not there yet. Runs at the same time wait for each other.
    pub fn install() -> Self {
        let (cache, _lock) = cache();
        let version = claude_version();
        let claude = format!("@anthropic-ai/claude-code@{version}");
        let claude = part(&cache, &format!("claude-{version}"), &claude, |dir| {
            npm(dir, &[&claude]);
            // npm leaves out the scripts of packages; this one puts the program in its place.
            let package = dir.join("node_modules/@anthropic-ai/claude-code");
            run(Command::new("node").arg("install.cjs").current_dir(package));
        });
        let frontend = part(&cache, "frontend", &FRONTEND.join(" "), |dir| {
            npm(dir, &FRONTEND);
        });
        let wrapper = part(&cache, "wrapper", VIRTUALENVWRAPPER, |dir| {
            run(Command::new("python3").args(["-m", "venv"]).arg(dir));
            run(Command::new(dir.join("bin/pip")).args(["install", "-q", VIRTUALENVWRAPPER]));
        });
        let wheels = part(&cache, "wheels", DJANGO, |dir| {
            let pip = wrapper.join("bin/pip");
            run(Command::new(pip)
                .args(["download", "-q", DJANGO, "-d"])
                .arg(dir));
        });
        Self {
            claude: claude.join("node_modules/.bin"),
            node_modules: frontend.join("node_modules"),
            wrapper,
            wheels,
        }
    }
}

fn claude_version() -> String {
    std::env::var("REAL_STACK_CLAUDE").unwrap_or_else(|_| CLAUDE.to_owned())
}

/// Whether Claude hands a conversation to its daemon when the left arrow is pressed: 2.1.330 does, 2.1.197 does not.
pub fn has_daemon() -> bool {
    let numbers = |version: &str| {
        let parts = version.split('.').map(str::parse::<u32>);
        parts.collect::<Result<Vec<_>, _>>().unwrap_or_default()
    };
    numbers(&claude_version()) >= numbers("2.1.330")
}

/// One folder of the cache. A file in it that is written last says what it holds: without that file, or with another
/// text in it, the folder is made anew.
fn part(cache: &Path, name: &str, holds: &str, install: impl FnOnce(&Path)) -> PathBuf {
    let dir = cache.join(name);
    let stamp = dir.join(".installed");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == holds) {
        return dir;
    }
    if dir.exists() {
        fs::remove_dir_all(&dir).expect("clear a half-made folder");
    }
    fs::create_dir_all(&dir).expect("make a folder of the cache");
    println!("installing {}", dir.display());
    install(&dir);
    fs::write(stamp, holds).expect("write the stamp");
    dir
}

fn npm(dir: &Path, packages: &[&str]) {
    // Without a package.json of its own, npm would look for one in the folders above.
    fs::write(dir.join("package.json"), r#"{ "private": true }"#).expect("write package.json");
    let options = [
        "install",
        "--ignore-scripts",
        "--no-audit",
        "--no-fund",
        "--loglevel=error",
    ];
    run(Command::new("npm")
        .args(options)
        .args(packages)
        .current_dir(dir));
}

fn run(command: &mut Command) {
    let status = command.stdin(Stdio::null()).status();
    let status = status.unwrap_or_else(|error| panic!("cannot start {command:?}: {error}"));
    assert!(status.success(), "{command:?} failed: {status}");
}
