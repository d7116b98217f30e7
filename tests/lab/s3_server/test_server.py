"""The server as a program: keys, restarts, signals, odd requests. What S3 itself must do is in tests/contract."""

from __future__ import annotations

import http.client
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from opsctl.errors import ConfigError, UnavailableError
from opsctl.lab.s3_server import serve_s3
from opsctl.lab.s3_server.credentials import read, read_or_create
from opsctl.lab.s3_server.integrity import UNSIGNED_TRAILER
from tests.contract.s3_clients import boto3_client, obstore_store, send_signed
from tests.contract.s3_semantics import sha256_of
from tests.servers.launch import S3Target, lab_s3

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def test_objects_outlive_the_server(tmp_path: Path) -> None:
    with lab_s3(tmp_path) as target:
        client = boto3_client(target)
        client.create_bucket(Bucket="cars")
        client.create_bucket(Bucket="gone")
        client.delete_bucket(Bucket="gone")
        client.put_object(
            Bucket="cars",
            Key="images/현대 아반떼/%41#?.jpg",
            Body=b"one\ntwo\n",
            ContentType="image/jpeg",
            Metadata={"run": "r1"},
            ChecksumSHA256=sha256_of(b"one\ntwo\n"),
        )
        obstore_store(target, "cars").put("empty", b"", mode="create")
        upload_in_parts(client, "cars", "parts")
        for key in ("deleted-1", "deleted-2", "deleted-3"):
            client.put_object(Bucket="cars", Key=key, Body=b"")
        client.delete_object(Bucket="cars", Key="deleted-1")
        client.delete_objects(Bucket="cars", Delete={"Objects": [{"Key": "deleted-2"}, {"Key": "deleted-3"}]})
        client.copy_object(Bucket="cars", Key="copy", CopySource={"Bucket": "cars", "Key": "empty"})
        client.put_object(Bucket="cars", Key="copy", Body=b"replaced")
        before = everything(client)
    assert [key for _, key, *_ in before] == ["copy", "empty", "images/현대 아반떼/%41#?.jpg", "parts"]
    with lab_s3(tmp_path) as target:
        client = boto3_client(target)
        assert everything(client) == before
        with pytest.raises(client.exceptions.ClientError, match="PreconditionFailed"):
            client.put_object(Bucket="cars", Key="empty", Body=b"x", IfNoneMatch="*")


def test_objects_outlive_a_killed_server(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "opsctl.lab.s3_server", "--port-file", str(tmp_path / "port")]
    command += ["--credentials-file", str(tmp_path / "keys"), "--data-dir", str(tmp_path / "data")]
    server = subprocess.Popen(command)
    client = client_of(server, tmp_path)
    client.create_bucket(Bucket="cars")
    for number in range(20):
        client.put_object(Bucket="cars", Key=f"{number:02d}", Body=b"%d" % number)
    server.kill()
    server.wait()
    (tmp_path / "port").unlink()
    again = subprocess.Popen(command)
    client = client_of(again, tmp_path)
    assert [entry["Key"] for entry in client.list_objects_v2(Bucket="cars")["Contents"]] == [
        f"{number:02d}" for number in range(20)
    ]
    again.terminate()
    assert again.wait(120) == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_with_0_on_a_signal_even_with_a_connection_open(tmp_path: Path, number: signal.Signals) -> None:
    command = [sys.executable, "-m", "opsctl.lab.s3_server", "--port-file", str(tmp_path / "port")]
    server = subprocess.Popen([*command, "--credentials-file", str(tmp_path / "keys")], stderr=subprocess.PIPE)
    client_of(server, tmp_path).list_buckets()
    server.send_signal(number)
    _, messages = server.communicate(timeout=120)
    assert (server.returncode, messages) == (0, b"")


def test_a_file_that_was_cut_is_named_and_the_server_does_not_start(tmp_path: Path) -> None:
    with lab_s3(tmp_path) as target:
        client = boto3_client(target)
        client.create_bucket(Bucket="cars")
        client.put_object(Bucket="cars", Key="a", Body=b"content")
    (path,) = (tmp_path / "cars").glob("*.object")
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(UnavailableError, match=f"(?s)ended with code 1.*{path.name} is not whole"), lab_s3(tmp_path):
        pass


def test_two_servers_share_nothing() -> None:
    with lab_s3() as one, lab_s3() as two:
        boto3_client(one).create_bucket(Bucket="cars")
        assert boto3_client(two).list_buckets()["Buckets"] == []
        assert one.secret_access_key != two.secret_access_key


def test_the_secret_is_nowhere_to_be_seen() -> None:
    with serve_s3() as server:
        assert server.secret_access_key not in repr(server)
        listing = subprocess.run(["ps", "-A", "-o", "args="], capture_output=True, text=True, check=True).stdout
        assert "opsctl.lab.s3_server" in listing
        assert server.secret_access_key not in listing


