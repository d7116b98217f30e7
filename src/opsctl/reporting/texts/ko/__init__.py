"""Korean messages, a module for each area."""
