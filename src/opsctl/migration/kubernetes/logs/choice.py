"""Which pods and which of their containers have the lines that are wished for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from opsctl.errors import NotFoundError
from opsctl.migration.kubernetes.job_pods import check_names, name_some
from opsctl.migration.kubernetes.logs.models import LogWishes
from opsctl.migration.kubernetes.models import Container, ContainerPhase, JobFacts, Pod

_FIRST = {"Running": 0, "Failed": 1, "Unknown": 1}


@dataclass(frozen=True, slots=True)
class Instance:
    """One start of a container. `attempt` counts from 0. `is_previous`: another one came after it. `from_previous`:
    it is the one that the API gives as the previous one. `has_ended`: nothing more will come."""

    uid: str
    container: str
    attempt: int
    is_previous: bool = False
    from_previous: bool = False
    has_ended: bool = False

    @property
    def key(self) -> tuple[str, str, int]:
        """The same as long as it is the same start."""
        return self.uid, self.container, self.attempt


def choose_pods(pods: Sequence[Pod], wishes: LogWishes, job: JobFacts) -> list[Pod]:
    """The pods that are wished for, those first that say most: running, failed, then the others; newer ones first.
    Raises NotFoundError for a pod or a container that is not there."""
    check_names(job, tuple(pods), wishes.pods)
    chosen = [pod for pod in pods if is_wished(pod, wishes)]
    names = {container.name for pod in chosen for container in pod.containers}
    if wishes.container is not None and chosen and wishes.container not in names:
        raise NotFoundError(
            f"no pod of Job {job.key} has a container {wishes.container!r}",
            hint=name_some(names, none="they have none"),
        )
    chosen.reverse()
    chosen.sort(key=lambda pod: _FIRST.get(pod.phase, 2))
    return chosen


def is_wished(pod: Pod, wishes: LogWishes) -> bool:
    """Whether it is one of the pods or shards."""
    if not wishes.pods and not wishes.shards:
        return True
    return pod.name in wishes.pods or (pod.index is not None and pod.index in wishes.shards)


def containers_of(pod: Pod, wishes: LogWishes) -> Iterator[Container]:
    """The containers that are wished for."""
    for container in pod.containers:
        if container.name == wishes.container or (wishes.container is None and not container.is_init):
            yield container


def instances_of(pod: Pod, container: Container, *, previous: bool) -> Iterator[Instance]:
    """The starts of a container whose lines can be had, oldest first.

    A kubelet keeps the one that is at work, or was the last one, and the one before. While a container waits for its
    restart (CrashLoopBackOff) both questions are answered with the same lines: those of its last start.
    """
    attempt = container.restarts
    if container.phase is ContainerPhase.WAITING:
        if container.last_termination is not None:
            yield Instance(pod.uid, container.name, attempt, from_previous=True, has_ended=True)
        return
    if previous and attempt:
        yield Instance(pod.uid, container.name, attempt - 1, is_previous=True, from_previous=True, has_ended=True)
    has_ended = container.phase is ContainerPhase.TERMINATED or pod.is_over
    yield Instance(pod.uid, container.name, attempt, has_ended=has_ended)
