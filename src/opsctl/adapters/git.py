"""A local git checkout."""
