"""`migrate manifest`: what runs the migration as a Job, compared with the cluster and applied."""
