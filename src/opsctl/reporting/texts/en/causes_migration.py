"""Causes of the family `migration`: locks, schema drift, refused statements, history, configuration."""

MESSAGES = {
    # db-lock-contention
    "db_lock_contention_title": "Lock contention, deadlock or a stale migration lock",
    "db_lock_contention_summary": (
        "The run waited for a lock that another session or an earlier run holds, and gave up or was ended while"
        " waiting. The statement and the schema are not at fault."
    ),
    "db_lock_contention_clue_waits_until_timeout": (
        "The last line waits for a lock; {seconds} s of silence followed until the task timeout."
    ),
    "db_lock_contention_clue_begins_until_timeout": (
        "The last line begins a schema change; {seconds} s of silence followed until the task timeout."
    ),
    "db_lock_contention_clue_tasks_together": "{tasks} tasks of this execution ran the same work at the same time.",
    "db_lock_contention_clue_retry_only": (
        "Only a retry met the lock: the attempt before it failed for a reason of its own and may have left it behind."
    ),
    "db_lock_contention_remedy_find_holder": "See which session holds the lock and since when.",
    "db_lock_contention_remedy_end_holder": "End the session that holds the lock.",
    "db_lock_contention_remedy_end_holder_before": (
        "You know what the session does and that its open transaction may be rolled back."
    ),
    "db_lock_contention_remedy_end_holder_undo": (
        "The rolled-back work of that session has to be started again by its owner; nothing else to undo."
    ),
    "db_lock_contention_remedy_free_stale_lock": (
        "Free the migration lock with the tool's own command when no run holds it any more."
    ),
    "db_lock_contention_remedy_free_stale_lock_before": (
        "No execution of this job is running and no session of the database is inside a migration."
    ),
    "db_lock_contention_remedy_free_stale_lock_undo": "None needed: the next run takes the lock again.",
    "db_lock_contention_remedy_one_runner": "Run migrations with a single task, and never two executions at once.",
    "db_lock_contention_remedy_one_runner_before": "The job only runs migrations; its work is not split over tasks.",
    "db_lock_contention_remedy_one_runner_undo": "Set the former numbers of tasks and parallelism again.",
    "db_lock_contention_remedy_run_again": "Run the job again at a quiet time, with a lock timeout set.",
    "db_lock_contention_remedy_run_again_before": (
        "The holder is gone, and the tool skips what the failed run had already applied."
    ),
    "db_lock_contention_remedy_run_again_undo": "The down migration of what was applied, or a restore of the backup.",
    "db_lock_contention_check": (
        "Lists sessions that wait and those that block them. A row with blocking process ids confirms contention; an"
        " advisory lock held by an idle session is a stale migration lock; no rows means that the lock is gone by"
        " now."
    ),
    # schema-drift
    "schema_drift_title": "Schema drift: an object is already there, or is missing",
    "schema_drift_summary": (
        "The database does not look as the migration assumes: a table, column, index, type or constraint that it"
        " names exists already or does not exist."
    ),
    "schema_drift_clue_retry_only": (
        "Only a retry met the object: the attempt before it failed for a reason of its own and left its work behind."
    ),
    "schema_drift_remedy_compare": "Compare the schema of the database with the one that the migrations make.",
    "schema_drift_remedy_mark_applied": (
        "If the database already is as the migration wants it, mark the migration as applied."
    ),
    "schema_drift_remedy_mark_applied_before": (
        "Every statement of the migration was compared with the schema, and a backup exists."
    ),
    "schema_drift_remedy_mark_applied_undo": "Delete the migration's row from the tool's table again.",
    "schema_drift_remedy_undo_leftovers": (
        "If an earlier run did half of the migration, drop what it left (or finish it by hand) and run again."
    ),
    "schema_drift_remedy_undo_leftovers_before": (
        "A backup exists, and the objects to drop hold no data that is needed."
    ),
    "schema_drift_remedy_undo_leftovers_undo": "Restore the dropped objects from the backup.",
    "schema_drift_remedy_make_idempotent": (
        "Make the migration tolerate the object (IF EXISTS, IF NOT EXISTS) where its shape does not matter."
    ),
    "schema_drift_remedy_make_idempotent_before": (
        "The existing object has the same shape as the one that the migration would make."
    ),
    "schema_drift_remedy_make_idempotent_undo": "Take the changed migration back and build the image again.",
    "schema_drift_check": (
        "Shows the table as it is. If the column or table is there although the migration is not recorded, the schema"
        " was changed past the migrations; if it is missing although the migration is recorded, it was undone or"
        " belongs to another schema."
    ),
    # migration-sql-error
    "migration_sql_error_title": "The database rejects a statement of the migration",
    "migration_sql_error_summary": (
        "The migration reached the database and its statement was refused: syntax, a form that is not allowed there,"
        " a limit, or a constraint that existing rows break."
    ),
    "migration_sql_error_remedy_find_rows": "Find the rows that break the constraint.",
    "migration_sql_error_remedy_change_migration": (
        "Change the migration: correct the statement, take it out of the transaction, or give new columns a default"
        " and fill them before NOT NULL."
    ),
    "migration_sql_error_remedy_change_migration_before": (
        "No other database has applied this migration; otherwise write a further one."
    ),
    "migration_sql_error_remedy_change_migration_undo": "Take the change back and build the former image again.",
    "migration_sql_error_remedy_clean_rows": (
        "Clean the rows that are in the way, in a migration of their own that runs before this one."
    ),
    "migration_sql_error_remedy_clean_rows_before": "A backup exists, and the owner of the data has agreed.",
    "migration_sql_error_remedy_clean_rows_undo": "Restore the changed rows from the backup.",
    "migration_sql_error_remedy_deploy_without": (
        "Deploy the release without this migration, when the program can do without it."
    ),
    "migration_sql_error_remedy_deploy_without_before": "The new code does not read what the migration would add.",
    "migration_sql_error_remedy_deploy_without_undo": "Put the corrected migration back into the next release.",
    "migration_sql_error_check": (
        "Prints the whole log of the execution. The server's first error names the statement; errors after it"
        " (aborted transaction, dirty version, already exists) are consequences."
    ),
    # migration-history-conflict
    "migration_history_conflict_title": "The migration history and the migration files disagree",
    "migration_history_conflict_summary": (
        "The tool compared its record in the database with the files and stopped before any statement: a failed or"
        " dirty entry, a changed, missing or doubled migration, several heads, or no baseline."
    ),
    "migration_history_conflict_clue_retry_only": (
        "Only a retry met the failed entry: the attempt before it left it behind and has an error of its own."
    ),
    "migration_history_conflict_clue_file_not_in_image": "The image holds no migration file for {name}.",
    "migration_history_conflict_clue_file_in_image": "The image holds the migration: {path}.",
    "migration_history_conflict_remedy_inspect": "See what the tool holds applied, failed and pending.",
    "migration_history_conflict_remedy_repair": (
        "After checking what of the migration is really in the schema, bring the record in line with it."
    ),
    "migration_history_conflict_remedy_repair_before": (
        "Every statement of the named migration was compared with the schema, and the tool's table was copied."
    ),
    "migration_history_conflict_remedy_repair_undo": "Write the copied rows back into the tool's table.",
    "migration_history_conflict_remedy_restore_file": (
        "Restore the applied migration as it was (from version control), and put later changes into a new one."
    ),
    "migration_history_conflict_remedy_restore_file_before": "The former text of the file is known.",
    "migration_history_conflict_remedy_restore_file_undo": "Take the commit back and build the former image again.",
    "migration_history_conflict_remedy_merge_heads": "Join the branches of the history with a merge migration.",
    "migration_history_conflict_remedy_merge_heads_before": "The migrations of both branches can run in either order.",
    "migration_history_conflict_remedy_merge_heads_undo": "Delete the merge migration before a database applies it.",
    "migration_history_conflict_remedy_baseline": "Record a baseline for a database that was built without the tool.",
    "migration_history_conflict_remedy_baseline_before": (
        "The schema equals what the migrations up to the baseline would make."
    ),
    "migration_history_conflict_remedy_baseline_undo": "Delete the baseline row from the tool's table.",
    "migration_history_conflict_remedy_older_image": (
        "Run the last image that went well, when its files fit the record."
    ),
    "migration_history_conflict_remedy_older_image_before": "The database was not migrated beyond that image.",
    "migration_history_conflict_remedy_older_image_undo": "Set the newer image on the job again.",
    "migration_history_conflict_check": (
        "Lists the migration files of the image. Compare the names with the tool's table: a recorded name without a"
        " file was deleted or not built in; a name that is in both was changed after it was applied."
    ),
    # migration-config-invalid
    "migration_config_invalid_title": "The migration tool is configured wrongly",
    "migration_config_invalid_summary": (
        "The tool stopped over its own settings before it looked at a migration: data source export, dialect or"
        " driver, configuration file, schema, or search path."
    ),
    "migration_config_invalid_clue_url_is_set": (
        "{variable} is set on the job: the tool's configuration does not read it."
    ),
    "migration_config_invalid_clue_schema_elsewhere": "The image holds the schema at another place: {path}.",
    "migration_config_invalid_clue_schema_not_in_image": "The image holds no schema file at all.",
    "migration_config_invalid_remedy_see_settings": "See command, arguments and variables as this execution had them.",
    "migration_config_invalid_remedy_correct_config": (
        "Correct the tool's configuration file: export, dialect, section of this environment, paths inside the image."
    ),
    "migration_config_invalid_remedy_correct_config_before": (
        "The corrected configuration was tried with the image, for instance with the tool's status command."
    ),
    "migration_config_invalid_remedy_correct_config_undo": "Take the commit back and build the former image again.",
    "migration_config_invalid_remedy_correct_arguments": (
        "Give the job the arguments that name the right configuration file, environment or schema."
    ),
    "migration_config_invalid_remedy_correct_arguments_before": "The file is in the image at that path.",
    "migration_config_invalid_remedy_correct_arguments_undo": "Set the former arguments on the job again.",
    "migration_config_invalid_remedy_older_image": "Run the last image that went well.",
    "migration_config_invalid_remedy_older_image_before": "No migration of the newer release is needed at once.",
    "migration_config_invalid_remedy_older_image_undo": "Set the newer image on the job again.",
    "migration_config_invalid_check": (
        "Lists the files of the image. If the configuration file or schema is there, its content or the path given to"
        " the tool is wrong; if it is not there, the image is incomplete."
    ),
}
