"""Small programs for the files of practice images: what somebody reads who looks into one.

JavaScript comes as compilers write it, with a source map at the end that brings a file to its size.
"""

from __future__ import annotations

import json
from posixpath import basename, splitext

_MAP = "//# sourceMappingURL=data:application/json;base64,"

_MIGRATE = """\
import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { dataSource } from './database/data-source.js';

const here = dirname(fileURLToPath(import.meta.url));
const folder = join(here, 'database', 'migrations');
// Names begin with the time at which a migration was written.

function say(text) {
  console.log(`[migrate] ${text}`);
}

async function connect() {
  const { host, username, database } = dataSource.options;
  say(`connecting to ${host} as ${username}, database ${database}`);
  await dataSource.initialize();
  const [{ server_version: version }] = await dataSource.query('SHOW server_version');
  say(`connection established, server ${version}`);
}

async function createHistory() {
  await dataSource.query(
    'CREATE TABLE IF NOT EXISTS migrations ('
    + 'id serial PRIMARY KEY, '
    + 'timestamp bigint NOT NULL, '
    + 'name varchar NOT NULL)',
  );
}

async function appliedNames() {
  const rows = await dataSource.query('SELECT name FROM migrations ORDER BY id');
  return new Set(rows.map((row) => row.name));
}

/**
 * Every file of the folder is a migration,
 * oldest first.
 */
function listMigrations() {
  const names = readdirSync(folder);
  return names.filter((name) => name.endsWith('.js')).sort();
}

async function apply(name) {
  const { up } = await import(join(folder, name));
  say(`applying ${name}`);
  await dataSource.transaction(async (manager) => {
    await up(manager);
    await manager.query(
      'INSERT INTO migrations (timestamp, name) VALUES ($1, $2)',
      [Number.parseInt(name, 10), name],
    );
  });
}

async function main() {
  say(`node ${process.version}, NODE_ENV=${process.env.NODE_ENV}`);
  await connect();
  try {
    const applied = new Set();
    // What the image brings; what the database has comes next.
    const all = [...listMigrations()];
    await createHistory();
    for (const name of await appliedNames()) applied.add(name);
    const pending = all.filter((name) => !applied.has(name));
    for (const name of pending) await apply(name);
    say(`${pending.length} applied`);
  } catch (error) {
    console.error('[migrate] failed:');
    console.error(error);
    process.exitCode = 1;
  } finally {
    await dataSource.destroy();
    say('connection closed');
  }
}

await main();
"""
_MIGRATE_COMMONJS = """\
"use strict";
Object.defineProperty(exports, "__esModule", { value: true });
const node_fs_1 = require("node:fs");
const node_path_1 = require("node:path");
const data_source_js_1 = require("./database/data-source.js");
const folder = (0, node_path_1.join)(__dirname, "database", "migrations");
async function main() {
    await data_source_js_1.dataSource.initialize();
    const names = (0, node_fs_1.readdirSync)(folder).filter((name) => name.endsWith(".js"));
    for (const name of names.sort()) {
        console.log(`[migrate] applying ${name}`);
        const { up } = require((0, node_path_1.join)(folder, name));
        await data_source_js_1.dataSource.transaction(up);
    }
    await data_source_js_1.dataSource.destroy();
}
main().catch((error) => {
    console.error("[migrate] failed:", error);
    process.exitCode = 1;
});
"""
_DATA_SOURCE = """\
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DataSource } from 'typeorm';

const here = dirname(fileURLToPath(import.meta.url));

export const dataSource = new DataSource({
  type: 'postgres',
  host: process.env.DB_HOST,
  port: Number(process.env.DB_PORT ?? 5432),
  username: process.env.DB_USERNAME,
  password: process.env.DB_PASSWORD,
  database: process.env.DB_NAME,
  migrations: [join(here, 'migrations', '*.js')],
  synchronize: false,
});
"""
_SERVER = """\
import { createServer } from 'node:http';

const port = Number(process.env.PORT ?? 8080);

const server = createServer((request, response) => {
  if (request.url === '/health') {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ status: 'ok' }));
    return;
  }
  response.writeHead(404).end();
});

server.listen(port, () => console.log(`listening on ${port}`));

process.once('SIGTERM', () => server.close());
"""
_MIGRATION = """\
export const name = '%(name)s';

export async function up(manager) {
  await manager.query('CREATE TABLE %(table)s (id serial PRIMARY KEY, created_at timestamptz NOT NULL DEFAULT now())');
}

export async function down(manager) {
  await manager.query('DROP TABLE %(table)s');
}
"""
_MODULE = """\
const options = Object.freeze({ name: '%(name)s' });

export function describe() {
  return options.name;
}

export default options;
"""
_MODULE_COMMONJS = """\
"use strict";
Object.defineProperty(exports, "__esModule", { value: true });
exports.describe = describe;
const options = Object.freeze({ name: "%(name)s" });
function describe() {
    return options.name;
}
exports.default = options;
"""
_PYTHON = '''\
"""%(name)s, started by the job."""

import logging
import os
import sys

log = logging.getLogger("%(name)s")


def main() -> int:
    logging.basicConfig(level=logging.INFO, stream=sys.stdout)
    log.info("started, task %%s", os.environ.get("CLOUD_RUN_TASK_INDEX", "0"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
'''
_SHELL = """\
#!/bin/sh
set -e
exec "$@"
"""


