"""Values beside their names in text."""

import pytest

from opsctl.reporting.redact import redact


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"name":"DB_PASSWORD","value":"hunter2"}', '{"name":"DB_PASSWORD","value":"***"}'),
        ('[{"name": "A", "value": "1"}, {"name": "API_TOKEN", "value": "x y"}]',
         '[{"name": "A", "value": "1"}, {"name": "API_TOKEN", "value": "***"}]'),
        ("{ name: 'DB_PASSWORD', value: 'hunter2' }", "{ name: 'DB_PASSWORD', value: '***' }"),
        ("- name: DB_PASSWORD\n  value: hunter2\n- name: X", "- name: DB_PASSWORD\n  value: ***\n- name: X"),
        ('"{\\"name\\":\\"DB_PASSWORD\\",\\"value\\":\\"hunter2\\"}"',
         '"{\\"name\\":\\"DB_PASSWORD\\",\\"value\\":\\"***\\"}"'),
        ('{"key":"password","value":"hunter2"}', '{"key":"password","value":"***"}'),
        ('<add key="DbPassword" value="hunter2"/>', '<add key="DbPassword" value="***"/>'),
        ("<password>hunter2</password>", "<password>***</password>"),
        ("<ns:clientSecret kind='x'>hunter2</ns:clientSecret>", "<ns:clientSecret kind='x'>***</ns:clientSecret>"),
    ],
)  # fmt: skip
def test_a_value_beside_a_secret_name_is_masked(text: str, expected: str) -> None:
    assert redact(text) == expected
    assert redact(expected) == expected


@pytest.mark.parametrize(
    "text",
    [
        '{"name":"DB_HOST","value":"10.0.0.5"}',
        "- name: DB_PASSWORD\n  valueFrom:\n    secretKeyRef:\n      name: db-password",
        '{"name": "DB_PASSWORD", "value": "${DB_PASSWORD}"}',
        '{"name": "DB_PASSWORD", "value": null}',
        '<add key="PageSize" value="20"/>',
        "<html><title>Not found</title></html>",
        "the name: password is wrong, value: none",
        'Key (email)=(a@example.com) already exists. value "x" for column "name"',
    ],
)
def test_other_values_stay(text: str) -> None:
    assert redact(text) == text
