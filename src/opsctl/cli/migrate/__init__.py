"""`opsctl migrate ...`"""