def test_keys_are_made_once_and_are_the_owners(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "keys"
    made = read_or_create(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert read_or_create(path) == read(path) == made
    assert read_or_create(tmp_path / "others") != made


@pytest.mark.parametrize(
    "content", ["", "[default]\n", "[other]\naws_access_key_id=a\n", "aws_secret_access_key=s3cr3t"]
)
def test_a_file_without_keys(tmp_path: Path, content: str) -> None:
    path = tmp_path / "keys"
    path.write_text(content)
    with pytest.raises(ConfigError) as caught:
        read_or_create(path)
    assert "s3cr3t" not in str(caught.value)
    assert path.read_text() == content


def test_a_form_type_does_not_change_the_body() -> None:
    """moto takes a body with this type for a form."""
    with lab_s3() as target:
        client = boto3_client(target)
        client.create_bucket(Bucket="cars")
        for content_type in ("application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
            client.put_object(Bucket="cars", Key="a", Body=b"a=1&b=2\n", ContentType=content_type)
            answer = client.get_object(Bucket="cars", Key="a")
            assert (answer["Body"].read(), answer["ContentType"]) == (b"a=1&b=2\n", content_type)


def test_a_file_with_a_content_encoding_is_stored_as_it_is_sent(tmp_path: Path) -> None:
    with lab_s3() as target:
        client = boto3_client(target)
        client.create_bucket(Bucket="cars")
        path = tmp_path / "file"
        path.write_bytes(os.urandom(300_000))
        with path.open("rb") as file:
            client.put_object(Bucket="cars", Key="a", Body=file, ChecksumAlgorithm="SHA256", ContentEncoding="gzip")
        head = client.head_object(Bucket="cars", Key="a", ChecksumMode="ENABLED")
        assert (head["ContentEncoding"], head["ChecksumSHA256"]) == ("gzip", sha256_of(path.read_bytes()))
        assert client.get_object(Bucket="cars", Key="a")["Body"].read() == path.read_bytes()


def test_an_upload_in_chunks_whose_checksum_follows() -> None:
    """So do the SDKs upload over TLS; on plain HTTP they have to be imitated."""
    content = os.urandom(100_000)
    with lab_s3() as target:
        client = boto3_client(target)
        client.create_bucket(Bucket="cars")
        for checksum, status in ((sha256_of(content), 200), (sha256_of(b"other"), 400)):
            body = b"186a0\r\n" + content + b"\r\n0\r\nx-amz-checksum-sha256:" + checksum.encode() + b"\r\n\r\n"
            assert send_signed(target, "PUT", f"/cars/{status}", body, payload_hash=UNSIGNED_TRAILER) == status
        head = client.head_object(Bucket="cars", Key="200", ChecksumMode="ENABLED")
        assert (head["ContentLength"], head["ChecksumSHA256"]) == (100_000, sha256_of(content))
        assert client.get_object(Bucket="cars", Key="200")["Body"].read() == content
        assert client.list_objects_v2(Bucket="cars")["KeyCount"] == 1


def test_nothing_of_moto_but_s3_answers() -> None:
    with lab_s3() as target:
        connection = http.client.HTTPConnection(target.endpoint_url.removeprefix("http://"))
        for method, path in (("POST", "/moto-api/reset"), ("GET", "/"), ("GET", "/latest/meta-data/"), ("PUT", "//")):
            connection.request(method, path)
            response = connection.getresponse()
            assert (response.status, b"AccessDenied" in response.read()) == (403, True)
        connection.close()


def test_reads_and_writes_at_once_do_not_disturb_each_other() -> None:
    with lab_s3() as target:
        client = boto3_client(target)
        client.create_bucket(Bucket="cars")

        def put(number: int) -> None:
            client.put_object(Bucket="cars", Key=f"{number:03d}", Body=b"%d" % number)

        def count(_: int) -> int:
            return client.list_objects_v2(Bucket="cars")["KeyCount"]

        with ThreadPoolExecutor(16) as pool:
            writes = [pool.submit(put, number) for number in range(100)]
            counts = [pool.submit(count, number) for number in range(50)]
            assert all(write.result() is None for write in writes)
            assert all(0 <= seen.result() <= 100 for seen in counts)
        assert count(0) == 100


def upload_in_parts(client: S3Client, bucket: str, key: str) -> None:
    upload = client.create_multipart_upload(Bucket=bucket, Key=key)["UploadId"]
    etags = [
        client.upload_part(Bucket=bucket, Key=key, UploadId=upload, PartNumber=number, Body=body)["ETag"]
        for number, body in ((1, b"x" * 5 * 2**20), (2, b"y"))
    ]
    parts = [{"PartNumber": number, "ETag": etag} for number, etag in enumerate(etags, start=1)]
    client.complete_multipart_upload(Bucket=bucket, Key=key, UploadId=upload, MultipartUpload={"Parts": parts})  # type: ignore[typeddict-item]


def everything(client: S3Client) -> list[tuple[object, ...]]:
    """All that a reader can see of all objects of all buckets."""
    seen: list[tuple[object, ...]] = []
    for bucket in client.list_buckets()["Buckets"]:
        name = bucket["Name"]
        for entry in client.list_objects_v2(Bucket=name).get("Contents", []):
            head = client.head_object(Bucket=name, Key=entry["Key"], ChecksumMode="ENABLED")
            body = client.get_object(Bucket=name, Key=entry["Key"])["Body"].read()
            told = tuple(head.get(field) for field in ("ContentType", "Metadata", "ETag", "ChecksumSHA256"))
            seen.append((bucket["CreationDate"], entry["Key"], entry["LastModified"], entry["Size"], body, *told))
    return seen


def client_of(server: subprocess.Popen[bytes], folder: Path) -> S3Client:
    deadline = time.monotonic() + 120
    while not (folder / "port").exists():
        assert server.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.02)
    key = read(folder / "keys")
    port = (folder / "port").read_text().strip()
    return boto3_client(S3Target("lab", f"http://127.0.0.1:{port}", key.access_key_id, key.secret_access_key))
