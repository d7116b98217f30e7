"""The commented file that `opsctl config init` writes."""

from __future__ import annotations

STARTER = """\
# opsctl.toml - configuration of opsctl, one profile for each environment.
#
# Order: flag > OPSCTL_<SECTION>_<KEY> in the environment > this file > default.
# Secrets do not belong here. Refer to them instead:
#     { env = "NAME" }      a variable of the environment
#     { file = "path" }     a file, for instance a mounted secret; a relative path starts at this file

default_profile = "prod"

[profiles.prod.mongo]
uri = { env = "MONGODB_URI" }
database = "triple_db"
collection = "danawa_vehicle_data"
# forward = "apc-db-ns/mongodb-0:27017"       # reach it through a Kubernetes port-forward

[profiles.prod.s3]
bucket = "carimage-382045063773"
prefix = "images"
region = "us-east-1"
# Credentials: AWS's own chain (environment, profile, role) unless both keys are set.
# access_key_id = { env = "IMAGES_ACCESS_KEY_ID" }
# secret_access_key = { env = "IMAGES_SECRET_ACCESS_KEY" }
# endpoint_url = "http://127.0.0.1:9000"      # another S3

[profiles.prod.kubernetes]
namespace = "apc-backup-ns"
job = "car-image-migration"
# context = "production"
# kubeconfig = "~/.kube/config"

[profiles.prod.images]
# workers = 32                                # images in flight
# per_host_concurrency = 4                    # of them from one host
# per_host_rate = 10.0                        # requests a second to one host
# timeout_seconds = 60                        # one image, with everything
# max_bytes = 33554432
# user_agent = "opsctl/{version} (+mailto:you@example.com)"
# base_url = "https://img.example.com/"       # what relative and //host URLs are resolved against
# allow_private_hosts = []                    # addresses that are not public are refused unless listed

[profiles.prod.cloudrun]
# Sign-in: gcloud's own (`gcloud auth login`), a service account, or the machine's.
project = "netureyoutube"                     # both unset: gcloud's active configuration
region = "asia-northeast3"                    # unset there too: all regions are searched
# repository = "../o4o-platform"              # a git checkout, for the commits since the last success
# image_budget_bytes = 536870912              # how much of an image a diagnosis downloads at most
"""
