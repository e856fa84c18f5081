//! Packages that a lock file asks for and a session, or the main checkout, has not installed.

use crate::sandbox::{Sandbox, unset, write};
use std::path::Path;

const MODULES: &str = "frontend/node_modules";
const LACKS: &str = "frontend/node_modules lacks what frontend/package-lock.json asks for";
const MAIN_S: &str = "npm --prefix [ROOT]/tally/frontend ci";

/// What npm writes, in a lock file as in its note: the main checkout asks for Vite and has it installed.
fn project(files: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.lay_out(format!("[files]\n{files}\n"));
    sandbox.ask_for_packages();
    lock(&sandbox.main, &["vite"]);
    install(&sandbox.main, &["vite"]);
    sandbox.commit_all();
    sandbox
}

fn packages(names: &[&str]) -> String {
    let one = |name: &&str| format!("\"node_modules/{name}\": {{ \"version\": \"1.0.0\" }}");
    let packages: Vec<_> = names.iter().map(one).collect();
    format!("{{ \"packages\": {{ {} }} }}", packages.join(", "))
}

fn lock(checkout: &Path, names: &[&str]) {
    write(
        &checkout.join("frontend/package-lock.json"),
        packages(names),
    );
}

fn install(checkout: &Path, names: &[&str]) {
    let note = checkout.join(MODULES).join(".package-lock.json");
    write(&note, packages(names));
}

#[test]
fn a_clone_is_told_to_lack_packages_only_where_its_own_lock_file_asks_for_more_than_it_has() {
    let sandbox = project("clone = ['frontend/node_modules']");
    let worktree = sandbox.add("try");
    // A branch that asks for more is merged, and nobody installs.
    lock(&sandbox.main, &["vite", "is-odd"]);
    sandbox.commit_all();
    sandbox.needs_no_resume("try");
    let fresh = "npm --prefix [ROOT]/tally-fresh/frontend ci";
    sandbox.add_telling("fresh", &format!("warning: {LACKS}: {fresh}\n"));
    sandbox
        .run("doctor")
        .tells(&format!(
            "warning  the main checkout's {LACKS}\n         {MAIN_S}\n"
        ))
        .tells(&format!("warning  fresh: {LACKS}\n         {fresh}\n"))
        .says_nothing_of(&format!("try: {LACKS}"));
    for checkout in [&sandbox.main, &sandbox.worktree("fresh")] {
        install(checkout, &["vite", "is-odd"]);
    }
    sandbox.run("doctor").says_nothing_of("lacks");
    // It catches up with the main checkout.
    sandbox.git(&worktree, "merge -q main");
    let own = "npm --prefix [ROOT]/tally-try/frontend ci";
    sandbox
        .run("doctor try")
        .tells(&format!("warning  try: {LACKS}\n         {own}\n"));
    sandbox.run("list").says_nothing_of("lacks");
}

#[test]
fn packages_that_are_shared_are_told_to_be_behind_as_the_main_checkout_s_or_to_be_no_session_s() {
    let sandbox = project("link = ['frontend/node_modules']");
    let worktree = sandbox.worktree("feat");
    sandbox.run("add feat").goes_well();
    lock(&worktree, &["vite", "is-odd"]);
    let what = "frontend/node_modules is the main checkout's, and lacks what frontend/package-lock.json asks for";
    let cure = "if it needs its own, remove the link [ROOT]/tally-feat/frontend/node_modules and install in [ROOT]/tally-feat/frontend/";
    sandbox
        .run("doctor feat")
        .tells(&format!("warning  feat: {what}\n         {cure}\n"));
    lock(&sandbox.main, &["vite", "is-odd"]);
    let behind = format!("the main checkout's {LACKS}");
    sandbox
        .run("doctor feat")
        .tells(&format!("warning  {behind}\n         {MAIN_S}\n"))
        .says_nothing_of(&format!("feat: {MODULES}"));
    sandbox.commit_all();
    sandbox.add_telling("fresh", &format!("warning: {behind}: {MAIN_S}\n"));
    install(&sandbox.main, &["vite", "is-odd"]);
    sandbox.run("doctor").says_nothing_of("lacks");
    // One of the user's own is looked at by its own note.
    let own = worktree.join(MODULES);
    unset(&own);
    install(&worktree, &["vite"]);
    let ci = "npm --prefix [ROOT]/tally-feat/frontend ci";
    sandbox
        .run("doctor")
        .tells(&format!("warning  feat: {LACKS}\n         {ci}\n"));
}
