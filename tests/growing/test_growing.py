"""CONTRIBUTING's table is true: what it names is added to a copy of the tree in the files that it names, and works."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.growing.additions import ADDITIONS, PINGS

pytestmark = pytest.mark.slow

PARTS = ("bot", "tests", "docs", "manifest.yml", "README.md", ".env.example", "pyproject.toml", "Makefile")


def rows() -> dict[str, str]:
    """Of each row what is to be edited."""
    table = (ROOT / "CONTRIBUTING.md").read_text().partition("## Where a change goes")[2].partition("\n## ")[0]
    cells = [line.split("|") for line in table.splitlines() if line.startswith("| a") or line.startswith("| some")]
    return {cell[1].strip(): cell[2] for cell in cells}


def test_each_row_has_an_addition_in_the_files_that_it_names() -> None:
    assert rows().keys() == ADDITIONS.keys()
    for name, edit in rows().items():
        named = set(re.findall(r"`((?:bot|tests)/[\w/]+\.py|manifest\.yml)`", edit))
        assert {put.path for put in ADDITIONS[name]} - {PINGS} == named, name


def test_all_of_them_work(tmp_path: Path) -> None:
    without: Callable[..., set[str]] = shutil.ignore_patterns("__pycache__", "node_modules", "upgrades", "*.png")
    for part in PARTS:
        of, to = ROOT / part, tmp_path / part
        shutil.copytree(of, to, ignore=without) if of.is_dir() else shutil.copy(of, to)
    for puts in ADDITIONS.values():
        for put in puts:
            path = tmp_path / put.path
            text = path.read_text() if path.exists() else ""
            at = text.index(put.before) if put.before else len(text)
            path.write_text(text[:at] + put.text + text[at:])
    command = [
        sys.executable,
        *["-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "tests/growing/grown.py"],
    ]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-6000:]
