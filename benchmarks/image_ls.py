"""Time, download and memory of the whole command `opsctl cloudrun image ls`, on an image of 1 GB.

    python -m benchmarks.image_ls [--megabytes 1000] [--files 50000] [--runs 3]

Makes folders, GNU tar and crane make four layers of them, and crane's own registry on this machine serves the image,
once with gzip and once (through skopeo) with zstd. Beside `image ls` two other ways to the same names: `crane export |
tar t`, and `skopeo copy` with `umoci unpack`. Runs alternate; medians are told. Needs crane, skopeo and umoci, says
which is missing, and does without what only that one can do.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.servers.crane import crane_registry, find_crane

MEBIBYTE = 1 << 20
TOLD = re.compile(r"Downloaded (.+? \w+) of .+?: (\d+) of")
TEXT = b"export const handler = async (request, reply) => { await reply.send({ status: 'ok' }) }\n" * 400
# Layers from the bottom: folder, share of the files, share of the bytes.
LAYERS = (
    ("usr/lib", 0.35, 0.45),
    ("app/node_modules", 0.55, 0.4),
    ("app/dist", 0.09, 0.12),
    ("app/config", 0.01, 0.03),
)
TOP_PATH = "/app/config/0000/f00000.js"
BASE_PATH = "/usr/lib/0000"


@dataclass(slots=True)
class Series:
    """What the runs of one command took; `peak_mib` of its largest process, `download` as opsctl says it."""

    walls: list[float] = field(default_factory=list)
    cpus: list[float] = field(default_factory=list)
    peak_mib: float = 0
    download: str = ""


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--megabytes", type=int, default=1_000)
    parser.add_argument("--files", type=int, default=50_000)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    crane = find_crane()
    if crane is None:
        sys.exit("crane is not on this machine: nothing can be measured (tests/servers/build.sh crane makes it)")
    with tempfile.TemporaryDirectory(prefix="image-ls-") as temporary:
        work = Path(temporary)
        with crane_registry(crane) as registry:
            image = f"{registry}/bench/app:1"
            build(crane, work, image, options.megabytes * 1_000_000, options.files)
            compressed = describe(crane, image)
            print_table(measure(crane, work, image, options.runs), f"gzip, {compressed}")
            zstd_image = f"{registry}/bench/app-zstd:1"
            if compress_again(work, image, zstd_image):
                compressed = describe(crane, zstd_image)
                print_table(measure(crane, work, zstd_image, options.runs, has_umoci=False), f"zstd, {compressed}")


def build(crane: str, work: Path, image: str, size_bytes: int, files: int) -> None:
    """Four layers; the contents are random and text by turns, so that the image compresses by a third."""
    chooser = random.Random(20_261_122)
    archives: list[str] = []
    for number, (place, share_of_files, share_of_bytes) in enumerate(LAYERS):
        folder, archive = work / f"layer-{number}", work / f"layer-{number}.tar"
        fill(folder / place, int(files * share_of_files), int(size_bytes * share_of_bytes * 1.45), chooser)
        if number == len(LAYERS) - 1:
            (folder / "app/dist").mkdir()
            (folder / "app/dist/.wh.0000").touch()
        subprocess.run(("tar", "-cf", archive, "-C", folder, "."), check=True)
        shutil.rmtree(folder)
        archives += ("-f", str(archive))
    run_quietly(crane, "append", "--oci-empty-base", *archives, "-t", image)
    run_quietly(crane, "mutate", "--set-platform", "linux/amd64", image, "-t", image)
    for name in archives[1::2]:
        Path(name).unlink()


def fill(root: Path, files: int, size_bytes: int, chooser: random.Random) -> None:
    """`files` files in folders of 25, most small and some large; `size_bytes` in all."""
    mean = size_bytes / files
    for number in range(files):
        path = root / f"{number // 25:04}" / f"f{number:05}.js"
        if number % 25 == 0:
            path.parent.mkdir(parents=True)
        length = int(chooser.expovariate(1 / mean))
        is_text = number % 3 == 0
        path.write_bytes((TEXT * (length // len(TEXT) + 1))[:length] if is_text else chooser.randbytes(length))


def compress_again(work: Path, image: str, target: str) -> bool:
    """The same image with zstd; skopeo compresses only what is not compressed yet."""
    if shutil.which("skopeo") is None:
        print("skopeo is not on this machine: zstd is not measured")
        return False
    plain = work / "plain"
    skopeo_copy("--src-tls-verify=false", "--dest-decompress", f"docker://{image}", f"dir:{plain}")
    skopeo_copy("--dest-tls-verify=false", "--dest-compress-format", "zstd", f"dir:{plain}", f"docker://{target}")
    shutil.rmtree(plain)
    return True


def describe(crane: str, image: str) -> str:
    manifest = json.loads(run_quietly(crane, "manifest", "--platform", "linux/amd64", image))
    sizes = [layer["size"] / MEBIBYTE for layer in manifest["layers"]]
    return f"{sum(sizes):,.0f} MiB in layers of {', '.join(f'{size:,.1f}' for size in sizes)} MiB, from the bottom"


def measure(crane: str, work: Path, image: str, runs: int, *, has_umoci: bool = True) -> dict[str, Series]:
    """Each command in turn, `runs` times."""
    ls = (sys.executable, "-m", "opsctl", "cloudrun", "image", "ls", image, "--max-download", "10000000000")
    names = ("-R", "-o", "name")
    commands: dict[str, Callable[[Series], None]] = {
        "image ls /, nothing cached": lambda series: run_ls(series, work, (*ls, "/")),
        "image ls / -R -o name, nothing cached": lambda series: run_ls(series, work, (*ls, "/", *names)),
        f"image ls {BASE_PATH}": lambda series: run_ls(series, work, (*ls, BASE_PATH)),
        f"image ls {TOP_PATH}": lambda series: run_ls(series, work, (*ls, TOP_PATH)),
        "image ls / -R -o name, cached": lambda series: run_ls(series, work, (*ls, "/", *names), is_cached=True),
        "crane export, tar t": lambda series: run_pipe(series, work, crane, image),
    }
    if has_umoci and shutil.which("skopeo") and shutil.which("umoci"):
        commands["skopeo copy, umoci unpack"] = lambda series: run_unpack(series, work, image)
    found = {name: Series() for name in commands}
    for number in range(runs):
        for name, command in commands.items():
            print(f"{name} ({number + 1} of {runs})", file=sys.stderr)
            command(found[name])
    return found


def run_ls(series: Series, work: Path, command: tuple[str, ...], *, is_cached: bool = False) -> None:
    """With a cache that is empty, or that an earlier run has filled."""
    cache, shown = work / "cache", work / "listing"
    if is_cached:
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=with_folders(cache, work))
    else:
        shutil.rmtree(cache, ignore_errors=True)
    with shown.open("wb") as output:
        timed(series, command, output.fileno(), with_folders(cache, work))
    told = TOLD.search(shown.read_text(encoding="utf-8"))
    if told is not None:
        series.download = f"{told[1]}, {told[2]} layers"


def with_folders(cache: Path, work: Path) -> dict[str, str]:
    return {**os.environ, "XDG_CACHE_HOME": str(cache), "XDG_STATE_HOME": str(work / "state")}


def run_pipe(series: Series, work: Path, crane: str, image: str) -> None:
    with (work / "names").open("wb") as output:
        script = f"set -o pipefail; {crane} export --platform linux/amd64 {image} - | tar t"
        timed(series, ("bash", "-c", script), output.fileno())


def run_unpack(series: Series, work: Path, image: str) -> None:
    layout, bundle = work / "layout", work / "bundle"
    own = "" if os.geteuid() == 0 else "--rootless"
    script = (
        f"set -e; skopeo --insecure-policy copy -q --src-tls-verify=false docker://{image} oci:{layout}:1; "
        f"umoci unpack {own} --image {layout}:1 {bundle}; find {bundle}/rootfs"
    )
    with (work / "names").open("wb") as output:
        timed(series, ("bash", "-c", script), output.fileno())
    shutil.rmtree(layout)
    shutil.rmtree(bundle)


def timed(series: Series, command: tuple[str, ...], output: int, variables: dict[str, str] | None = None) -> None:
    """Runs to the end and adds to the series. The peak is that of the largest process among children."""
    with errors_of(command) as log:
        start = time.perf_counter()
        process = subprocess.Popen(command, stdout=output, stderr=log, env=variables)
        _, status, usage = os.wait4(process.pid, 0)
        series.walls.append(time.perf_counter() - start)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise subprocess.CalledProcessError(process.returncode, command)
    series.cpus.append(usage.ru_utime + usage.ru_stime)
    series.peak_mib = max(series.peak_mib, usage.ru_maxrss / 1024)


@contextlib.contextmanager
def errors_of(command: tuple[str, ...]) -> Iterator[int]:
    """A file for stderr, shown when the command fails."""
    with tempfile.TemporaryFile() as log:
        try:
            yield log.fileno()
        except subprocess.CalledProcessError:
            log.seek(0)
            print(" ".join(command), log.read()[-2_000:].decode(errors="replace"), file=sys.stderr)
            raise


def run_quietly(*command: str) -> bytes:
    with errors_of(command) as log:
        return subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=log).stdout


def skopeo_copy(*options: str) -> None:
    run_quietly("skopeo", "--insecure-policy", "copy", "-q", *options)


def print_table(found: dict[str, Series], title: str) -> None:
    print(f"\n{title}\n\n| command | seconds | CPU s | peak MiB | downloaded |\n|---|---|---|---|---|")
    for name, series in found.items():
        wall, cpu = statistics.median(series.walls), statistics.median(series.cpus)
        print(f"| {name} | {wall:.2f} | {cpu:.2f} | {series.peak_mib:.0f} | {series.download} |", flush=True)


if __name__ == "__main__":
    main()
