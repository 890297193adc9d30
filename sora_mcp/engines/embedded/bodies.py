"""Request bodies of the embedded API: JSON or forms, checked, with OpenAI's words for errors."""

import json
import re
from typing import Annotated, NamedTuple, TypeVar, cast

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError
from python_multipart.exceptions import FormParserError
from starlette.datastructures import UploadFile
from starlette.requests import Request

from sora_mcp.engines.embedded.errors import ApiError, shortened
from sora_mcp.engines.embedded.reference import data_url_bytes

MODEL = "preview-animatic"
"""The one model there is."""

MOST_BYTES = 64 << 20
"""The largest request body."""

_FORMS = ("multipart/form-data", "application/x-www-form-urlencoded")


class Size(NamedTuple):
    """Width and height in pixels."""

    width: int
    height: int


def _size(value: object) -> Size:
    if not isinstance(value, str):
        raise PydanticCustomError("wrong_type", "not a string")
    match = re.fullmatch(r"(\d{3,4})x(\d{3,4})", value, re.ASCII)
    size = Size(int(match[1]), int(match[2])) if match else Size(0, 0)
    if any(side % 2 or not 256 <= side <= 1920 for side in size):
        raise PydanticCustomError("wrong_value", "not a size")
    return size


def _number(value: object) -> object:
    if isinstance(value, bool):  # which Python, and so pydantic, takes for 0 and 1
        raise PydanticCustomError("wrong_type", "not a number")
    return value


def _image(value: object) -> bytes:
    if isinstance(value, bytes):
        return value
    if not isinstance(value, dict):
        raise PydanticCustomError("wrong_type", "not a file")
    match cast("dict[str, object]", value):
        case {"image_url": str(url), **others} if not others:
            try:
                return data_url_bytes(url)
            except ValueError as error:
                raise PydanticCustomError("in_words", "{words}", {"words": str(error)}) from None
        case {"file_id": _}:
            words = "files are not kept here: upload the image's bytes instead"
            raise PydanticCustomError("in_words", "{words}", {"words": words})
        case _:
            raise PydanticCustomError("wrong_value", "not an image")


# A description completes the sentence "Invalid value for 'field': expected …".
Prompt = Annotated[
    str,
    Field(
        strict=True,
        min_length=1,
        max_length=32_000,
        pattern=r"\S",
        description="a text of 1 to 32,000 characters",
    ),
]
Seconds = Annotated[
    float,
    BeforeValidator(_number),
    Field(ge=1, le=20, allow_inf_nan=False, description='a number from 1 to 20, such as "4"'),
]


class _Body(BaseModel):
    model_config = ConfigDict(frozen=True)


class VideoReference(_Body):
    """A video that was made here."""

    id: str = Field(strict=True)


Video = Annotated[VideoReference, Field(description='a video made here, as {"id": "video_…"}')]


class CreateBody(_Body):
    """`POST /v1/videos`."""

    prompt: Prompt
    model: str = Field(default=MODEL, strict=True, description="the name of a model")
    seconds: Seconds = 4
    size: Annotated[
        Size,
        BeforeValidator(_size),
        Field(
            description='"WIDTHxHEIGHT", two even numbers of pixels from 256 to 1920, '
            'such as "1280x720"'
        ),
    ] = Size(1280, 720)
    seed: Annotated[
        int | None,
        BeforeValidator(_number),
        Field(ge=0, lt=2**31, description="a whole number from 0 to 2147483647"),
    ] = None
    input_reference: Annotated[
        bytes | None,
        BeforeValidator(_image),
        Field(description='a file, or in JSON {"image_url": "data:image/png;base64,…"}'),
    ] = None


class RemixBody(_Body):
    """`POST /v1/videos/{id}/remix`."""

    prompt: Prompt


class EditBody(_Body):
    """`POST /v1/videos/edits`."""

    prompt: Prompt
    video: Video


class ExtendBody(_Body):
    """`POST /v1/videos/extensions`."""

    prompt: Prompt
    seconds: Seconds = 4
    video: Video


Body = TypeVar("Body", bound=_Body)


async def read_body(request: Request, model: type[Body]) -> Body:
    """A request's body as this model. Raises ApiError (400) that names what is wrong."""
    fields = await _fields(request)
    if isinstance(fields.get("video"), bytes):
        message = 'Videos cannot be uploaded here: name one by its id, as {"id": "video_…"}.'
        raise ApiError(400, message, param="video", code="invalid_type")
    # Not left to pydantic, which cannot report a name that is no valid Unicode.
    for name in fields.keys() - model.model_fields.keys():
        param = shortened(name)
        message = f"Unknown parameter: '{param}'. Known: {', '.join(model.model_fields)}."
        raise ApiError(400, message, param=param, code="unknown_parameter")
    try:
        return model.model_validate(fields)
    except ValidationError as error:
        raise _refusal(error.errors(include_url=False)[0], model) from None


async def _fields(request: Request) -> dict[str, object]:
    """The body's fields, those that are null left out; an uploaded file is its bytes."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind in _FORMS:
        return await _form_fields(request)
    body = await request.body()
    if not body:
        return {}
    if kind != "application/json":
        message = f"Unsupported content type '{shortened(kind)}': send JSON or multipart/form-data."
        raise ApiError(400, message, code="unsupported_content_type")
    try:
        fields: object = json.loads(body)
    except (ValueError, RecursionError):
        raise ApiError(400, "The request body is not valid JSON.", code="invalid_json") from None
    if not isinstance(fields, dict):
        raise ApiError(400, "The request body must be a JSON object.", code="invalid_json")
    named = cast("dict[str, object]", fields)
    return {name: value for name, value in named.items() if value is not None}


async def _form_fields(request: Request) -> dict[str, object]:
    try:
        # A part may hold as much as a body: whether it is too long is its field's affair.
        async with request.form(max_files=10, max_fields=100, max_part_size=MOST_BYTES) as form:
            return {
                name: await value.read() if isinstance(value, UploadFile) else value
                for name, value in form.multi_items()
            }
    except FormParserError:
        raise ApiError(400, "The request body is not a valid form.", code="invalid_form") from None


def _refusal(error: ErrorDetails, model: type[BaseModel]) -> ApiError:
    """Put the first thing that pydantic found wrong into OpenAI's words."""
    field = str(error["loc"][0])
    param = ".".join(str(part) for part in error["loc"])
    match error["type"]:
        case "missing":
            message = f"Missing required parameter: '{param}'."
            return ApiError(400, message, param=param, code="missing_required_parameter")
        case "in_words":
            message = f"Invalid value for '{param}': {error['msg']}."
            return ApiError(400, message, param=param, code="invalid_value")
        case _:
            expected = model.model_fields[field].description
    if error["type"].endswith("_type"):
        got = _kind(error["input"])
        message = f"Invalid type for '{param}': expected {expected}, but got {got} instead."
        return ApiError(400, message, param=param, code="invalid_type")
    value = shortened(repr(error["input"]))
    message = f"Invalid value for '{param}': expected {expected}, but got {value}."
    return ApiError(400, message, param=param, code="invalid_value")


def _kind(value: object) -> str:
    """What JSON calls a value's type."""
    match value:
        case str():
            return "a string"
        case bytes():
            return "a file"
        case bool():
            return "a boolean"
        case int():
            return "an integer"
        case float():
            return "a number"
        case dict():
            return "an object"
        case _:
            return "an array"
