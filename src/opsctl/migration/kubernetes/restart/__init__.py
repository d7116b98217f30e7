"""`migrate restart`: what is stuck and why, the pod or the Job replaced, progress confirmed."""
