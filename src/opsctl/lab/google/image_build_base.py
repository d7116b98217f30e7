"""What lies under the program in a practice image: a small Debian and the runtime of Node.js or Python.

Names are those of the official images, contents are stubs of a plausible size.
"""

from __future__ import annotations

import hashlib
from functools import cache

from opsctl.image.models import FileKind
from opsctl.lab.google.image_build_code import content_of
from opsctl.lab.google.image_build_layers import LayerFile, folder, symlink

_TRIPLETS = {"amd64": "x86_64-linux-gnu", "arm64": "aarch64-linux-gnu"}
_MACHINES = {"amd64": b"\x3e\x00", "arm64": b"\xb7\x00"}
_TOOLS = (
    "arch awk base32 base64 basename bash cat chmod chown cksum clear cmp comm cp cut dash date dd df diff "
    "dirname dpkg du echo env expand expr factor false find fold free grep groups gzip head hostid hostname id "
    "install join kill less ln locale login ls md5sum mkdir mkfifo mknod mktemp more mount mv nice nl nohup nproc "
    "od openssl passwd paste perl pgrep pidof ping pr printenv printf ps pwd readlink realpath rm rmdir sed seq "
    "sha256sum shuf sleep sort split stat stty su sum sync tac tail tar tee test timeout top touch tr true "
    "truncate tsort tty uname uniq unlink uptime vdir watch wc which who whoami xargs yes zcat"
)
_LIBRARIES = (
    "libacl.so.1 libattr.so.1 libblkid.so.1 libbz2.so.1.0 libc.so.6 libcap.so.2 libcrypto.so.3 libdb-5.3.so "
    "libdl.so.2 libffi.so.8 libgcc_s.so.1 libgcrypt.so.20 libgmp.so.10 libgnutls.so.30 libhogweed.so.6 "
    "liblz4.so.1 liblzma.so.5 libm.so.6 libmount.so.1 libncursesw.so.6 libnettle.so.8 libpam.so.0 libpcre2-8.so.0 "
    "libpthread.so.0 libresolv.so.2 librt.so.1 libselinux.so.1 libssl.so.3 libstdc++.so.6 libsystemd.so.0 "
    "libtinfo.so.6 libudev.so.1 libuuid.so.1 libz.so.1 libzstd.so.1"
)
_PACKAGES = (
    "adduser apt base-files base-passwd bash ca-certificates coreutils dash debianutils diffutils dpkg findutils "
    "gcc-12-base grep gzip hostname init-system-helpers libacl1 libc6 libgcc-s1 libssl3 libstdc++6 login mawk "
    "mount ncurses-base netbase openssl passwd perl-base sed sysvinit-utils tar tzdata util-linux zlib1g"
)
_NPM = (
    "abbrev archy cacache chalk ci-info cli-columns fastest-levenshtein glob graceful-fs hosted-git-info ini "
    "libnpmpack lru-cache minimatch minipass mkdirp node-gyp nopt npm-package-arg p-map pacote proc-log "
    "qrcode-terminal read semver ssri tar text-table treeverse validate-npm-package-name which write-file-atomic"
)
_PYTHON_MODULES = (
    "abc argparse ast asyncio/__init__ asyncio/events base64 bisect calendar collections/__init__ codecs "
    "concurrent/__init__ configparser contextlib copy csv dataclasses datetime decimal email/__init__ enum "
    "fnmatch fractions functools getpass glob gzip hashlib heapq hmac html/__init__ http/__init__ http/client "
    "importlib/__init__ inspect io ipaddress json/__init__ json/decoder json/encoder keyword linecache locale "
    "logging/__init__ lzma mimetypes multiprocessing/__init__ numbers operator os pathlib pickle platform "
    "posixpath pprint queue random re/__init__ secrets selectors shlex shutil signal site socket sqlite3/__init__ "
    "ssl stat statistics string struct subprocess tarfile tempfile textwrap threading time timeit token tokenize "
    "traceback types typing unittest/__init__ urllib/__init__ urllib/parse uuid warnings weakref xml/__init__ "
    "zipfile zoneinfo/__init__"
)

_RELEASE = b"""\
PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"
NAME="Debian GNU/Linux"
VERSION_ID="12"
VERSION="12 (bookworm)"
ID=debian
"""
_PASSWD = b"""\
root:x:0:0:root:/root:/bin/bash
daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin
nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin
node:x:1000:1000::/home/node:/bin/bash
"""
ENTRYPOINT = b"""\
#!/bin/sh
set -e

# A first argument that is an option, or no program of the image, is meant for node.
if [ "${1#-}" != "${1}" ] || [ -z "$(command -v "${1}")" ]; then
  set -- node "$@"
fi

exec "$@"
"""


