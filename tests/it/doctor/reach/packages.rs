//! Packages that sessions share with the main checkout.

use super::{CLONE, add, with_packages};
use crate::doctor::{assert_fine, assert_left};
use crate::sandbox::{make_link, unset, write};
use std::fs;

#[test]
fn packages_of_the_main_checkout_that_were_emptied_fail_once_with_how_to_install_them() {
    let sandbox = with_packages();
    let modules = sandbox.main.join("frontend/node_modules");
    add(&sandbox, "feat");
    add(&sandbox, "other");
    let found = |what: &str| format!("the main checkout's frontend/node_modules {what}");
    let install = "npm --prefix [ROOT]/tally/frontend ci";
    unset(&modules.join(".package-lock.json"));
    assert_left(
        &sandbox,
        &format!(
            "warning  {}\n         {install}",
            found("was not installed to its end")
        ),
    );
    unset(&modules);
    fs::create_dir_all(modules.join(".vite")).unwrap();
    let empty = found("is empty, though its package.json asks for packages");
    let outcome = assert_left(&sandbox, &format!("failed   {empty}\n         {install}"));
    assert!(
        !outcome
            .stdout
            .contains("node_modules leads to the main checkout's"),
        "{outcome}"
    );
    unset(&modules);
    let own = sandbox.worktree("feat").join("frontend/node_modules");
    unset(&own);
    fs::create_dir(&own).unwrap();
    make_link(&own, &modules);
    let link = found("is a link to a session's: [ROOT]/tally-feat/frontend/node_modules");
    assert_left(
        &sandbox,
        &format!("failed   {link}\n         rm [ROOT]/tally/frontend/node_modules && {install}"),
    );
}

#[test]
fn emptied_packages_are_installed_again_by_the_program_whose_lock_file_is_there() {
    let sandbox = with_packages();
    let frontend = sandbox.main.join("frontend");
    let modules = frontend.join("node_modules");
    unset(&modules);
    fs::create_dir(&modules).unwrap();
    unset(&frontend.join("package-lock.json"));
    for (lock_file, install) in [
        ("other.lock", "npm --prefix [ROOT]/tally/frontend install"),
        (
            "npm-shrinkwrap.json",
            "npm --prefix [ROOT]/tally/frontend ci",
        ),
        (
            "pnpm-lock.yaml",
            "pnpm --dir [ROOT]/tally/frontend install --frozen-lockfile",
        ),
        ("yarn.lock", "yarn --cwd [ROOT]/tally/frontend install"),
        ("bun.lock", "bun install --cwd [ROOT]/tally/frontend"),
    ] {
        write(&frontend.join(lock_file), "");
        assert_left(
            &sandbox,
            &format!(
                "failed   the main checkout's frontend/node_modules is empty, though its package.json asks for packages\n         {install}"
            ),
        );
        unset(&frontend.join(lock_file));
    }
    // Those of a workspace may all be in the folder above.
    write(&sandbox.main.join("package-lock.json"), "{}");
    assert_fine(&sandbox);
}

#[test]
fn packages_that_are_the_main_checkout_s_own_source_fail() {
    let sandbox = with_packages();
    write(&sandbox.main.join("frontend/packages/ui/index.js"), "");
    sandbox.commit_all();
    let modules = sandbox.main.join("frontend/node_modules");
    fs::create_dir(modules.join("@app")).unwrap();
    make_link("../../packages/ui", &modules.join("@app/ui"));
    let worktree = add(&sandbox, "feat");
    add(&sandbox, "other");
    let is_mains = "frontend/node_modules: @app/ui is the main checkout's frontend/packages/ui: a change in a session's own has no effect";
    assert_left(&sandbox, &format!("failed   {is_mains}\n         {CLONE}"));
    sandbox.run("remove other").succeeds();
    let own = worktree.join("frontend/node_modules");
    unset(&own);
    fs::create_dir_all(own.join("@app")).unwrap();
    make_link("../../packages/ui", &own.join("@app/ui"));
    assert_fine(&sandbox);
    make_link(sandbox.main.join("frontend/packages/ui"), &own.join("ui"));
    assert_left(
        &sandbox,
        "failed   feat: frontend/node_modules: ui is the main checkout's [..]\n         npm --prefix [ROOT]/tally-feat/frontend ci",
    );
}
