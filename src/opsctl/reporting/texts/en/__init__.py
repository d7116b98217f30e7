"""English messages, a module for each area."""
