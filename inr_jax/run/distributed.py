"""Several processes as one run: `--config.devices.distributed=true`.

Every process runs the same command. Networks of a fit and voxels of a rendering are
spread over the devices of all; whatever else a run computes, each computes alike.
Process 0 works in the workdir, holds its lock and writes; the others work in copies of
their own, which are gone at the end. So a run goes on from what process 0 has saved,
with as many processes as there are then.

Slurm, Open MPI and Kubernetes are told by JAX. Elsewhere three variables say who is
who: JAX_COORDINATOR_ADDRESS (host:port of process 0), JAX_NUM_PROCESSES and
JAX_PROCESS_ID.
"""

from __future__ import annotations

import atexit
import contextlib
import logging
import os
import re
import shutil
import socket
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from inr_jax.errors import InputError, first_line
from inr_jax.run.workdir import SUFFIXES, Workdir

log = logging.getLogger("inr_jax")
WHERE = "config.devices.distributed"
BY_HAND = ("JAX_COORDINATOR_ADDRESS", "JAX_NUM_PROCESSES", "JAX_PROCESS_ID")
# In what XLA raises where a process it computes with has ended.
LOST = re.compile("gloo|nccl|coordination|heartbeat|barrier|closed by peer", re.I)
LEFT_OUT = shutil.ignore_patterns(
    "maps", "figures", "store", "export", ".lock", "checkpoints*"
)


@contextlib.contextmanager
def as_one(root: Path, *, distributed: bool, timeout_s: int) -> Iterator[Path]:
    """Join the other processes, before any computation.

    Args:
        root: The workdir, the same for all processes.
        distributed: Whether there are others.
        timeout_s: To wait for them, s.

    Yields:
        The folder to work in.

    Raises:
        InputError: No launcher is there, processes do not find each other, or one of
            them ends before the others.
    """
    if not distributed:
        yield root
        return
    begin(os.environ, timeout_s)
    with _told_of_a_lost_process(), _joined(root) as folder:
        yield folder


@contextlib.contextmanager
def _joined(root: Path) -> Iterator[Path]:
    """The folder that this of several processes works in."""
    import jax

    number, count = jax.process_index(), jax.process_count()
    if number == 0:
        log.info("%d processes, %d devices", count, jax.device_count())
        root.mkdir(parents=True, exist_ok=True)
    _meet("the folder is there")
    if number == 0:
        yield root
        return
    if not root.is_dir():
        raise InputError(
            root,
            expected="a folder that all processes see",
            found=f"none on {socket.gethostname()}",
            fix="give a --workdir on a shared file system",
        )
    with tempfile.TemporaryDirectory(prefix="inr_jax-") as folder:
        copy = Path(folder) / "workdir"
        shutil.copytree(root, copy, ignore=LEFT_OUT)
        for model in SUFFIXES:  # written by process 0, read by all
            shared = Workdir(root.absolute()).checkpoints_of(model)
            Workdir(copy).checkpoints_of(model).symlink_to(shared)
        logging.getLogger("inr_jax").setLevel(logging.ERROR)
        with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
            yield copy


@contextlib.contextmanager
def _told_of_a_lost_process() -> Iterator[None]:
    """Tell in one line that another process has ended, and end without it.

    Raises:
        InputError: Another process has ended.
    """
    try:
        yield
    except (RuntimeError, ValueError) as error:  # XLA raises either
        if isinstance(error, InputError) or not LOST.search(str(error)):
            raise
        # JAX would wait for the lost process at its own exit, and then abort.
        atexit.register(_end)
        raise InputError(
            WHERE,
            expected="all processes to the end",
            found=f"one that has ended ({first_line(error)})",
            fix="see what it said, and run the same command again, which goes on",
        ) from error


def _end() -> None:
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(2)


def _meet(what: str) -> None:
    from jax.experimental import multihost_utils

    multihost_utils.sync_global_devices(what)


