"""Which paths of an image are looked for."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsctl.diagnosis.collectors.image_paths import command_of, first_look, second_look, start_files
from opsctl.diagnosis.collectors.references import References


def references(
    *, command: tuple[str, ...] = (), args: tuple[str, ...] = (), env: dict[str, str] | None = None, folder: str = ""
) -> References:
    return References("", (), (), "image", command, args, folder, env or {})


def config(**settings: Any) -> dict[str, Any]:
    return {"config": {"WorkingDir": "/app", **settings}}


NODE = config(Entrypoint=["docker-entrypoint.sh"], Cmd=["node", "dist/main.js"])


class TestCommand:
    """cloud.google.com/run/docs/configuring/jobs/containers: command replaces ENTRYPOINT, args CMD."""

    def test_of_the_image(self) -> None:
        assert command_of(references(), NODE) == ("docker-entrypoint.sh", "node", "dist/main.js")

    def test_args_alone_replace_cmd(self) -> None:
        assert command_of(references(args=("sh",)), NODE) == ("docker-entrypoint.sh", "sh")

    def test_command_alone_drops_cmd(self) -> None:
        assert command_of(references(command=("node",)), NODE) == ("node",)


class TestStartFiles:
    @pytest.mark.parametrize(
        ("words", "files"),
        [
            (("node", "dist/migrate.js"), ["/app/dist/migrate.js"]),
            (("docker-entrypoint.sh", "node", "dist/main.js"), ["/app/dist/main.js"]),
            (("./run.sh",), ["/app/run.sh"]),
            (("sh", "run.sh"), ["/app/run.sh"]),
            (("sh", "-c", "node a.js && node ../b.js"), ["/app/a.js", "/b.js"]),
            (("/bin/indexer", "--all"), ["/bin/indexer"]),
            (("python", "-m", "backup.export"), []),
            (("python", "-u", "backfill.py"), ["/app/backfill.py"]),
            (("migrate", "-path", "/migrations", "-database", "postgres://u@h/d", "up"), ["/migrations"]),
            (("node", "-r", "@swc-node/register", "main.ts"), ["/app/main.ts"]),
            (("node", "--import=./hooks.mjs", "main.js"), ["/app/main.js"]),
            (("ls", "/proc/self/exe", "*.js"), []),
            ((), []),
        ],
    )
    def test_words_that_name_files(self, words: tuple[str, ...], files: list[str]) -> None:
        assert start_files(words, "/app") == files

    @given(st.lists(st.text(max_size=30), max_size=8), st.text(max_size=20))
    def test_any_words_give_absolute_paths(self, words: list[str], folder: str) -> None:
        for path in start_files(words, folder):
            assert path.startswith("/")
            assert "/../" not in f"{path}/"


class TestFirstLook:
    def test_a_node_script_brings_its_package(self) -> None:
        wanted = first_look(references(command=("node",), args=("dist/migrate.js",)), NODE, ())
        assert wanted.paths == {"/app/dist/migrate.js"}
        assert wanted.texts == {"/app/dist/migrate.js", "/app/package.json"}

    def test_a_missing_path_in_the_log_is_looked_for_and_listed(self) -> None:
        line = "Error: ENOENT: no such file or directory, scandir '/app/dist/database/migrations'"
        wanted = first_look(references(), NODE, ("fine /app/other/thing", line))
        assert "/app/dist/database/migrations" in wanted.paths
        assert "/app/dist/database/migrations" in wanted.folders
        assert "/app/other/thing" not in wanted.paths

    def test_a_missing_package_is_looked_for_where_node_looks(self) -> None:
        wanted = first_look(references(), NODE, ("Error: Cannot find module 'pg-native'", "Cannot find module './x'"))
        assert "/app/node_modules/pg-native" in wanted.paths
        assert not any(path.endswith("/x") for path in wanted.paths)

    @pytest.mark.parametrize("path", ["/proc/1/x", "/tmp/upload/a.csv", "/cloudsql/p:r:i/.s.PGSQL.5432", "/x"])
    def test_paths_that_no_build_made_are_left_alone(self, path: str) -> None:
        assert path not in first_look(references(), config(), (f"ENOENT: no such file {path}",)).paths

    def test_addresses_are_no_paths(self) -> None:
        wanted = first_look(references(), config(), ("not found: https://example.com/a/b/c.html",))
        assert wanted.paths == set()

    def test_where_a_tool_looks_by_itself_is_a_guess(self) -> None:
        wanted = first_look(references(command=("npx", "prisma", "migrate", "deploy")), config(), ())
        assert "/app/prisma/migrations" in wanted.optional
        assert not wanted.paths

    def test_what_a_tool_is_told_is_none(self) -> None:
        words = ("npx", "prisma", "migrate", "deploy", "--schema", "db/schema.prisma")
        wanted = first_look(references(command=words), config(), ())
        assert "/app/db/schema.prisma" in wanted.paths

    def test_variables_name_folders(self) -> None:
        wanted = first_look(references(env={"MIGRATIONS_DIR": "dist/sql", "HOME": "/root/x"}), config(), ())
        assert wanted.folders == {"/app/dist/sql"}

    def test_the_working_folder_of_the_job_counts_before_that_of_the_image(self) -> None:
        wanted = first_look(references(args=("node", "a.js"), folder="/srv"), config(), ())
        assert "/srv/a.js" in wanted.paths

    @given(st.lists(st.text(max_size=200), max_size=5))
    def test_any_lines_give_bounded_paths(self, lines: list[str]) -> None:
        wanted = first_look(references(), config(), [f"not found {line}" for line in lines * 40])
        assert len(wanted.paths) <= 60
        assert all(path.startswith("/") for path in (*wanted.paths, *wanted.optional))


class TestSecondLook:
    def test_a_script_of_a_package_leads_to_its_file(self) -> None:
        package = '{"scripts": {"migrate": "node dist/run.js --up", "other": "node no.js"}}'
        wanted = second_look(
            references(command=("npm", "run", "migrate")), config(), {"/app/package.json": package}
        ).wanted
        assert wanted.paths == {"/app/dist/run.js"}

    def test_an_entry_file_names_its_migrations(self) -> None:
        text = "const folder = path.join(__dirname, 'database/migrations');"
        wanted = second_look(references(command=("node", "dist/m.js")), config(), {"/app/dist/m.js": text}).wanted
        assert wanted.folders == {"/app/dist/database/migrations"}

    def test_a_path_without_more_is_relative_to_the_working_folder(self) -> None:
        text = 'migrations: ["dist/migrations/*.js"]'
        wanted = second_look(references(command=("node", "dist/m.js")), config(), {"/app/dist/m.js": text}).wanted
        assert wanted.folders == {"/app/dist/migrations"}

    def test_the_interpreter_of_a_script(self) -> None:
        wanted = second_look(references(command=("/run.sh",)), config(), {"/run.sh": "#!/bin/bash -e\r\necho"}).wanted
        assert wanted.paths == {"/bin/bash"}

    @pytest.mark.parametrize("text", ["", "{", "[]", '{"scripts": 3}', "\0", '{"scripts": {"migrate": null}}'])
    def test_a_broken_package_leads_nowhere(self, text: str) -> None:
        wanted = second_look(
            references(command=("npm", "run", "migrate")), config(), {"/app/package.json": text}
        ).wanted
        assert wanted.paths == set()

    @pytest.mark.parametrize(
        ("code", "folders"),
        [
            ("join(__dirname, 'database', 'migrations')", {"/app/dist/database/migrations"}),
            ("path.resolve('db', 'migrations')", {"/app/db/migrations"}),
            ("join(import.meta.dirname, './database/migrations')", {"/app/dist/database/migrations"}),
            ("join(dirname(fileURLToPath(import.meta.url)), 'migrations')", {"/app/dist/migrations"}),
            ("const here = dirname(x(import.meta.url));\njoin(here, 'db', 'migrations')", {"/app/dist/db/migrations"}),
            ("join(root, 'db', 'migrations')", set()),
            ("join(process.cwd(), 'db', 'migrations')", {"/app/db/migrations"}),
            ("log('migrations'); table('schema_migrations')", set()),
            ("fetch('https://example.com/migrations/x')", set()),
            ("glob('/srv/sql/migrations/*.sql')", {"/srv/sql/migrations"}),
        ],
    )
    def test_folders_that_a_program_joins(self, code: str, folders: set[str]) -> None:
        wanted = second_look(references(command=("node", "dist/m.js")), config(), {"/app/dist/m.js": code}).wanted
        assert wanted.folders == folders
