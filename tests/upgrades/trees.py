"""The code of older commits, as the clone's own history has it."""

from __future__ import annotations

import io
import subprocess
import tarfile
from pathlib import Path

from tests.conftest import ROOT


def tree_of(commit: str, folder: Path) -> Path:
    """A folder with the files of a commit. AssertionError where the clone is too shallow to have them."""
    packed = subprocess.run(["git", "archive", commit], cwd=ROOT, capture_output=True, check=False)
    assert packed.returncode == 0, (
        f"This clone has no commit {commit}, whose code is to run beside today's: `git fetch --unshallow` gets it "
        f"(in CI, check out with the whole history). git said: {packed.stderr.decode().strip()}"
    )
    tree = folder / commit
    with tarfile.open(fileobj=io.BytesIO(packed.stdout)) as archive:
        archive.extractall(tree, filter="data")
    return tree
