"""How PostgreSQL says in other languages that it refuses a statement."""

from __future__ import annotations

from opsctl.diagnosis.rule import Sign, Weight

SIGNS_LOCALISED: tuple[Sign, ...] = (
    Sign(
        "localised-syntax",
        Weight.DECISIVE,
        (
            "구문 오류",
            "syntaxfehler bei",
            "erreur de syntaxe",
            "error de sintaxis en",
            "erro de sintaxe em",
            "ошибка синтаксиса",
            "语法错误",
            "構文エラー",
        ),
        source="postgres src/backend/po/*.po",
        example='오류:  구문 오류, "ADDD" 부근',
    ),
    Sign(
        "localised-rows",
        Weight.STRONG,
        (
            "verletzt",
            "제약 조건을 위",
            "제약조건을 위",
            "viole la contrainte",
            "rompt la contrainte",
            "viola la llave",
            "viola la restricción",
            "viola a restrição",
            "нарушает ограничение",
            "制約に違反",
            "違反となります",
            "违反唯一",
            "违反了非",
            "违反外键",
            "违反检查",
        ),
        r"verletzt (?:not-null|unique|check|fremdschlüssel|foreign-key|exclusion)-constraint"
        r"|(?:not null|고유|체크|참조키(?:\(foreign key\))?) 제약 ?조건을 위[반배]|(?:viole|rompt) la contrainte"
        r"|viola (?:la (?:llave|restricción)|a restrição) |нарушает ограничение|制約に違反|違反となります"
        r"|违反(?:唯一|了非|外键|检查)",
        source="postgres src/backend/po/*.po",
        example='Npgsql.PostgresException: "23502: NULL-Wert in Spalte »version« von Relation »versions« verletzt'
        " Not-Null-Constraint",
    ),
)
