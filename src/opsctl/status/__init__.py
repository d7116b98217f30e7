"""How far a migration is: sources -> snapshot -> figures -> estimate -> state -> report."""
