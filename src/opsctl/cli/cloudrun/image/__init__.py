"""`opsctl cloudrun image ...`"""
