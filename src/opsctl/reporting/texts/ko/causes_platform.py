"""플랫폼이 정하는 원인(이미지, 권한, 시크릿, 메모리, 시간, 할당량)과 대조 결과."""

MESSAGES = {
    # image-unavailable
    "image_unavailable_title": "컨테이너 이미지를 가져올 수 없음",
    "image_unavailable_summary": "Cloud Run이 컨테이너 이미지를 가져오지 못해 컨테이너가 시작되지 않았습니다. 그 "
    "이름의 이미지가 "
    "없거나, Cloud Run 서비스 에이전트에 읽기 권한이 없습니다.",
    "image_unavailable_clue_container_ran": "컨테이너가 실행되었으므로 이미지는 있었습니다.",
    "image_unavailable_clue_not_in_registry": "레지스트리에 {image} 이미지가 없습니다.",
    "image_unavailable_remedy_push_or_correct": "이미지를 푸시하거나, 작업에 실제로 있는 이미지 참조를 지정합니다. "
    "다이제스트는 "
    "태그처럼 옮겨지거나 정리되지 않습니다.",
    "image_unavailable_remedy_push_or_correct_before": "어느 빌드를 쓰려는지 확인합니다. 파이프라인 출력의 "
    "다이제스트와 "
    "비교하십시오.",
    "image_unavailable_remedy_push_or_correct_undo": "같은 명령으로 이전 참조를 다시 지정합니다.",
    "image_unavailable_remedy_let_agent_read": "이 프로젝트의 Cloud Run 서비스 에이전트에 저장소 읽기 권한을 줍니다. "
    "이미지는 "
    "작업의 서비스 계정이 가져오는 것이 아닙니다.",
    "image_unavailable_remedy_let_agent_read_before": "이미지가 실제로 있는지 먼저 확인합니다. 주소가 틀려도 같은 "
    "메시지가 "
    "나옵니다.",
    "image_unavailable_remedy_let_agent_read_undo": "같은 인수로 remove-iam-policy-binding을 실행해 바인딩을 "
    "제거합니다.",
    "image_unavailable_remedy_last_good_digest": "마지막으로 성공한 실행의 다이제스트로 실행합니다.",
    "image_unavailable_remedy_last_good_digest_before": "이전 프로그램이 현재 데이터베이스 상태와 맞는지 확인합니다.",
    "image_unavailable_remedy_last_good_digest_undo": "새 이미지가 준비되면 새 참조를 다시 지정합니다.",
    "image_unavailable_check": '이미지가 레지스트리에 있는지 보여 줍니다. "찾을 수 없음"이면 참조가 틀렸거나 이미지가 '
    "지워진 "
    "것이고, 다이제스트가 나오면 서비스 에이전트의 권한이 원인입니다.",
    # iam-permission-denied
    "iam_permission_denied_title": "Google API가 권한 부족으로 거부",
    "iam_permission_denied_summary": "Google API가 작업의 계정이 보낸 호출을 거부했습니다(403). 역할이 없거나 "
    "프로젝트에서 API가 "
    "사용 설정되어 있지 않습니다.",
    "iam_permission_denied_clue_account_disabled": "서비스 계정 {account}이(가) 사용 중지되어 있습니다.",
    "iam_permission_denied_clue_api_off": "프로젝트에서 {api}이(가) 꺼져 있는데 작업은 Cloud SQL에 연결합니다.",
    "iam_permission_denied_clue_not_granted": "작업의 서비스 계정에 {resource}에 대한 {permission} 권한이 없습니다.",
    "iam_permission_denied_clue_granted": "{resource}에 대한 {permission} 권한이 지금은 있습니다(거부 정책은 반영되지 "
    "않은 "
    "결과입니다).",
    "iam_permission_denied_clue_cloudsql_role_absent": "작업에 Cloud SQL이 연결되어 있는데 {account}에 프로젝트 "
    "수준의 Cloud SQL "
    "역할이 없습니다(상속, 그룹, 조건부 역할은 확인하지 못했습니다).",
    "iam_permission_denied_clue_cloudsql_role_held": "서비스 계정에 Cloud SQL에 연결할 수 있는 역할이 있고, "
    "거부되었다는 메시지도 "
    "없습니다.",
    "iam_permission_denied_clue_account_changed": "마지막 성공 이후 서비스 계정이 {before}에서 {after}(으)로 "
    "바뀌었습니다.",
    "iam_permission_denied_remedy_grant_role": "메시지에 나온 권한을 가진 가장 작은 역할을 작업의 서비스 계정에 "
    "부여합니다. 가능하면 "
    "해당 리소스에만 부여하십시오.",
    "iam_permission_denied_remedy_grant_role_before": "메시지의 리소스가 실제로 있고 의도한 것인지 확인합니다. "
    "이름이나 프로젝트가 "
    "틀려도 같은 응답이 옵니다.",
    "iam_permission_denied_remedy_grant_role_undo": "같은 인수로 remove-iam-policy-binding을 실행해 바인딩을 "
    "제거합니다.",
    "iam_permission_denied_remedy_enable_api": '메시지에 "has not been used in project ... or it is disabled"가 '
    "있으면 거기에 "
    "나온 프로젝트에서 그 API를 사용 설정합니다.",
    "iam_permission_denied_remedy_enable_api_before": "메시지의 프로젝트가 요금을 부담할 프로젝트가 맞는지 확인합니다.",
    "iam_permission_denied_remedy_enable_api_undo": "다른 곳에서 쓰지 않으면 gcloud services disable로 되돌립니다.",
    "iam_permission_denied_remedy_other_account": "이미 역할이 있는 서비스 계정으로 작업을 실행합니다.",
    "iam_permission_denied_remedy_other_account_before": "그 계정으로 실행할 권한(iam.serviceAccounts.actAs)이 있고, "
    "그 계정에 "
    "작업이 쓰는 다른 권한(시크릿, Cloud SQL)도 있어야 합니다.",
    "iam_permission_denied_remedy_other_account_undo": "같은 명령으로 이전 서비스 계정을 다시 지정합니다.",
    "iam_permission_denied_check": "작업의 서비스 계정에 특정 권한이 있는지 묻습니다. 메시지에 나온 권한을 넣으십시오. "
    "NOT_GRANTED이면 원인이 확인된 것이고, GRANTED이면 거부 정책, 범위(scope), 다른 리소스를 살펴봅니다.",
    # secret-unavailable
    "secret_unavailable_title": "시크릿을 읽을 수 없음",
    "secret_unavailable_summary": "작업에 필요한 시크릿을 Secret Manager에서 읽지 못했습니다. 읽기 권한이 없거나 쓸 "
    "수 있는 버전이 "
    "없습니다.",
    "secret_unavailable_clue_version_unusable": "시크릿 {secret}의 버전 {version}은(는) 현재 {state} 상태입니다.",
    "secret_unavailable_clue_access_denied": "작업의 서비스 계정은 {resource}의 시크릿을 읽을 수 없습니다.",
    "secret_unavailable_clue_access_granted": "작업의 서비스 계정은 {resource}의 시크릿을 읽을 수 있습니다.",
    "secret_unavailable_clue_role_absent": "작업이 시크릿을 참조하고 한 번도 시작되지 않았으며, {account}에 시크릿을 "
    "읽는 프로젝트 "
    "역할이 없습니다(시크릿 자체에 부여된 역할은 확인하지 못했습니다).",
    "secret_unavailable_clue_role_held": "서비스 계정에 시크릿을 읽는 프로젝트 역할이 있습니다.",
    "secret_unavailable_clue_container_ran": "컨테이너가 시작되었으므로 환경 변수의 시크릿은 읽혔습니다.",
    "secret_unavailable_remedy_grant_accessor": "작업의 서비스 계정이 시크릿을 읽을 수 있게 합니다.",
    "secret_unavailable_remedy_grant_accessor_before": "시크릿이 이 프로젝트에 있고 의도한 것인지 확인합니다.",
    "secret_unavailable_remedy_grant_accessor_undo": "같은 인수로 remove-iam-policy-binding을 실행해 바인딩을 "
    "제거합니다.",
    "secret_unavailable_remedy_enable_version": "사용 중지된 버전을 다시 사용 설정합니다. 폐기된 버전은 되살릴 수 "
    "없습니다.",
    "secret_unavailable_remedy_enable_version_before": "유출 등으로 일부러 사용 중지한 버전이 아닌지 확인합니다.",
    "secret_unavailable_remedy_enable_version_undo": "그 버전을 다시 사용 중지합니다.",
    "secret_unavailable_remedy_add_version": '올바른 값으로 새 버전을 추가합니다. 그러면 "latest"가 이 버전을 '
    "가리킵니다.",
    "secret_unavailable_remedy_add_version_before": "올바른 값이 있고 끝에 줄바꿈이 없는지 확인합니다.",
    "secret_unavailable_remedy_add_version_undo": '새 버전을 사용 중지합니다. "latest"는 여전히 새 버전을 가리키므로 '
    "이전 버전을 "
    "고정해야 합니다.",
    "secret_unavailable_remedy_pin_version": "사용 설정된 버전을 작업에 고정합니다.",
    "secret_unavailable_remedy_pin_version_before": "이전 값이 사용처에서 아직 유효한지 확인합니다.",
    "secret_unavailable_remedy_pin_version_undo": '같은 명령으로 "latest"를 다시 지정합니다.',
    "secret_unavailable_check": '버전과 상태를 최신순으로 보여 줍니다. "latest"는 사용 중지되어 있어도 가장 최근 '
    "버전입니다. 최신 "
    "버전이 사용 설정되어 있다면 읽기 권한이 없는 것입니다.",
    # out-of-memory
    "out_of_memory_title": "메모리 부족",
    "out_of_memory_summary": "태스크가 메모리 한도에 도달해 종료되었습니다. 컨테이너의 한도이거나 런타임의 힙 "
    "한도입니다. 이런 "
    "메시지의 종료 코드 0에는 의미가 없습니다.",
    "out_of_memory_clue_limit_reached": "Cloud Run이 메모리 한도({limit})에서 컨테이너를 종료했습니다.",
    "out_of_memory_clue_killed": "프로세스가 시그널 9(종료 코드 137)로 강제 종료되었습니다. 메모리가 부족할 때 커널이 "
    "하는 "
    "동작입니다.",
    "out_of_memory_clue_limit_changed": "마지막 성공 이후 메모리 한도가 {before}에서 {after}(으)로 바뀌었습니다.",
    "out_of_memory_clue_never_started": "컨테이너가 한 번도 시작되지 않았습니다.",
    "out_of_memory_remedy_raise_memory": "작업의 메모리를 늘립니다. 4 GiB를 넘기려면 --cpu 2 이상도 필요합니다.",
    "out_of_memory_remedy_raise_memory_before": "전제 조건은 없으며, 실행 시간당 비용이 늘어납니다.",
    "out_of_memory_remedy_raise_memory_undo": "같은 명령으로 이전 한도를 지정합니다.",
    "out_of_memory_remedy_raise_heap": '런타임이 스스로 종료한 경우("heap out of memory") 힙에 컨테이너 메모리의 약 '
    "4분의 3을 "
    "줍니다.",
    "out_of_memory_remedy_raise_heap_before": "컨테이너 메모리가 새 힙보다 커야 하며, 다른 NODE_OPTIONS 값은 새 "
    "값에도 그대로 "
    "넣습니다.",
    "out_of_memory_remedy_raise_heap_undo": "이전 값을 지정하거나 --remove-env-vars NODE_OPTIONS를 실행합니다.",
    "out_of_memory_remedy_use_less": "메모리를 덜 쓰게 합니다. 나누어 읽고 쓰고, 파일은 스트리밍하고, 임시 파일은 "
    "마운트한 볼륨에 "
    "둡니다(컨테이너의 파일 시스템은 메모리를 씁니다).",
    "out_of_memory_remedy_use_less_before": "프로파일이나 메모리 사용 로그로 무엇이 늘어나는지 확인합니다.",
    "out_of_memory_remedy_use_less_undo": "이전 이미지를 배포합니다.",
    "out_of_memory_remedy_less_per_task": "태스크가 한 번에 처리하는 양을 줄입니다. 프로그램 설정의 배치 크기나 워커 "
    "수를 낮추십시오.",
    "out_of_memory_remedy_less_per_task_before": "프로그램에 그런 설정이 있어야 합니다. 태스크마다 컨테이너가 "
    "따로이므로 동시 태스크 수를 줄이는 것은 도움이 되지 않습니다.",
    "out_of_memory_remedy_less_per_task_undo": "이전 값을 다시 지정합니다.",
    "out_of_memory_check": '한도와 사용량이 적힌 플랫폼 로그를 찾습니다. 그런 줄이 없고 프로그램이 "heap"을 언급하면 '
    "컨테이너가 "
    "아니라 힙을 늘립니다.",
    # task-timeout
    "task_timeout_title": "작업 중 태스크 제한 시간 초과",
    "task_timeout_summary": "태스크가 아직 유효한 작업을 하는 중에 Cloud Run이 제한 시간에 맞춰 종료했습니다. "
    "재시도는 처음부터 다시 "
    "시작하므로 또 종료됩니다.",
    "task_timeout_clue_progress": "종료 {silence}초 전까지 진행 상황이 기록되었습니다.",
    "task_timeout_clue_busy": "종료 {silence}초 전까지 로그가 계속 나왔습니다.",
    "task_timeout_clue_long_step": "마지막 줄은 오래 걸릴 수 있는 단계의 시작이며, 이후 {silence}초 동안 로그가 "
    "없습니다.",
    "task_timeout_clue_work_over": "마지막 로그는 진행 중인 작업을 말하지 않습니다.",
    "task_timeout_clue_waiting": "마지막 로그는 다른 무엇인가를 기다리는 내용입니다.",
    "task_timeout_clue_no_words": "프로그램이 아무 로그도 남기지 않아 작업 중이었다는 근거가 없습니다.",
    "task_timeout_clue_timeout_changed": "마지막 성공 이후 태스크 제한 시간이 {before}에서 {after}(으)로 바뀌었습니다.",
    "task_timeout_clue_ended_itself": "제한 시간 때문에 종료된 시도가 없습니다.",
    "task_timeout_remedy_raise_timeout": "태스크 제한 시간을 실제 작업 시간보다 길게 잡습니다.",
    "task_timeout_remedy_raise_timeout_before": "로그에 진행 상황이 보여야 합니다. 잠금이나 네트워크를 더 오래 "
    "기다려도 소용이 "
    "없습니다.",
    "task_timeout_remedy_raise_timeout_undo": "같은 명령으로 이전 제한 시간을 지정합니다.",
    "task_timeout_remedy_resume": "멈춘 지점부터 이어서 하게 만듭니다. 트랜잭션을 작게 나누고 끝난 부분을 "
    "기록하십시오.",
    "task_timeout_remedy_resume_before": "종료된 시도가 남긴 것(반쯤 처리된 배치, 잠금)을 확인합니다.",
    "task_timeout_remedy_resume_undo": "이전 이미지를 배포합니다.",
    "task_timeout_remedy_split": "작업을 여러 태스크로 나눕니다. 각 태스크는 CLOUD_RUN_TASK_INDEX에 해당하는 몫을 "
    "맡습니다.",
    "task_timeout_remedy_split_before": "프로그램이 CLOUD_RUN_TASK_INDEX와 CLOUD_RUN_TASK_COUNT로 일을 나눌 수 있어야 "
    "합니다. "
    "스키마 마이그레이션에는 절대 쓰지 마십시오.",
    "task_timeout_remedy_split_undo": "--tasks 1로 되돌립니다.",
    "task_timeout_remedy_run_once_longer": "작업 설정은 그대로 두고 이번 한 번만 더 긴 제한 시간으로 실행합니다.",
    "task_timeout_remedy_run_once_longer_before": "처음부터 다시 실행해도 문제가 없어야 합니다.",
    "task_timeout_remedy_run_once_longer_undo": "실행을 취소합니다. 작업 설정은 바뀌지 않았습니다.",
    "task_timeout_check": "마지막 로그를 보여 줍니다. 끝까지 진행 중이면 시간이 더 필요한 것이고, 완료 메시지 뒤에 "
    "조용하면 "
    "프로세스가 종료되지 않는 것이며, 연결이나 잠금에서 멈췄으면 기다리는 것입니다.",
    # process-never-exits
    "process_never_exits_title": "프로세스가 종료되지 않음",
    "process_never_exits_summary": "할 일이 끝났거나 프로그램이 원래 끝나지 않는 서버나 워커인데, 프로세스가 태스크 "
    "제한 시간까지 살아 "
    "있었습니다.",
    "process_never_exits_clue_listening": "프로그램이 준비를 마치고 요청이나 일을 기다렸으며, {silence}초 뒤에 제한 "
    "시간이 "
    "되었습니다.",
    "process_never_exits_clue_work_done": "마지막 로그는 일이 끝났다는 내용이며, 이후 {silence}초 동안 로그가 "
    "없습니다.",
    "process_never_exits_clue_idle": "마지막 로그는 할 일이 없는 프로세스의 것입니다(종료 {silence}초 전).",
    "process_never_exits_clue_asking": "마지막 로그는 아무도 답할 수 없는 질문이며, 이후 {silence}초 동안 로그가 "
    "없습니다.",
    "process_never_exits_clue_server_command": "명령이 서버, 워커 또는 감시 프로세스를 시작합니다: {command}",
    "process_never_exits_clue_progress": "종료 {silence}초 전까지 진행 상황이 기록되었습니다.",
    "process_never_exits_clue_ended_itself": "모든 시도가 제한 시간 전에 스스로 끝났습니다.",
    "process_never_exits_remedy_exit_when_done": "일이 끝나면 프로세스를 끝냅니다. 연결 풀과 클라이언트를 닫고 "
    "타이머와 스레드를 "
    "멈추거나, 종료 코드 0으로 명시적으로 종료하십시오.",
    "process_never_exits_remedy_exit_when_done_before": "종료 전에 쓴 내용이 모두 저장되고 커밋되는지 확인합니다.",
    "process_never_exits_remedy_exit_when_done_undo": "이전 이미지를 배포합니다.",
    "process_never_exits_remedy_right_command": "서버를 띄우는 명령이 아니라 실제 작업의 명령을 작업에 지정합니다.",
    "process_never_exits_remedy_right_command_before": "이 이미지에서 명령이 동작하는지 로컬에서 먼저 확인합니다.",
    "process_never_exits_remedy_right_command_undo": "이전 명령과 인수를 다시 지정합니다.",
    "process_never_exits_remedy_bound_the_wait": "`timeout`으로 프로세스를 일찍 끝냅니다. 실행은 여전히 실패로 "
    "기록되지만, 프로그램을 "
    "고칠 때까지 시간을 아낄 수 있습니다.",
    "process_never_exits_remedy_bound_the_wait_before": "이미지에 `timeout`(coreutils)이 있고 작업이 그 시간보다 훨씬 "
    "빨리 끝나야 "
    "합니다.",
    "process_never_exits_remedy_bound_the_wait_undo": "이전 명령과 인수를 다시 지정합니다.",
    "process_never_exits_check": "마지막 로그를 보여 줍니다. 완료나 수신 대기 메시지 뒤에 로그가 없으면 이 원인이 "
    "확인된 것입니다. "
    "마지막 로그의 시각과 종료 시각을 비교하십시오.",
    # quota-exhausted
    "quota_exhausted_title": "할당량 또는 공간 소진",
    "quota_exhausted_summary": "할당량, 요청 한도 또는 파일 시스템이 소진되었습니다. 권한은 있었지만 남은 양이 "
    "없었습니다.",
    "quota_exhausted_clue_many_tasks": "태스크 {tasks}개가 동시에 실행되며 한도를 함께 씁니다.",
    "quota_exhausted_remedy_fewer_at_once": "요청을 줄입니다. 동시 태스크 수를 낮추고, 묶어서 요청하고, 응답이 알려 "
    "준 시간만큼 기다린 "
    "뒤 다시 시도하십시오.",
    "quota_exhausted_remedy_fewer_at_once_before": "시간이 더 걸릴 수 있으므로 태스크 제한 시간을 확인합니다.",
    "quota_exhausted_remedy_fewer_at_once_undo": "이전 동시 실행 수를 다시 지정합니다(0은 최대한 많이).",
    "quota_exhausted_remedy_raise_quota": "해당 할당량을 확인해 상향을 요청하거나, 제공업체에서 크레딧을 추가합니다.",
    "quota_exhausted_remedy_raise_quota_before": "메시지에 할당량 이름이 나옵니다. 상향하면 비용이 늘 수 있습니다.",
    "quota_exhausted_remedy_raise_quota_undo": "콘솔에서 할당량을 다시 낮춥니다.",
    "quota_exhausted_remedy_more_room": "저장 공간이 찬 경우 데이터베이스의 디스크나 볼륨을 늘리거나 정리합니다.",
    "quota_exhausted_remedy_more_room_before": "Cloud SQL 인스턴스의 디스크는 늘릴 수만 있고 줄일 수 없습니다.",
    "quota_exhausted_remedy_more_room_undo": "Cloud SQL 디스크는 되돌릴 수 없고, 작업의 볼륨은 다시 줄일 수 있습니다.",
    "quota_exhausted_remedy_run_later": "한도의 기간이 지난 뒤(다음 분 또는 다음 날) 다시 실행합니다.",
    "quota_exhausted_remedy_run_later_before": "다시 실행해도 문제가 없어야 합니다.",
    "quota_exhausted_remedy_run_later_undo": "실행을 취소합니다.",
    "quota_exhausted_check": "메시지에 나온 서비스의 할당량과 한도를 보여 줍니다. 콘솔의 할당량 페이지에서 사용량과 "
    "비교하십시오.",
    # no-failure
    "no_failure_title": "실패 아님",
    "no_failure_summary": "실행은 성공했습니다. 오류처럼 보이는 줄은 극복되었거나 무해합니다.",
    "no_failure_clue_succeeded": "Cloud Run이 이 실행을 성공으로 기록했습니다.",
    # cancelled
    "cancelled_title": "취소됨",
    "cancelled_summary": "사람이나 다른 시스템이 Cloud Run에 실행 종료를 요청했습니다. 스스로 실패한 것이 아닙니다.",
    "cancelled_clue_cancelled": "Cloud Run이 이 실행을 취소로 기록했습니다.",
    "cancelled_remedy_run_again": "의도하지 않은 취소라면 작업을 다시 실행합니다.",
    "cancelled_remedy_run_again_before": "취소된 실행이 남긴 것(반쯤 적용된 마이그레이션, 잠금)을 확인합니다.",
    "cancelled_remedy_run_again_undo": "새 실행을 취소합니다. 이미 쓴 내용은 남습니다.",
    "cancelled_check": "누가 언제 취소를 요청했는지 찾습니다.",
    # running
    "running_title": "아직 실행 중",
    "running_summary": "실행이 아직 끝나지 않았습니다. 끝날 때까지는 진단할 것이 없습니다.",
    "running_clue_running": "Cloud Run에 종료가 기록되지 않았습니다.",
    "running_remedy_wait": "끝날 때까지 기다린 뒤 다시 진단합니다.",
    "running_check": "현재 실행 상태를 보여 줍니다.",
}
