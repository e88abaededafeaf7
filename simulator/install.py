"""Make ``.venv`` and install what a make target needs: ``python3 -P simulator/install.py run|test``.

Runs on a bare Python 3.11, before anything is installed, so it imports the standard library only. What was
installed is stamped with a hash of the requirement files, so that the next start has nothing to do.
"""

import fcntl
import hashlib
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

_PROJECT = Path(__file__).resolve().parent.parent
_ENVIRONMENT = _PROJECT / ".venv"
_PYTHON = _ENVIRONMENT / "bin" / "python"
# Each includes the ones before it.
_REQUIREMENTS = {
    "run": ("requirements.txt", "simulator/requirements.txt"),
    "test": ("requirements.txt", "simulator/requirements.txt", "tests/requirements.txt"),
}


class InstallError(Exception):
    """The environment cannot be made; the message says what to do."""


def main(target: str) -> int:
    """Install what ``target`` needs unless that is done already. Two at once wait for each other."""
    if _is_current(target):
        return 0
    lock_path = _PROJECT / "var" / "install.lock"
    lock_path.parent.mkdir(exist_ok=True)
    with lock_path.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Another make is installing; waiting for it …", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            if not _is_current(target):
                _make_environment()
                _install(target)
        except InstallError as error:
            print(f"\n{error}\n", file=sys.stderr)
            return 1
    return 0


def _is_current(target: str) -> bool:
    stamp = _stamp(target)
    return stamp.exists() and stamp.read_text() == _wanted(target) and _works()


def _works() -> bool:
    """Tell whether .venv has a Python that runs (an upgrade of the system's may have taken it away)."""
    check = "import sys; sys.exit(sys.version_info < (3, 11))"
    return (
        _PYTHON.exists()
        and subprocess.run([_PYTHON, "-c", check], capture_output=True, check=False).returncode == 0
    )


def _make_environment() -> None:
    if _works():
        return
    if importlib.util.find_spec("ensurepip") is None:
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        raise InstallError(
            f"{sys.executable} cannot make virtual environments: its module ensurepip is missing.\n"
            f"On Debian and Ubuntu: apt install python{version}-venv. Elsewhere install Python 3.11 or\n"
            "newer from python.org and name it: make run PYTHON=/path/to/python3"
        )
    print("Making the virtual environment in .venv …", flush=True)
    result = subprocess.run(
        [sys.executable, "-m", "venv", "--clear", _ENVIRONMENT], capture_output=True, text=True, check=False
    )
    if result.returncode != 0:
        raise InstallError(
            f"Could not make {_ENVIRONMENT}:\n{result.stdout}{result.stderr}"
            "Free some disk space or fix what it says, delete .venv, and run make again."
        )


def _install(target: str) -> None:
    print(f"Installing the pinned packages for `make {target}` into .venv (a minute at first) …", flush=True)
    requirements = _PROJECT / _REQUIREMENTS[target][-1]
    pip = [
        _PYTHON,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--requirement",
        requirements,
    ]
    environment = {**os.environ, "PIP_ROOT_USER_ACTION": "ignore"}
    if subprocess.run(pip, env=environment, check=False).returncode != 0:
        raise InstallError(
            "pip could not install the packages; it says why above. If it cannot reach the package index,\n"
            "connect, or point pip at a mirror (PIP_INDEX_URL) or a proxy (HTTPS_PROXY); run make again.\n"
            "If it finds no version of a package, this Python may be too new for it: delete .venv and\n"
            "name another one, make run PYTHON=python3.11"
        )
    for covered, files in _REQUIREMENTS.items():
        if set(files) <= set(_REQUIREMENTS[target]):
            _stamp(covered).write_text(_wanted(covered))


def _stamp(target: str) -> Path:
    return _ENVIRONMENT / f".installed-{target}"


def _wanted(target: str) -> str:
    digest = hashlib.sha256()
    for name in _REQUIREMENTS[target]:
        digest.update((_PROJECT / name).read_bytes())
    return digest.hexdigest()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
