"""Throughput and memory of the whole command `opsctl migrate images`, with Mongo included.

    python -m benchmarks.migrate_images [--documents 1000] [--sink discard|versitygw] [--workers 64]

Mongo is mongo-java-server in memory, images come from nginx, 100 kB each, four a document. The machine's processors
are shared by all of them: the figure is that of the whole, and the client's own CPU is told beside it.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from contextlib import ExitStack
from typing import Any

import boto3
from botocore.config import Config
from pymongo import MongoClient

from benchmarks.nginx import BUCKET, nginx
from opsctl.lab.sample_data import build_bulk
from tests.servers.launch import mongo_java_server, versitygw

IMAGE_BYTES = 100_000


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--documents", type=int, default=1000)
    parser.add_argument("--sink", choices=("discard", "versitygw"), default="discard")
    parser.add_argument("--workers", type=int, default=64)
    options = parser.parse_args()
    image = b"\xff\xd8\xff\xe0" + os.urandom(IMAGE_BYTES - 6) + b"\xff\xd9"
    with ExitStack() as stack:
        base_url, discard = stack.enter_context(nginx(image))
        mongo_uri = stack.enter_context(mongo_java_server(heap_megabytes=4096))
        endpoint, key, secret = discard, "bench", "bench-secret"
        if options.sink == "versitygw":
            target = stack.enter_context(versitygw())
            endpoint, key, secret = target.endpoint_url, target.access_key_id, target.secret_access_key
            create_bucket(endpoint, key, secret)
        seed(mongo_uri, base_url, options.documents)
        environment = {
            **os.environ,
            "OPSCTL_MONGO_URI": mongo_uri,
            "OPSCTL_MONGO_DATABASE": "bench",
            "OPSCTL_MONGO_COLLECTION": "vehicles",
            "OPSCTL_S3_BUCKET": BUCKET,
            "OPSCTL_S3_REGION": "us-east-1",
            "OPSCTL_S3_ENDPOINT_URL": endpoint,
            "OPSCTL_S3_ACCESS_KEY_ID": key,
            "OPSCTL_S3_SECRET_ACCESS_KEY": secret,
            "OPSCTL_IMAGES_ALLOW_PRIVATE_HOSTS": "127.0.0.1",
            "OPSCTL_IMAGES_PER_HOST_CONCURRENCY": str(options.workers),
            "OPSCTL_IMAGES_PER_HOST_RATE": "1000000",
            "OPSCTL_IMAGES_WORKERS": str(options.workers),
        }
        command = [sys.executable, "-m", "opsctl", "migrate", "images", "--yes", "-q", "-o", "json"]
        began = time.perf_counter()
        done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=False)
        seconds = time.perf_counter() - began
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    report(done, seconds, usage, options)


def seed(mongo_uri: str, base_url: str, documents: int) -> None:
    with MongoClient[dict[str, Any]](mongo_uri) as client:
        collection = client.bench.vehicles
        batch: list[dict[str, Any]] = []
        for document in build_bulk(base_url, documents):
            batch.append(document)
            if len(batch) == 1000:
                collection.insert_many(batch)
                batch = []
        if batch:
            collection.insert_many(batch)


def create_bucket(endpoint: str, key: str, secret: str) -> None:
    boto3.client(
        "s3",
        endpoint_url=endpoint,
        aws_access_key_id=key,
        aws_secret_access_key=secret,
        region_name="us-east-1",
        config=Config(s3={"addressing_style": "path"}),
    ).create_bucket(Bucket="bench")


def report(done: Any, seconds: float, usage: resource.struct_rusage, options: argparse.Namespace) -> None:
    envelope = json.loads(done.stdout)
    data = envelope["data"]
    counters = data["counters"]
    stored = counters["imagesStored"]
    if not stored or counters["imagesFailed"] or counters["imagesLater"]:
        print(json.dumps({"errors": envelope["errors"], "counters": counters, "failedByClass": data["failedByClass"]}))
    print(f"{options.documents} documents, {stored} images of {IMAGE_BYTES} bytes, sink {options.sink}")
    print(f"exit {done.returncode}, {seconds:.1f} s whole command, {stored / seconds:.0f} img/s")
    print(f"client CPU {(usage.ru_utime + usage.ru_stime) / stored * 1000:.2f} ms an image (largest child included)")
    print(f"peak memory {usage.ru_maxrss / 1024:.0f} MiB (largest child)")


if __name__ == "__main__":
    main()
