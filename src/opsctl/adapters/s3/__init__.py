"""S3: obstore for bulk PUT and LIST, boto3 for credentials and everything else."""