def content_of(path: str, size_bytes: int | None = None, *, commonjs: bool = False) -> bytes:
    """What a file of this name could hold, `size_bytes` long when given.

    `commonjs` says that JavaScript is written for `require`; else it is an ES module. A binary begins as one.
    """
    written = _text_of(path, commonjs=commonjs)
    return written if size_bytes is None else resize(path, written, size_bytes)


def resize(path: str, content: bytes, size_bytes: int) -> bytes:
    """The content brought to a size by a comment that suits the file; cut when it is too long."""
    missing = size_bytes - len(content)
    if missing <= 0:
        return content[:size_bytes]
    kind = splitext(path)[1]
    if kind in {".js", ".mjs", ".cjs"}:
        return content + _source_map(missing)
    if kind == ".json":
        return _pad_json(content, missing)
    if content.startswith(b"\x7fELF"):
        return content + bytes(missing)
    return content + _comment(missing)


def _text_of(path: str, *, commonjs: bool) -> bytes:
    name, kind = splitext(basename(path))
    if kind in {".js", ".mjs", ".cjs"}:
        return _script(path, name, commonjs=commonjs or kind == ".cjs").encode()
    if kind == ".json":
        return (
            json.dumps({"name": _package_name(path), "version": "1.4.2", "main": "index.js"}, indent=2) + "\n"
        ).encode()
    if kind == ".py":
        return (_PYTHON % {"name": name}).encode()
    if kind in {"", ".so"}:
        return b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x03\x00\x3e\x00\x01\x00\x00\x00"
    return _SHELL.encode() if kind == ".sh" else f"{name}\n".encode()


def _script(path: str, name: str, *, commonjs: bool) -> str:
    if name == "migrate":
        return _MIGRATE_COMMONJS if commonjs else _MIGRATE
    if commonjs:
        return _MODULE_COMMONJS % {"name": name}
    if name in {"data-source", "main"}:
        return _DATA_SOURCE if name == "data-source" else _SERVER
    if "/migrations/" in path:
        return _MIGRATION % {"name": name, "table": name.partition("-")[2].lower() or "entries"}
    return _MODULE % {"name": name}


def _package_name(path: str) -> str:
    parts = path.rpartition("/")[0].rpartition("node_modules/")[2].strip("/").split("/")
    return "/".join(parts[-2:] if parts[0].startswith("@") else parts[-1:])


def _source_map(size_bytes: int) -> bytes:
    """A comment of exactly this size, the last line of a file."""
    head = _MAP.encode()
    if size_bytes <= len(head) + 1:
        return (b"//" + b" " * size_bytes)[: size_bytes - 1] + b"\n" if size_bytes > 2 else b"\n" * size_bytes
    # Base64 of `{"version":3,"sources":[],"mappings":"AAAA;AAAA;...`
    body = b"eyJ2ZXJzaW9uIjozLCJzb3VyY2VzIjpbXSwibWFwcGluZ3MiOiJB" + b"QUFBO0FBQUE7" * (size_bytes // 12 + 1)
    return head + body[: size_bytes - len(head) - 1] + b"\n"


def _pad_json(content: bytes, missing: int) -> bytes:
    """A longer object: npm once wrote the readme into it. Spaces when there is no room for that."""
    key = b',\n  "readme": ""'
    end = content.rstrip().rfind(b"\n}")
    if missing <= len(key) or end < 0:
        return content + b" " * (missing - 1) + b"\n"
    text = (b"See the documentation for how to install and configure this package. " * (missing // 60 + 1))[
        : missing - len(key)
    ]
    return content[:end] + key[:-1] + text + b'"' + content[end:]


def _comment(size_bytes: int) -> bytes:
    line = b"# Kept for the next release; see the notes of the last one before it is changed.\n"
    filled = (line * (size_bytes // len(line) + 1))[:size_bytes]
    return filled[:-1] + b"\n" if filled else b""
