"""From a report to what is written: tables, Markdown, JSON, YAML, CSV, and progress on the way there."""
