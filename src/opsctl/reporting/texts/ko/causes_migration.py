"""원인 계열 `migration`: 잠금, 스키마 불일치, 거부된 구문, 이력, 설정."""

MESSAGES = {
    # db-lock-contention
    "db_lock_contention_title": "잠금 경합, 교착 상태 또는 남아 있는 마이그레이션 잠금",
    "db_lock_contention_summary": (
        "다른 세션이나 이전 실행이 쥐고 있는 잠금을 기다리다가 포기했거나, 기다리는 중에 종료되었습니다. 구문이나"
        " 스키마의 문제는 아닙니다."
    ),
    "db_lock_contention_clue_waits_until_timeout": (
        "마지막 로그가 잠금 대기이고, 그 뒤 작업 제한 시간까지 {seconds}초 동안 출력이 없습니다."
    ),
    "db_lock_contention_clue_begins_until_timeout": (
        "마지막 로그가 스키마 변경의 시작이고, 그 뒤 작업 제한 시간까지 {seconds}초 동안 출력이 없습니다."
    ),
    "db_lock_contention_clue_tasks_together": "이 실행의 태스크 {tasks}개가 같은 작업을 동시에 수행했습니다.",
    "db_lock_contention_clue_retry_only": (
        "재시도에서만 잠금에 걸렸습니다. 앞선 시도는 다른 이유로 실패했고 그때 잠금이 남았을 수 있습니다."
    ),
    "db_lock_contention_remedy_find_holder": "어느 세션이 언제부터 잠금을 쥐고 있는지 확인합니다.",
    "db_lock_contention_remedy_end_holder": "잠금을 쥐고 있는 세션을 종료합니다.",
    "db_lock_contention_remedy_end_holder_before": (
        "그 세션이 무엇을 하는지 알고 있고, 열려 있는 트랜잭션이 롤백되어도 됩니다."
    ),
    "db_lock_contention_remedy_end_holder_undo": (
        "롤백된 작업은 담당자가 다시 시작해야 합니다. 그 밖에 되돌릴 것은 없습니다."
    ),
    "db_lock_contention_remedy_free_stale_lock": (
        "잠금을 쥔 실행이 더 이상 없다면 마이그레이션 도구의 명령으로 잠금을 해제합니다."
    ),
    "db_lock_contention_remedy_free_stale_lock_before": (
        "이 작업의 다른 실행이 없고, 마이그레이션 중인 데이터베이스 세션도 없습니다."
    ),
    "db_lock_contention_remedy_free_stale_lock_undo": "되돌릴 것이 없습니다. 다음 실행이 잠금을 다시 잡습니다.",
    "db_lock_contention_remedy_one_runner": "마이그레이션은 태스크 하나로만, 한 번에 한 실행만 돌립니다.",
    "db_lock_contention_remedy_one_runner_before": "이 작업은 마이그레이션만 하며, 일을 여러 태스크로 나누지 않습니다.",
    "db_lock_contention_remedy_one_runner_undo": "태스크 수와 병렬 수를 이전 값으로 되돌립니다.",
    "db_lock_contention_remedy_run_again": "잠금 제한 시간을 설정하고, 한가한 시간에 작업을 다시 실행합니다.",
    "db_lock_contention_remedy_run_again_before": "잠금을 쥐던 쪽이 사라졌고, 도구가 이미 적용한 부분을 건너뜁니다.",
    "db_lock_contention_remedy_run_again_undo": "적용된 부분은 down 마이그레이션이나 백업 복원으로 되돌립니다.",
    "db_lock_contention_check": (
        "기다리는 세션과 막고 있는 세션을 보여 줍니다. 막는 프로세스 ID가 있는 행이 나오면 경합이 확실합니다. 유휴"
        " 세션이 advisory 잠금을 쥐고 있으면 남아 있는 마이그레이션 잠금입니다. 행이 없으면 잠금은 이미 풀렸습니다."
    ),
    # schema-drift
    "schema_drift_title": "스키마 불일치: 객체가 이미 있거나 없음",
    "schema_drift_summary": (
        "데이터베이스가 마이그레이션의 가정과 다릅니다. 마이그레이션이 다루는 테이블, 열, 인덱스, 타입 또는 제약"
        " 조건이 이미 있거나 없습니다."
    ),
    "schema_drift_clue_retry_only": (
        "재시도에서만 나타났습니다. 앞선 시도는 다른 이유로 실패하면서 만들던 것을 남겼습니다."
    ),
    "schema_drift_remedy_compare": "현재 스키마와 마이그레이션이 만들어야 할 스키마를 비교합니다.",
    "schema_drift_remedy_mark_applied": "데이터베이스가 이미 마이그레이션이 원하는 상태라면 적용된 것으로 표시합니다.",
    "schema_drift_remedy_mark_applied_before": "마이그레이션의 모든 구문을 현재 스키마와 대조했고 백업이 있습니다.",
    "schema_drift_remedy_mark_applied_undo": "도구의 이력 테이블에서 해당 행을 다시 지웁니다.",
    "schema_drift_remedy_undo_leftovers": (
        "이전 실행이 절반만 적용했다면 남은 것을 지우거나 손으로 마무리한 뒤 다시 실행합니다."
    ),
    "schema_drift_remedy_undo_leftovers_before": "백업이 있고, 지울 객체에 필요한 데이터가 없습니다.",
    "schema_drift_remedy_undo_leftovers_undo": "지운 객체를 백업에서 복원합니다.",
    "schema_drift_remedy_make_idempotent": (
        "객체의 모양이 중요하지 않은 곳은 마이그레이션이 이를 허용하게 합니다(IF EXISTS, IF NOT EXISTS)."
    ),
    "schema_drift_remedy_make_idempotent_before": "기존 객체의 모양이 마이그레이션이 만들 것과 같습니다.",
    "schema_drift_remedy_make_idempotent_undo": "변경한 마이그레이션을 되돌리고 이미지를 다시 빌드합니다.",
    "schema_drift_check": (
        "테이블의 현재 모습을 보여 줍니다. 이력에 없는 마이그레이션의 열이나 테이블이 있으면 마이그레이션을 거치지"
        " 않고 스키마가 바뀐 것입니다. 이력에는 있는데 객체가 없으면 누군가 되돌렸거나 다른 스키마에 있습니다."
    ),
    # migration-sql-error
    "migration_sql_error_title": "데이터베이스가 마이그레이션 구문을 거부함",
    "migration_sql_error_summary": (
        "마이그레이션이 데이터베이스까지 갔지만 구문이 거부되었습니다. 문법 오류, 그 자리에서 허용되지 않는 형식,"
        " 한도 초과, 또는 기존 행이 어기는 제약 조건입니다."
    ),
    "migration_sql_error_remedy_find_rows": "제약 조건을 어기는 행을 찾습니다.",
    "migration_sql_error_remedy_change_migration": (
        "마이그레이션을 고칩니다. 구문을 바로잡거나, 트랜잭션 밖으로 빼거나, 새 열에 기본값을 주고 값을 채운 뒤 NOT"
        " NULL을 겁니다."
    ),
    "migration_sql_error_remedy_change_migration_before": (
        "이 마이그레이션을 이미 적용한 데이터베이스가 없습니다. 있다면 새 마이그레이션을 추가합니다."
    ),
    "migration_sql_error_remedy_change_migration_undo": "변경을 되돌리고 이전 이미지를 다시 빌드합니다.",
    "migration_sql_error_remedy_clean_rows": (
        "문제가 되는 행을 이 마이그레이션보다 먼저 도는 별도의 마이그레이션에서 정리합니다."
    ),
    "migration_sql_error_remedy_clean_rows_before": "백업이 있고 데이터 담당자가 동의했습니다.",
    "migration_sql_error_remedy_clean_rows_undo": "변경한 행을 백업에서 복원합니다.",
    "migration_sql_error_remedy_deploy_without": "프로그램이 이 마이그레이션 없이도 동작한다면 제외하고 배포합니다.",
    "migration_sql_error_remedy_deploy_without_before": "새 코드가 이 마이그레이션이 추가할 것을 읽지 않습니다.",
    "migration_sql_error_remedy_deploy_without_undo": "고친 마이그레이션을 다음 릴리스에 다시 넣습니다.",
    "migration_sql_error_check": (
        "실행의 전체 로그를 보여 줍니다. 서버의 첫 오류가 문제의 구문을 가리킵니다. 그 뒤의 오류(중단된 트랜잭션,"
        " dirty 버전, already exists)는 결과일 뿐입니다."
    ),
    # migration-history-conflict
    "migration_history_conflict_title": "마이그레이션 이력과 파일이 서로 맞지 않음",
    "migration_history_conflict_summary": (
        "도구가 데이터베이스의 이력과 파일을 비교하고 구문을 실행하기 전에 멈췄습니다. 실패 또는 dirty 기록, 바뀌거나"
        " 없어지거나 중복된 마이그레이션, 여러 개의 head, 없는 baseline 중 하나입니다."
    ),
    "migration_history_conflict_clue_retry_only": (
        "재시도에서만 실패 기록에 걸렸습니다. 그 기록은 앞선 시도가 남긴 것이고, 앞선 시도에는 다른 오류가 있습니다."
    ),
    "migration_history_conflict_clue_file_not_in_image": "이미지에 {name}에 해당하는 마이그레이션 파일이 없습니다.",
    "migration_history_conflict_clue_file_in_image": "이미지에 해당 마이그레이션이 있습니다: {path}.",
    "migration_history_conflict_remedy_inspect": "도구가 무엇을 적용됨, 실패, 대기로 보고 있는지 확인합니다.",
    "migration_history_conflict_remedy_repair": (
        "해당 마이그레이션이 스키마에 실제로 얼마나 반영됐는지 확인한 뒤 이력을 거기에 맞춥니다."
    ),
    "migration_history_conflict_remedy_repair_before": (
        "해당 마이그레이션의 모든 구문을 스키마와 대조했고, 이력 테이블을 복사해 두었습니다."
    ),
    "migration_history_conflict_remedy_repair_undo": "복사해 둔 행을 이력 테이블에 되돌려 씁니다.",
    "migration_history_conflict_remedy_restore_file": (
        "적용된 마이그레이션 파일을 버전 관리에서 원래대로 되살리고, 이후의 변경은 새 마이그레이션으로 만듭니다."
    ),
    "migration_history_conflict_remedy_restore_file_before": "파일의 이전 내용을 알고 있습니다.",
    "migration_history_conflict_remedy_restore_file_undo": "커밋을 되돌리고 이전 이미지를 다시 빌드합니다.",
    "migration_history_conflict_remedy_merge_heads": "갈라진 이력을 merge 마이그레이션으로 합칩니다.",
    "migration_history_conflict_remedy_merge_heads_before": "양쪽 마이그레이션을 어느 순서로 실행해도 됩니다.",
    "migration_history_conflict_remedy_merge_heads_undo": (
        "아직 적용한 데이터베이스가 없을 때 merge 마이그레이션을 삭제합니다."
    ),
    "migration_history_conflict_remedy_baseline": "도구 없이 만들어진 데이터베이스에 baseline을 기록합니다.",
    "migration_history_conflict_remedy_baseline_before": (
        "현재 스키마가 baseline까지의 마이그레이션이 만들 스키마와 같습니다."
    ),
    "migration_history_conflict_remedy_baseline_undo": "이력 테이블에서 baseline 행을 지웁니다.",
    "migration_history_conflict_remedy_older_image": (
        "마지막으로 성공한 이미지의 파일이 이력과 맞는다면 그 이미지로 실행합니다."
    ),
    "migration_history_conflict_remedy_older_image_before": (
        "데이터베이스가 그 이미지 이후로 마이그레이션되지 않았습니다."
    ),
    "migration_history_conflict_remedy_older_image_undo": "작업에 새 이미지를 다시 지정합니다.",
    "migration_history_conflict_check": (
        "이미지의 마이그레이션 파일 목록을 보여 줍니다. 이력 테이블의 이름과 비교하십시오. 이력에만 있는 이름은"
        " 삭제됐거나 빌드에서 빠진 것이고, 양쪽에 있는 이름이면 적용된 뒤에 내용이 바뀐 것입니다."
    ),
    # migration-config-invalid
    "migration_config_invalid_title": "마이그레이션 도구의 설정이 잘못됨",
    "migration_config_invalid_summary": (
        "도구가 마이그레이션을 보기도 전에 자기 설정에서 멈췄습니다. 데이터 소스 export, dialect나 드라이버, 설정"
        " 파일, 스키마, 또는 search path의 문제입니다."
    ),
    "migration_config_invalid_clue_url_is_set": (
        "작업에 {variable} 변수가 설정되어 있는데 도구의 설정이 이를 읽지 않습니다."
    ),
    "migration_config_invalid_clue_schema_elsewhere": "이미지의 다른 위치에 스키마가 있습니다: {path}.",
    "migration_config_invalid_clue_schema_not_in_image": "이미지에 스키마 파일이 아예 없습니다.",
    "migration_config_invalid_remedy_see_settings": "이 실행이 가졌던 명령, 인수, 변수를 확인합니다.",
    "migration_config_invalid_remedy_correct_config": (
        "도구의 설정 파일을 고칩니다. export, dialect, 이 환경의 섹션, 이미지 안의 경로를 확인하십시오."
    ),
    "migration_config_invalid_remedy_correct_config_before": (
        "고친 설정을 이미지와 함께 시험했습니다(예: 도구의 status 명령)."
    ),
    "migration_config_invalid_remedy_correct_config_undo": "커밋을 되돌리고 이전 이미지를 다시 빌드합니다.",
    "migration_config_invalid_remedy_correct_arguments": (
        "올바른 설정 파일, 환경 또는 스키마를 가리키는 인수를 작업에 지정합니다."
    ),
    "migration_config_invalid_remedy_correct_arguments_before": "그 파일이 이미지의 해당 경로에 있습니다.",
    "migration_config_invalid_remedy_correct_arguments_undo": "작업의 인수를 이전 값으로 되돌립니다.",
    "migration_config_invalid_remedy_older_image": "마지막으로 성공한 이미지로 실행합니다.",
    "migration_config_invalid_remedy_older_image_before": "새 릴리스의 마이그레이션이 당장 필요하지 않습니다.",
    "migration_config_invalid_remedy_older_image_undo": "작업에 새 이미지를 다시 지정합니다.",
    "migration_config_invalid_check": (
        "이미지의 파일 목록을 보여 줍니다. 설정 파일이나 스키마가 있으면 그 내용이나 도구에 준 경로가 틀린 것이고,"
        " 없으면 이미지가 불완전한 것입니다."
    ),
}
