"""One module per outside service; the only place that imports its SDK."""
