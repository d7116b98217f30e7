"""Container registries: the OCI distribution API, sign-in, and a cache of what layers hold."""
