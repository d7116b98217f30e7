"""`opsctl config`: create, show and check the configuration."""
