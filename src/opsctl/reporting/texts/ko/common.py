"""Words that every report shares, and progress."""

MESSAGES = {
    "next": "다음 단계:",
    "notes": "참고:",
    "shortened": "... (이하 {characters}자 생략)",
    "progress_started": "{phase}",
    "progress_step": "{phase}: {done}",
    "progress_step_of": "{phase}: {total} 중 {done} ({share})",
    "progress_finished": "{phase}: 완료, 소요 시간 {elapsed}",
    "confirm": "{question} [y/N] ",
    "column_command": "명령",
    "column_schema": "스키마",
    "schema_title": "JSON 출력 스키마",
}
