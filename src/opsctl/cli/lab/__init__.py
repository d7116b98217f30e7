"""`opsctl lab ...`"""
