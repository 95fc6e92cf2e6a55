//! A commented layout for `transpose init layout`: every key that most layouts need, and a layout
//! that works as it is.

/// The text of the layout.
pub fn template_layout() -> &'static str {
    include_str!("template.toml")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Layout;
    use transpose_core::format::Grain;

    #[test]
    fn template_is_a_layout() {
        let layout = Layout::parse("template.toml", template_layout()).unwrap();
        assert_eq!((&*layout.manifest().id, layout.manifest().grain), ("label.my-label", Grain::Aggregate));
    }

    #[test]
    fn keys_in_comments_are_keys() {
        // A line that is commented out is right as well: `# key = value`.
        for (number, line) in template_layout().lines().enumerate() {
            let Some((key, _)) = line.strip_prefix("# ").and_then(|line| line.split_once(" = ")) else {
                continue;
            };
            if key.contains(' ') {
                continue;
            }
            let enabled: Vec<&str> = template_layout()
                .lines()
                .enumerate()
                .map(|(other, text)| if other == number { text.trim_start_matches("# ") } else { text })
                .collect();
            if let Err(fatal) = Layout::parse("template.toml", &enabled.join("\n")) {
                panic!("line {}: {line}\n{fatal}", number + 1);
            }
        }
    }
}