def begin(environment: Mapping[str, str], timeout_s: int) -> None:
    """Start JAX's distributed runtime as the environment says.

    Raises:
        InputError: As for `as_one`; names the variable.
    """
    import jax

    given = arguments_of(environment)
    with contextlib.suppress(AttributeError):  # jax without this flag needs none
        jax.config.update("jax_cpu_collectives_implementation", "gloo")
    try:
        jax.distributed.initialize(**given, initialization_timeout=timeout_s)
    except (RuntimeError, ValueError) as error:
        text = first_line(error)
        late = "DEADLINE" in text or "timed out" in text.lower()
        who = "SLURM_NTASKS" if "SLURM_NTASKS" in environment else BY_HAND[1]
        raise InputError(
            WHERE,
            expected=f"all processes within {timeout_s} s" if late else "a cluster",
            found="some that did not come" if late else text,
            fix=f"check {who} and that process 0 can be reached from all hosts"
            if late
            else f"start it by srun or mpirun, or set {', '.join(BY_HAND)}",
        ) from error


def arguments_of(environment: Mapping[str, str]) -> dict:
    """What `jax.distributed.initialize` takes, of what it does not find out itself.

    Raises:
        InputError: There is no launcher, or process 0 is at a loopback address.
    """
    if "JAX_NUM_PROCESSES" in environment:
        return _by_hand(environment)
    if "SLURM_JOB_ID" in environment:
        return _of_slurm(environment)
    if "OMPI_MCA_orte_hnp_uri" in environment or "KUBERNETES_SERVICE_HOST" in (
        environment
    ):
        return {}
    fix = f"start it by srun or mpirun, or set {', '.join(BY_HAND)}"
    found = "none of SLURM_JOB_ID, OMPI_MCA_orte_hnp_uri, JAX_NUM_PROCESSES"
    raise InputError(WHERE, expected="a launcher", found=found, fix=fix)


def _by_hand(environment: Mapping[str, str]) -> dict:
    try:
        address = environment[BY_HAND[0]]
        count, number = (int(environment[name]) for name in BY_HAND[1:])
    except (KeyError, ValueError) as error:
        fix = f"set all of {', '.join(BY_HAND)}"
        found = first_line(error)
        expected = "host:port and two numbers"
        raise InputError(WHERE, expected=expected, found=found, fix=fix) from error
    names = ("coordinator_address", "num_processes", "process_id")
    return dict(zip(names, (address, count, number), strict=True)) | {
        "cluster_detection_method": "deactivate"
    }


def _of_slurm(environment: Mapping[str, str]) -> dict:
    if "SLURM_STEP_NODELIST" not in environment:
        raise InputError(
            WHERE,
            expected="a job step, with SLURM_STEP_NODELIST",
            found="a job script alone",
            fix="write srun before inr-jax in the script",
        )
    nodes = int(environment.get("SLURM_STEP_NUM_NODES", "1"))
    first = environment["SLURM_STEP_NODELIST"].split(",")[0].split("[")[0]
    if nodes > 1 and "[" not in environment["SLURM_STEP_NODELIST"].split(",")[0]:
        _check_reachable(first)
    tasks = int(environment.get("SLURM_NTASKS", "1"))
    devices = [d for d in environment.get("CUDA_VISIBLE_DEVICES", "").split(",") if d]
    if tasks == nodes and len(devices) > 1:
        # One task a node: JAX would take the first of its devices alone.
        return {"local_device_ids": list(range(len(devices)))}
    if tasks > nodes and len(devices) == 1:
        # One device is visible to each task, whose number JAX would take for its own.
        return {"local_device_ids": [0]}
    return {}


def _check_reachable(host: str) -> None:
    with contextlib.suppress(OSError):
        address = socket.gethostbyname(host)
        if address.startswith("127."):
            fix = "set JAX_COORDINATOR_ADDRESS to host:port as other nodes see it"
            found = f"{host} of SLURM_STEP_NODELIST at {address}"
            expected = "process 0 at an address of the network"
            raise InputError(WHERE, expected=expected, found=found, fix=fix)
