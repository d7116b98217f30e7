"""Causes in the program and its image: modules, files, runtime, command, environment, its own errors."""

MESSAGES = {
    # module-not-found
    "module_not_found_title": "A library that the program imports is not installed",
    "module_not_found_summary": (
        "The program asked for a library or package that is not in the image, or not on the import path. It "
        "never came to its work."
    ),
    "module_not_found_clue_library_absent": "{module} was looked for among the packages of the image and is not there.",
    "module_not_found_clue_module_in_image": "{module} is in the image, so it is not simply missing.",
    "module_not_found_clue_module_not_in_image": "{module} is not among the installed packages of the image.",
    "module_not_found_clue_module_off_the_path": (
        "{module} is in the image and belongs to the program: the import path does not lead to it."
    ),
    "module_not_found_clue_dev_dependency": (
        "package.json lists {module} under devDependencies only; an install for production leaves it out."
    ),
    "module_not_found_clue_tool_of_a_script": (
        "{command} is called by an npm script, so it has to be an installed dependency."
    ),
    "module_not_found_remedy_add_dependency": (
        "Add the library to the dependencies that production installs, rebuild the image, and let the job use "
        "the new one."
    ),
    "module_not_found_remedy_add_dependency_before": "Look into the new image and see that the library is there.",
    "module_not_found_remedy_add_dependency_undo": "Set the former image again with the same command.",
    "module_not_found_remedy_set_path": (
        "If it is the program's own package: set the import path or the working folder, so that the package is found."
    ),
    "module_not_found_remedy_set_path_before": "Find the folder of the package in the image first.",
    "module_not_found_remedy_set_path_undo": "Remove the variable with --remove-env-vars.",
    "module_not_found_remedy_last_good_image": "Run the image of the last success until the new one is rebuilt.",
    "module_not_found_remedy_last_good_image_before": "Check that the older program fits the database as it is now.",
    "module_not_found_remedy_last_good_image_undo": "Set the new image again once it is rebuilt.",
    "module_not_found_check": (
        "Lists the packages in the image. If the named one is not there, it was not installed; if it is, look "
        "at the import path and at the module format."
    ),
    # module-format-mismatch
    "module_format_mismatch_title": "A module is there and cannot be loaded as it is",
    "module_format_mismatch_summary": (
        "Node found the file and could not read it in the format it expects: ECMAScript module against "
        "CommonJS, TypeScript, or an import without a file extension."
    ),
    "module_format_mismatch_clue_typescript_by_node": (
        "The command gives {script} to plain Node; older versions of Node run JavaScript only."
    ),
    "module_format_mismatch_clue_require_in_esm_package": (
        '{script} uses require, and its package.json says "type": "module".'
    ),
    "module_format_mismatch_clue_import_in_commonjs_package": (
        '{script} uses import, and its package.json does not say "type": "module".'
    ),
    "module_format_mismatch_clue_script_fits_type": (
        'The first script, {script}, fits the "type" of its package.json.'
    ),
    "module_format_mismatch_remedy_run_compiled": "Run the compiled script instead of the source.",
    "module_format_mismatch_remedy_run_compiled_before": "See that the compiled script is in the image.",
    "module_format_mismatch_remedy_run_compiled_undo": "Set the former command and arguments again.",
    "module_format_mismatch_remedy_align_module_settings": (
        'Make "type" in package.json, the module setting of the compiler and the file extensions agree; load '
        "dependencies that are ECMAScript only with import(), or keep their last CommonJS version. Rebuild."
    ),
    "module_format_mismatch_remedy_align_module_settings_before": (
        "Start the job's command once in a container of the new image."
    ),
    "module_format_mismatch_remedy_align_module_settings_undo": "Set the former image again.",
    "module_format_mismatch_remedy_last_good_image": (
        "Run the image of the last success until the new one is rebuilt."
    ),
    "module_format_mismatch_remedy_last_good_image_before": (
        "Check that the older program fits the database as it is now."
    ),
    "module_format_mismatch_remedy_last_good_image_undo": "Set the new image again once it is rebuilt.",
    "module_format_mismatch_check": (
        'Shows "type" in package.json. With "module", .js files must use import and full paths; without it, '
        "they must use require."
    ),
    # image-file-missing
    "image_file_missing_title": "A file of the program is not in the image",
    "image_file_missing_summary": (
        "The program asked for a file or folder of its own, and the image does not hold it: not copied, kept "
        "out by .dockerignore, or never built or fetched."
    ),
    "image_file_missing_clue_path_not_in_image": "{path}, which the message names, is not in the image.",
    "image_file_missing_clue_path_in_image": "{path}, which the message names, is in the image.",
    "image_file_missing_clue_script_not_in_image": "The command starts {path}, and the image does not hold it.",
    "image_file_missing_clue_program_names_it": "{program}, which is what runs, names {path}, and that is not in the "
    "image.",
    "image_file_missing_clue_looked_for": "{path} was looked for and is not in the image.",
    "image_file_missing_remedy_look_into_image": "Look at what the image holds, and where.",
    "image_file_missing_remedy_copy_file": (
        "Copy the file into the final stage of the image, correct .dockerignore or the step that fetches it, "
        "rebuild, and let the job use the new image."
    ),
    "image_file_missing_remedy_copy_file_before": "Look into the new image and see that the file is there.",
    "image_file_missing_remedy_copy_file_undo": "Set the former image again with the same command.",
    "image_file_missing_remedy_last_good_image": "Run the image of the last success until the new one is rebuilt.",
    "image_file_missing_remedy_last_good_image_before": (
        "Check that the older program, with its older set of files, fits the database as it is now."
    ),
    "image_file_missing_remedy_last_good_image_undo": "Set the new image again once it is rebuilt.",
    "image_file_missing_check": (
        "Lists the program's folder in the image. If the named file is not there, this is the cause; if it is "
        "elsewhere, the path in the command or in the configuration is wrong."
    ),
    # runtime-incompatible
    "runtime_incompatible_title": "A binary, library or runtime version does not fit",
    "runtime_incompatible_summary": (
        "Something in the image was built for another machine, C library, runtime version or sandbox, or a "
        "system library or extension is missing. The program's own code is not at fault."
    ),
    "runtime_incompatible_clue_architecture": "The image is built for {architecture}; Cloud Run runs linux/amd64.",
    "runtime_incompatible_clue_architecture_fits": "The image is built for {architecture}, as Cloud Run needs it.",
    "runtime_incompatible_clue_native_signal": (
        "The program was ended by {signal}, which native code or the processor raises."
    ),
    "runtime_incompatible_clue_first_generation": (
        "The job runs in the first generation execution environment, which lacks system calls and devices "
        "that the program uses."
    ),
    "runtime_incompatible_clue_environment_changed": "The execution environment was changed since the last success.",
    "runtime_incompatible_remedy_rebuild_for_amd64": (
        "Build the image for linux/amd64, with dependencies installed inside the image, and let the job use it."
    ),
    "runtime_incompatible_remedy_rebuild_for_amd64_before": "Check the architecture of the new image.",
    "runtime_incompatible_remedy_rebuild_for_amd64_undo": "Set the former image again.",
    "runtime_incompatible_remedy_install_library": (
        "Install the missing library or extension in the Dockerfile, or take a base image that fits the "
        "binary (same libc, same major version of the runtime), and rebuild."
    ),
    "runtime_incompatible_remedy_install_library_before": "Start the program once in a container of the new image.",
    "runtime_incompatible_remedy_install_library_undo": "Set the former image again.",
    "runtime_incompatible_remedy_second_generation": (
        "For system calls and devices: let the job run in the second generation execution environment."
    ),
    "runtime_incompatible_remedy_second_generation_before": "The second generation needs at least 512 MiB of memory.",
    "runtime_incompatible_remedy_second_generation_undo": (
        "Choose the former environment with --execution-environment."
    ),
    "runtime_incompatible_remedy_last_good_image": "Run the image of the last success until the new one is rebuilt.",
    "runtime_incompatible_remedy_last_good_image_before": (
        "Check that the older program fits the database as it is now."
    ),
    "runtime_incompatible_remedy_last_good_image_undo": "Set the new image again once it is rebuilt.",
    "runtime_incompatible_check": (
        "Shows for which platforms the image was built. Without linux/amd64 it cannot run; with it, compare "
        "base image and runtime version with those that built the dependencies."
    ),
    # entrypoint-invalid
    "entrypoint_invalid_title": "The command or its arguments cannot be executed",
    "entrypoint_invalid_summary": (
        "The container could not carry out the job's command as it is configured: not found, not executable, "
        "joined into one word, or unknown to the program that was started."
    ),
    "entrypoint_invalid_clue_joined_command": "The first word of the command is a whole command line: {words}",
    "entrypoint_invalid_clue_joined_arguments": "A whole command line is given as one argument: {words}",
    "entrypoint_invalid_clue_windows_path": (
        "A path was turned into a Windows path before it reached Cloud Run: {path}"
    ),
    "entrypoint_invalid_clue_script_of_command": "The shell does not find {path}, which the command names.",
    "entrypoint_invalid_clue_exit_126": "Exit code 126: the shell found the command and could not execute it.",
    "entrypoint_invalid_clue_exit_127": "Exit code 127: the shell did not find the command.",
    "entrypoint_invalid_clue_program_absent": "The command starts {path}, and the image does not hold it.",
    "entrypoint_invalid_clue_not_executable": "{path} is in the image without the right to execute it.",
    "entrypoint_invalid_clue_program_executable": "{path} is in the image and may be executed.",
    "entrypoint_invalid_clue_windows_line_ends": (
        "The first line of {path} ends as on Windows, so its interpreter is not found."
    ),
    "entrypoint_invalid_clue_interpreter_absent": "{path} asks for {interpreter}, and the image does not hold it.",
    "entrypoint_invalid_remedy_see_command": "See the command and arguments as they were given to this execution.",
    "entrypoint_invalid_remedy_correct_command": (
        "Give the program as the command and every argument as an element of its own."
    ),
    "entrypoint_invalid_remedy_correct_command_before": (
        "Note the present command and arguments; the command replaces the image's ENTRYPOINT."
    ),
    "entrypoint_invalid_remedy_correct_command_undo": "Set the former command and arguments again.",
    "entrypoint_invalid_remedy_make_executable": (
        "Make the script executable, save it with Unix line ends, name an interpreter that the image holds, "
        "and rebuild."
    ),
    "entrypoint_invalid_remedy_make_executable_before": "See in the new image that the mode is 0755.",
    "entrypoint_invalid_remedy_make_executable_undo": "Set the former image again.",
    "entrypoint_invalid_remedy_start_through_shell": "Let a shell take the command line apart.",
    "entrypoint_invalid_remedy_start_through_shell_before": (
        "The image must hold /bin/sh; images without a shell do not."
    ),
    "entrypoint_invalid_remedy_start_through_shell_undo": "Set the former command and arguments again.",
    "entrypoint_invalid_check": (
        "Lists the program's folder with modes. The program must be there and executable; compare its path "
        "with the command."
    ),
    # env-missing
    "env_missing_title": "A required environment variable is not set",
    "env_missing_summary": (
        "The program needs a variable that the job does not have, or that is empty. It stopped before its "
        "work, or went on with the driver's default and failed there."
    ),
    "env_missing_clue_named_was_removed": (
        "{variable}, which the message names, was set in the last success and is not set now."
    ),
    "env_missing_clue_named_is_empty": "{variable}, which the message names, is set to an empty value.",
    "env_missing_clue_named_is_set": "{variable}, which the message names, is set on the job.",
    "env_missing_clue_named_not_set": "{variable}, which the message names, is not among the variables of the job.",
    "env_missing_clue_named_last": "The program asked for {variable} in its last error and then ended.",
    "env_missing_clue_removed_since_success": "{variable} was set in the last success and is not set now.",
    "env_missing_clue_settings_field": "The settings class lacks a required field.",
    "env_missing_clue_no_address_set": (
        "The program went to the driver's default address, and no variable of the job gives another."
    ),
    "env_missing_clue_no_password_set": "The driver sent no password, and no variable of the job holds one.",
    "env_missing_remedy_see_variables": "See which variables the job has now.",
    "env_missing_remedy_set_variable": "Set the variable on the job.",
    "env_missing_remedy_set_variable_before": (
        "Find the right value. --update-env-vars keeps the other variables; --set-env-vars replaces them all."
    ),
    "env_missing_remedy_set_variable_undo": "Remove it with --remove-env-vars.",
    "env_missing_remedy_set_secret": "For a secret value: let the variable refer to a secret.",
    "env_missing_remedy_set_secret_before": (
        "The job's service account needs roles/secretmanager.secretAccessor on the secret."
    ),
    "env_missing_remedy_set_secret_undo": "Remove it with --remove-secrets.",
    "env_missing_remedy_one_run_with_variable": "Run once with the variable, without changing the job.",
    "env_missing_remedy_one_run_with_variable_before": (
        "Not for secret values: they would be readable in the execution."
    ),
    "env_missing_remedy_one_run_with_variable_undo": "Nothing to undo in the job; what the run does stays.",
    "env_missing_check": (
        "Shows the names of the variables that this execution had. If the named one is not among them, this "
        "is the cause."
    ),
    # env-malformed
    "env_malformed_title": "A variable, URL or secret value cannot be used as it is",
    "env_malformed_summary": (
        "A value is set, and the program or its driver cannot read it: characters that are not escaped, a "
        "wrong scheme or port, broken JSON or key, quotes, or a newline at its end."
    ),
    "env_malformed_clue_unescaped_characters": (
        "The value of {variable} is a URL with characters in user or password that have to be written as %XX."
    ),
    "env_malformed_clue_invalid_percent_escape": (
        "The value of {variable} has a % that two hexadecimal digits do not follow."
    ),
    "env_malformed_clue_invalid_port": "The port in the value of {variable} is not a port number.",
    "env_malformed_clue_url_without_host": "The value of {variable} is a URL without a host.",
    "env_malformed_clue_url_without_scheme": "The value of {variable} should be a URL and has no scheme.",
    "env_malformed_clue_broken_json": "The value of {variable} looks like JSON and does not parse.",
    "env_malformed_clue_broken_pem": "The value of {variable} is a key or certificate whose lines were damaged.",
    "env_malformed_clue_control_characters": "The value of {variable} holds control characters.",
    "env_malformed_clue_crlf": "The value of {variable} holds Windows line ends.",
    "env_malformed_clue_byte_order_mark": "The value of {variable} starts with a byte order mark.",
    "env_malformed_clue_replacement_character": (
        "The value of {variable} holds the replacement character: it was written in another encoding."
    ),
    "env_malformed_clue_trailing_escaped_newline": "The value of {variable} ends in a backslash and an n.",
    "env_malformed_clue_template": "The value of {variable} holds a template expression that nothing replaced.",
    "env_malformed_clue_secret_name": "The value of {variable} is the name of a secret, not its content.",
    "env_malformed_clue_settings_field": "The settings class refuses a value that is set.",
    "env_malformed_clue_trailing_newline": "The value of {variable} ends in a newline.",
    "env_malformed_clue_leading_space": "The value of {variable} starts with a blank.",
    "env_malformed_clue_trailing_space": "The value of {variable} ends in a blank.",
    "env_malformed_clue_quoted": "The value of {variable} is wrapped in quotes, which are part of it.",
    "env_malformed_clue_placeholder": "The value of {variable} is a placeholder that nobody replaced.",
    "env_malformed_clue_composed_url": (
        "{url} holds no password; when {password} is put into it unescaped, characters such as @ or / break it."
    ),
    "env_malformed_clue_changed_since_success": "{variable} was changed since the last success.",
    "env_malformed_remedy_encode_value": "Percent-encode user and password of the URL and set the value again.",
    "env_malformed_remedy_encode_value_before": "Encode the parts, not the whole URL, and only once.",
    "env_malformed_remedy_encode_value_undo": "Set the former value again.",
    "env_malformed_remedy_new_secret_version": (
        "Write the value as a new version of the secret, without a newline at its end."
    ),
    "env_malformed_remedy_new_secret_version_before": (
        "See who else uses the secret: version latest changes for all of them."
    ),
    "env_malformed_remedy_new_secret_version_undo": (
        "Disable the new version and refer to the former one by its number."
    ),
    "env_malformed_remedy_parts_instead_of_url": (
        "Give host, user, database and password one by one: nothing has to be escaped then."
    ),
    "env_malformed_remedy_parts_instead_of_url_before": (
        "The program must read these variables; libpq and most PostgreSQL drivers do."
    ),
    "env_malformed_remedy_parts_instead_of_url_undo": "Remove the variables again.",
    "env_malformed_check": "Shows only the last byte of the secret. 0a is a newline that became part of the value.",
    # application-error
    "application_error_title": "The program itself failed or refused",
    "application_error_summary": (
        "The program started, read its settings and ended by an error of its own: a defect, input it did not "
        "expect, or a check that stopped it on purpose."
    ),
    "application_error_clue_changed_file_in_trace": "The trace goes through {file}, which commit {commit} changed.",
    "application_error_clue_own_last_word": "The program reported this error itself and then ended.",
    "application_error_clue_own_exit_code": "Exit code {code}: a code that the program chose itself.",
    "application_error_remedy_read_trace": (
        "Read the trace from its end to the first line in the program's own files."
    ),
    "application_error_remedy_correct_program": (
        "Correct the program, or the input that it names, and let the job use the new image."
    ),
    "application_error_remedy_correct_program_before": "Run the program with the same input outside of production.",
    "application_error_remedy_correct_program_undo": "Set the former image again.",
    "application_error_remedy_last_good_image": "Run the image of the last success until the program is corrected.",
    "application_error_remedy_last_good_image_before": "Only if the data and the schema still fit the older program.",
    "application_error_remedy_last_good_image_undo": "Set the new image again once it is corrected.",
    "application_error_check": (
        "Shows all lines of the execution in order. The first exception of the first attempt is the one to read."
    ),
}
