"""Several processes as one run: what a launcher says, and the maps they make."""

from __future__ import annotations

import os
import socket
import sys
from concurrent.futures import ThreadPoolExecutor

import nibabel as nib
import numpy as np
import pytest
import workdirs
from given import input_error, refused

from inr_jax import cli
from inr_jax.errors import InputError
from inr_jax.run import distributed

SLURM = {
    "SLURM_JOB_ID": "7",
    "SLURM_STEP_NODELIST": "node[01-02]",
    "SLURM_STEP_NUM_NODES": "2",
    "SLURM_NTASKS": "2",
}


def test_one_task_a_node_takes_all_its_devices():
    given = distributed.arguments_of(SLURM | {"CUDA_VISIBLE_DEVICES": "0,1,2,3"})
    assert given == {"local_device_ids": [0, 1, 2, 3]}


def test_a_task_that_sees_one_device_takes_that():
    four = SLURM | {"SLURM_NTASKS": "4", "CUDA_VISIBLE_DEVICES": "0"}
    assert distributed.arguments_of(four) == {"local_device_ids": [0]}
    every = SLURM | {"SLURM_NTASKS": "4", "CUDA_VISIBLE_DEVICES": "0,1"}
    assert distributed.arguments_of(every) == {}  # each the one of its number


def test_processes_are_told_by_three_variables():
    names = dict(zip(distributed.BY_HAND, ("h:1", "2", "1"), strict=True))
    given = distributed.arguments_of(names)
    assert given["coordinator_address"] == "h:1" and given["process_id"] == 1
    del names["JAX_PROCESS_ID"]
    assert "JAX_PROCESS_ID" in str(input_error(distributed.arguments_of, names))


def test_what_is_missing_is_named(monkeypatch):
    line = str(input_error(distributed.arguments_of, {}))
    assert "SLURM_JOB_ID" in line and "srun" in line
    alone = {"SLURM_JOB_ID": "7", "SLURM_NTASKS": "2"}
    line = str(input_error(distributed.arguments_of, alone))
    assert "SLURM_STEP_NODELIST" in line and "write srun before" in line
    monkeypatch.setattr(socket, "gethostbyname", lambda host: "127.0.1.1")
    named = SLURM | {"SLURM_STEP_NODELIST": "login,node2"}
    line = str(input_error(distributed.arguments_of, named))
    assert "login of SLURM_STEP_NODELIST at 127.0.1.1" in line


def test_without_a_launcher_the_command_ends_in_a_line(tmp_path, capsys, monkeypatch):
    for name in (*distributed.BY_HAND, *SLURM, "OMPI_MCA_orte_hnp_uri"):
        monkeypatch.delenv(name, raising=False)
    call = ["run", f"--workdir={tmp_path / 'out'}", "--config.devices.distributed=true"]
    assert "srun" in refused(capsys, *call)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("error", "lost"),
    [
        (ValueError("UNKNOWN: Gloo AllGather failed: Connection closed by peer"), True),
        (RuntimeError("UNAVAILABLE: Task 1 heartbeat timeout"), True),
        (ValueError("shapes (3,) and (4,) do not match"), False),
        (InputError("nccl/wells.csv", expected="a", found="b", fix="c"), False),
    ],
)
def test_other_errors_are_not_taken_for_a_lost_process(monkeypatch, error, lost):
    at_exit = []
    monkeypatch.setattr(distributed.atexit, "register", at_exit.append)
    with (
        pytest.raises((ValueError, RuntimeError)) as told,
        distributed._told_of_a_lost_process(),
    ):
        raise error
    assert (told.value is not error) == lost == bool(at_exit)


RUN = [*workdirs.TINY, "--config.phantom.n_genes=2", "--config.anatomy.enabled=false"]


@pytest.fixture
def two_processes(tmp_path):
    """Starts the same command as two processes that find each other; none stays."""
    processes = []
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    path = os.pathsep.join(filter(None, sys.path))

    def start(*call):
        for number in ("0", "1"):
            values = (address, "2", number)
            env = dict(zip(distributed.BY_HAND, values, strict=True))
            env = {**os.environ, **env, "JAX_PLATFORMS": "cpu", "PYTHONPATH": path}
            env["TMPDIR"] = str(tmp_path)  # a killed process leaves its copy
            flag = "--config.devices.distributed=true"
            processes.append(workdirs.started("run", *call, flag, env=env))
        return processes

    yield start
    for process in processes:
        process.kill()  # nothing where it has ended


@pytest.mark.slow
def test_two_processes_make_the_maps_of_one(tmp_path, two_processes):
    pool = ThreadPoolExecutor()

    def ended(process):
        return process.communicate(timeout=500), process.returncode

    started = two_processes(*RUN, f"--workdir={tmp_path / 'two'}")
    for (_, told), status in pool.map(ended, started):
        assert status == 0, told
    assert cli.main(["run", f"--workdir={tmp_path / 'one'}", *RUN]) == 0
    for suffix in ("feature", "std"):
        one, two = (workdirs.maps(tmp_path / name, suffix) for name in ("one", "two"))
        assert one.keys() == two.keys() and len(one) == 2
        for gene in one:
            values, others = (nib.load(p[gene]).get_fdata() for p in (one, two))
            np.testing.assert_allclose(others, values, atol=2e-5 * np.ptp(values))
    assert not list((tmp_path / "two").rglob("*.tmp"))


@pytest.mark.slow
def test_where_a_process_dies_the_other_says_so_and_ends(tmp_path, two_processes):
    out = tmp_path / "two"
    endless = [*RUN, "--config.fit.steps=1000000", "--config.fit.chunk=50"]
    first, second = two_processes(*endless, f"--workdir={out}")
    workdirs.wait_for((out / "losses.csv").exists, first)
    second.kill()
    _, told = first.communicate(timeout=60)
    line = told.strip().splitlines()[-1]
    assert first.returncode == 2 and "Traceback" not in told
    assert "one that has ended" in line and "run the same command again" in line
    assert not list(out.rglob("*.tmp"))
