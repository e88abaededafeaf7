"""Log files of the processes we start: one per process and run, and the one of the run before."""

from pathlib import Path


def fresh_log(path: Path) -> Path:
    """Make room for a new log at ``path``; the last one becomes ``<name>.previous.log``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists():
        path.replace(path.with_suffix(".previous.log"))
    path.touch(mode=0o600)
    return path


def last_lines(path: Path, count: int = 15) -> str:
    """Return the last ``count`` lines of a log, indented for an error message."""
    lines = path.read_text(errors="replace").splitlines() if path.exists() else []
    return "\n".join(f"    {line}" for line in lines[-count:]) or "    (it wrote nothing)"
