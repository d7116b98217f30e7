"""Causes of `opsctl cloudrun diagnose`: reaching a database and being let in."""

MESSAGES = {
    # db-connection-refused
    "db_connection_refused_title": "Nothing listens where the program looks for its server",
    "db_connection_refused_summary": (
        "The connection was refused at once: no server listens at that host and port, or the local socket does not "
        "exist. Inside a Cloud Run container localhost is the container itself."
    ),
    "db_connection_refused_clue_local_host": "{variable} names {host}, which is the container itself",
    "db_connection_refused_clue_no_host_variable": (
        "no variable of the job names a database server, and the program tried its own default"
    ),
    "db_connection_refused_clue_instance_stopped": (
        "Cloud SQL instance {instance} does not run as of now (state {state}, activation policy {policy})"
    ),
    "db_connection_refused_remedy_set_host": "Set the host and port of the real server in the job's variables.",
    "db_connection_refused_remedy_set_host_before": (
        "The names of the variables are those that the program reads; here DB_HOST and DB_PORT stand for them."
    ),
    "db_connection_refused_remedy_set_host_undo": "Set the variables to their former values in the same way.",
    "db_connection_refused_remedy_start_instance": "Start the Cloud SQL instance when it is stopped.",
    "db_connection_refused_remedy_start_instance_before": (
        "Somebody stopped it: ask whether that was meant. A running instance costs money."
    ),
    "db_connection_refused_remedy_start_instance_undo": "Set the activation policy back to NEVER.",
    "db_connection_refused_remedy_proxy": (
        "Run the migration once from a machine that reaches the database, through the Cloud SQL Auth Proxy."
    ),
    "db_connection_refused_remedy_proxy_before": (
        "No other migration runs, a backup exists, and the checked-out code is that of the deployed image."
    ),
    "db_connection_refused_remedy_proxy_undo": "Roll the migration back with its tool, or restore the backup.",
    "db_connection_refused_check": (
        "Shows the variables of the run: a host of localhost or 127.0.0.1, or no host at all, explains the refusal."
    ),
    # network-unreachable
    "network_unreachable_title": "An address that the job cannot reach",
    "network_unreachable_summary": (
        "The host name has no address, or nothing answered before the client gave up. Check the name, and whether the "
        "job has the VPC egress, NAT or firewall rule that the address needs."
    ),
    "network_unreachable_clue_all_traffic": (
        "all traffic of the job goes into the VPC: without Cloud NAT nothing on the internet answers"
    ),
    "network_unreachable_clue_silent_connect": (
        "the last line before a long silence up to the timeout announces a connection: {line}"
    ),
    "network_unreachable_clue_vpc_changed": "the VPC settings differ from those of the last success",
    "network_unreachable_clue_instance_stopped": (
        "Cloud SQL instance {instance} does not run as of now, which explains the silence without a fault of the "
        "network"
    ),
    "network_unreachable_clue_private_host_without_vpc": (
        "{variable} names the private address {host}, and the job has no VPC access"
    ),
    "network_unreachable_clue_private_instance_without_vpc": (
        "Cloud SQL instance {instance} has a private address only, and the job has no VPC access"
    ),
    "network_unreachable_clue_bare_host_name": (
        "{variable} names {host}: a bare service name as in Docker Compose, which Cloud Run cannot resolve"
    ),
    "network_unreachable_remedy_correct_host": (
        "Set a host name or address that exists outside the developer's network."
    ),
    "network_unreachable_remedy_correct_host_before": (
        "The name of the variable is the one that the program reads; here DB_HOST stands for it."
    ),
    "network_unreachable_remedy_correct_host_undo": "Set the variable to its former value in the same way.",
    "network_unreachable_remedy_vpc_egress": "Give the job a way into the network of the private address.",
    "network_unreachable_remedy_vpc_egress_before": (
        "Network and subnet are those of the database, the subnet has free addresses, and its firewall lets the job in."
    ),
    "network_unreachable_remedy_vpc_egress_undo": "Take the network off the job again with --clear-network.",
    "network_unreachable_remedy_nat": (
        "Add Cloud NAT to the network when all traffic goes through the VPC and the target is on the internet."
    ),
    "network_unreachable_remedy_nat_before": (
        "The network has no router with NAT in this region yet. NAT costs money, and the target may need its addresses "
        "on an allow list."
    ),
    "network_unreachable_remedy_nat_undo": "Delete the NAT and the router.",
    "network_unreachable_remedy_private_ranges_only": (
        "Send only private addresses through the VPC, so that public hosts are reached directly."
    ),
    "network_unreachable_remedy_private_ranges_only_before": (
        "No rule demands that the job's public traffic goes through the VPC."
    ),
    "network_unreachable_remedy_private_ranges_only_undo": "Set --vpc-egress=all-traffic again.",
    "network_unreachable_check": (
        "Shows the VPC settings and variables of the run: a private address without network, or egress of all traffic, "
        "explains the silence."
    ),
    # cloudsql-not-attached
    "cloudsql_not_attached_title": "Cloud SQL instance not attached, or its connection name is wrong",
    "cloudsql_not_attached_summary": (
        "The program opens a Cloud SQL socket that is not there. Either the instance is not set on this job, or "
        "project, "
        "region or instance in the name differ. A service's attachment does not count for a job."
    ),
    "cloudsql_not_attached_clue_other_instance": "the program wants {named}; attached to the job is {attached}",
    "cloudsql_not_attached_clue_no_instance": "the program wants {named}; no instance is attached to the job",
    "cloudsql_not_attached_clue_name_without_socket": (
        "{variable} names the instance {named}, nothing is attached to the job, and connections get no answer"
    ),
    "cloudsql_not_attached_clue_attached": "the instance that the program wants, {named}, is attached to the job",
    "cloudsql_not_attached_clue_connector_tried": "the connector to Cloud SQL was there and reports another reason",
    "cloudsql_not_attached_clue_hidden_socket": (
        "{variable} holds a Cloud SQL socket path, and no instance is attached to the job"
    ),
    "cloudsql_not_attached_clue_instance_not_found": "there is no Cloud SQL instance {named} as of now",
    "cloudsql_not_attached_clue_detached": "attached in the last success: {before}; in this run: {after}",
    "cloudsql_not_attached_clue_attached_since": "{named} was attached to the job after this run",
    "cloudsql_not_attached_remedy_attach": "Attach the instance to the job with its exact connection name.",
    "cloudsql_not_attached_remedy_attach_before": (
        "The command replaces the whole list: name every instance that the job needs. The job's service account has "
        "roles/cloudsql.client."
    ),
    "cloudsql_not_attached_remedy_attach_undo": "Set the former list again, or --clear-cloudsql-instances.",
    "cloudsql_not_attached_remedy_correct_name": (
        "When the right instance is attached, use its connection name in the program's settings."
    ),
    "cloudsql_not_attached_remedy_correct_name_before": (
        "The name of the variable is the one that the program reads; here DB_HOST stands for it."
    ),
    "cloudsql_not_attached_remedy_correct_name_undo": "Set the variable to its former value in the same way.",
    "cloudsql_not_attached_remedy_proxy": (
        "Run the migration once from a machine that reaches the database, through the Cloud SQL Auth Proxy."
    ),
    "cloudsql_not_attached_remedy_proxy_before": (
        "No other migration runs, a backup exists, and the checked-out code is that of the deployed image."
    ),
    "cloudsql_not_attached_remedy_proxy_undo": "Roll the migration back with its tool, or restore the backup.",
    "cloudsql_not_attached_check": (
        "Shows the instances attached to the run: compare them letter by letter with the path in the error."
    ),
    # db-auth-failed
    "db_auth_failed_title": "The database rejects the user or the password",
    "db_auth_failed_summary": (
        "The server was reached and did not let this user in. After a rotation the secret and the database often hold "
        "different passwords; a user that does not exist reads alike."
    ),
    "db_auth_failed_clue_password_newline": "the value of {variable} ends in a newline, which is part of the password",
    "db_auth_failed_clue_password_empty": "{variable} is empty",
    "db_auth_failed_clue_secret_renewed": "secret {secret} got version {version} after the last success",
    "db_auth_failed_clue_credentials_changed": "{name} differs from the last success",
    "db_auth_failed_remedy_list_users": "Compare the user with those of the instance, and the versions of the secret.",
    "db_auth_failed_remedy_reset_password": "Set one new password in the database and in the secret.",
    "db_auth_failed_remedy_reset_password_before": (
        "Every other program that uses this user reads the same secret, or gets the new password at the same time."
    ),
    "db_auth_failed_remedy_reset_password_undo": (
        "The old password cannot be read back from the database; set the one that the former secret version holds."
    ),
    "db_auth_failed_remedy_pin_version": "Let the job use the secret version that still worked.",
    "db_auth_failed_remedy_pin_version_before": "That version is enabled and the database still has its password.",
    "db_auth_failed_remedy_pin_version_undo": "Set the version to latest again once both sides agree.",
    "db_auth_failed_check": (
        "Shows when the secret's versions were made: one made after the last success and before this run is suspect."
    ),
    # db-tls-mismatch
    "db_tls_mismatch_title": "Client and server do not agree on TLS",
    "db_tls_mismatch_summary": (
        "Either the server demands encryption and the program connects without, or the program demands it where there "
        "is none, or it does not trust the server's certificate. Network and password are not the matter."
    ),
    "db_tls_mismatch_clue_tls_setting_changed": "{name} differs from the last success",
    "db_tls_mismatch_clue_tls_on_socket": (
        "{variable} demands TLS, and the connection is a Cloud SQL socket, which has none"
    ),
    "db_tls_mismatch_clue_tls_switched_off": "{variable} switches TLS off",
    "db_tls_mismatch_remedy_require_tls": "Let the client encrypt: sslmode=require, or what the driver calls it.",
    "db_tls_mismatch_remedy_require_tls_before": (
        "The driver reads PGSSLMODE; others take it in the URL (sslmode, ssl, useSSL, encrypt) or in code."
    ),
    "db_tls_mismatch_remedy_require_tls_undo": "Remove the variable again.",
    "db_tls_mismatch_remedy_give_ca": "Give the client the CA that signed the server's certificate.",
    "db_tls_mismatch_remedy_give_ca_before": "The CA is stored as a secret and the program reads it from that path.",
    "db_tls_mismatch_remedy_give_ca_undo": "Remove the mounted secret with --remove-secrets.",
    "db_tls_mismatch_remedy_socket_without_tls": (
        "Ask for no TLS on a Cloud SQL socket: Cloud Run encrypts the way to the instance itself."
    ),
    "db_tls_mismatch_remedy_socket_without_tls_before": "The connection goes through /cloudsql/ or through the proxy.",
    "db_tls_mismatch_remedy_socket_without_tls_undo": "Set the variable to its former value.",
    "db_tls_mismatch_remedy_no_verification": (
        "Encrypt without checking the certificate (sslmode=require, rejectUnauthorized false, trustServerCertificate "
        "true) until the CA is in place."
    ),
    "db_tls_mismatch_remedy_no_verification_before": (
        "The way to the server is private: without the check nobody proves who answers."
    ),
    "db_tls_mismatch_remedy_no_verification_undo": "Switch the check on again once the client has the CA.",
    "db_tls_mismatch_check": (
        "Shows what the instance demands: sslMode ENCRYPTED_ONLY or a client certificate explains a plain client's end."
    ),
    # db-not-found
    "db_not_found_title": "The server has no database of that name",
    "db_not_found_summary": (
        "The server answered and does not know the database. The name is misspelt or differs in case, or the database "
        "was never created on this instance."
    ),
    "db_not_found_clue_name_changed": "{name} differs from the last success",
    "db_not_found_remedy_list_databases": "Look which databases the instance has.",
    "db_not_found_remedy_correct_name": "Correct the name in the job's variables.",
    "db_not_found_remedy_correct_name_before": (
        "The name of the variable is the one that the program reads; here DB_NAME stands for it."
    ),
    "db_not_found_remedy_correct_name_undo": "Set the variable to its former value in the same way.",
    "db_not_found_remedy_create_database": "Create the database when it is really new.",
    "db_not_found_remedy_create_database_before": (
        "This is the right instance: on a wrong one the migration would fill an empty database and seem to succeed."
    ),
    "db_not_found_remedy_create_database_undo": "Delete the new database while it is empty.",
    "db_not_found_check": "Lists the databases of the instance: compare the name letter by letter, case included.",
    # db-connection-limit
    "db_connection_limit_title": "The database refuses further connections",
    "db_connection_limit_summary": (
        "All connections that the server, the pooler or the user may have are taken. Other services count as well; "
        "this "
        "job may only be the one that came last."
    ),
    "db_connection_limit_clue_many_tasks": (
        "{tasks} tasks of this execution run at the same time, each with its own pool"
    ),
    "db_connection_limit_remedy_see_connections": "See who holds the connections.",
    "db_connection_limit_remedy_fewer_tasks": "Run fewer tasks at once, and lower the pool size of each.",
    "db_connection_limit_remedy_fewer_tasks_before": "The tasks may run one after another and still end in time.",
    "db_connection_limit_remedy_fewer_tasks_undo": "Set the former parallelism.",
    "db_connection_limit_remedy_raise_limit": "Raise max_connections, together with the memory of the instance.",
    "db_connection_limit_remedy_raise_limit_before": (
        "The change of this flag restarts the instance. The command replaces all flags: name those that are set."
    ),
    "db_connection_limit_remedy_raise_limit_undo": "Set the former flags in the same way; that restarts it again.",
    "db_connection_limit_remedy_end_idle": "End connections that have been idle for long, then run the job again.",
    "db_connection_limit_remedy_end_idle_before": (
        "Their programs open new connections by themselves when they need one."
    ),
    "db_connection_limit_remedy_end_idle_undo": "Nothing to undo: the programs connect again.",
    "db_connection_limit_check": (
        "Shows the size of the instance and its flags: compare max_connections with the sum of all pools."
    ),
    # db-privilege-missing
    "db_privilege_missing_title": "The database user lacks a privilege",
    "db_privilege_missing_summary": (
        "The user is logged in and may not do what the statement asks. The message names the schema, table or right. "
        "Since PostgreSQL 15 only the owner may create in the schema public."
    ),
    "db_privilege_missing_clue_user_changed": "{name} differs from the last success: another user has other rights",
    "db_privilege_missing_remedy_grant": "Grant the privilege that the message names, to this user alone.",
    "db_privilege_missing_remedy_grant_before": "Logged in as the owner of the schema or as an administrator.",
    "db_privilege_missing_remedy_grant_undo": "Revoke the same privilege.",
    "db_privilege_missing_remedy_change_owner": "Make the migration's user the owner of what it has to alter.",
    "db_privilege_missing_remedy_change_owner_before": (
        "Programs that rely on the former owner's rights have grants of their own."
    ),
    "db_privilege_missing_remedy_change_owner_undo": "Set the former owner in the same way.",
    "db_privilege_missing_remedy_run_as_owner": "Run the migration once as the user that owns the objects.",
    "db_privilege_missing_remedy_run_as_owner_before": (
        "The owner's password is available to the job as a secret. New objects will belong to that user."
    ),
    "db_privilege_missing_remedy_run_as_owner_undo": "Roll the migration back with its tool, or restore the backup.",
    "db_privilege_missing_check": (
        "Shows owners and rights of schemas and tables, and the roles: look for the user of the job."
    ),
}
