"""`lab incident`: title and story of each practice incident (they do not tell the cause), and what it teaches."""

MESSAGES = {
    "list_title": "Practice incidents",
    "name": "Name",
    "what": "What one sees",
    "variants": "Variants",
    "project": "Project",
    "region": "Region",
    "cause": "Cause",
    "lesson": "What it teaches",
    "answers_hidden": "The causes are not shown: add --answers.",
    "next_write": "write one as a file",
    "file": "Evidence file",
    "variant": "Variant",
    "collected": "Collected",
    "missing": "Without data",
    "nothing": "nothing",
    "replaced": "The file that was there before was replaced.",
    "next_diagnose": "find the cause",
    "next_live": "find its cause live, while the lab is up",
    "next_answers": "compare with the right answers",
    "o4o_api_migrations_h5x5h_title": "Migrations fail right after a deploy",
    "o4o_api_migrations_h5x5h_story": "The service was deployed; the migration job failed twice. New entry point, "
    "new whitelist, new password, four suspicious commits, four guesses.",
    "o4o_api_migrations_h5x5h_lesson": "One line of the log ends four guesses. The connection works, which clears "
    "the new password and the account; the folder is not in the image.",
    "o4o_api_migrations_h5x5h_logs_denied_title": "The same failure, without the right to read logs",
    "o4o_api_migrations_h5x5h_logs_denied_story": "The same execution, seen by somebody whose account may not read "
    "logs.",
    "o4o_api_migrations_h5x5h_logs_denied_lesson": "No log is not the end: the listing of the image shows the entry "
    "point and not the folder that it reads. Denied does not mean empty.",
    "o4o_api_migrations_k2p9d_title": "The same job fails a day later, with the image that worked",
    "o4o_api_migrations_k2p9d_story": "Nothing was deployed since the last success, and the migration job fails.",
    "o4o_api_migrations_k2p9d_lesson": "Image and configuration equal those of the last success; a version of the "
    "secret is newer than it. The server answered and refused the password.",
    "o4o_api_migrations_q8w3n_title": "The same job ends before its first word",
    "o4o_api_migrations_q8w3n_story": "After a change to the build, the job fails within a second and logs nothing "
    "of its own.",
    "o4o_api_migrations_q8w3n_lesson": "The file is there and cannot be loaded as it is: compiled to CommonJS in a "
    "package of type module. It never came as far as the database.",
    "o4o_api_migrations_d4m7s_title": "The same job cannot reach its database any more",
    "o4o_api_migrations_d4m7s_story": "Same image, same password; since yesterday the job has an account of its own.",
    "o4o_api_migrations_d4m7s_lesson": "A refused socket looks like a stopped database. Cloud Run's own line names "
    "the permission, and the policy confirms which account lacks it.",
    "catalog_migrate_7fq2m_title": "A table already exists, and nobody made it",
    "catalog_migrate_7fq2m_story": "Three attempts of a migration on MySQL; the last error says that a table exists.",
    "catalog_migrate_7fq2m_lesson": "The first attempt tells the cause. What comes after fails on what the first "
    "one has left, because MySQL commits DDL at once.",
    "ledger_close_9xk4d_title": "The monthly close never started",
    "ledger_close_9xk4d_story": "The job ran last month with the same image. This month there is not one line of "
    "its log.",
    "ledger_close_9xk4d_lesson": "No attempt and no start time: what the container needs could not be had. The "
    "state of a secret's version is enough to tell.",
    "crm_migrate_w6p3s_title": "Monday's run is refused by the database",
    "crm_migrate_w6p3s_story": "The staging job ran on Friday. After the weekend its connection is refused.",
    "crm_migrate_w6p3s_lesson": "RUNNABLE also covers an instance that its owner stopped: the activation policy tells.",
    "orders_schema_m2c8t_title": "Ten seconds of silence, then a closed connection",
    "orders_schema_m2c8t_story": "The deploy changed how the job is written. Since then its database does not answer.",
    "orders_schema_m2c8t_lesson": "What is gone shows only beside the last success: the way into the network. The "
    "instance has a private address and nothing else.",
    "thumbs_backfill_c5n1v_title": "A backfill stops in the middle, with exit code 0",
    "thumbs_backfill_c5n1v_story": "The program reported steady progress and broke off without an error of its own.",
    "thumbs_backfill_c5n1v_lesson": "Exit code 0 in the message is no success: the container was killed for its "
    "memory. The batch was ten times smaller when it last worked.",
    "billing_changelog_r4t8z_title": "A migration that usually takes a minute runs into its timeout",
    "billing_changelog_r4t8z_story": "The job was started twice within four minutes; the second one timed out.",
    "billing_changelog_r4t8z_lesson": "More time would not help: it waited for a lock. Lines of the other execution "
    "stand in the same log and belong to it alone.",
    "reindex_j8d5w_title": "Two of twenty tasks do not finish",
    "reindex_j8d5w_story": "The weekly reindex failed although eighteen tasks succeeded.",
    "reindex_j8d5w_lesson": "Progress until the last second: the work is too large for the time. Half of the tasks "
    "are not known, and that is said.",
    "report_export_d3w9k_title": "A hotfix that does not run at all",
    "report_export_d3w9k_story": "A hotfix was built by hand in the evening; that night the export did not run.",
    "report_export_d3w9k_lesson": "The configuration of the image names its architecture. Nothing of the program "
    "has to be read.",
    "slo_nightly_p7h4r_title": "The first run of a new job ends at once",
    "slo_nightly_p7h4r_story": "A new job, a new project, an image of the build project. It never started.",
    "slo_nightly_p7h4r_lesson": "The image is read by Cloud Run's own account, not by the account of the job: "
    "looking at the job's roles leads nowhere.",
    "backup_export_t5g2n_title": "The nightly backup fails at its last step",
    "backup_export_t5g2n_story": "Three minutes of work, then an error. Nothing was deployed since yesterday's "
    "success.",
    "backup_export_t5g2n_lesson": "Same image, same configuration, other rights: a role on the bucket was taken "
    "away. A 403 that names the permission is decisive.",
    "schema_upgrade_v2x8q_title": "The database host cannot be found",
    "schema_upgrade_v2x8q_story": "A password was renewed by hand; since then the host of the database does not "
    "resolve.",
    "schema_upgrade_v2x8q_lesson": "The host is right. The URL has characters that must be escaped, so a part of "
    "the password was read as host; only the facts about the value show it.",
    "shop_migrate_z1y6h_title": "Everything is green, and a column is missing",
    "shop_migrate_z1y6h_story": "The migration job succeeded. The new column that the release needs is not there.",
    "shop_migrate_z1y6h_lesson": "Success with nothing to do is worth a look: the image has no migrations, so there "
    "was nothing to run. The alarming lines are harmless.",
    "feed_import_x3m6p_title": "An import that failed a month ago",
    "feed_import_x3m6p_story": "Found while tidying up: a failed import with an error about a canceled context.",
    "feed_import_x3m6p_lesson": "The errors come from being stopped. A record names who cancelled it.",
    "reprice_k9s2f_title": "Errors in a job that should be done by now",
    "reprice_k9s2f_story": "Somebody saw timeouts in the log of the nightly repricing and asks what is broken.",
    "reprice_k9s2f_lesson": "It has not ended, and it goes on: the errors were retried.",
}
