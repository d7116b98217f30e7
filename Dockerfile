# The image in which a Kubernetes Job runs the migration.
#
#     docker build --tag REGISTRY/opsctl:VERSION .

ARG BASE_IMAGE=python:3.13-slim

# --- What is installed: the locked dependencies and this checkout, in one folder.
FROM ${BASE_IMAGE} AS build

# Another package index, for networks without the public one. It is an argument of this stage only.
ARG PIP_INDEX_URL
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_ROOT_USER_ACTION=ignore
WORKDIR /build

# Wheels only: there is no compiler here, and nothing of a dependency runs while it is installed.
COPY requirements-build.lock requirements-runtime.lock ./
RUN python -m venv --without-pip /opt/opsctl \
    && python -m pip --python /opt/opsctl/bin/python install \
        --require-hashes --only-binary :all: --no-compile -r requirements-runtime.lock
RUN python -m venv --without-pip backend \
    && python -m pip --python backend/bin/python install \
        --require-hashes --only-binary :all: -r requirements-build.lock

COPY pyproject.toml README.md LICENSE ./
COPY src src
RUN backend/bin/python -m hatchling build -t wheel -d wheels \
    && python -m pip --python /opt/opsctl/bin/python install --no-index --no-deps --no-compile wheels/*.whl

# Bytecode that holds whatever the times of the files are: tools that build images set them anew, and where nothing can
# be written, Python would compile everything again at every start.
RUN python -m compileall -q --invalidation-mode unchecked-hash /opt/opsctl/lib

# --- What runs.
FROM ${BASE_IMAGE}

# The base image comes without the bytecode of the standard library. pip is not needed any more.
RUN library="$(python -c 'import sysconfig; print(sysconfig.get_path("stdlib"))')" \
    && python -m pip uninstall --yes --root-user-action ignore pip \
    && rm -rf "$library/ensurepip" \
    && python -m compileall -q --invalidation-mode unchecked-hash -x '/(site-packages|test|tests)/' "$library"

COPY --from=build /opt/opsctl /opt/opsctl
COPY LICENSE /usr/share/licenses/opsctl/LICENSE

ARG REVISION=unknown
LABEL org.opencontainers.image.title="opsctl" \
      org.opencontainers.image.description="Operations toolkit for migration and deploy diagnostics" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.revision="${REVISION}"

# Nothing but /tmp has to be writable; a pod with a read-only root mounts an empty folder there.
ENV PATH=/opt/opsctl/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    HOME=/tmp
WORKDIR /tmp

# A number: Kubernetes cannot tell of a name that it is not root's.
USER 65532:65532

# opsctl is process 1 and gets the signal itself: it finishes what is in flight, writes the run record and ends with 143.
STOPSIGNAL SIGTERM
ENTRYPOINT ["opsctl"]
CMD ["--help"]
