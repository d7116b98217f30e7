"""`lab incident`: title and story of each practice incident (they do not tell the cause), and what it teaches."""

MESSAGES = {
    "list_title": "실습용 장애 사례",
    "name": "이름",
    "what": "겉으로 보이는 현상",
    "variants": "변형",
    "project": "프로젝트",
    "region": "리전",
    "cause": "원인",
    "lesson": "배울 점",
    "answers_hidden": "원인은 가려져 있습니다. 보려면 --answers를 붙이십시오.",
    "next_write": "파일로 저장",
    "file": "증거 파일",
    "variant": "변형",
    "collected": "수집됨",
    "missing": "데이터 없음",
    "nothing": "없음",
    "replaced": "기존 파일을 덮어썼습니다.",
    "next_diagnose": "원인 찾기",
    "next_live": "실습 환경이 켜져 있을 때 직접 수집해 진단",
    "next_answers": "정답과 비교",
    "o4o_api_migrations_h5x5h_title": "배포 직후 마이그레이션이 실패합니다",
    "o4o_api_migrations_h5x5h_story": "서비스 배포는 성공했지만 마이그레이션 Job이 두 번 실패했습니다. 새 진입점, "
    "새 화이트리스트, 새 비밀번호, 의심스러운 커밋 네 건, 가설 네 가지가 있습니다.",
    "o4o_api_migrations_h5x5h_lesson": "로그 한 줄로 네 가지 가설이 정리됩니다. DB 연결은 성공했으므로 새 "
    "비밀번호와 서비스 계정은 원인이 아니며, 이미지에 폴더가 없습니다.",
    "o4o_api_migrations_h5x5h_logs_denied_title": "같은 장애, 로그 조회 권한 없음",
    "o4o_api_migrations_h5x5h_logs_denied_story": "같은 실행을 로그를 볼 수 없는 계정으로 조사합니다.",
    "o4o_api_migrations_h5x5h_logs_denied_lesson": "로그가 없어도 끝이 아닙니다. 이미지 목록에 진입점은 있고 그것이 "
    "읽는 폴더는 없습니다. 권한 거부는 비어 있다는 뜻이 아닙니다.",
    "o4o_api_migrations_k2p9d_title": "하루 뒤, 성공했던 이미지로 같은 Job이 실패합니다",
    "o4o_api_migrations_k2p9d_story": "마지막 성공 이후 배포가 없었는데 마이그레이션 Job이 실패합니다.",
    "o4o_api_migrations_k2p9d_lesson": "이미지와 설정은 마지막 성공과 같고 시크릿 버전만 그보다 새것입니다. 서버가 "
    "응답했고 비밀번호를 거부했습니다.",
    "o4o_api_migrations_q8w3n_title": "같은 Job이 첫 줄을 남기기도 전에 끝납니다",
    "o4o_api_migrations_q8w3n_story": "빌드를 바꾼 뒤 Job이 1초 안에 실패하고 자체 로그를 전혀 남기지 않습니다.",
    "o4o_api_migrations_q8w3n_lesson": "파일은 있지만 그대로는 불러올 수 없습니다. type이 module인 패키지에서 "
    "CommonJS로 컴파일되었습니다. DB까지는 가지도 못했습니다.",
    "o4o_api_migrations_d4m7s_title": "같은 Job이 더 이상 DB에 연결되지 않습니다",
    "o4o_api_migrations_d4m7s_story": "이미지도 비밀번호도 같습니다. 어제부터 Job이 전용 서비스 계정을 사용합니다.",
    "o4o_api_migrations_d4m7s_lesson": "소켓 연결 거부는 DB가 멈춘 것처럼 보입니다. Cloud Run이 남긴 줄에 권한 "
    "이름이 있고, 어느 계정에 없는지는 정책으로 확인됩니다.",
    "catalog_migrate_7fq2m_title": "아무도 만들지 않은 테이블이 이미 있습니다",
    "catalog_migrate_7fq2m_story": "MySQL 마이그레이션을 세 번 시도했고, 마지막 오류는 테이블이 이미 있다는 "
    "내용입니다.",
    "catalog_migrate_7fq2m_lesson": "원인은 첫 번째 시도에 있습니다. MySQL은 DDL을 즉시 커밋하므로 이후 시도는 첫 "
    "시도가 남긴 테이블 때문에 실패합니다.",
    "ledger_close_9xk4d_title": "월 마감이 시작조차 되지 않았습니다",
    "ledger_close_9xk4d_story": "지난달에는 같은 이미지로 성공했습니다. 이번 달에는 로그가 한 줄도 없습니다.",
    "ledger_close_9xk4d_lesson": "시도도 시작 시각도 없다면 컨테이너에 필요한 것을 얻지 못한 것입니다. 시크릿 "
    "버전의 상태만으로 알 수 있습니다.",
    "crm_migrate_w6p3s_title": "월요일 실행이 DB에서 거부됩니다",
    "crm_migrate_w6p3s_story": "스테이징 Job이 금요일에는 성공했습니다. 주말이 지나자 연결이 거부됩니다.",
    "crm_migrate_w6p3s_lesson": "소유자가 중지한 인스턴스도 RUNNABLE로 표시됩니다. activationPolicy를 봐야 합니다.",
    "orders_schema_m2c8t_title": "10초간 응답이 없다가 연결이 끊깁니다",
    "orders_schema_m2c8t_story": "Job을 설정하는 방식이 배포에서 바뀌었습니다. 그 뒤로 DB가 응답하지 않습니다.",
    "orders_schema_m2c8t_lesson": "사라진 것은 마지막 성공과 나란히 놓아야 보입니다. VPC 연결이 빠졌고, "
    "인스턴스에는 사설 주소만 있습니다.",
    "thumbs_backfill_c5n1v_title": "백필이 종료 코드 0으로 중간에 멈춥니다",
    "thumbs_backfill_c5n1v_story": "프로그램이 꾸준히 진행 상황을 남기다가 오류 없이 끊겼습니다.",
    "thumbs_backfill_c5n1v_lesson": "메시지의 종료 코드 0은 성공이 아닙니다. 메모리 한도로 컨테이너가 "
    "종료되었습니다. 마지막으로 성공했을 때 배치 크기는 10분의 1이었습니다.",
    "billing_changelog_r4t8z_title": "보통 1분이면 끝나는 마이그레이션이 제한 시간을 넘깁니다",
    "billing_changelog_r4t8z_story": "4분 사이에 Job이 두 번 시작되었고 두 번째 실행이 제한 시간을 넘겼습니다.",
    "billing_changelog_r4t8z_lesson": "시간을 늘려도 소용없습니다. 잠금을 기다렸을 뿐입니다. 같은 로그에 다른 "
    "실행의 줄이 섞여 있으며, 그 줄은 이 실행의 것이 아닙니다.",
    "reindex_j8d5w_title": "태스크 20개 중 2개가 끝나지 않습니다",
    "reindex_j8d5w_story": "태스크 18개가 성공했는데도 주간 재색인이 실패했습니다.",
    "reindex_j8d5w_lesson": "마지막 순간까지 진행되었습니다. 주어진 시간에 비해 작업이 큽니다. 태스크 절반은 알 수 "
    "없으며, 그 사실도 보고서에 나옵니다.",
    "report_export_d3w9k_title": "핫픽스가 전혀 실행되지 않습니다",
    "report_export_d3w9k_story": "저녁에 수동으로 핫픽스를 빌드했고, 그날 밤 내보내기가 실행되지 않았습니다.",
    "report_export_d3w9k_lesson": "이미지 설정에 아키텍처가 적혀 있습니다. 프로그램은 읽을 필요도 없습니다.",
    "slo_nightly_p7h4r_title": "새 Job의 첫 실행이 바로 끝납니다",
    "slo_nightly_p7h4r_story": "새 Job, 새 프로젝트에 빌드 프로젝트의 이미지를 씁니다. 시작되지 않았습니다.",
    "slo_nightly_p7h4r_lesson": "이미지를 읽는 것은 Job의 서비스 계정이 아니라 Cloud Run의 계정입니다. Job의 역할을 "
    "살펴봐도 답이 나오지 않습니다.",
    "backup_export_t5g2n_title": "야간 백업이 마지막 단계에서 실패합니다",
    "backup_export_t5g2n_story": "3분간 작업한 뒤 오류가 납니다. 어제 성공한 이후 배포는 없었습니다.",
    "backup_export_t5g2n_lesson": "이미지와 설정은 같고 권한이 다릅니다. 버킷 역할이 회수되었습니다. 권한 이름이 "
    "적힌 403은 결정적 증거입니다.",
    "schema_upgrade_v2x8q_title": "DB 호스트를 찾을 수 없습니다",
    "schema_upgrade_v2x8q_story": "비밀번호를 수동으로 바꾼 뒤 DB 호스트 이름이 해석되지 않습니다.",
    "schema_upgrade_v2x8q_lesson": "호스트는 맞습니다. URL에 이스케이프해야 할 문자가 있어 비밀번호 일부가 호스트로 "
    "읽혔습니다. 값에 대한 사실에서만 드러납니다.",
    "shop_migrate_z1y6h_title": "모두 성공인데 컬럼이 없습니다",
    "shop_migrate_z1y6h_story": "마이그레이션 Job은 성공했습니다. 이번 릴리스에 필요한 새 컬럼이 없습니다.",
    "shop_migrate_z1y6h_lesson": "할 일 없이 끝난 성공은 확인이 필요합니다. 이미지에 마이그레이션 파일이 없어 "
    "실행할 것이 없었습니다. 오류처럼 보이는 줄은 무해합니다.",
    "feed_import_x3m6p_title": "한 달 전에 실패한 가져오기",
    "feed_import_x3m6p_story": "정리하다가 발견했습니다. context canceled 오류로 실패한 가져오기입니다.",
    "feed_import_x3m6p_lesson": "오류는 중지되면서 생긴 것입니다. 누가 취소했는지 감사 기록에 있습니다.",
    "reprice_k9s2f_title": "끝났어야 할 Job의 오류",
    "reprice_k9s2f_story": "야간 가격 재계산 로그에서 타임아웃을 보고 무엇이 고장 났는지 묻습니다.",
    "reprice_k9s2f_lesson": "아직 끝나지 않았고 계속 진행 중입니다. 오류는 재시도로 해결되었습니다.",
}
