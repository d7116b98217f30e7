"""opsctl on a local Google that is full of secrets: whole commands, and the search for what leaked."""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from opsctl.cli.app import ROOT
from opsctl.config import CLOUDRUN_ENDPOINTS
from tests.adapters.git_checkouts import Checkout
from tests.cli.processes import Ended, make_process, run_words
from tests.end_to_end.live_canaries import PlantedGoogle
from tests.end_to_end.live_google import FIRST, NOW, LiveGoogle, place_of
from tests.end_to_end.tapped_google import Tap

# Enough of a secret to be worth something.
PART = 12


@dataclass(frozen=True, slots=True)
class Site:
    """The local Google with its secrets, a checkout, and opsctl set up for them."""

    google: LiveGoogle
    planted: PlantedGoogle
    tap: Tap
    checkout: Checkout
    folder: Path

    @property
    def secrets(self) -> dict[str, str]:
        return self.planted.found_on_the_wire(self.tap)

    def run(
        self, *words: str, environ: Mapping[str, str] | None = None, is_terminal: bool = False, signed_in: bool = True
    ) -> Ended:
        """One command line; with `signed_in=False` the credentials are for `environ` to name."""
        settings = {f"OPSCTL_CLOUDRUN_{name.upper()}": self.google.running.url for name in CLOUDRUN_ENDPOINTS}
        settings |= {"OPSCTL_CLOUDRUN_PROJECT": "netureyoutube", "OPSCTL_CLOUDRUN_REGION": "asia-northeast3"}
        if signed_in:
            settings["OPSCTL_CLOUDRUN_ACCESS_TOKEN"] = self.planted.cloud.token
        quiet = {"CLOUDSDK_CONFIG": str(self.folder / "no-gcloud"), "GCE_METADATA_HOST": "127.0.0.1:9"}
        settings |= {"OPSCTL_CACHE_DIR": str(self.folder / "cache"), "PATH": str(self.folder), **quiet}
        process = make_process(self.folder, environ=settings | dict(environ or {}), is_terminal=is_terminal)
        return run_words(list(words), replace(process, now=lambda: NOW), ROOT)

    def diagnose(self, *words: str, environ: Mapping[str, str] | None = None, is_terminal: bool = False) -> Ended:
        """`cloudrun diagnose` with the checkout."""
        repo = ("--repo", str(self.checkout.folder)) if "--from-evidence" not in words else ()
        where = (FIRST, *place_of(FIRST), *repo) if repo else ()
        # git is asked, and nothing else of this machine.
        path = {"PATH": "/usr/bin:/bin"}
        return self.run(
            "cloudrun", "diagnose", *where, *words, environ=path | dict(environ or {}), is_terminal=is_terminal
        )

    def leaks(self, *texts: str) -> list[str]:
        """The places whose secrets stand in a text, whole or in part, folded or not."""
        found = []
        secrets = self.secrets
        for text in texts:
            both = (text, re.sub(r"[\s\\│|]+", "", text))
            found += [place for place, secret in secrets.items() if any(secret[:PART] in each for each in both)]
        return found


def texts_of(content: bytes) -> list[str]:
    """A file of the cache, also unpacked wherever it holds something packed."""
    texts = [content.decode("utf-8", "replace")]
    for mark, window in ((b"\x1f\x8b", 31), (b"\x78\x9c", 15), (b"\x78\xda", 15), (b"\x78\x01", 15)):
        position = content.find(mark)
        while position >= 0:
            unpacker = zlib.decompressobj(window)
            with suppress(zlib.error):
                texts.append(unpacker.decompress(content[position:]).decode("utf-8", "replace"))
            position = content.find(mark, position + 1)
    return texts
