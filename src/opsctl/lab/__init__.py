"""Local stand-ins, sample data and practice incidents (extra `opsctl[lab]`)."""
