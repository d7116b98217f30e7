"""Which commits can have to do with a failure: those whose files touch the failing path, and nothing else.

A commit is suspicious by what it changed, never by its subject or its time. In a repository of several programs the
Dockerfile or the workflow of another one has nothing to do with it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from opsctl.diagnosis.facts.model import CommitFacts, Facts
from opsctl.diagnosis.rank import Ranked
from opsctl.diagnosis.report import CommitItem

DIRECT, INDIRECT, NONE = "direct", "indirect", "none"

_PATH = re.compile(
    r"(?:/|\./|\b)[\w@.-]+(?:/[\w@.-]+)+|\b[\w-]+\.(?:m?[jt]s|cjs|py|rb|go|java|sql|php|cs|sh|json|ya?ml)\b"
)
# Places of the container and of build output that the sources do not have.
_OUTER = re.compile(r"^/?(?:app|usr/src/app|srv|workspace|code|opt/\w+|home/\w+)/|^\./")
_BUILD_OUTPUT = re.compile(r"^(?:dist|build|out|lib|src|target|bin)/")
_LIBRARIES = re.compile(r"node_modules/|site-packages/|/gems/|vendor/|^usr/|^proc/|^cloudsql/|^node:|^internal/")
_EXTENSION = re.compile(r"\.(?:d\.)?(?:m|c)?[jt]sx?$|\.\w{1,5}$")

# What builds or deploys the thing that failed, by cause.
# `api.Dockerfile` and `api.Dockerfile.dockerignore` are names that BuildKit knows.
_IGNORED = (r"(?:^|/)[\w.-]*\.dockerignore$", r"(?:^|/)\.gcloudignore$")
_BUILD = (
    r"(?:^|/)(?:[\w.-]+\.)?(?:Dockerfile|Containerfile)", r"(?:^|/)cloudbuild[\w.-]*\.ya?ml$",
    r"(?:^|/)skaffold\.ya?ml$", r"(?:^|/)project\.toml$", r"(?:^|/)Procfile$", *_IGNORED,
)  # fmt: skip
_DEPLOY = (
    r"^\.github/(?:workflows|actions)/", r"(?:^|/)cloudbuild[\w.-]*\.ya?ml$", r"\.tf(?:vars)?$",
    r"(?:^|/)(?:cloud)?deploy", r"(?:^|/)\.gitlab-ci\.yml$", r"(?:^|/)(?:[\w-]+[.-])?(?:job|service)\.ya?ml$",
    r"(?:^|/)skaffold\.ya?ml$",
)  # fmt: skip
_MODULES = (
    r"(?:^|/)package(?:-lock)?\.json$", r"(?:^|/)tsconfig[\w.]*\.json$", r"(?:^|/)(?:pnpm-lock|yarn)\.(?:yaml|lock)$",
    r"(?:^|/)requirements[\w.-]*\.txt$", r"(?:^|/)pyproject\.toml$", r"(?:^|/)(?:poetry|uv|Gemfile|Cargo)\.lock$",
    r"(?:^|/)go\.(?:mod|sum)$", r"(?:^|/)Gemfile$", r"(?:^|/)(?:nest-cli|turbo|nx)\.json$", r"(?:^|/)\.npmrc$",
    r"(?:^|/)pnpm-workspace\.yaml$", r"(?:^|/)(?:babel|esbuild|rollup|tsup|vite|webpack)\.config\.\w+$",
    r"(?:^|/)\.(?:babel|swc)rc(?:\.\w+)?$",
)  # fmt: skip
_MIGRATIONS = (r"migrat", r"(?:^|/)alembic", r"\.sql$", r"schema\.prisma$", r"(?:^|/)changelog", r"(?:^|/)db/")
_DIRECT_BY_CAUSE: dict[str, tuple[str, ...]] = {
    "image-file-missing": _IGNORED,
    "module-not-found": _MODULES,
    "module-format-mismatch": _MODULES,
    "schema-drift": _MIGRATIONS,
    "migration-sql-error": _MIGRATIONS,
    "migration-history-conflict": _MIGRATIONS,
    "migration-config-invalid": (
        r"ormconfig|data-?source|knexfile|drizzle\.config|alembic\.ini|database\.ya?ml|prisma/",
    ),
}
_INDIRECT_BY_CAUSE: dict[str, tuple[str, ...]] = {
    # Where the output goes, and what is copied beside it, is a setting as well (`outDir`, `assets`).
    "image-file-missing": _BUILD + _DEPLOY + _MODULES,
    "module-not-found": _BUILD,
    "module-format-mismatch": _BUILD,
    "runtime-incompatible": _BUILD + _MODULES,
    "entrypoint-invalid": _BUILD + _DEPLOY,
    "image-unavailable": _BUILD + _DEPLOY,
    "migration-config-invalid": _MIGRATIONS + _DEPLOY,
}
# Words of a workflow's name that say what it does, not for what.
_COMMON_WORDS = frozenset(
    {"deploy", "deployment", "release", "build", "ci", "cd", "main", "master", "prod", "production", "staging", "stage",
     "dev", "test", "publish", "push", "image", "docker", "cloud", "run", "cloudrun", "gcp", "google", "job", "jobs",
     "migrate", "migration", "migrations", "db", "database", "workflow", "pipeline", "and", "to", "the",
     "action", "service", "cloudbuild", "clouddeploy", "skaffold", "terraform", "variables", "outputs"}
)  # fmt: skip
# For every other cause: how the job is set up.
_INDIRECT = _DEPLOY


def relate_commits(facts: Facts, first: Ranked | None) -> tuple[CommitItem, ...]:
    """Every commit with its relevance for the first finding, the relevant ones first."""
    if first is None:
        return tuple(_item(commit, NONE, ()) for commit in facts.commits)
    wanted = failing_paths(facts, first)
    direct = _DIRECT_BY_CAUSE.get(first.rule.cause, ())
    indirect = _INDIRECT_BY_CAUSE.get(first.rule.cause, _INDIRECT)
    is_own = _Program(facts, wanted).may_own
    items = [_relate(commit, wanted, direct, indirect, is_own) for commit in facts.commits]
    order = {DIRECT: 0, INDIRECT: 1, NONE: 2}
    return tuple(sorted(items, key=lambda item: order[item.relevance]))


def failing_paths(facts: Facts, found: Ranked) -> tuple[str, ...]:
    """The paths that the failure names, and that of the program, as the sources would name them: without the
    container's folder, the build folder and the extension. `/app/dist/db/run.js` is `db/run`."""
    texts = [pointer.excerpt for piece in found.support for pointer in piece.pointers]
    texts += [value for piece in found.support if piece.clue for value in piece.clue.values.values()]
    texts += [*facts.execution.command, *facts.execution.args]
    paths = [_as_source(match) for text in texts for match in _PATH.findall(text)]
    return tuple(dict.fromkeys(path for path in paths if len(path) > 2))


