"""One bucket, for writing images and for reading them back."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

import boto3
import obstore
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError
from obstore.auth.boto3 import Boto3CredentialProvider
from obstore.exceptions import AlreadyExistsError, InvalidPathError
from obstore.store import S3Store

from opsctl.adapters.s3.errors import no_bucket, no_s3, translate_boto, translate_obstore, wrong_place
from opsctl.errors import AccessDeniedError, NotFoundError, OpsctlError
from opsctl.migration.models import ObjectFacts

T = TypeVar("T")
LIST_PAGE = 1000


@dataclass(frozen=True, slots=True)
class BucketAddress:
    """Where a bucket is. Without keys the AWS credential chain is asked; `endpoint_url` means path-style."""

    bucket: str
    region: str | None = None
    endpoint_url: str | None = None
    access_key_id: str | None = None
    secret_access_key: str | None = None
    session_token: str | None = None


class Bucket:
    """Implements `migration.ports.ObjectStore`. Every call has its own deadline.

    obstore is used through its synchronous calls on threads: its asynchronous ones leave threads behind that abort the
    process at its end, and cost more.
    """

    def __init__(self, address: BucketAddress, *, connections: int = 16) -> None:
        self.address = address
        self._session = boto3.Session(
            aws_access_key_id=address.access_key_id,
            aws_secret_access_key=address.secret_access_key,
            aws_session_token=address.session_token,
            region_name=address.region,
        )
        self._connections = connections
        self._threads = ThreadPoolExecutor(connections, thread_name_prefix="s3")
        self._boto: Any = None
        self._store: S3Store | None = None

    @property
    def region(self) -> str:
        """The configured region, else that of AWS's own settings, else S3's first."""
        return self._session.region_name or "us-east-1"

    async def check(self) -> None:
        """Raise NotFoundError, AccessDeniedError or UnavailableError when the bucket cannot be used."""
        await self._on_thread(self._check)

    async def put_new(self, key: str, body: bytes, *, sha256: str, content_type: str) -> bool:
        """Conditional PUT with a SHA-256 checksum, which the server verifies; False when the key is taken."""
        del sha256  # obstore hashes the body itself and sends `x-amz-checksum-sha256`
        return await self._on_thread(self._put_new, key, body, content_type)

    async def head(self, key: str) -> ObjectFacts | None:
        """By boto3: obstore's head gives no checksum, and reads a missing bucket as a missing object."""
        return await self._on_thread(self._head, key)

    async def read(self, key: str) -> bytes | None:
        return await self._on_thread(self._read, key)

    async def list(self, prefix: str, *, after: str | None = None) -> AsyncGenerator[Sequence[ObjectFacts], None]:
        """Pages of a thousand, below a folder or the whole bucket; `after` is a key to start behind."""
        pages = self._list(prefix, after)
        while page := await self._on_thread(next, pages, ()):
            yield page

    def close(self) -> None:
        """Let the threads go; nothing is waited for."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _on_thread(self, call: Callable[..., T], *values: object) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, call, *values)

    # -- on a thread

    def _put_new(self, key: str, body: bytes, content_type: str) -> bool:
        attributes = {"Content-Type": content_type}
        try:
            obstore.put(self._objects(), key, body, mode="create", attributes=attributes, use_multipart=False)
        except AlreadyExistsError:
            return False
        except Exception as error:
            raise translate_obstore(error, self.address.bucket) from error
        return True

    def _list(self, prefix: str, after: str | None) -> Iterator[Sequence[ObjectFacts]]:
        """Pages by obstore; by boto3 from the first key on that obstore refuses (`a//b`, `..`, control characters)."""
        folder = prefix.rstrip("/") or None
        try:
            for page in obstore.list(self._objects(), prefix=folder, offset=after, chunk_size=LIST_PAGE):
                yield [ObjectFacts(entry["path"], entry["size"], entry["last_modified"]) for entry in page]
                after = page[-1]["path"]
        except InvalidPathError:
            yield from self._list_by_boto(prefix, after)
        except Exception as error:
            raise translate_obstore(error, self.address.bucket) from error

    def _list_by_boto(self, prefix: str, after: str | None) -> Iterator[Sequence[ObjectFacts]]:
        pages = self._client().get_paginator("list_objects_v2")
        try:
            for page in pages.paginate(Bucket=self.address.bucket, Prefix=prefix, StartAfter=after or ""):
                entries = page.get("Contents", [])
                if entries:
                    yield [ObjectFacts(entry["Key"], entry["Size"], entry["LastModified"]) for entry in entries]
        except (ClientError, BotoCoreError) as error:
            raise self._translated(error) from error

    def _check(self) -> None:
        """By a listing: its answer has a body, so that a server that is no S3 is not taken for one."""
        client = self._open_client(connect_timeout=3, read_timeout=3)
        try:
            answer = client.list_objects_v2(Bucket=self.address.bucket, MaxKeys=1)
        except ResponseParserError as error:
            raise no_s3(self.address.endpoint_url) from error
        except (ClientError, BotoCoreError) as error:
            if wrong_place(error):
                raise NotFoundError(
                    f"bucket {self.address.bucket} is not in region {self.address.region}",
                    hint="set s3.region to the bucket's own region",
                ) from error
            raise self._explain_refusal(error, client) from error
        if answer.get("Name") != self.address.bucket:
            raise no_s3(self.address.endpoint_url)

    def _explain_refusal(self, error: ClientError | BotoCoreError, client: Any) -> OpsctlError:
        translated = self._translated(error)
        if not isinstance(translated, NotFoundError):
            return translated
        if not isinstance(error, ClientError) or error.response.get("Error", {}).get("Code") != "NoSuchBucket":
            return no_s3(self.address.endpoint_url)
        try:
            others = [bucket["Name"] for bucket in client.list_buckets().get("Buckets", [])]
        except (ClientError, BotoCoreError):
            others = []  # not every key may list buckets
        return no_bucket(self.address.bucket, others)

    def _head(self, key: str) -> ObjectFacts | None:
        try:
            answer = self._client().head_object(Bucket=self.address.bucket, Key=key, ChecksumMode="ENABLED")
        except (ClientError, BotoCoreError) as error:
            translated = self._translated(error)
            if isinstance(translated, NotFoundError):
                return None
            raise translated from error
        checksum = answer.get("ChecksumSHA256")
        return ObjectFacts(
            key=key,
            size_bytes=answer["ContentLength"],
            modified_at=answer.get("LastModified"),
            sha256=base64.b64decode(checksum).hex() if checksum and "-" not in checksum else None,
            content_type=answer.get("ContentType"),
        )

    def _read(self, key: str) -> bytes | None:
        try:
            answer = self._client().get_object(Bucket=self.address.bucket, Key=key)
            body: bytes = answer["Body"].read()
        except (ClientError, BotoCoreError) as error:
            translated = self._translated(error)
            if isinstance(translated, NotFoundError) and translated.code == "no-such-key":
                return None
            raise translated from error
        return body

    def _client(self) -> Any:
        if self._boto is None:
            self._boto = self._open_client(connect_timeout=4, read_timeout=20)
        return self._boto

    def _open_client(self, *, connect_timeout: float, read_timeout: float) -> Any:
        custom = self.address.endpoint_url is not None
        return self._session.client(
            "s3",
            endpoint_url=self.address.endpoint_url,
            config=Config(
                connect_timeout=connect_timeout,
                read_timeout=read_timeout,
                retries={"total_max_attempts": 2, "mode": "standard"},
                max_pool_connections=self._connections,
                s3={"addressing_style": "path"} if custom else None,
                # Since 1.36 boto3 adds checksums that many S3-compatible servers refuse.
                request_checksum_calculation="when_required" if custom else None,
            ),
        )

    def _objects(self) -> S3Store:
        if self._store is None:
            custom = self.address.endpoint_url
            self._store = S3Store(
                self.address.bucket,
                region=self.region,
                credential_provider=self._credentials(),
                checksum_algorithm="sha256",
                virtual_hosted_style_request=not custom,
                client_options={
                    "allow_http": bool(custom and custom.startswith("http://")),
                    "connect_timeout": "4s",
                    "timeout": "60s",
                    "pool_max_idle_per_host": str(self._connections),
                },
                retry_config={"max_retries": 2, "retry_timeout": timedelta(seconds=10)},
                config={"endpoint": custom} if custom else {},
            )
        return self._store

    def _credentials(self) -> Boto3CredentialProvider:
        try:
            return Boto3CredentialProvider(self._session)
        except ValueError as error:
            raise _no_credentials() from error

    def _translated(self, error: ClientError | BotoCoreError) -> OpsctlError:
        return translate_boto(error, self.address.bucket)


def _no_credentials() -> AccessDeniedError:
    return AccessDeniedError(
        "no AWS credentials were found",
        hint="set s3.access_key_id and s3.secret_access_key as references, or give AWS_PROFILE or AWS_ACCESS_KEY_ID",
    )
