"""A local Google Cloud for the lab and the tests: the REST APIs that a diagnosis uses, and an image registry."""