def _as_source(path: str) -> str:
    path = path.rstrip("./:,")
    if _LIBRARIES.search(path.lstrip("/")):
        return ""
    path = _OUTER.sub("", path).lstrip("/")
    return _EXTENSION.sub("", _BUILD_OUTPUT.sub("", path))


class _Program:
    """Tells the files of the failing program from those of its neighbours in the repository."""

    def __init__(self, facts: Facts, wanted: Sequence[str]) -> None:
        execution = facts.execution
        image = (execution.image or "").partition("@")[0].rpartition("/")[2].partition(":")[0]
        repository = "/".join((execution.image or "").split("/")[2:-1])
        self._words = _words(f"{execution.name.job} {image} {repository}")
        touched = (name for commit in facts.commits for name in commit.files if _touches(name, wanted))
        # `apps/api/src/migrate.ts` is on the failing path: so the program lives in `apps/api`.
        self._folders = {folder for name in touched if (folder := _folder_of_program(name))}

    def may_own(self, name: str) -> bool:
        """Whether a file that builds or deploys may be this program's: not in the folder of another one, and not named
        for another one."""
        folder = _folder_of_program(name)
        if folder:
            return folder in self._folders if self._folders else bool(_words(folder.rpartition("/")[2]) & self._words)
        if _matches(name, _DEPLOY):
            named = _words(name.rpartition("/")[2].partition(".")[0]) - _COMMON_WORDS
            return not named or bool(named & self._words)
        return True


def _folder_of_program(name: str) -> str:
    match = re.match(r"(?:apps|packages|services|projects|modules|cmd)/[^/]+(?=/)", name)
    return match[0] if match else ""


def _words(text: str) -> set[str]:
    return {word for word in re.split(r"[^a-z0-9]+", text.lower()) if word}


def _relate(
    commit: CommitFacts,
    wanted: Sequence[str],
    direct: Sequence[str],
    indirect: Sequence[str],
    is_own: Callable[[str], bool],
) -> CommitItem:
    own = [name for name in commit.files if is_own(name)]
    touching = [name for name in commit.files if _touches(name, wanted) or (name in own and _matches(name, direct))]
    if touching:
        return _item(commit, DIRECT, touching)
    touching = [name for name in own if _matches(name, indirect)]
    return _item(commit, INDIRECT if touching else NONE, touching)


def _touches(name: str, wanted: Iterable[str]) -> bool:
    """Whether a file is a wanted path or lies below it, wherever the repository keeps its sources
    (`apps/api/src/db/run.ts` is `db/run`)."""
    source = "/" + _EXTENSION.sub("", name)
    return any(f"{source}/".find(f"/{path}/") >= 0 for path in wanted)


def _matches(name: str, patterns: Iterable[str]) -> bool:
    return any(re.search(pattern, name) for pattern in patterns)


def _item(commit: CommitFacts, relevance: str, files: Iterable[str]) -> CommitItem:
    return CommitItem(commit.id, commit.subject, commit.time, relevance, tuple(files))
