"""A session that answers from a list instead of asking Google, and keeps what it was asked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from opsctl.adapters.google_rest.session import Api, Call, GoogleSession
from opsctl.diagnosis.models import JsonObject

Answer = JsonObject | Exception


@dataclass(frozen=True, slots=True)
class Asked:
    """One request."""

    api: Api
    path: str
    query: tuple[tuple[str, str], ...] = ()
    body: JsonObject | None = None
    permission: str | None = None
    timeout_seconds: float | None = None


class CannedSession(GoogleSession):
    """Gives `answers` in their order, and raises those that are errors; or what `respond` says."""

    def __init__(self, *answers: Answer, respond: Callable[[Asked], Answer] | None = None) -> None:
        self.asked: list[Asked] = []
        self.calls: list[Call] = []
        self._answers = list(answers)
        self._respond = respond

    async def get(
        self,
        api: Api,
        path: str,
        query: Sequence[tuple[str, str]] = (),
        *,
        permission: str | None = None,
        timeout_seconds: float | None = None,
    ) -> JsonObject:
        return self._answer(Asked(api, path, tuple(query), None, permission, timeout_seconds))

    async def post(
        self,
        api: Api,
        path: str,
        body: JsonObject,
        *,
        permission: str | None = None,
        timeout_seconds: float | None = None,
        throttled_attempts: int = 1,
    ) -> JsonObject:
        return self._answer(Asked(api, path, (), dict(body), permission, timeout_seconds))

    def _answer(self, asked: Asked) -> JsonObject:
        self.asked.append(asked)
        self.calls.append(Call(asked.api, "POST" if asked.body is not None else "GET", asked.path, 200, 0.0))
        answer: Any = self._respond(asked) if self._respond else self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer  # type: ignore[no-any-return]
