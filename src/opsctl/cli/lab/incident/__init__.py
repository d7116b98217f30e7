"""`opsctl lab incident ...`"""
