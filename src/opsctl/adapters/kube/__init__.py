"""Kubernetes: one API server, asked over HTTP with what kubectl's own configuration says."""
