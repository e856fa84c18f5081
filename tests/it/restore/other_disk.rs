//! A main checkout that is a disk of its own: what is removed is kept beside it.
#![cfg(target_os = "linux")]

use crate::failing::is_passed_over;
use crate::sandbox::{PROGRAM, Sandbox};

/// Mounted where only these commands see it, and gone with them.
const DISK: &str = r#"set -e
mkdir -p "$SANDBOX/disk/$NAME"
mount -t tmpfs tmpfs "$SANDBOX/disk/$NAME" || exit 7
git clone -q "$SANDBOX/tally" "$SANDBOX/disk/$NAME"
cd "$SANDBOX/disk/$NAME"
ts() { "$PROGRAM" -q "$@" 2>&1; }
remove_with_work() { ts add "$1"; echo precious >"../$NAME-$1/work"; ts remove --force "$1"; }
"#;

/// Runs a script in a main checkout of this name, with these words at its end.
#[track_caller]
fn says(name: &str, script: &str, words: &str) {
    let sandbox = Sandbox::new();
    let mut unshare = sandbox.command("unshare", &sandbox.root);
    unshare.args(["--mount", "--map-root-user", "bash", "-c"]);
    unshare.arg(format!("{DISK}{script}"));
    unshare.env("PROGRAM", PROGRAM).env("NAME", name);
    let outcome = sandbox.outcome(&mut unshare);
    let can_mount = outcome.code != Some(7) && !outcome.stderr.starts_with("unshare: ");
    if !is_passed_over("the right to mount a disk", can_mount) {
        outcome.is(0, words, "");
    }
}

#[test]
fn what_is_kept_beside_a_main_checkout_is_out_of_reach_of_a_copy_of_it() {
    let script = r#"remove_with_work feat
        for place in other/tally tally-2; do
            mkdir -p ../other; cp -a . "../$place"
            (cd "../$place"; ts restore feat; ts remove feat; ts purge --yes feat)
        done
        ts restore feat; cat ../tally-feat/work"#;
    says("tally", script, "precious\n");
}

#[test]
fn what_is_kept_beside_a_main_checkout_that_was_moved_with_it_comes_back() {
    let script = r"remove_with_work feat
        cd ..; mkdir -p new/tally; mount --move tally new/tally; mv .tally-feat* new; rmdir tally
        cd new/tally; ts restore feat; cat ../tally-feat/work";
    says("tally", script, "precious\n");
}

#[test]
fn the_longest_names_can_be_removed_and_come_back() {
    let name = "the-customer-portal-of-a-company-with-a-rather-long-name";
    let script = r#"feat=$(printf 'feature-with-a-very-long-description-%.0s' 1 2 3 | cut -c1-99)
        remove_with_work "$feat"
        ts restore "$feat"; cat "../$NAME-$feat/work""#;
    says(name, script, "precious\n");
}

#[test]
fn what_an_older_version_kept_beside_the_main_checkout_comes_back() {
    let script = r"remove_with_work feat
        kept=$(echo ../.tally-feat@*); time=${kept#*@}; mv $kept ../.tally-feat.feat@$time
        ts restore feat; cat ../tally-feat/work";
    says("tally", script, "precious\n");
}

#[test]
fn a_session_of_a_container_s_image_can_be_removed_when_the_hints_were_followed() {
    let script = r#"mkdir "$SANDBOX/p"; git clone -q . "$SANDBOX/p/tally"; cd "$SANDBOX/p/tally"
        ts add feat; echo precious >../tally-feat/work; ts stop feat
        mkdir ../../layers; mount -t tmpfs tmpfs ../../layers; cd "$SANDBOX/layers"; mkdir upper work
        cp -a ../p lower; mount -t overlay overlay -o lowerdir=lower,upperdir=upper,workdir=work,userxattr ../p || exit 7
        cd "$SANDBOX/p/tally"
        for folder in tally/.git/worktrees/tally-feat tally-feat; do
            ts remove --force feat >../told && exit 1
            grep "^error: cannot move the folder $SANDBOX/p/$folder away" ../told >/dev/null
            eval "$(sed -n 's/^hint: copy it in its place, so that it can be moved: //p' ../told)"
        done
        ts remove --force feat; ts restore feat; cat ../tally-feat/work"#;
    says("tally", script, "precious\n");
}
