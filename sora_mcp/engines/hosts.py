"""The hosts that are known by name: one row each, from their published sources.

vLLM-Omni 0.30.0, SGLang 0.5.23, FastVideo 0.2.1, TensorRT-LLM (2026-09), LiteLLM 1.109.1, Dynamo
1.6.1. `docs/engines.md` tells the same to people. An option that takes a path on the host's own
disk (`output_path`, `lora`, `format`, …) is on no list.
"""

from dataclasses import replace

from sora_mcp.engines.dialects import COMPATIBLE, EMBEDDED, OPENAI, OPENAI_JSON, Dialect
from sora_mcp.engines.openrouter import OPENROUTER
from sora_mcp.engines.options import DIFFUSION, Option

_GUIDANCE = DIFFUSION["guidance_scale"]

_GOES_ON = "A deleted job may go on at the host, and be charged for: it cannot be stopped there."

VLLM_OMNI = Dialect(
    name="vllm-omni",
    title="vLLM-Omni",
    whole_seconds=True,
    options={
        **DIFFUSION,
        "guidance_scale_2": Option("number", "guidance of the second expert (Wan 2.2)", 0, 20),
        "flow_shift": Option("number", "shift of the flow-matching scheduler"),
        "generate_sound": Option("boolean", "sound, where the model makes any"),
        "enable_frame_interpolation": Option("boolean", "smoother motion, made afterwards"),
    },
    notes=(
        "A text-to-video model leaves a first frame aside without a word; extending needs a model "
        "that starts from images.",
    ),
)

SGLANG = Dialect(
    name="sglang",
    title="SGLang Diffusion",
    whole_seconds=True,
    options={
        **DIFFUSION,
        "guidance_scale": replace(_GUIDANCE, high=None),
        "guidance_scale_2": Option("number", "guidance of the second expert (Wan 2.2)", 0),
        "enable_teacache": Option("boolean", "faster, a little less exact"),
        "enable_frame_interpolation": Option("boolean", "smoother motion, made afterwards"),
        "enable_upscaling": Option("boolean", "a larger picture, made afterwards"),
    },
    delete_stops=False,
    notes=(_GOES_ON,),
)

FASTVIDEO = Dialect(
    name="fastvideo",
    title="FastVideo",
    whole_seconds=True,
    options=DIFFUSION,
    delete_stops=False,
    notes=(_GOES_ON,),
)

TENSORRT_LLM = Dialect(
    name="tensorrt-llm",
    title="TensorRT-LLM",
    image_field="image_reference",
    options={**DIFFUSION, "guidance_scale": replace(_GUIDANCE, low=0.01)},
    notes=("Without ffmpeg on the host it makes AVI files, which are refused here.",),
)

LITELLM = Dialect(
    name="litellm",
    title="LiteLLM",
    remix="native",
    extend="native",
    tries_native=True,
    per_model=True,
    delete="missing",
    list="missing",
    needs_model=True,
    options=DIFFUSION,
    notes=(
        "Which of the options count, and whether remix and extend are native, is a matter of the "
        "provider behind it.",
    ),
)

_ONE_CONNECTION = (
    "The host answers with the finished video: if the server that asked stops first, the job is "
    "lost.",
)

SYNCHRONOUS = Dialect(
    name="synchronous",
    title="A synchronous host",
    submit_path="/videos/sync",
    delete="missing",
    list="missing",
    waits=True,
    whole_seconds=True,
    options=DIFFUSION,
    notes=_ONE_CONNECTION,
)
"""Hosts that only have `POST /videos/sync`, which vLLM-Omni and TensorRT-LLM have as well."""

DYNAMO = replace(
    SYNCHRONOUS,
    name="dynamo",
    title="NVIDIA Dynamo",
    encoding="json",
    submit_path="/videos",
    number_seconds=True,
    needs_model=True,
    extras_in="nvext",
    # Workers differ in what they send unasked; a link may lead to a file of their own.
    always={"response_format": "b64_json"},
    options=DIFFUSION,
)

DIALECTS = {
    dialect.name: dialect
    for dialect in (
        EMBEDDED,
        OPENROUTER,
        VLLM_OMNI,
        SGLANG,
        LITELLM,
        FASTVIDEO,
        TENSORRT_LLM,
        DYNAMO,
        SYNCHRONOUS,
        OPENAI,
        OPENAI_JSON,
        COMPATIBLE,
    )
}
"""By the names that `SORA_MCP_DIALECT` takes."""
