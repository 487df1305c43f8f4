"""What a program sets before it imports torch holds for torch, though a worker has imported it by then."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import closing

import pytest
from support_runner import Trial

from graphviz_app.recording import events as ev
from graphviz_app.runner import WorkerPool
from graphviz_app.runner.early import changes_before_torch


@pytest.mark.parametrize(
    ("source", "changes"),
    [
        ("import os\nos.environ['OMP_NUM_THREADS'] = '1'\nimport torch", {"OMP_NUM_THREADS": "1"}),
        ("import os as o\no.environ['OMP_NUM_THREADS'] = str(3)", {"OMP_NUM_THREADS": "3"}),
        ("from os import environ as e\ne['TORCH_LOGS'] = 'graph'", {"TORCH_LOGS": "graph"}),
        ("import os\nos.environ.setdefault('OMP_NUM_THREADS', '1')", {"OMP_NUM_THREADS": "1"}),
        ("import os\nos.environ.setdefault('MKL_NUM_THREADS', '1')", {}),
        ("import os\nos.environ['MKL_NUM_THREADS'] = '8'", {}),
        ("import os\nos.environ.update({'OMP_NUM_THREADS': '1'}, KMP_X='2')", {"OMP_NUM_THREADS": "1", "KMP_X": "2"}),
        ("import os\nos.environ.update(OMP_NUM_THREADS='1')", {"OMP_NUM_THREADS": "1"}),
        ("import os\nos.environ |= {'OMP_NUM_THREADS': '1'}", {"OMP_NUM_THREADS": "1"}),
        ("import os\nos.putenv('OMP_NUM_THREADS', '1')", {"OMP_NUM_THREADS": "1"}),
        ("import os\ndel os.environ['MKL_NUM_THREADS']", {"MKL_NUM_THREADS": None}),
        ("import os\nos.environ.pop('MKL_NUM_THREADS', None)", {"MKL_NUM_THREADS": None}),
        (
            "import os\nos.environ['OMP_NUM_THREADS'] = '1'\nos.environ.pop('OMP_NUM_THREADS')",
            {"OMP_NUM_THREADS": None},
        ),
        ("import os, numpy\nos.environ['OMP_NUM_THREADS'] = '1'", {"OMP_NUM_THREADS": "1"}),
        # After torch, or after what may import it, nothing is early.
        ("import os, torch\nos.environ['OMP_NUM_THREADS'] = '1'", {}),
        ("import os\nfrom . import mine\nos.environ['OMP_NUM_THREADS'] = '1'", {}),
        ("import os\nimport mine\nos.environ['OMP_NUM_THREADS'] = '1'", {}),
        ("import os\nfrom torch import nn\nos.environ['OMP_NUM_THREADS'] = '1'", {}),
        # Not when it is imported, or not by torch.
        ("import os\ndef f():\n    os.environ['OMP_NUM_THREADS'] = '1'", {}),
        ("import os\nos.environ['LD_PRELOAD'] = '1'", {}),
        ("import os\nos.environ['PYTHONHASHSEED'] = '1'", {}),
        ("import os\nos.environ['CUDA_VISIBLE_DEVICES'] = ''\nimport torch", {}),
        (
            "os.environ['OMP_NUM_THREADS'] = '1'\nenviron = {}\nenviron['OMP_NUM_THREADS'] = '2'",
            {"OMP_NUM_THREADS": "1"},
        ),
        ("this is no program", {}),
    ],
)
def test_changes_are_found(source, changes):
    found = changes_before_torch([source], {"MKL_NUM_THREADS": "8"})
    assert found.changes == changes
    assert found.unknown == ()


def test_what_only_the_run_knows_is_named():
    source = "import os\nn = 1\nos.environ['OMP_NUM_THREADS'] = f'{n}'\nos.environ['MINE'] = f'{n}'\nimport torch"
    assert changes_before_torch([source], {}) == ({}, ("OMP_NUM_THREADS",))


SOURCE = """
import os
print(os.environ.get("OMP_NUM_THREADS"), os.environ.get("MKL_NUM_THREADS"), "TORCHINDUCTOR_MAX_AUTOTUNE" in os.environ)
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ["TORCHINDUCTOR_MAX_AUTOTUNE"] = "1"
os.environ.pop("MKL_NUM_THREADS", None)
import torch
import torch._inductor.config
print(torch.get_num_threads(), torch._inductor.config.max_autotune, os.environ["OMP_NUM_THREADS"])
"""


def test_torch_finds_them_and_the_program_does_not_before(tmp_path, monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setenv("MKL_NUM_THREADS", "2")
    (tmp_path / "program.py").write_text(SOURCE)
    command = [sys.executable, "program.py"]
    plain = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True, timeout=120)
    assert "1 True 1" in plain.stdout
    with closing(WorkerPool()) as pool:
        pool.warm()
        trial = Trial(tmp_path, pool.take)
        assert not trial(SOURCE).failed
        assert trial.printed() == plain.stdout
    assert "OMP_NUM_THREADS" not in os.environ


def test_the_console_says_what_torch_could_not_find(tmp_path):
    with closing(WorkerPool()) as pool:
        trial = Trial(tmp_path, pool.take)
        trial("import os\nos.environ['OMP_NUM_THREADS'] = f'{1}'\nimport torch\n")
        notices = [event.text for event in trial.events() if isinstance(event, ev.Notice)]
    assert len(notices) == 1
    assert "OMP_NUM_THREADS" in notices[0]
