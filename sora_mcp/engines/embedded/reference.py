"""Checks of an uploaded first frame."""

import base64
import binascii
from io import BytesIO

from sora_mcp.engines.embedded.errors import ApiError

MOST_BYTES = 20 << 20


def data_url_bytes(url: str) -> bytes:
    """The content of a base64 `data:` URL. Raises ValueError with a sentence for the caller."""
    head, comma, content = url.partition(",")
    if not head.startswith("data:"):
        raise ValueError("only data: URLs are read here: upload the image's bytes instead")
    if not (comma and head.endswith(";base64")):
        raise ValueError('expected a base64 data: URL, such as "data:image/png;base64,…"')
    try:
        return base64.b64decode(content, validate=True)
    except binascii.Error:
        raise ValueError("the data: URL's base64 content is broken") from None


def check_reference(image: bytes, width: int, height: int) -> None:
    """Raise ApiError (400) unless this is a whole JPEG, PNG or WebP of this size in pixels.

    What counts is the size of the image as it is seen, upright.
    """
    # Loaded here because a server starts without Pillow.
    from PIL import ExifTags, Image

    if len(image) > MOST_BYTES:
        raise _refusal(f"The image is larger than {MOST_BYTES >> 20} MiB.")
    size = None
    try:
        with Image.open(BytesIO(image), formats=("JPEG", "PNG", "WEBP")) as opened:
            lies_on_its_side = opened.getexif().get(ExifTags.Base.Orientation) in (5, 6, 7, 8)
            size = opened.size[::-1] if lies_on_its_side else opened.size
            # Looked at before decoding, so that a small file cannot unpack to a huge image.
            if size == (width, height):
                opened.load()
    except (OSError, ValueError, SyntaxError):  # the last is Pillow's word for a broken PNG
        raise _refusal("The image could not be read; use a JPEG, PNG or WebP file.") from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        pass  # far larger than any video
    if size != (width, height):
        # OpenAI's own words and envelope, which clients look for.
        raise ApiError(400, "Inpaint image must match the requested width and height")


def _refusal(message: str) -> ApiError:
    return ApiError(400, message, param="input_reference", code="invalid_value")
