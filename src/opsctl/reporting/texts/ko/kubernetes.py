"""`migrate manifest`, `restart`, `logs`."""

MESSAGES = {
    "note_open": "결정 필요: {text}",
    "note_rules": "opsctl status, migrate logs, migrate restart 명령과, 이 오브젝트들이 만들어진 뒤의 "
    "migrate manifest --apply 에 필요한 권한만 담았습니다.",
    "note_no_operators": "아직 아무에게도 주지 않았습니다. 명령을 실행할 사람을 --operator 로 지정하거나 "
    "여기에 추가하십시오.",
    "note_no_token": "마이그레이션은 Kubernetes에 아무것도 요청하지 않으므로 파드에 토큰을 주지 않습니다.",
    "note_completions": "샤드 {shards}개. 이 수는 실행 계획의 일부이므로 실행 중에는 바꿀 수 없습니다.",
    "note_parallelism": "동시에 실행되는 파드 수. 이미지 호스트별 제한을 나누어 쓰므로 파드가 늘어도 요청은 "
    "늘지 않습니다.",
    "note_retries": "실패한 샤드는 {retries}번까지 다시 시도하며, 그동안 다른 샤드는 계속 진행됩니다.",
    "note_replacement": "이전 파드가 끝난 뒤에만 새 파드가 시작됩니다.",
    "note_disrupted": "노드 비우기, 축출, 선점은 마이그레이션의 잘못이 아닙니다.",
    "note_fail_at_once": "설정 오류(2), 권한 없음(6), 버킷이나 컬렉션 없음(7)은 다시 시도해도 소용이 없습니다.",
    "note_not_counted": "다른 프로세스가 리스를 잡고 있거나(9) 중지 요청을 받은 경우(130, 143)에는 "
    "새 파드를 띄우되 실패로 세지 않습니다.",
    "note_grace": "SIGTERM을 받은 뒤 처리 중인 이미지를 마칠 시간입니다.",
    "note_user": "0이 아닌 번호면 됩니다.",
    "note_taken_over": "이미지, 환경 변수, 볼륨, 배치 조건은 Job {job}에 있던 것을 그대로 가져왔습니다.",
    "note_image": "Job {job}의 이미지입니다. opsctl이 들어 있어야 합니다. 다른 이미지는 --image 로 지정합니다.",
    "note_dropped": "가져오지 않은 항목: {fields}.",
    "note_secret_undecided": "{name}은(는) 비밀 값입니다. 이 Secret을 만들거나 다른 Secret을 지정하십시오.",
    "note_secret_moved": "{name}이(가) 기존 Job에 평문으로 있었습니다. 이 Secret으로 옮기거나 "
    "다른 Secret을 지정하십시오.",
}
