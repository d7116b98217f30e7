"""The migration as a Kubernetes Job: its manifest, its restart, its logs. No SDK: a cluster is a port."""
