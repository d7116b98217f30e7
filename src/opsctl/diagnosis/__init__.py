"""Why a Cloud Run job execution failed: evidence -> facts -> rules -> ranked findings -> report."""
