"""Words by which the last messages of a program are told apart: ready, idle, asking, done, failing, at work, waiting.

Start-up lines are those of the frameworks' own sources: express examples, NestJS nest-application.ts, Spring Boot
StartupInfoLogger, uvicorn server.py, gunicorn arbiter.py, Django runserver, Puma, gin, ASP.NET Core, celery worker,
BullMQ and Sidekiq, tsc and nodemon in watch mode, PostgreSQL and Redis servers.
"""

from __future__ import annotations

import re
from functools import cached_property


class AnyOf:
    """Alternatives as one pattern, compiled on first use: few executions end by a timeout."""

    def __init__(self, *alternatives: str) -> None:
        self._alternatives = alternatives

    def search(self, text: str) -> re.Match[str] | None:
        """The first place where one of them stands."""
        return self._pattern.search(text)

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        return re.compile("|".join(self._alternatives), re.IGNORECASE | re.MULTILINE)


LISTENING = AnyOf(
    r"\blistening (?:and serving|on|at|to|for)\b",
    r"\b(?:server|app(?:lication)?|api|service) (?:is )?(?:now )?(?:running|started|ready|up)\b",
    r"\brunning (?:on|at) (?:\S+ )?https?://",
    r"\bready (?:on|at|-) ",
    r"nest application successfully started",
    r"application started\. press ctrl",
    r"\btomcat (?:server )?(?:started|initialized) (?:on|with)",
    r"\bstarted \w+ in [\d.]+ seconds",
    r"uvicorn running on|booting worker with pid|\bsupervisord started with pid|\bentered RUNNING state",
    r"starting development server at|development server \(http|quit the (?:server|worker) with"
    r"|\bconsuming messages from\b|worker will automatically exit once it has received",
    r"use ctrl-c to stop|hit ctrl-c to stop|press ctrl\+?c to (?:quit|exit|stop)|to exit press ctrl\+?c",
    r"celery@\S+ ready",
    r"\bworkers? (?:is |are )?(?:ready|started|listening|running)\b",
    r"\bscheduler (?:is )?(?:started|running)|added job .* to job store",
    r"\bconsumer (?:is )?(?:started|ready|running|connected)|\bsubscribed to\b",
    r"(?:watching|waiting) for (?:file )?changes|clean exit - waiting|compiled successfully",
    r"fpm is running|ready to (?:accept|handle) connections",
    r"(?:prisma|drizzle) studio is up",
    r"\bcron(?: job)?s? (?:scheduled|registered|started)|\bcrond?\b.*\bstart(?:ed|up)",
    r"서버(?:가|를)? ?(?:시작|실행|대기)|수신 ?대기",
)
# A local proxy to a database that says it is ready is not the program.
PROXY = AnyOf(r"proxy|cloud[_-]?sql|\b(?:5432|3306|1433)\b|ready for new connections")
ASKING = AnyOf(
    r"\(y/n\)|\[y/n\]|\(yes/no\)|\? (?:›|»|>)",
    r"are you sure|ok to proceed\?|do you want to continue|press (?:any key|enter)",
    r"^password(?: for .*)?:\s*$",
    r"is .* (?:table|column|enum|schema) created or renamed",
)
IDLE = AnyOf(
    r"\bheartbeat\b|\bkeep-?alive\b|still alive|health ?check|GET /(?:health|ready|live)",
    r"\bpolling\b|\bidle\b|sleeping (?:for|until)|nothing to (?:do|process)|next run (?:at|in)|queue (?:is )?empty",
    r"no (?:new |more )?(?:messages|jobs|tasks|work|items|events)\b",
    r"waiting for (?:the )?(?:new |next )?(?:messages?|jobs?|tasks?|work|events?|requests?|connections|triggers?"
    r"|schedule)\b",
)
# A count of nothing: "poll: 0 due posts", "found no pending orders".
ZERO = AnyOf(
    r"(?<![\d.,:-])(?:0|zero|no|none|nothing)(?![\d.,:%-]) "
    r"(?:(?!errors?\b|fail|problems?\b|warnings?\b|issues?\b)[a-z_-]{1,20} ){0,3}"
    r"(?!errors\b|fail|problems\b|warnings\b|issues\b)"
    r"(?:[a-z]{1,20}s|work|data|pending|found|due|ready|new|available)\b",
)
# Times, dates and numbers of entries say nothing about the work.
TIMES = re.compile(
    r"\d{4}[-/]\d\d[-/]\d\d|\d{1,2}:\d\d(?::\d\d)?(?:[.,]\d+)?(?: ?[AP]M\b)?|\b\d{10,19}\b|[+-]\d\d:?\d\d\b"
    r"|\bpid[ =:]+\d+|\d{1,2}/\d{1,2}/\d{4}",
    re.IGNORECASE,
)
DONE = AnyOf(
    r"\b(?:all )?done\b|\b(?:complete[ds]?|finished|succeeded)\b|\bsuccess(?:ful(?:ly)?)?\b",
    r"\b(?:migrated|seeded|ran|built|took|imported|exported|synced|executed) (?:\w+ )?in [\d.]+ ?m?s(?:ec\w*)?\b",
    r"\bup[- ]to[- ]date\b|no schema changes|nothing to migrate|already applied",
    r"no (?:pending|outstanding) migrations|no migrations (?:are pending|to run|to apply|were executed|needed|found)",
    r"\bbatch \d+ run: \d+ migrations|\bmigrations? (?:have been |has been |were )?(?:applied|executed|ran|run)\b",
    r"applied \d+ migrations?",
    r"\b\d+ (?:migrations?|rows?|records?|files?) (?:applied|imported|processed|inserted|migrated)",
    r"\bexiting\b|\bshut(?:ting)? ?down\b|\bgood ?bye\b|\bbye\b|\bdisconnected\b|closing (?:connection|pool)",
    r"[✅✔🎉🌱]",
    r"완료|끝났|종료|성공|完了|完成|terminé|abgeschlossen|completad[oa]",
)
# Done with a part, or with a preparation: the work goes on.
PART = AnyOf(
    r"\b(?:batch|chunk|page|step|part|shard|iteration|partition|epoch|phase|stage) ?#?:? ?\d+\b(?! run: )",
    r"\b(?:item|file|record|row|user|order|image|table|task|day|request|tenant|document) ?#?\d+\b",
    r"\b\d+ ?(?:/|of|out of) ?\d+\b|\b\d{1,2}(?:\.\d+)? ?%|in progress",
    r"connect(?:ed|ion)? (?:successful|established|succeeded)",
    r"success\w* (?:connected|authenticated|logged|loaded|init)",
    r"initiali[sz]ed|logged in|authenticat|connected to",
    r"\b(?:before|until|when) ",
    r"\b(?:not|un|in)(?:\s|-)?(?:yet )?(?:success|complet|done|finish)|errors?\b.{0,12}\bcomplet|\bfail",
)
WHOLE = AnyOf(r"\b(\d+) ?(?:/|of|out of) ?\1\b|\b100(?:\.0+)? ?%")
FAILED = AnyOf(r"\berror\b|\bexception\b|\bfail(?:ed|ure)?\b|\bfatal\b|\bpanic\b|\brefused\b|\bdenied\b")
PROGRESS = AnyOf(
    r"\b\d[\d,]* ?(?:/|of|out of) ?\d[\d,]*\b|\b\d{1,3}(?:\.\d+)? ?%",
    r"\b(?:process|import|export|insert|copy|copie|migrat|backfill|upload|download|index|embed|crawl|scrap|fetch|convert)"
    r"\w*\b.{0,40}\b\d",
    r"\b(?:generat|train|render|encod|transcod|comput|calculat|analy[sz]|load|writ|wrote|sync|updat|delet|transform)\w*\b"
    r".{0,40}\b\d",
    r"\b(?:aggregat|scann|send|sent|pars|compress|archiv|dump|restor)\w*\b.{0,40}\b\d",
    r"\b(?:batch|chunk|page|epoch|iteration|offset|row|record|step|shard|partition|file|item|eta|remaining|elapsed)s?\b"
    r".{0,12}\d",
    r"\b\d[\d,]* (?:rows?|records?|items?|files?|documents?|users?)\b",
    r"처리 ?중|진행",
)
STATEMENT = AnyOf(
    r"\b(?:create (?:unique )?index|alter table|reindex|vacuum|refresh materialized|update \S+ set|insert into"
    r"|delete from)\b",
    r"\b(?:backfill\w*|pg_dump|pg_restore|mysqldump|copying|rebuild\w*|training|crunching|rendering|compressing)\b",
    r"\b(?:running|applying|executing|migrating|starting) (?:migrations?|revision|changeset|upgrade|version)\b"
    r".{0,80}\d",
)
WAITING = AnyOf(
    r"\b(?:re)?connecting\b|trying to connect|\bwaiting\b|\block(?:s|ed|ing)?\b|\bacquir|\bretry|\btimed? ?out",
    r"\bresolv\w+ host|\bblocked\b|\bpending\b(?! migrations)",
    r"연결 (?:중|시도)|대기",
)
_ADDRESS = (
    r"(?:[a-z][a-z0-9+.-]{1,20}://[^\s\"']|\b\d{1,3}(?:\.\d{1,3}){3}\b|\b[a-z][\w.-]{1,100}:\d{2,5}\b"
    r"|\b[a-z0-9-]{1,60}\.(?:[a-z0-9-]{1,60}\.){0,4}(?:com|net|org|io|dev|cloud|app|ai|co|internal|local|svc|kr|jp|de|uk|eu)\b)"
)
# A connection or a request that is announced, with its address; an answer behind it makes it another matter.
CONTACTING = AnyOf(
    r"\b(?:connecting|contacting|calling|dialing|dialling|resolving|trying|attempting|reaching|pinging|opening|fetching"
    r"|requesting|downloading|uploading|sending|posting|querying|pulling|pushing|getting|loading|syncing|reading"
    r"|starting new https? connection|connect|call|fetch|get|post|put|download|request)\b"
    rf"(?!.{{0,200}}\b(?:ok|done|success\w*|connected|(?<![:.\d])[245]0\d(?![.\d]))\b).{{0,120}}?{_ADDRESS}",
    rf"^datasource \".{{0,120}} at \"{_ADDRESS}",
    r"^\W*(?:\[?\w+\]?[: ]\s*)?connecting\W*$",
)
# Numbers in these count tries, not work.
TRYING = AnyOf(
    r"\bretr(?:y|ies|ying)\b|\b(?:attempt|try) ?#?\d+|\breconnect",
    r"\b(?:connecting|waiting) (?:to|for|on) (?:the |a )?"
    r"(?:database|db|postgres\w*|mysql|redis|server|host|lock|connection)",
)
