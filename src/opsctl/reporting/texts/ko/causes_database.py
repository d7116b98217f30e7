"""Causes of `opsctl cloudrun diagnose`: reaching a database and being let in."""

MESSAGES = {
    # db-connection-refused
    "db_connection_refused_title": "접속하려는 위치에서 수신 중인 서버가 없음",
    "db_connection_refused_summary": (
        "연결이 즉시 거부되었습니다. 해당 호스트와 포트에서 수신 중인 서버가 없거나 로컬 소켓이 없습니다. "
        "Cloud Run 컨테이너 안에서 localhost는 컨테이너 자신입니다."
    ),
    "db_connection_refused_clue_local_host": "{variable}의 값이 {host}입니다. 컨테이너 자신을 가리킵니다",
    "db_connection_refused_clue_no_host_variable": (
        "작업에 데이터베이스 서버를 지정하는 변수가 없어 프로그램이 기본값으로 접속했습니다"
    ),
    "db_connection_refused_clue_instance_stopped": (
        "현재 Cloud SQL 인스턴스 {instance}이(가) 실행 중이 아닙니다(상태 {state}, 활성화 정책 {policy})"
    ),
    "db_connection_refused_remedy_set_host": "작업의 변수에 실제 서버의 호스트와 포트를 설정합니다.",
    "db_connection_refused_remedy_set_host_before": (
        "변수 이름은 프로그램이 읽는 이름이어야 합니다. 여기서는 DB_HOST와 DB_PORT로 적었습니다."
    ),
    "db_connection_refused_remedy_set_host_undo": "같은 방법으로 변수를 이전 값으로 되돌립니다.",
    "db_connection_refused_remedy_start_instance": "Cloud SQL 인스턴스가 중지되어 있으면 시작합니다.",
    "db_connection_refused_remedy_start_instance_before": (
        "누군가 중지한 것이므로 의도한 것인지 먼저 확인합니다. 실행 중인 인스턴스에는 비용이 발생합니다."
    ),
    "db_connection_refused_remedy_start_instance_undo": "활성화 정책을 다시 NEVER로 설정합니다.",
    "db_connection_refused_remedy_proxy": (
        "데이터베이스에 접근할 수 있는 머신에서 Cloud SQL Auth Proxy를 통해 마이그레이션을 한 번 실행합니다."
    ),
    "db_connection_refused_remedy_proxy_before": (
        "실행 중인 다른 마이그레이션이 없고, 백업이 있으며, 체크아웃한 코드가 배포된 이미지와 같아야 합니다."
    ),
    "db_connection_refused_remedy_proxy_undo": "마이그레이션 도구로 롤백하거나 백업을 복원합니다.",
    "db_connection_refused_check": (
        "실행의 변수를 보여 줍니다. 호스트가 localhost나 127.0.0.1이거나 아예 없으면 거부된 이유가 설명됩니다."
    ),
    # network-unreachable
    "network_unreachable_title": "작업에서 도달할 수 없는 주소",
    "network_unreachable_summary": (
        "호스트 이름의 주소를 찾지 못했거나, 클라이언트가 포기할 때까지 응답이 없었습니다. 이름이 맞는지, 작업에 "
        "필요한 VPC 이그레스·NAT·방화벽 규칙이 있는지 확인합니다."
    ),
    "network_unreachable_clue_all_traffic": (
        "작업의 모든 트래픽이 VPC로 나갑니다. Cloud NAT가 없으면 인터넷의 어떤 호스트도 응답하지 않습니다"
    ),
    "network_unreachable_clue_silent_connect": (
        "제한 시간까지 이어진 긴 침묵 직전의 마지막 줄이 연결 시도입니다: {line}"
    ),
    "network_unreachable_clue_vpc_changed": "마지막 성공 때와 VPC 설정이 다릅니다",
    "network_unreachable_clue_instance_stopped": (
        "현재 Cloud SQL 인스턴스 {instance}이(가) 실행 중이 아니어서, 네트워크 문제가 아니어도 응답이 없습니다"
    ),
    "network_unreachable_clue_private_host_without_vpc": (
        "{variable}이(가) 사설 주소 {host}을(를) 가리키는데 작업에 VPC 접근 설정이 없습니다"
    ),
    "network_unreachable_clue_private_instance_without_vpc": (
        "Cloud SQL 인스턴스 {instance}에는 비공개 IP만 있는데 작업에 VPC 접근 설정이 없습니다"
    ),
    "network_unreachable_clue_bare_host_name": (
        "{variable}의 값이 {host}입니다. Docker Compose의 서비스 이름처럼 Cloud Run에서 찾을 수 없는 이름입니다"
    ),
    "network_unreachable_remedy_correct_host": "개발자 네트워크 밖에서도 존재하는 호스트 이름이나 주소로 바꿉니다.",
    "network_unreachable_remedy_correct_host_before": (
        "변수 이름은 프로그램이 읽는 이름이어야 합니다. 여기서는 DB_HOST로 적었습니다."
    ),
    "network_unreachable_remedy_correct_host_undo": "같은 방법으로 변수를 이전 값으로 되돌립니다.",
    "network_unreachable_remedy_vpc_egress": "사설 주소가 있는 네트워크로 나가는 경로를 작업에 설정합니다.",
    "network_unreachable_remedy_vpc_egress_before": (
        "네트워크와 서브넷이 데이터베이스와 같고, 서브넷에 남은 주소가 있으며, 방화벽이 작업을 허용해야 합니다."
    ),
    "network_unreachable_remedy_vpc_egress_undo": "--clear-network로 작업에서 네트워크 설정을 제거합니다.",
    "network_unreachable_remedy_nat": (
        "모든 트래픽이 VPC로 나가고 대상이 인터넷에 있으면 네트워크에 Cloud NAT를 추가합니다."
    ),
    "network_unreachable_remedy_nat_before": (
        "이 리전의 네트워크에 아직 NAT 라우터가 없어야 합니다. NAT에는 비용이 들고, 대상의 허용 목록에 NAT 주소를 "
        "등록해야 할 수 있습니다."
    ),
    "network_unreachable_remedy_nat_undo": "NAT와 라우터를 삭제합니다.",
    "network_unreachable_remedy_private_ranges_only": ("사설 주소만 VPC로 보내 공개 호스트에는 직접 접속하게 합니다."),
    "network_unreachable_remedy_private_ranges_only_before": (
        "작업의 공개 트래픽이 반드시 VPC를 거쳐야 한다는 규정이 없어야 합니다."
    ),
    "network_unreachable_remedy_private_ranges_only_undo": "--vpc-egress=all-traffic으로 되돌립니다.",
    "network_unreachable_check": (
        "실행의 VPC 설정과 변수를 보여 줍니다. 네트워크 없이 사설 주소를 쓰거나 모든 트래픽이 VPC로 나가면 "
        "응답이 없는 이유가 설명됩니다."
    ),
    # cloudsql-not-attached
    "cloudsql_not_attached_title": "Cloud SQL 인스턴스가 연결되지 않았거나 연결 이름이 틀림",
    "cloudsql_not_attached_summary": (
        "프로그램이 존재하지 않는 Cloud SQL 소켓을 열려고 했습니다. 이 작업에 인스턴스가 설정되지 않았거나, 연결 "
        "이름의 프로젝트·리전·인스턴스가 다릅니다. 서비스에 설정한 연결은 작업에 적용되지 않습니다."
    ),
    "cloudsql_not_attached_clue_other_instance": (
        "프로그램이 쓰려는 인스턴스는 {named}인데 작업에 연결된 인스턴스는 {attached}입니다"
    ),
    "cloudsql_not_attached_clue_no_instance": (
        "프로그램이 {named}을(를) 쓰려고 하는데 작업에 연결된 인스턴스가 없습니다"
    ),
    "cloudsql_not_attached_clue_name_without_socket": (
        "{variable} 변수가 인스턴스 {named}을(를) 가리키지만 작업에 연결된 인스턴스가 없고, 접속 시도에 응답이 없습니다"
    ),
    "cloudsql_not_attached_clue_attached": "프로그램이 쓰려는 인스턴스 {named}은(는) 작업에 연결되어 있습니다",
    "cloudsql_not_attached_clue_connector_tried": "Cloud SQL 커넥터가 동작했고 다른 이유를 알리고 있습니다",
    "cloudsql_not_attached_clue_hidden_socket": (
        "{variable}에 Cloud SQL 소켓 경로가 들어 있는데 작업에 연결된 인스턴스가 없습니다"
    ),
    "cloudsql_not_attached_clue_instance_not_found": "현재 Cloud SQL 인스턴스 {named}이(가) 없습니다",
    "cloudsql_not_attached_clue_detached": "마지막 성공 때 연결된 인스턴스: {before}, 이번 실행: {after}",
    "cloudsql_not_attached_clue_attached_since": "이 실행 뒤에 {named}이(가) 작업에 연결되었습니다",
    "cloudsql_not_attached_remedy_attach": "정확한 연결 이름으로 인스턴스를 작업에 연결합니다.",
    "cloudsql_not_attached_remedy_attach_before": (
        "이 명령은 목록 전체를 바꾸므로 작업에 필요한 인스턴스를 모두 적습니다. 작업의 서비스 계정에 "
        "roles/cloudsql.client가 있어야 합니다."
    ),
    "cloudsql_not_attached_remedy_attach_undo": (
        "이전 목록을 다시 설정하거나 --clear-cloudsql-instances를 사용합니다."
    ),
    "cloudsql_not_attached_remedy_correct_name": (
        "올바른 인스턴스가 연결되어 있으면 프로그램 설정의 연결 이름을 그 이름으로 고칩니다."
    ),
    "cloudsql_not_attached_remedy_correct_name_before": (
        "변수 이름은 프로그램이 읽는 이름이어야 합니다. 여기서는 DB_HOST로 적었습니다."
    ),
    "cloudsql_not_attached_remedy_correct_name_undo": "같은 방법으로 변수를 이전 값으로 되돌립니다.",
    "cloudsql_not_attached_remedy_proxy": (
        "데이터베이스에 접근할 수 있는 머신에서 Cloud SQL Auth Proxy를 통해 마이그레이션을 한 번 실행합니다."
    ),
    "cloudsql_not_attached_remedy_proxy_before": (
        "실행 중인 다른 마이그레이션이 없고, 백업이 있으며, 체크아웃한 코드가 배포된 이미지와 같아야 합니다."
    ),
    "cloudsql_not_attached_remedy_proxy_undo": "마이그레이션 도구로 롤백하거나 백업을 복원합니다.",
    "cloudsql_not_attached_check": ("실행에 연결된 인스턴스를 보여 줍니다. 오류에 나온 경로와 한 글자씩 비교합니다."),
    # db-auth-failed
    "db_auth_failed_title": "데이터베이스가 사용자 또는 비밀번호를 거부함",
    "db_auth_failed_summary": (
        "서버에는 도달했지만 이 사용자의 로그인을 거부했습니다. 비밀번호를 교체한 뒤 보안 비밀과 데이터베이스의 값이 "
        "서로 다른 경우가 많고, 사용자가 없을 때도 같은 메시지가 나옵니다."
    ),
    "db_auth_failed_clue_password_newline": "{variable} 값 끝에 줄바꿈이 있어 비밀번호의 일부가 됩니다",
    "db_auth_failed_clue_password_empty": "{variable} 값이 비어 있습니다",
    "db_auth_failed_clue_secret_renewed": "마지막 성공 뒤에 보안 비밀 {secret}의 버전 {version}이(가) 만들어졌습니다",
    "db_auth_failed_clue_credentials_changed": "{name} 값이 마지막 성공 때와 다릅니다",
    "db_auth_failed_remedy_list_users": "인스턴스의 사용자 목록과 보안 비밀의 버전을 확인합니다.",
    "db_auth_failed_remedy_reset_password": "새 비밀번호 하나를 데이터베이스와 보안 비밀에 함께 설정합니다.",
    "db_auth_failed_remedy_reset_password_before": (
        "이 사용자를 쓰는 다른 프로그램도 같은 보안 비밀을 읽거나, 동시에 새 비밀번호를 받아야 합니다."
    ),
    "db_auth_failed_remedy_reset_password_undo": (
        "이전 비밀번호는 데이터베이스에서 다시 읽을 수 없습니다. 이전 보안 비밀 버전에 있는 값으로 설정합니다."
    ),
    "db_auth_failed_remedy_pin_version": "작업이 아직 유효한 보안 비밀 버전을 쓰게 합니다.",
    "db_auth_failed_remedy_pin_version_before": (
        "그 버전이 사용 설정 상태이고 데이터베이스의 비밀번호가 아직 그 값이어야 합니다."
    ),
    "db_auth_failed_remedy_pin_version_undo": "양쪽이 일치하면 버전을 다시 latest로 설정합니다.",
    "db_auth_failed_check": (
        "보안 비밀 버전이 만들어진 시각을 보여 줍니다. 마지막 성공과 이번 실행 사이에 만들어진 버전이 의심됩니다."
    ),
    # db-tls-mismatch
    "db_tls_mismatch_title": "클라이언트와 서버의 TLS 설정이 맞지 않음",
    "db_tls_mismatch_summary": (
        "서버가 암호화를 요구하는데 프로그램이 평문으로 접속했거나, TLS가 없는 곳에 TLS를 요구했거나, 서버 인증서를 "
        "신뢰하지 못했습니다. 네트워크와 비밀번호의 문제가 아닙니다."
    ),
    "db_tls_mismatch_clue_tls_setting_changed": "{name} 값이 마지막 성공 때와 다릅니다",
    "db_tls_mismatch_clue_tls_on_socket": ("{variable}이(가) TLS를 요구하는데 연결은 TLS가 없는 Cloud SQL 소켓입니다"),
    "db_tls_mismatch_clue_tls_switched_off": "{variable}이(가) TLS를 끄고 있습니다",
    "db_tls_mismatch_remedy_require_tls": (
        "클라이언트가 암호화하도록 설정합니다. sslmode=require 또는 드라이버의 같은 설정을 사용합니다."
    ),
    "db_tls_mismatch_remedy_require_tls_before": (
        "드라이버가 PGSSLMODE를 읽어야 합니다. 다른 드라이버는 URL(sslmode, ssl, useSSL, encrypt)이나 코드에서 "
        "설정합니다."
    ),
    "db_tls_mismatch_remedy_require_tls_undo": "변수를 다시 제거합니다.",
    "db_tls_mismatch_remedy_give_ca": "서버 인증서에 서명한 CA를 클라이언트에 제공합니다.",
    "db_tls_mismatch_remedy_give_ca_before": "CA가 보안 비밀로 저장되어 있고 프로그램이 그 경로에서 읽어야 합니다.",
    "db_tls_mismatch_remedy_give_ca_undo": "--remove-secrets로 마운트한 보안 비밀을 제거합니다.",
    "db_tls_mismatch_remedy_socket_without_tls": (
        "Cloud SQL 소켓에는 TLS를 요구하지 않습니다. 인스턴스까지의 구간은 Cloud Run이 암호화합니다."
    ),
    "db_tls_mismatch_remedy_socket_without_tls_before": "연결이 /cloudsql/ 또는 프록시를 거쳐야 합니다.",
    "db_tls_mismatch_remedy_socket_without_tls_undo": "변수를 이전 값으로 되돌립니다.",
    "db_tls_mismatch_remedy_no_verification": (
        "CA를 준비할 때까지 인증서 검증 없이 암호화합니다(sslmode=require, rejectUnauthorized false, "
        "trustServerCertificate true)."
    ),
    "db_tls_mismatch_remedy_no_verification_before": (
        "서버까지의 경로가 비공개여야 합니다. 검증이 없으면 상대가 누구인지 증명되지 않습니다."
    ),
    "db_tls_mismatch_remedy_no_verification_undo": "클라이언트에 CA를 제공한 뒤 검증을 다시 켭니다.",
    "db_tls_mismatch_check": (
        "인스턴스가 요구하는 것을 보여 줍니다. sslMode가 ENCRYPTED_ONLY이거나 클라이언트 인증서를 요구하면 평문 "
        "접속이 거부된 이유가 설명됩니다."
    ),
    # db-not-found
    "db_not_found_title": "서버에 해당 이름의 데이터베이스가 없음",
    "db_not_found_summary": (
        "서버는 응답했지만 데이터베이스를 찾지 못했습니다. 이름의 철자나 대소문자가 다르거나, 이 인스턴스에 아직 "
        "데이터베이스를 만들지 않았습니다."
    ),
    "db_not_found_clue_name_changed": "{name} 값이 마지막 성공 때와 다릅니다",
    "db_not_found_remedy_list_databases": "인스턴스에 어떤 데이터베이스가 있는지 확인합니다.",
    "db_not_found_remedy_correct_name": "작업 변수의 이름을 바로잡습니다.",
    "db_not_found_remedy_correct_name_before": (
        "변수 이름은 프로그램이 읽는 이름이어야 합니다. 여기서는 DB_NAME으로 적었습니다."
    ),
    "db_not_found_remedy_correct_name_undo": "같은 방법으로 변수를 이전 값으로 되돌립니다.",
    "db_not_found_remedy_create_database": "정말 새로운 데이터베이스라면 생성합니다.",
    "db_not_found_remedy_create_database_before": (
        "올바른 인스턴스인지 확인합니다. 잘못된 인스턴스에서는 마이그레이션이 빈 데이터베이스를 채우고 성공한 것처럼 "
        "보입니다."
    ),
    "db_not_found_remedy_create_database_undo": "새 데이터베이스가 비어 있을 때 삭제합니다.",
    "db_not_found_check": "인스턴스의 데이터베이스 목록을 보여 줍니다. 대소문자까지 이름을 비교합니다.",
    # db-connection-limit
    "db_connection_limit_title": "데이터베이스가 더 이상 연결을 받지 않음",
    "db_connection_limit_summary": (
        "서버, 풀러 또는 사용자에게 허용된 연결이 모두 사용 중입니다. 다른 서비스의 연결도 포함되며, 이 작업은 "
        "마지막에 "
        "접속했을 뿐일 수 있습니다."
    ),
    "db_connection_limit_clue_many_tasks": "이 실행의 태스크 {tasks}개가 동시에 실행되며 각각 연결 풀을 가집니다",
    "db_connection_limit_remedy_see_connections": "누가 연결을 사용 중인지 확인합니다.",
    "db_connection_limit_remedy_fewer_tasks": "동시에 실행하는 태스크 수와 각 연결 풀의 크기를 줄입니다.",
    "db_connection_limit_remedy_fewer_tasks_before": "태스크를 차례로 실행해도 제한 시간 안에 끝나야 합니다.",
    "db_connection_limit_remedy_fewer_tasks_undo": "이전 병렬 처리 수로 되돌립니다.",
    "db_connection_limit_remedy_raise_limit": "인스턴스 메모리와 함께 max_connections를 늘립니다.",
    "db_connection_limit_remedy_raise_limit_before": (
        "이 플래그를 바꾸면 인스턴스가 다시 시작됩니다. 명령이 모든 플래그를 바꾸므로 이미 설정된 플래그도 함께 "
        "적습니다."
    ),
    "db_connection_limit_remedy_raise_limit_undo": (
        "같은 방법으로 이전 플래그를 설정합니다. 인스턴스가 다시 시작됩니다."
    ),
    "db_connection_limit_remedy_end_idle": "오래 유휴 상태인 연결을 끊고 작업을 다시 실행합니다.",
    "db_connection_limit_remedy_end_idle_before": "해당 프로그램이 필요할 때 스스로 다시 연결해야 합니다.",
    "db_connection_limit_remedy_end_idle_undo": "되돌릴 것이 없습니다. 프로그램이 다시 연결합니다.",
    "db_connection_limit_check": (
        "인스턴스의 크기와 플래그를 보여 줍니다. max_connections를 모든 연결 풀의 합과 비교합니다."
    ),
    # db-privilege-missing
    "db_privilege_missing_title": "데이터베이스 사용자에게 권한이 없음",
    "db_privilege_missing_summary": (
        "로그인은 되었지만 문장을 실행할 권한이 없습니다. 메시지에 스키마, 테이블 또는 권한 이름이 나옵니다. "
        "PostgreSQL "
        "15부터는 소유자만 public 스키마에 객체를 만들 수 있습니다."
    ),
    "db_privilege_missing_clue_user_changed": (
        "{name} 값이 마지막 성공 때와 다릅니다. 사용자가 다르면 권한도 다릅니다"
    ),
    "db_privilege_missing_remedy_grant": "메시지에 나온 권한을 이 사용자에게만 부여합니다.",
    "db_privilege_missing_remedy_grant_before": "스키마의 소유자 또는 관리자로 로그인해야 합니다.",
    "db_privilege_missing_remedy_grant_undo": "같은 권한을 회수합니다.",
    "db_privilege_missing_remedy_change_owner": "변경할 객체의 소유자를 마이그레이션 사용자로 바꿉니다.",
    "db_privilege_missing_remedy_change_owner_before": (
        "이전 소유자의 권한에 의존하던 프로그램에 별도의 권한이 부여되어 있어야 합니다."
    ),
    "db_privilege_missing_remedy_change_owner_undo": "같은 방법으로 이전 소유자로 되돌립니다.",
    "db_privilege_missing_remedy_run_as_owner": "객체를 소유한 사용자로 마이그레이션을 한 번 실행합니다.",
    "db_privilege_missing_remedy_run_as_owner_before": (
        "소유자의 비밀번호를 작업이 보안 비밀로 읽을 수 있어야 합니다. 새 객체는 그 사용자의 소유가 됩니다."
    ),
    "db_privilege_missing_remedy_run_as_owner_undo": "마이그레이션 도구로 롤백하거나 백업을 복원합니다.",
    "db_privilege_missing_check": (
        "스키마와 테이블의 소유자와 권한, 역할을 보여 줍니다. 작업이 쓰는 사용자를 찾습니다."
    ),
}
