"""Image migration: plan -> fetch -> store -> record -> report, and the verification of what was done."""
