"""Which folders tools may use when the operator names none."""

import os
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
