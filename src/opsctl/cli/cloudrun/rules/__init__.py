"""`opsctl cloudrun rules`."""
