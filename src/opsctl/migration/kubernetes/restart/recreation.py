"""Deleting a Job and creating it again, so that it is never lost: on disk before it is deleted, and on disk as long as
it is not there again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from opsctl.errors import AccessDeniedError, DataError, NotFoundError, OpsctlError, UnavailableError
from opsctl.migration.clock import Clock
from opsctl.migration.kubernetes.diff import compare
from opsctl.migration.kubernetes.models import JobFacts, JobKey, Kind, Permission, Pod
from opsctl.migration.kubernetes.ports import Cluster, JsonObject
from opsctl.migration.kubernetes.reading import read_job
from opsctl.migration.kubernetes.restart.plan import retell

POLL_SECONDS = 2.0
# Beyond the time that the pods themselves are given to end.
GONE_SECONDS = 60.0
# A server that went away in between has so long to come back.
RETURN_SECONDS = 60.0


class ManifestKeeper(Protocol):
    """Where the manifest of a Job is kept while there is no Job. Raises DataError."""

    def keep(self, key: JobKey, manifest: JsonObject) -> str:
        """Write it; returns the path."""

    def discard(self, path: str) -> None:
        """It is not needed any more."""


@dataclass(slots=True)
class Recreation:
    """One Job on its way. `is_between` is True while there is none, and nobody may stop."""

    cluster: Cluster
    keeper: ManifestKeeper
    clock: Clock
    job: JobFacts
    pods: tuple[Pod, ...]
    manifest: JsonObject
    on_poll: Callable[[], None]
    is_between: bool = False
    kept: str | None = None

    async def check(self) -> None:
        """Ask whether it may be deleted and created again, and whether its deletion would come to an end. Raises
        AccessDeniedError, DataError; nothing is changed."""
        lost = [pod.name for pod in self.pods if pod.is_node_lost and not pod.is_over]
        if lost:
            raise DataError(
                f"the node of pod {lost[0]} no longer reports, so the deletion of Job {self.job.key} would not end",
                hint=f"if the node is really gone: kubectl delete pod {lost[0]} -n {self.job.key.namespace} --force",
                code="node-lost",
            )
        for verb, name in (("create", None), ("delete", self.job.key.name)):
            permission = Permission(verb, Kind.JOB.group, Kind.JOB.plural, self.job.key.namespace, name)
            if not await self.cluster.may(permission):
                raise AccessDeniedError(
                    f"not allowed to {permission}",
                    hint="the Role of `opsctl migrate manifest` grants it; nothing was changed",
                    permission=str(permission),
                )
        await self.cluster.create(check_name(self.manifest), dry_run=True)

    def keep(self) -> str:
        """Write the manifest to disk. Raises DataError."""
        self.kept = self.keeper.keep(self.job.key, self.manifest)
        return self.kept

    async def delete(self) -> None:
        """Ask for the deletion. Raises what the server says; after a lost answer the manifest stays on disk."""
        key = self.job.key
        try:
            await self.cluster.delete(Kind.JOB, key.namespace, key.name, uid=self.job.uid)
        except UnavailableError as error:
            raise retell(error, f"whether Job {key} was deleted is not known", self.how_to_go_on()) from error
        except OpsctlError:
            self._discard()
            raise
        self.is_between = True

    async def wait_until_gone(self) -> None:
        """Raises UnavailableError (`not-gone`), DataError (`recreated`), and what kept on refusing to tell."""
        key = self.job.key
        deadline = self.clock.monotonic() + self.job.grace_seconds + GONE_SECONDS
        refusal: OpsctlError | None = None
        while self.clock.monotonic() < deadline:
            try:
                found = read_job(await self.cluster.get(Kind.JOB, key.namespace, key.name))
            except NotFoundError:
                return
            except OpsctlError as error:
                # Also a token that runs out just now, or a proxy's page: the Job is being deleted all the same.
                found, refusal = None, error
            else:
                refusal = None
            if found is not None and found.uid != self.job.uid:
                raise self._recreated()
            self.on_poll()
            await self.clock.sleep(POLL_SECONDS)
        if refusal is not None:
            raise retell(refusal, f"whether Job {key} is gone is not known", self.how_to_go_on()) from refusal
        raise UnavailableError(
            f"Job {key} is still being deleted: its pods have not ended", hint=self.how_to_go_on(), code="not-gone"
        )

    async def create(self) -> JobFacts:
        """The new Job. A server that is away is asked again for a minute. Raises what it says, and how to go on."""
        deadline = self.clock.monotonic() + RETURN_SECONDS
        is_unsure = False
        while True:
            try:
                created = await self.cluster.create(self.manifest)
                break
            except UnavailableError as error:
                if self.clock.monotonic() >= deadline:
                    raise self._not_created(error) from error
                is_unsure = True
            except OpsctlError as error:
                if error.code != "already-exists":
                    raise self._not_created(error) from error
                created = await self._adopt(is_unsure=is_unsure)
                break
            self.on_poll()
            await self.clock.sleep(POLL_SECONDS)
        self.is_between = False
        self._discard()
        return read_job(created)

    def cut_off(self) -> OpsctlError:
        """What to say when time is over in between."""
        return UnavailableError(
            f"Job {self.job.key} was deleted, and there was no time to create it again",
            hint=self.how_to_go_on(),
            code="not-created",
        )

    def how_to_go_on(self) -> str:
        """For hints."""
        return f"its manifest is in {self.kept}; when the Job is gone: kubectl create -f {self.kept}"

    async def _adopt(self, *, is_unsure: bool) -> JsonObject:
        """A Job that is there although we have heard of no creation is ours when it is as we have asked for."""
        key = self.job.key
        try:
            found = await self.cluster.get(Kind.JOB, key.namespace, key.name)
        except OpsctlError as error:
            raise self._not_created(error) from error
        # What the server adds to a manifest is no difference.
        if not is_unsure or compare(self.manifest, found):
            raise self._recreated()
        return found

    def _not_created(self, error: OpsctlError) -> OpsctlError:
        return retell(error, f"Job {self.job.key} was deleted and could not be created again", self.how_to_go_on())

    def _recreated(self) -> OpsctlError:
        self.is_between = False
        return DataError(
            f"somebody else created Job {self.job.key} again while it was being deleted",
            hint=f"a CronJob, Argo CD or Helm may look after it; as it was before, it is in {self.kept}",
            code="recreated",
        )

    def _discard(self) -> None:
        if self.kept is not None:
            self.keeper.discard(self.kept)
            self.kept = None


def check_name(manifest: JsonObject) -> JsonObject:
    """The same Job under a name that is free: what the server says to it, it will say to the real one.

    The name leaves room for the index of a pod, which stands behind it in a host name of 63 characters at most.
    """
    metadata = dict(manifest["metadata"])
    metadata["name"] = f"{str(metadata['name'])[:40].rstrip('-.')}-opsctl-check"
    # The generated labels of the other name would not fit.
    return {**manifest, "metadata": metadata}
