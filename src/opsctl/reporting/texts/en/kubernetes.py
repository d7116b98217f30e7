"""`migrate manifest`, `restart`, `logs`."""

MESSAGES = {
    "note_open": "DECIDE: {text}",
    "note_rules": "What the commands need, and nothing else: opsctl status, migrate logs, migrate restart, and migrate "
    "manifest --apply once these objects are there.",
    "note_no_operators": "Nobody yet: name who may run the commands with --operator, or add them here.",
    "note_no_token": "The migration asks nothing of Kubernetes, so its pods get no token.",
    "note_completions": "Shards: {shards}. The number is part of a run's plan; it cannot change while one is going on.",
    "note_parallelism": "Pods at once. They share the limits for each image host, so more pods are not more requests.",
    "note_retries": "A shard that fails is tried again {retries} times; the others go on meanwhile.",
    "note_replacement": "A new pod starts only when the old one has ended.",
    "note_disrupted": "A drain, an eviction, a preemption: not the migration's fault.",
    "note_fail_at_once": "Wrong configuration (2), no right (6), no such bucket or collection (7): trying again does "
    "not help.",
    "note_not_counted": "Another process holds the lease (9), or the pod was asked to stop (130, 143): a new pod, and "
    "nothing is counted.",
    "note_grace": "Time to finish the images in flight after SIGTERM.",
    "note_user": "Any number but 0 will do.",
    "note_taken_over": "Image, environment, volumes and placement are those of Job {job}, where it had any.",
    "note_image": "The image of Job {job}: opsctl must be in it. Another one: --image.",
    "note_dropped": "Not taken over: {fields}.",
    "note_secret_undecided": "{name} is a secret and comes from a Secret that you have to create, or name another one.",
    "note_secret_moved": "{name} stood in the old Job in plain text. Put it into this Secret, or name another one.",
}
