"""Words that every report shares, and progress."""

MESSAGES = {
    "next": "Next:",
    "notes": "Notes:",
    "shortened": "... ({characters} more characters)",
    "progress_started": "{phase}",
    "progress_step": "{phase}: {done}",
    "progress_step_of": "{phase}: {done} of {total} ({share})",
    "progress_finished": "{phase}: finished after {elapsed}",
    "confirm": "{question} [y/N] ",
    "column_command": "Command",
    "column_schema": "Schema",
    "schema_title": "Schemas of the JSON output",
}
