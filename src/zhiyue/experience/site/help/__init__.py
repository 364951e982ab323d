"""Questions and answers, one Markdown file a language: `## section`, `### question`, then the answer."""
