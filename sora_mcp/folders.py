"""Which folders tools may use when the operator names none, and what a home folder is known by."""

import os
import secrets
import tempfile
from pathlib import Path

_SYSTEM = (
    "/bin /boot /dev /etc /lib /opt /proc /run /sbin /srv /sys /usr /var /System /Library "
    "/Applications C:/Windows"
)


def allowed_folders(library: Path, working_folder: Path | None) -> tuple[Path, ...]:
    """The library, and the working folder if it is somebody's project.

    A working folder that is a root, a home, a system folder or hidden is nobody's project: some
    clients start servers there.
    """
    if working_folder is None or not _is_project(working_folder.resolve()):
        return (library,)
    return (library, working_folder)


def home_id(home: Path) -> str:
    """What tells a home folder from all others: made once, and kept in it. Raises `OSError`."""
    from filelock import FileLock

    home.mkdir(parents=True, exist_ok=True)
    path = home / "id"
    with FileLock(home / "id.lock"):
        known = path.read_text(encoding="ascii") if path.exists() else ""
        if not known:
            known = secrets.token_hex(8)
            path.write_text(known, encoding="ascii")
    return known


def _is_project(folder: Path) -> bool:
    homes = {Path.home().resolve(), Path.home().resolve().parent}
    if folder.parent == folder or folder in homes:
        return False
    if any(part.startswith(".") for part in folder.parts):
        return False
    if folder.is_relative_to(Path(tempfile.gettempdir()).resolve()):
        return True
    system = [Path(name) for name in _SYSTEM.split()]
    program_files = os.environ.get("PROGRAMFILES")
    if program_files:
        system.append(Path(program_files))
    return not any(folder.is_relative_to(place) for place in system)