@cache
def debian(architecture: str = "amd64") -> tuple[LayerFile, ...]:
    """The bottom layer: about 250 paths of a slim Debian 12, with `/bin` and `/lib` as links into `/usr`."""
    triplet = _TRIPLETS.get(architecture, f"{architecture}-linux-gnu")
    return (
        *(symlink(f"/{name}", f"usr/{name}") for name in ("bin", "lib", "sbin")),
        *(folder(path) for path in ("/boot", "/dev", "/home", "/media", "/mnt", "/opt", "/proc", "/srv", "/sys")),
        folder("/root", 0o700),
        folder("/tmp", 0o1777),  # noqa: S108
        LayerFile("/etc/debian_version", b"12.8\n"),
        symlink("/etc/os-release", "../usr/lib/os-release"),
        LayerFile("/usr/lib/os-release", _RELEASE),
        LayerFile("/etc/passwd", _PASSWD),
        LayerFile("/etc/shadow", b"root:*:20088:0:99999:7:::\n", mode=0o640),
        LayerFile("/etc/ssl/certs/ca-certificates.crt", b"-----BEGIN CERTIFICATE-----\n" * 40),
        *(_binary(f"/usr/bin/{name}", architecture, 1200) for name in _TOOLS.split()),
        symlink("/usr/bin/sh", "dash"),
        LayerFile("/usr/bin/perl5.36.0", kind=FileKind.HARDLINK, link_target="/usr/bin/perl", mode=0o755),
        *(_binary(f"/usr/lib/{triplet}/{name}", architecture, 4800, 0o644) for name in _LIBRARIES.split()),
        *(
            LayerFile(f"/usr/share/doc/{name}/copyright", f"{name}: see its source.\n".encode())
            for name in _PACKAGES.split()
        ),
        *(
            LayerFile(f"/var/lib/dpkg/info/{name}.list", f"/usr/share/doc/{name}\n".encode())
            for name in _PACKAGES.split()
        ),
        LayerFile("/var/lib/dpkg/status", "".join(_status(name, architecture) for name in _PACKAGES.split()).encode()),
    )


@cache
def node(architecture: str = "amd64") -> tuple[LayerFile, ...]:
    """Node.js 20 and npm under `/usr/local`."""
    modules = "/usr/local/lib/node_modules/npm"
    return (
        _binary("/usr/local/bin/node", architecture, 360_000),
        symlink("/usr/local/bin/nodejs", "/usr/local/bin/node"),
        symlink("/usr/local/bin/npm", "../lib/node_modules/npm/bin/npm-cli.js"),
        symlink("/usr/local/bin/npx", "../lib/node_modules/npm/bin/npx-cli.js"),
        LayerFile("/usr/local/include/node/node_version.h", b"#define NODE_MAJOR_VERSION 20\n"),
        LayerFile(f"{modules}/package.json", content_of(f"{modules}/package.json", 6600)),
        *(
            LayerFile(f"{modules}/bin/{name}", content_of(f"{modules}/bin/{name}", 2900, commonjs=True), mode=0o755)
            for name in ("npm-cli.js", "npx-cli.js")
        ),
        *(
            _module(f"{modules}/node_modules/{name}/{file}")
            for name in _NPM.split()
            for file in ("package.json", "index.js")
        ),
    )


def node_entrypoint() -> LayerFile:
    """The script in front of the official image's command."""
    return LayerFile("/usr/local/bin/docker-entrypoint.sh", ENTRYPOINT, mode=0o755)


@cache
def python(architecture: str = "amd64") -> tuple[LayerFile, ...]:
    """Python 3.12 under `/usr/local`."""
    library = "/usr/local/lib/python3.12"
    return (
        _binary("/usr/local/bin/python3.12", architecture, 14_000),
        symlink("/usr/local/bin/python3", "python3.12"),
        symlink("/usr/local/bin/python", "python3"),
        _binary("/usr/local/lib/libpython3.12.so.1.0", architecture, 240_000),
        *(
            LayerFile(f"{library}/{name}.py", content_of(f"{library}/{name}.py", 1800))
            for name in _PYTHON_MODULES.split()
        ),
        folder(f"{library}/site-packages"),
    )


def _binary(path: str, architecture: str, size_bytes: int, mode: int = 0o755) -> LayerFile:
    """An ELF header of the architecture and bytes that do not compress, always the same for a path."""
    header = (
        b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x03\x00" + _MACHINES.get(architecture, b"\x00\x00") + b"\x01\x00\x00\x00"
    )
    body = hashlib.shake_128(path.encode()).digest(size_bytes - len(header))
    return LayerFile(path, header + body, mode=mode)


def _module(path: str) -> LayerFile:
    return LayerFile(path, content_of(path, 1100, commonjs=True))


def _status(name: str, architecture: str) -> str:
    return f"Package: {name}\nStatus: install ok installed\nArchitecture: {architecture}\n\n"
