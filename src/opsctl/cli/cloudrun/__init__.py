"""`opsctl cloudrun`."""
