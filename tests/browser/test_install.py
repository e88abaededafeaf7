"""Getting a browser for the tests: where it can't be had, the tests go on without."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest


def install(project_root: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the script where the only programs are those in a folder."""
    command = [sys.executable, "-P", project_root / "tests" / "browser" / "install.py"]
    environment = {**os.environ, "PATH": str(folder)}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def program(path: Path, script: str) -> None:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's system is changed")
def test_a_system_that_has_no_chromium_to_give_is_no_failure(tmp_path: Path, project_root: Path) -> None:
    program(tmp_path / "apt-get", "echo 'E: Unable to locate package chromium' >&2; exit 100")
    result = install(project_root, tmp_path)
    assert result.returncode == 0
    assert "E: Unable to locate package chromium); the tests go on without a browser" in result.stdout


def test_nothing_is_installed_where_a_browser_is(tmp_path: Path, project_root: Path) -> None:
    program(tmp_path / "apt-get", "echo called; exit 100")
    program(tmp_path / "google-chrome", "exit 0")
    result = install(project_root, tmp_path)
    assert (result.returncode, result.stdout) == (0, "")
