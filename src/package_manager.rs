//! The programs that install what a `package.json` asks for.

/// One of them.
pub struct PackageManager {
    /// What it is called.
    pub name: &'static str,
    /// The files in which it notes the exact versions, beside that or in a folder above it.
    pub lock_files: &'static [&'static str],
    /// How a script is run, and what stands before options for it.
    pub runs: &'static str,
    /// See [`PackageManager::runs`].
    pub options: &'static str,
    /// How a program of a package is run.
    pub executes: &'static str,
    /// How packages are installed as the lock file has them, in the folder itself.
    pub installs: &'static str,
    /// The words of installing them from elsewhere, before the folder and behind it.
    pub installs_in: [&'static str; 2],
    /// What it does in a session to the main checkout's packages, to which a link leads. Each was seen to do so: npm 11, pnpm 9,
    /// yarn 1 and bun 1. An `npm install` puts a folder in the link's place.
    pub does: &'static str,
}

/// The last one is that of a project which names none.
pub const PACKAGE_MANAGERS: [PackageManager; 4] = [
    PackageManager {
        name: "pnpm",
        lock_files: &["pnpm-lock.yaml"],
        runs: "pnpm ",
        options: " ",
        executes: "pnpm exec ",
        installs: "pnpm install --frozen-lockfile --prefer-offline",
        installs_in: ["pnpm --dir", " install --frozen-lockfile"],
        does: "pnpm install in a session would change it there",
    },
    PackageManager {
        name: "bun",
        lock_files: &["bun.lock", "bun.lockb"],
        runs: "bun run ",
        options: " ",
        executes: "bunx ",
        installs: "bun install --frozen-lockfile",
        installs_in: ["bun install --cwd", ""],
        does: "bun install in a session would change it there",
    },
    PackageManager {
        name: "yarn",
        lock_files: &["yarn.lock"],
        runs: "yarn ",
        options: " ",
        executes: "yarn ",
        installs: "yarn install --frozen-lockfile",
        installs_in: ["yarn --cwd", " install"],
        does: "yarn install in a session would change it there",
    },
    PackageManager {
        name: "npm",
        lock_files: &["package-lock.json", "npm-shrinkwrap.json"],
        runs: "npm run ",
        options: " -- ",
        executes: "npx ",
        installs: "npm ci --prefer-offline",
        installs_in: ["npm --prefix", " ci"],
        does: "npm ci in a session would empty it there",
    },
];
