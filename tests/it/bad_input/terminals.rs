//! Odd outputs: a narrow terminal, a pipe that nobody reads, nothing at all.

use crate::sandbox::{PROGRAM, Sandbox};

#[test]
fn a_terminal_of_20_columns_shows_everything() {
    let sandbox = Sandbox::new().with("feat");
    let terminal = sandbox.terminal(&sandbox.main);
    terminal.resize(20);
    for (args, status, words) in [
        ("list", 0, "feat"),
        ("remove nosuch", 1, "error: "),
        ("add --help", 0, "Example"),
        ("nosuch", 2, "error:"),
        ("remove feat", 0, "removed feat"),
    ] {
        terminal.clear();
        terminal.run(args);
        let (code, screen) = terminal.await_status();
        assert_eq!(code, status, "{args}: {screen}");
        assert!(screen.contains(words), "{args}: {screen}");
        assert!(!screen.contains("panicked"), "{args}: {screen}");
    }
}

#[test]
fn a_pipe_that_nobody_reads_is_no_error_and_a_full_disk_is_one() {
    let sandbox = Sandbox::new();
    for line in [
        "{} add feat | true; exit ${PIPESTATUS[0]}",
        "{} list | true; exit ${PIPESTATUS[0]}",
        "{} list --json | true; exit ${PIPESTATUS[0]}",
        "{} --help | true; exit ${PIPESTATUS[0]}",
        "{} -v resume 2>&1 | true; exit ${PIPESTATUS[0]}",
        "{} remove feat | true; exit ${PIPESTATUS[0]}",
    ] {
        sandbox.type_line(&line.replace("{}", PROGRAM)).says("");
    }
    assert!(sandbox.names().is_empty());
    let full = sandbox.type_line(&format!("{PROGRAM} list >/dev/full"));
    full.fails("error: cannot write to stdout: No space left on device[..]\n");
}

#[test]
fn closed_outputs_are_no_crash_and_no_file_is_written_in_their_place() {
    let sandbox = Sandbox::new();
    for (line, status) in [
        ("{} add feat <&- >&- 2>&-", 0),
        ("{} list >&-", 0),
        ("{} list --nosuch >&- 2>&-", 2),
        ("{} add feat >&- 2>&-", 1),
        ("{} remove nosuch 2>&-", 1),
        ("{} remove feat <&- >&- 2>&-", 0),
    ] {
        let outcome = sandbox.type_line(&line.replace("{}", PROGRAM));
        outcome.is(status, "", "");
        // What a message was written into instead would be broken now.
        assert!(
            sandbox.store().is_null() || sandbox.store().is_object(),
            "{line}"
        );
    }
    assert!(sandbox.names().is_empty());
    assert_eq!(sandbox.git_main("fsck --no-dangling"), "");
}
