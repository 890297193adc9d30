"""Print the licences of everything that is installed beside this interpreter, for the image.

What PyAV's wheel bundles has no metadata: FFmpeg tells its licence itself, and the other libraries
are listed by name (`SOURCES.md` says under which licences they are, and where their source is).
"""

import importlib.metadata
from collections.abc import Iterator
from pathlib import Path


def main() -> None:
    """Write to standard output."""
    for part in (*_distributions(), *_bundled()):
        print(part, end="\n\n")  # noqa: T201  # its result


def _distributions() -> Iterator[str]:
    found = {dist.name.lower(): dist for dist in importlib.metadata.distributions()}
    for _, dist in sorted(found.items()):
        told = dist.metadata
        classified = [one for one in told.get_all("Classifier", []) if one.startswith("License")]
        licence = told["License-Expression"] or told["License"] or ", ".join(classified)
        yield f"{'=' * 78}\n{dist.name} {dist.version}: {(licence or 'see below').splitlines()[0]}"
        for file in dist.files or ():
            name = file.name.lower()
            if file.suffix in ("", ".txt", ".md", ".rst") and name.startswith(
                ("licen", "copying", "notice", "authors")
            ):
                yield Path(str(file.locate())).read_text(encoding="utf-8", errors="replace")


def _bundled() -> Iterator[str]:
    import av._core

    for name, about in sorted(av._core.library_meta.items()):  # told nowhere else
        version = ".".join(map(str, about["version"]))
        yield f"{name} {version} (FFmpeg {av.ffmpeg_version_info}): {about['license']}"
    folder = Path(av.__file__).parent.with_name("av.libs")
    yield "\n".join(["Bundled with PyAV:", *sorted(path.name for path in folder.iterdir())])


if __name__ == "__main__":
    main()
