//! As much of Markdown as the README has.

use std::collections::BTreeSet;

/// A fenced block.
pub struct Block {
    pub language: String,
    pub text: String,
    /// The line of its fence, from 1.
    pub line: usize,
}

impl Block {
    pub fn lines(&self) -> impl Iterator<Item = &str> {
        self.text.lines()
    }
}

/// The fenced blocks, and the prose with an empty line for each line of theirs.
fn parts(markdown: &str) -> (Vec<Block>, String) {
    let mut blocks: Vec<Block> = Vec::new();
    let mut prose = String::new();
    let mut is_inside = false;
    for (at, line) in markdown.lines().enumerate() {
        if let Some(language) = line.strip_prefix("```") {
            is_inside = !is_inside;
            if is_inside {
                blocks.push(Block {
                    language: language.to_owned(),
                    text: String::new(),
                    line: at + 1,
                });
            }
        } else if is_inside {
            let block = blocks.last_mut().unwrap();
            block.text += line;
            block.text.push('\n');
        } else {
            prose += line;
        }
        prose.push('\n');
    }
    assert!(!is_inside, "a block has no end");
    (blocks, prose)
}

/// The fenced blocks.
pub fn blocks(markdown: &str) -> Vec<Block> {
    parts(markdown).0
}

/// All code, between backticks and in blocks.
pub fn spans(markdown: &str) -> Vec<String> {
    let (blocks, prose) = parts(markdown);
    let between = prose.split('`').skip(1).step_by(2);
    let spans = between.map(|span| span.replace('\n', " "));
    spans
        .chain(blocks.into_iter().map(|block| block.text))
        .collect()
}

/// Where links lead.
pub fn links(markdown: &str) -> Vec<String> {
    let (_, prose) = parts(markdown);
    let targets = prose.split("](").skip(1);
    targets
        .map(|rest| rest.split_once(')').unwrap().0.to_owned())
        .collect()
}

/// What a link to each heading is called.
pub fn anchors(markdown: &str) -> BTreeSet<String> {
    let (_, prose) = parts(markdown);
    let headings = prose.lines().filter(|line| line.starts_with('#'));
    headings
        .map(|heading| {
            let words = heading.trim_start_matches('#').trim().to_lowercase();
            let kept = |letter: &char| letter.is_alphanumeric() || " -_".contains(*letter);
            words
                .chars()
                .filter(kept)
                .collect::<String>()
                .replace(' ', "-")
        })
        .collect()
}

#[test]
fn markdown_is_cut_into_blocks_code_links_and_anchors() {
    let text = "# A `b` heading, here\n[see](#there) `one\ntwo`\n```sh\n# no heading\n`x`\n```\n";
    let found = blocks(text);
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].language.as_str(), found[0].line), ("sh", 4));
    assert_eq!(spans(text), ["b", "one two", "# no heading\n`x`\n"]);
    assert_eq!(links(text), ["#there"]);
    assert_eq!(
        anchors(text),
        BTreeSet::from(["a-b-heading-here".to_owned()])
    );
}
