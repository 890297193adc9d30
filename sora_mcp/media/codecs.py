"""Whether the installed PyAV can write and read what videos here are made of."""

import av
import av.codec

NEEDED = ("libx264", "aac")


def missing_encoders() -> tuple[str, ...]:
    """The encoders that are needed and not there; none with PyAV's own wheels."""
    return tuple(name for name in NEEDED if not _can_encode(name))


def _can_encode(name: str) -> bool:
    try:
        return av.codec.Codec(name, "w").is_encoder
    except av.codec.codec.UnknownCodecError:
        return False
