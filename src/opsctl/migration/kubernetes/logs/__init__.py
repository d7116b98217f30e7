"""`migrate logs`: the lines of all pods of a Job, merged, followed, or the reason why there are none."""
