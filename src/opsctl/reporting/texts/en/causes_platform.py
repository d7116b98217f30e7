"""Causes that the platform sets: image, rights, secrets, memory, time, quotas; and the controls."""

MESSAGES = {
    # image-unavailable
    "image_unavailable_title": "Container image unavailable",
    "image_unavailable_summary": "Cloud Run could not obtain the container image, so no container was started: the "
    "image "
    "does not exist under this name, or the Cloud Run service agent may not read it.",
    "image_unavailable_clue_container_ran": "The container ran, so its image was there.",
    "image_unavailable_clue_not_in_registry": "The registry has no image {image}.",
    "image_unavailable_remedy_push_or_correct": "Push the image, or set a reference on the job that exists; a digest "
    "cannot "
    "be moved or cleaned up by tag.",
    "image_unavailable_remedy_push_or_correct_before": "Know which build is meant: compare the digest with the "
    "pipeline's "
    "output.",
    "image_unavailable_remedy_push_or_correct_undo": "Set the former reference again with the same command.",
    "image_unavailable_remedy_let_agent_read": "Let the Cloud Run service agent of this project read the repository. "
    "The "
    "job's own service account does not pull images.",
    "image_unavailable_remedy_let_agent_read_before": "The image exists: the same text is the answer to a wrong "
    "address.",
    "image_unavailable_remedy_let_agent_read_undo": "Remove the binding with remove-iam-policy-binding and the same "
    "arguments.",
    "image_unavailable_remedy_last_good_digest": "Run the digest of the last execution that succeeded.",
    "image_unavailable_remedy_last_good_digest_before": "The older program fits the database as it is now.",
    "image_unavailable_remedy_last_good_digest_undo": "Set the newer reference again once its image is there.",
    "image_unavailable_check": 'Shows whether the image is in the registry. "Not found" means the reference is wrong '
    "or "
    "the image is gone; an answer with a digest leaves the service agent's right as the cause.",
    # iam-permission-denied
    "iam_permission_denied_title": "Permission denied by a Google API",
    "iam_permission_denied_summary": "A Google API refused a call of the job's identity (403): a role is missing, or "
    "the API "
    "is not enabled in the project.",
    "iam_permission_denied_clue_account_disabled": "The service account {account} is disabled.",
    "iam_permission_denied_clue_api_off": "{api} is disabled in the project, and the job connects to Cloud SQL.",
    "iam_permission_denied_clue_not_granted": "{permission} on {resource} is not granted to the job's service account.",
    "iam_permission_denied_clue_granted": "{permission} on {resource} is granted now (deny policies are not part of "
    "that "
    "answer).",
    "iam_permission_denied_clue_cloudsql_role_absent": "The job is attached to Cloud SQL, and {account} has no Cloud "
    "SQL "
    "role on the project (inherited, group and conditional roles were not seen).",
    "iam_permission_denied_clue_cloudsql_role_held": "The service account has a role that lets it connect to Cloud "
    "SQL, and "
    "no message tells of a refusal.",
    "iam_permission_denied_clue_account_changed": "Since the last success the service account changed from {before} to "
    "{after}.",
    "iam_permission_denied_remedy_grant_role": "Grant the smallest role that has the named permission to the job's "
    "service "
    "account, best on the single resource.",
    "iam_permission_denied_remedy_grant_role_before": "The resource in the message exists and is the intended one: a "
    "wrong "
    "name or project gets the same answer.",
    "iam_permission_denied_remedy_grant_role_undo": "Remove the binding with remove-iam-policy-binding and the same "
    "arguments.",
    "iam_permission_denied_remedy_enable_api": 'When the message says "has not been used in project ... or it is '
    'disabled": '
    "enable that API in the project it names.",
    "iam_permission_denied_remedy_enable_api_before": "The project in the message is the one that should be charged.",
    "iam_permission_denied_remedy_enable_api_undo": "gcloud services disable, when nothing else uses the API.",
    "iam_permission_denied_remedy_other_account": "Run the job as a service account that already has the role.",
    "iam_permission_denied_remedy_other_account_before": "You may act as that account (iam.serviceAccounts.actAs), and "
    "it has "
    "the job's other rights too: secrets, Cloud SQL.",
    "iam_permission_denied_remedy_other_account_undo": "Set the former service account again with the same command.",
    "iam_permission_denied_check": "Asks for one permission of the job's service account; put in the permission of the "
    "message. NOT_GRANTED proves the cause; GRANTED points to a deny policy, a scope or another resource.",
    # secret-unavailable
    "secret_unavailable_title": "Secret cannot be read",
    "secret_unavailable_summary": "A secret that the job needs could not be read from Secret Manager: no right to read "
    "it, or "
    "no usable version.",
    "secret_unavailable_clue_version_unusable": "Version {version} of the secret {secret} is {state} now.",
    "secret_unavailable_clue_access_denied": "The job's service account may not read secrets on {resource}.",
    "secret_unavailable_clue_access_granted": "The job's service account may read secrets on {resource}.",
    "secret_unavailable_clue_role_absent": "The job refers to secrets, never started, and {account} has no role on the "
    "project that reads them (roles on the secret itself were not seen).",
    "secret_unavailable_clue_role_held": "The service account has a project role that reads secrets.",
    "secret_unavailable_clue_container_ran": "The container started, so the secrets in its variables were read.",
    "secret_unavailable_remedy_grant_accessor": "Let the job's service account read the secret.",
    "secret_unavailable_remedy_grant_accessor_before": "The secret exists in this project and is the intended one.",
    "secret_unavailable_remedy_grant_accessor_undo": "Remove the binding with remove-iam-policy-binding and the same "
    "arguments.",
    "secret_unavailable_remedy_enable_version": "Enable the disabled version. A destroyed one is gone for good.",
    "secret_unavailable_remedy_enable_version_before": "The version was not disabled on purpose, for instance after a "
    "leak.",
    "secret_unavailable_remedy_enable_version_undo": "Disable the version again.",
    "secret_unavailable_remedy_add_version": 'Add a version with the right value; "latest" then means this one.',
    "secret_unavailable_remedy_add_version_before": "You have the right value, without a line break at its end.",
    "secret_unavailable_remedy_add_version_undo": 'Disable the new version; "latest" still means it, so pin the '
    "former one.",
    "secret_unavailable_remedy_pin_version": "Pin the job to a version that is enabled.",
    "secret_unavailable_remedy_pin_version_before": "The older value is still valid where it is used.",
    "secret_unavailable_remedy_pin_version_undo": 'Set "latest" again with the same command.',
    "secret_unavailable_check": 'Lists the versions with their state, newest first. "latest" is the newest one even '
    "when it "
    "is disabled; when it is enabled, the right to read it is missing.",
    # out-of-memory
    "out_of_memory_title": "Out of memory",
    "out_of_memory_summary": "The task reached a memory limit and was ended: that of the container, or the heap limit "
    "of its "
    "runtime. The exit code 0 in such a message means nothing.",
    "out_of_memory_clue_limit_reached": "Cloud Run ended the container at its memory limit ({limit}).",
    "out_of_memory_clue_killed": "The process was killed with signal 9 (exit code 137), as the kernel does when memory "
    "is "
    "short.",
    "out_of_memory_clue_limit_changed": "Since the last success the memory limit changed from {before} to {after}.",
    "out_of_memory_clue_never_started": "The container never started.",
    "out_of_memory_remedy_raise_memory": "Raise the memory of the job. Above 4 GiB, --cpu 2 or more is needed too.",
    "out_of_memory_remedy_raise_memory_before": "None; it costs more for each second of a run.",
    "out_of_memory_remedy_raise_memory_undo": "Set the former limit with the same command.",
    "out_of_memory_remedy_raise_heap": 'When the runtime ended itself ("heap out of memory"): give its heap about '
    "three "
    "quarters of the container's memory.",
    "out_of_memory_remedy_raise_heap_before": "The container's memory is larger than the new heap; other NODE_OPTIONS "
    "are "
    "kept in the new value.",
    "out_of_memory_remedy_raise_heap_undo": "Set the former value, or --remove-env-vars NODE_OPTIONS.",
    "out_of_memory_remedy_use_less": "Use less: read and write in batches, stream files, put temporary files on a "
    "mounted "
    "volume (the container's own file system is memory).",
    "out_of_memory_remedy_use_less_before": "A profile or a log of the memory use shows what grows.",
    "out_of_memory_remedy_use_less_undo": "Deploy the former image.",
    "out_of_memory_remedy_less_per_task": "Let each task do less at once: a smaller batch size or fewer workers in "
    "the program's settings.",
    "out_of_memory_remedy_less_per_task_before": "The program has such a setting; fewer tasks at a time would not "
    "help, each has its own container.",
    "out_of_memory_remedy_less_per_task_undo": "Set the former values again.",
    "out_of_memory_check": 'Finds the platform\'s line with the limit and the memory used. No such line and "heap" in '
    "the "
    "program's words: raise the heap, not the container.",
    # task-timeout
    "task_timeout_title": "Task timeout while at work",
    "task_timeout_summary": "Cloud Run ended the task at its timeout while it was still doing useful work. Each retry "
    "starts "
    "over and is ended again.",
    "task_timeout_clue_progress": "The program reported progress until {silence} s before the end.",
    "task_timeout_clue_busy": "The program wrote lines until {silence} s before the end.",
    "task_timeout_clue_long_step": "The last line begins a step that can take long; {silence} s of silence follow.",
    "task_timeout_clue_work_over": "The last words do not speak of work in progress.",
    "task_timeout_clue_waiting": "The last words speak of waiting for somebody else.",
    "task_timeout_clue_no_words": "The program wrote nothing at all: nothing shows that it worked.",
    "task_timeout_clue_timeout_changed": "Since the last success the task timeout changed from {before} to {after}.",
    "task_timeout_clue_ended_itself": "No attempt was ended by its timeout.",
    "task_timeout_remedy_raise_timeout": "Raise the task timeout above the time that the work takes.",
    "task_timeout_remedy_raise_timeout_before": "The log shows progress; a longer wait for a lock or a network helps "
    "nobody.",
    "task_timeout_remedy_raise_timeout_undo": "Set the former timeout with the same command.",
    "task_timeout_remedy_resume": "Make the work go on where it stopped: small transactions, and a record of what is "
    "done.",
    "task_timeout_remedy_resume_before": "What an ended attempt leaves behind is known: half a batch, a lock.",
    "task_timeout_remedy_resume_undo": "Deploy the former image.",
    "task_timeout_remedy_split": "Spread the work over tasks; each takes the share that CLOUD_RUN_TASK_INDEX names.",
    "task_timeout_remedy_split_before": "The program divides its work by CLOUD_RUN_TASK_INDEX and "
    "CLOUD_RUN_TASK_COUNT. Never "
    "do this with schema migrations.",
    "task_timeout_remedy_split_undo": "Set --tasks 1 again.",
    "task_timeout_remedy_run_once_longer": "Run once with a longer timeout, without changing the job.",
    "task_timeout_remedy_run_once_longer_before": "The work can be repeated from the beginning without harm.",
    "task_timeout_remedy_run_once_longer_undo": "Cancel the execution; the job itself is unchanged.",
    "task_timeout_check": 'Shows the last lines. Progress until the end: more time is needed. "Done" and then '
    "silence: the "
    'process does not exit. "Connecting" or a lock: it waits.',
    # process-never-exits
    "process_never_exits_title": "Process does not exit",
    "process_never_exits_summary": "The work was done, or the program is a server or worker that never ends, and the "
    "process "
    "stayed alive until the task timeout.",
    "process_never_exits_clue_listening": "The program is ready and waits for requests or work; {silence} s later its "
    "timeout "
    "came.",
    "process_never_exits_clue_work_done": "The last words say that the work is done; {silence} s of silence follow.",
    "process_never_exits_clue_idle": "The last lines are those of a process with nothing to do; {silence} s before the "
    "end.",
    "process_never_exits_clue_asking": "The last words are a question that nobody could answer; {silence} s of silence "
    "follow.",
    "process_never_exits_clue_server_command": "The command starts a server, worker or watcher: {command}",
    "process_never_exits_clue_progress": "The program reported progress until {silence} s before the end.",
    "process_never_exits_clue_ended_itself": "Every attempt ended by itself before its timeout.",
    "process_never_exits_remedy_exit_when_done": "End the process when the work is done: close pools and clients, stop "
    "timers "
    "and threads, or exit explicitly with code 0.",
    "process_never_exits_remedy_exit_when_done_before": "What was written is flushed and committed before the exit.",
    "process_never_exits_remedy_exit_when_done_undo": "Deploy the former image.",
    "process_never_exits_remedy_right_command": "Give the job the command of the work, not that of the server.",
    "process_never_exits_remedy_right_command_before": "The command works in this image; try it locally.",
    "process_never_exits_remedy_right_command_undo": "Set the former command and arguments again.",
    "process_never_exits_remedy_bound_the_wait": "Let `timeout` end the process early. The execution still counts as "
    "failed, "
    "but minutes are saved until the program is corrected.",
    "process_never_exits_remedy_bound_the_wait_before": "The image has `timeout` (coreutils), and the work takes far "
    "less than "
    "the bound.",
    "process_never_exits_remedy_bound_the_wait_undo": "Set the former command and arguments again.",
    "process_never_exits_check": 'Shows the last lines. "Done", "completed" or "listening" followed by silence '
    "proves this "
    "cause; compare the time of the last line with that of the end.",
    # quota-exhausted
    "quota_exhausted_title": "Quota or space used up",
    "quota_exhausted_summary": "A quota, a rate limit or a file system is used up: the call was allowed, there was "
    "just no more "
    "of it.",
    "quota_exhausted_clue_many_tasks": "{tasks} tasks may run at the same time and share the limit.",
    "quota_exhausted_remedy_fewer_at_once": "Ask less often: fewer tasks at once, larger batches, waiting as long as "
    "the "
    "answer says before trying again.",
    "quota_exhausted_remedy_fewer_at_once_before": "The work may take longer; mind the task timeout.",
    "quota_exhausted_remedy_fewer_at_once_undo": "Set the former parallelism again (0 means as many as possible).",
    "quota_exhausted_remedy_raise_quota": "Look up the quota and ask for more, or buy credit from the provider.",
    "quota_exhausted_remedy_raise_quota_before": "The message names the quota; a higher one may cost more.",
    "quota_exhausted_remedy_raise_quota_undo": "Lower the quota again in the console.",
    "quota_exhausted_remedy_more_room": "When storage is full: enlarge the disk of the database or the volume, or "
    "clean up.",
    "quota_exhausted_remedy_more_room_before": "The disk of a Cloud SQL instance can be enlarged but never made "
    "smaller.",
    "quota_exhausted_remedy_more_room_undo": "Not possible for a Cloud SQL disk; a volume of the job can be made "
    "smaller.",
    "quota_exhausted_remedy_run_later": "Run again when the window of the limit is over: the next minute, or the next "
    "day.",
    "quota_exhausted_remedy_run_later_before": "The work can be repeated without harm.",
    "quota_exhausted_remedy_run_later_undo": "Cancel the execution.",
    "quota_exhausted_check": "Lists the quotas of the service that the message names, with their limits; compare with "
    "the use "
    "in the console's quota page.",
    # no-failure
    "no_failure_title": "No failure",
    "no_failure_summary": "The execution succeeded. Lines that look like errors were overcome or are harmless.",
    "no_failure_clue_succeeded": "Cloud Run counts the execution as a success.",
    # cancelled
    "cancelled_title": "Cancelled",
    "cancelled_summary": "Somebody or something asked Cloud Run to end the execution; it did not fail by itself.",
    "cancelled_clue_cancelled": "Cloud Run counts the execution as cancelled.",
    "cancelled_remedy_run_again": "Run the job again when the cancellation was not meant.",
    "cancelled_remedy_run_again_before": "What the cancelled run left behind is known: half a migration, a lock.",
    "cancelled_remedy_run_again_undo": "Cancel the new execution; what it has written stays.",
    "cancelled_check": "Finds who asked for the cancellation, and when.",
    # running
    "running_title": "Still running",
    "running_summary": "The execution has not ended yet; there is nothing to diagnose until it has.",
    "running_clue_running": "Cloud Run has not recorded an end.",
    "running_remedy_wait": "Wait until it has ended, then diagnose it again.",
    "running_check": "Shows the state of the execution as it is now.",
}
