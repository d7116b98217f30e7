"""프로그램과 이미지에 있는 원인: 모듈, 파일, 런타임, 명령, 환경 변수, 프로그램 자체의 오류."""

MESSAGES = {
    # module-not-found
    "module_not_found_title": "프로그램이 불러오는 라이브러리가 설치되어 있지 않음",
    "module_not_found_summary": (
        "프로그램이 요청한 라이브러리나 패키지가 이미지에 없거나 import 경로에 없습니다. 본 작업은 시작하지 못했습니다."
    ),
    "module_not_found_clue_library_absent": "이미지에 설치된 패키지에서 찾아본 {module}이(가) 없습니다.",
    "module_not_found_clue_module_in_image": "{module}은(는) 이미지에 있으므로 단순히 빠진 것이 아닙니다.",
    "module_not_found_clue_module_not_in_image": "이미지에 설치된 패키지 중에 {module}이(가) 없습니다.",
    "module_not_found_clue_module_off_the_path": (
        "{module}은(는) 프로그램의 패키지로 이미지에 있지만, import 경로가 그곳을 가리키지 않습니다."
    ),
    "module_not_found_clue_dev_dependency": (
        "package.json의 devDependencies에만 {module}이(가) 있어, 운영용 설치에서는 빠집니다."
    ),
    "module_not_found_clue_tool_of_a_script": (
        "{command}은(는) npm 스크립트가 호출하는 도구이므로 의존성으로 설치되어 있어야 합니다."
    ),
    "module_not_found_remedy_add_dependency": (
        "운영 환경에서 설치하는 의존성에 라이브러리를 추가하고, 이미지를 다시 빌드해 작업에 지정합니다."
    ),
    "module_not_found_remedy_add_dependency_before": "새 이미지 안에 라이브러리가 있는지 확인합니다.",
    "module_not_found_remedy_add_dependency_undo": "같은 명령으로 이전 이미지를 다시 지정합니다.",
    "module_not_found_remedy_set_path": (
        "프로그램 자체의 패키지라면, 패키지를 찾을 수 있도록 import 경로나 작업 폴더를 지정합니다."
    ),
    "module_not_found_remedy_set_path_before": "이미지에서 패키지가 있는 폴더를 먼저 확인합니다.",
    "module_not_found_remedy_set_path_undo": "--remove-env-vars로 변수를 제거합니다.",
    "module_not_found_remedy_last_good_image": (
        "새 이미지를 빌드할 때까지 마지막으로 성공한 실행의 이미지로 실행합니다."
    ),
    "module_not_found_remedy_last_good_image_before": "이전 프로그램이 현재 데이터베이스 상태와 맞는지 확인합니다.",
    "module_not_found_remedy_last_good_image_undo": "다시 빌드한 뒤 새 이미지를 지정합니다.",
    "module_not_found_check": (
        "이미지에 있는 패키지 목록을 보여 줍니다. 메시지의 패키지가 없으면 설치되지 않은 것이고, 있으면 import "
        "경로와 모듈 형식을 확인하십시오."
    ),
    # module-format-mismatch
    "module_format_mismatch_title": "모듈은 있으나 그대로 불러올 수 없음",
    "module_format_mismatch_summary": (
        "Node가 파일을 찾았지만 예상한 형식으로 읽지 못했습니다. ECMAScript 모듈과 CommonJS가 어긋났거나, "
        "TypeScript이거나, import 경로에 확장자가 "
        "없습니다."
    ),
    "module_format_mismatch_clue_typescript_by_node": (
        "명령이 {script}을(를) Node로 바로 실행합니다. 이전 버전의 Node는 JavaScript만 실행합니다."
    ),
    "module_format_mismatch_clue_require_in_esm_package": (
        '{script}은(는) require를 쓰는데, package.json에는 "type": "module"이 있습니다.'
    ),
    "module_format_mismatch_clue_import_in_commonjs_package": (
        '{script}은(는) import를 쓰는데, package.json에는 "type": "module"이 없습니다.'
    ),
    "module_format_mismatch_clue_script_fits_type": '처음 실행되는 {script}은(는) package.json의 "type"과 맞습니다.',
    "module_format_mismatch_remedy_run_compiled": "소스 대신 컴파일된 스크립트를 실행합니다.",
    "module_format_mismatch_remedy_run_compiled_before": "컴파일된 스크립트가 이미지에 있는지 확인합니다.",
    "module_format_mismatch_remedy_run_compiled_undo": "이전 명령과 인수를 다시 지정합니다.",
    "module_format_mismatch_remedy_align_module_settings": (
        'package.json의 "type", 컴파일러의 module 설정, 파일 확장자를 일치시킵니다. ECMAScript 모듈로만 배포되는 '
        "의존성은 import()로 불러오거나 마지막 "
        "CommonJS 버전을 유지하고, 이미지를 다시 빌드합니다."
    ),
    "module_format_mismatch_remedy_align_module_settings_before": (
        "새 이미지의 컨테이너에서 작업 명령을 한 번 실행해 봅니다."
    ),
    "module_format_mismatch_remedy_align_module_settings_undo": "이전 이미지를 다시 지정합니다.",
    "module_format_mismatch_remedy_last_good_image": (
        "새 이미지를 빌드할 때까지 마지막으로 성공한 실행의 이미지로 실행합니다."
    ),
    "module_format_mismatch_remedy_last_good_image_before": (
        "이전 프로그램이 현재 데이터베이스 상태와 맞는지 확인합니다."
    ),
    "module_format_mismatch_remedy_last_good_image_undo": "다시 빌드한 뒤 새 이미지를 지정합니다.",
    "module_format_mismatch_check": (
        'package.json의 "type"을 보여 줍니다. "module"이면 .js 파일은 import와 전체 경로를, 아니면 require를 써야 '
        "합니다."
    ),
    # image-file-missing
    "image_file_missing_title": "프로그램의 파일이 이미지에 없음",
    "image_file_missing_summary": (
        "프로그램이 자신의 파일이나 폴더를 찾았지만 이미지에 없습니다. 복사하지 않았거나, .dockerignore가 "
        "제외했거나, 빌드 또는 내려받기가 되지 않았습니다."
    ),
    "image_file_missing_clue_path_not_in_image": "메시지에 나온 {path}이(가) 이미지에 없습니다.",
    "image_file_missing_clue_path_in_image": "메시지에 나온 {path}은(는) 이미지에 있습니다.",
    "image_file_missing_clue_script_not_in_image": "명령은 {path}을(를) 실행하는데, 이미지에 그 파일이 없습니다.",
    "image_file_missing_clue_program_names_it": "실행되는 {program}이(가) {path}을(를) 사용하는데 이미지에 없습니다.",
    "image_file_missing_clue_looked_for": "{path}을(를) 찾아보았으나 이미지에 없습니다.",
    "image_file_missing_remedy_look_into_image": "이미지에 무엇이 어디에 있는지 확인합니다.",
    "image_file_missing_remedy_copy_file": (
        "이미지의 마지막 단계에 파일을 복사하고, .dockerignore나 파일을 가져오는 단계를 고친 뒤, 다시 빌드해 "
        "작업에 지정합니다."
    ),
    "image_file_missing_remedy_copy_file_before": "새 이미지 안에 파일이 있는지 확인합니다.",
    "image_file_missing_remedy_copy_file_undo": "같은 명령으로 이전 이미지를 다시 지정합니다.",
    "image_file_missing_remedy_last_good_image": (
        "새 이미지를 빌드할 때까지 마지막으로 성공한 실행의 이미지로 실행합니다."
    ),
    "image_file_missing_remedy_last_good_image_before": (
        "이전 프로그램과 그 파일들이 현재 데이터베이스 상태와 맞는지 확인합니다."
    ),
    "image_file_missing_remedy_last_good_image_undo": "다시 빌드한 뒤 새 이미지를 지정합니다.",
    "image_file_missing_check": (
        "이미지에서 프로그램 폴더의 목록을 보여 줍니다. 메시지의 파일이 없으면 이것이 원인이고, 다른 곳에 있으면 "
        "명령이나 설정의 경로가 틀린 것입니다."
    ),
    # runtime-incompatible
    "runtime_incompatible_title": "바이너리, 라이브러리 또는 런타임 버전이 맞지 않음",
    "runtime_incompatible_summary": (
        "이미지의 일부가 다른 아키텍처, C 라이브러리, 런타임 버전 또는 실행 환경용으로 빌드되었거나, 시스템 "
        "라이브러리나 확장이 없습니다. 프로그램 코드의 잘못은 아닙니다."
    ),
    "runtime_incompatible_clue_architecture": (
        "이미지는 {architecture}용으로 빌드되었습니다. Cloud Run은 linux/amd64를 실행합니다."
    ),
    "runtime_incompatible_clue_architecture_fits": "이미지는 Cloud Run에 맞는 {architecture}용으로 빌드되었습니다.",
    "runtime_incompatible_clue_native_signal": (
        "프로그램이 {signal}로 끝났습니다. 네이티브 코드나 프로세서가 일으키는 시그널입니다."
    ),
    "runtime_incompatible_clue_first_generation": (
        "작업이 1세대 실행 환경에서 실행되며, 프로그램이 쓰는 시스템 호출이나 장치가 그곳에 없습니다."
    ),
    "runtime_incompatible_clue_environment_changed": "마지막 성공 이후 실행 환경이 바뀌었습니다.",
    "runtime_incompatible_remedy_rebuild_for_amd64": (
        "이미지 안에서 의존성을 설치하도록 하여 linux/amd64용으로 빌드하고, 작업에 지정합니다."
    ),
    "runtime_incompatible_remedy_rebuild_for_amd64_before": "새 이미지의 아키텍처를 확인합니다.",
    "runtime_incompatible_remedy_rebuild_for_amd64_undo": "이전 이미지를 다시 지정합니다.",
    "runtime_incompatible_remedy_install_library": (
        "Dockerfile에서 없는 라이브러리나 확장을 설치하거나, 바이너리에 맞는 기본 이미지(같은 libc, 같은 런타임 "
        "주 버전)를 쓰고 다시 빌드합니다."
    ),
    "runtime_incompatible_remedy_install_library_before": "새 이미지의 컨테이너에서 프로그램을 한 번 실행해 봅니다.",
    "runtime_incompatible_remedy_install_library_undo": "이전 이미지를 다시 지정합니다.",
    "runtime_incompatible_remedy_second_generation": (
        "시스템 호출이나 장치 때문이라면 작업을 2세대 실행 환경에서 실행합니다."
    ),
    "runtime_incompatible_remedy_second_generation_before": "2세대에는 메모리가 최소 512 MiB 필요합니다.",
    "runtime_incompatible_remedy_second_generation_undo": "--execution-environment로 이전 환경을 선택합니다.",
    "runtime_incompatible_remedy_last_good_image": (
        "새 이미지를 빌드할 때까지 마지막으로 성공한 실행의 이미지로 실행합니다."
    ),
    "runtime_incompatible_remedy_last_good_image_before": "이전 프로그램이 현재 데이터베이스 상태와 맞는지 확인합니다.",
    "runtime_incompatible_remedy_last_good_image_undo": "다시 빌드한 뒤 새 이미지를 지정합니다.",
    "runtime_incompatible_check": (
        "이미지가 어떤 플랫폼용으로 빌드되었는지 보여 줍니다. linux/amd64가 없으면 실행할 수 없고, 있으면 기본 "
        "이미지와 런타임 버전을 의존성을 빌드한 환경과 비교하십시오."
    ),
    # entrypoint-invalid
    "entrypoint_invalid_title": "명령이나 인수를 실행할 수 없음",
    "entrypoint_invalid_summary": (
        "컨테이너가 작업의 명령을 설정된 대로 실행하지 못했습니다. 명령을 찾지 못했거나, 실행 권한이 없거나, 한 "
        "단어로 붙어 있거나, 시작된 프로그램이 모르는 인수입니다."
    ),
    "entrypoint_invalid_clue_joined_command": "명령의 첫 단어에 명령줄 전체가 들어 있습니다: {words}",
    "entrypoint_invalid_clue_joined_arguments": "명령줄 전체가 인수 하나로 들어 있습니다: {words}",
    "entrypoint_invalid_clue_windows_path": "경로가 Cloud Run에 전달되기 전에 Windows 경로로 바뀌었습니다: {path}",
    "entrypoint_invalid_clue_script_of_command": "명령에 적힌 {path}을(를) 셸이 찾지 못했습니다.",
    "entrypoint_invalid_clue_exit_126": "종료 코드 126: 셸이 명령을 찾았지만 실행하지 못했습니다.",
    "entrypoint_invalid_clue_exit_127": "종료 코드 127: 셸이 명령을 찾지 못했습니다.",
    "entrypoint_invalid_clue_program_absent": "명령은 {path}을(를) 실행하는데, 이미지에 그 파일이 없습니다.",
    "entrypoint_invalid_clue_not_executable": "{path}은(는) 이미지에 있지만 실행 권한이 없습니다.",
    "entrypoint_invalid_clue_program_executable": "{path}은(는) 이미지에 있고 실행 권한도 있습니다.",
    "entrypoint_invalid_clue_windows_line_ends": "{path}의 첫 줄이 Windows 줄바꿈으로 끝나 인터프리터를 찾지 못합니다.",
    "entrypoint_invalid_clue_interpreter_absent": "{path}은(는) {interpreter}을(를) 요구하는데, 이미지에 없습니다.",
    "entrypoint_invalid_remedy_see_command": "이 실행에 전달된 명령과 인수를 확인합니다.",
    "entrypoint_invalid_remedy_correct_command": "프로그램을 명령으로, 인수를 하나씩 별도 요소로 지정합니다.",
    "entrypoint_invalid_remedy_correct_command_before": (
        "현재 명령과 인수를 적어 둡니다. 명령은 이미지의 ENTRYPOINT를 대신합니다."
    ),
    "entrypoint_invalid_remedy_correct_command_undo": "이전 명령과 인수를 다시 지정합니다.",
    "entrypoint_invalid_remedy_make_executable": (
        "스크립트에 실행 권한을 주고 Unix 줄바꿈으로 저장하며, 이미지에 있는 인터프리터를 지정한 뒤 다시 빌드합니다."
    ),
    "entrypoint_invalid_remedy_make_executable_before": "새 이미지에서 파일 모드가 0755인지 확인합니다.",
    "entrypoint_invalid_remedy_make_executable_undo": "이전 이미지를 다시 지정합니다.",
    "entrypoint_invalid_remedy_start_through_shell": "셸이 명령줄을 나누도록 합니다.",
    "entrypoint_invalid_remedy_start_through_shell_before": (
        "이미지에 /bin/sh가 있어야 합니다. 셸이 없는 이미지도 있습니다."
    ),
    "entrypoint_invalid_remedy_start_through_shell_undo": "이전 명령과 인수를 다시 지정합니다.",
    "entrypoint_invalid_check": (
        "프로그램 폴더를 파일 모드와 함께 보여 줍니다. 프로그램이 있고 실행 가능해야 합니다. 경로를 명령과 "
        "비교하십시오."
    ),
    # env-missing
    "env_missing_title": "필수 환경 변수가 설정되지 않음",
    "env_missing_summary": (
        "프로그램에 필요한 변수가 작업에 없거나 비어 있습니다. 본 작업 전에 멈췄거나, 드라이버의 기본값으로 "
        "진행하다가 실패했습니다."
    ),
    "env_missing_clue_named_was_removed": (
        "메시지에 나온 {variable}은(는) 마지막 성공 때는 설정되어 있었으나 지금은 없습니다."
    ),
    "env_missing_clue_named_is_empty": "메시지에 나온 {variable}의 값이 비어 있습니다.",
    "env_missing_clue_named_is_set": "메시지에 나온 {variable}은(는) 작업에 설정되어 있습니다.",
    "env_missing_clue_named_not_set": "메시지에 나온 {variable}이(가) 작업의 변수 중에 없습니다.",
    "env_missing_clue_named_last": "프로그램이 마지막 오류에서 {variable}을(를) 요구한 뒤 종료했습니다.",
    "env_missing_clue_removed_since_success": "{variable}은(는) 마지막 성공 때는 설정되어 있었으나 지금은 없습니다.",
    "env_missing_clue_settings_field": "설정 클래스에 필수 항목이 없습니다.",
    "env_missing_clue_no_address_set": (
        "프로그램이 드라이버의 기본 주소로 접속했으며, 다른 주소를 주는 변수가 작업에 없습니다."
    ),
    "env_missing_clue_no_password_set": "드라이버가 비밀번호를 보내지 않았고, 비밀번호를 담은 변수가 작업에 없습니다.",
    "env_missing_remedy_see_variables": "작업에 지금 어떤 변수가 있는지 확인합니다.",
    "env_missing_remedy_set_variable": "작업에 변수를 설정합니다.",
    "env_missing_remedy_set_variable_before": (
        "올바른 값을 확인합니다. --update-env-vars는 다른 변수를 유지하지만 --set-env-vars는 전부 바꿉니다."
    ),
    "env_missing_remedy_set_variable_undo": "--remove-env-vars로 제거합니다.",
    "env_missing_remedy_set_secret": "비밀 값이라면 변수가 시크릿을 참조하도록 합니다.",
    "env_missing_remedy_set_secret_before": (
        "작업의 서비스 계정에 그 시크릿에 대한 roles/secretmanager.secretAccessor가 필요합니다."
    ),
    "env_missing_remedy_set_secret_undo": "--remove-secrets로 제거합니다.",
    "env_missing_remedy_one_run_with_variable": "작업을 바꾸지 않고 변수를 지정해 한 번 실행합니다.",
    "env_missing_remedy_one_run_with_variable_before": "비밀 값에는 쓰지 마십시오. 실행 정보에서 읽을 수 있게 됩니다.",
    "env_missing_remedy_one_run_with_variable_undo": "작업에는 되돌릴 것이 없습니다. 실행이 한 일은 그대로 남습니다.",
    "env_missing_check": "이 실행에 있던 변수의 이름을 보여 줍니다. 메시지의 변수가 없으면 이것이 원인입니다.",
    # env-malformed
    "env_malformed_title": "변수, URL 또는 시크릿 값을 그대로 쓸 수 없음",
    "env_malformed_summary": (
        "값은 있으나 프로그램이나 드라이버가 읽지 못합니다. 이스케이프하지 않은 문자, 잘못된 스킴이나 포트, 깨진 "
        "JSON이나 키, 따옴표, 끝의 줄바꿈 등이 원인입니다."
    ),
    "env_malformed_clue_unescaped_characters": (
        "{variable}의 값은 URL인데, 사용자나 비밀번호에 %XX로 써야 하는 문자가 있습니다."
    ),
    "env_malformed_clue_invalid_percent_escape": "{variable}의 값에 있는 % 뒤에 16진수 두 자리가 없습니다.",
    "env_malformed_clue_invalid_port": "{variable}의 값에 있는 포트가 포트 번호가 아닙니다.",
    "env_malformed_clue_url_without_host": "{variable}의 값은 호스트가 없는 URL입니다.",
    "env_malformed_clue_url_without_scheme": "{variable}의 값은 URL이어야 하는데 스킴이 없습니다.",
    "env_malformed_clue_broken_json": "{variable}의 값은 JSON처럼 보이지만 해석되지 않습니다.",
    "env_malformed_clue_broken_pem": "{variable}의 값은 키나 인증서인데 줄이 손상되었습니다.",
    "env_malformed_clue_control_characters": "{variable}의 값에 제어 문자가 있습니다.",
    "env_malformed_clue_crlf": "{variable}의 값에 Windows 줄바꿈이 있습니다.",
    "env_malformed_clue_byte_order_mark": "{variable}의 값이 바이트 순서 표시(BOM)로 시작합니다.",
    "env_malformed_clue_replacement_character": (
        "{variable}의 값에 대체 문자가 있습니다. 다른 인코딩으로 저장된 값입니다."
    ),
    "env_malformed_clue_trailing_escaped_newline": "{variable}의 값이 역슬래시와 n으로 끝납니다.",
    "env_malformed_clue_template": "{variable}의 값에 아무것도 바꾸지 않은 템플릿 식이 있습니다.",
    "env_malformed_clue_secret_name": "{variable}의 값은 시크릿의 내용이 아니라 이름입니다.",
    "env_malformed_clue_settings_field": "설정 클래스가 지정된 값을 거부했습니다.",
    "env_malformed_clue_trailing_newline": "{variable}의 값이 줄바꿈으로 끝납니다.",
    "env_malformed_clue_leading_space": "{variable}의 값이 공백으로 시작합니다.",
    "env_malformed_clue_trailing_space": "{variable}의 값이 공백으로 끝납니다.",
    "env_malformed_clue_quoted": "{variable}의 값이 따옴표로 싸여 있고, 따옴표가 값의 일부가 되었습니다.",
    "env_malformed_clue_placeholder": "{variable}의 값은 아무도 바꾸지 않은 자리 표시자입니다.",
    "env_malformed_clue_composed_url": "{url}에 {password}을(를) 인코딩 없이 넣으면 @ 같은 문자가 주소를 깨뜨립니다.",
    "env_malformed_clue_changed_since_success": "마지막 성공 이후 {variable}이(가) 바뀌었습니다.",
    "env_malformed_remedy_encode_value": "URL의 사용자와 비밀번호를 퍼센트 인코딩하고 값을 다시 설정합니다.",
    "env_malformed_remedy_encode_value_before": "URL 전체가 아니라 해당 부분만, 한 번만 인코딩합니다.",
    "env_malformed_remedy_encode_value_undo": "이전 값을 다시 설정합니다.",
    "env_malformed_remedy_new_secret_version": "끝에 줄바꿈이 없도록 하여 값을 시크릿의 새 버전으로 저장합니다.",
    "env_malformed_remedy_new_secret_version_before": (
        "이 시크릿을 누가 또 쓰는지 확인합니다. latest 버전은 모두에게 바뀝니다."
    ),
    "env_malformed_remedy_new_secret_version_undo": "새 버전을 사용 중지하고 이전 버전을 번호로 참조합니다.",
    "env_malformed_remedy_parts_instead_of_url": (
        "호스트, 사용자, 데이터베이스, 비밀번호를 따로 지정합니다. 그러면 이스케이프할 것이 없습니다."
    ),
    "env_malformed_remedy_parts_instead_of_url_before": (
        "프로그램이 이 변수들을 읽어야 합니다. libpq와 대부분의 PostgreSQL 드라이버가 읽습니다."
    ),
    "env_malformed_remedy_parts_instead_of_url_undo": "변수들을 다시 제거합니다.",
    "env_malformed_check": "시크릿의 마지막 바이트만 보여 줍니다. 0a이면 줄바꿈이 값의 일부가 된 것입니다.",
    # application-error
    "application_error_title": "프로그램 자체가 실패하거나 실행을 거부함",
    "application_error_summary": (
        "프로그램은 시작해 설정을 읽었고, 스스로의 오류로 끝났습니다. 결함이거나, 예상하지 못한 입력이거나, "
        "일부러 멈추는 검사입니다."
    ),
    "application_error_clue_changed_file_in_trace": "스택 추적에 나온 {file}은(는) 커밋 {commit}에서 바뀌었습니다.",
    "application_error_clue_own_last_word": "프로그램이 직접 이 오류를 기록한 뒤 종료했습니다.",
    "application_error_clue_own_exit_code": "종료 코드 {code}: 프로그램이 스스로 정한 코드입니다.",
    "application_error_remedy_read_trace": "스택 추적을 끝에서부터 프로그램 자신의 파일이 처음 나오는 줄까지 읽습니다.",
    "application_error_remedy_correct_program": (
        "프로그램이나 메시지에 나온 입력을 고치고, 작업에 새 이미지를 지정합니다."
    ),
    "application_error_remedy_correct_program_before": "운영 환경 밖에서 같은 입력으로 프로그램을 실행해 봅니다.",
    "application_error_remedy_correct_program_undo": "이전 이미지를 다시 지정합니다.",
    "application_error_remedy_last_good_image": "프로그램을 고칠 때까지 마지막으로 성공한 실행의 이미지로 실행합니다.",
    "application_error_remedy_last_good_image_before": "데이터와 스키마가 아직 이전 프로그램과 맞는 경우에만 하십시오.",
    "application_error_remedy_last_good_image_undo": "고친 뒤 새 이미지를 지정합니다.",
    "application_error_check": "실행의 모든 줄을 순서대로 보여 줍니다. 첫 시도의 첫 예외를 읽으십시오.",
}
