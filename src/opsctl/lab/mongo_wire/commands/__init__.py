"""The commands of the server, one module per kind."""
