"""Commands that make videos: generate, remix, extend, join."""

import json
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import anyio
import click

from sora_mcp.cli.following import Delivery, hand_over
from sora_mcp.cli.options import delivery_options, shared_options
from sora_mcp.cli.session import Session, local_file, say
from sora_mcp.cli.wording import printable
from sora_mcp.server.owners import LOCAL_OWNER
from sora_mcp.server.wording import cost
from sora_mcp.videos.errors import SpendingRefused
from sora_mcp.videos.models import Fit, Job
from sora_mcp.videos.planning import Plan, Planner
from sora_mcp.videos.service import VideoService

Decorated = TypeVar("Decorated", bound=Callable[..., Any])

MakePlan = Callable[[Planner], Awaitable[Plan]]


@dataclass(frozen=True)
class Wishes:
    """How a video is to be made and handed over, whatever it shows."""

    out: Path | None = None
    opens: bool = False
    timeout: float | None = None
    dry_run: bool = False
    yes: bool = False


def _paying_options(command: Decorated) -> Decorated:
    for option in (
        click.option("--idempotency-key", help="The same key never makes a second video."),
        click.option("--yes", is_flag=True, help="Do not ask about the cost."),
        click.option("--dry-run", is_flag=True, help="Only show what would be sent and its cost."),
        click.option("--max-cost-usd", type=float, metavar="USD", help="Refuse to cost more."),
    ):
        command = option(command)
    return command


@click.command("generate")
@click.argument("prompt")
@click.option("--seconds", type=float, help="Length of the video, such as 4.")
@click.option("--size", help="Width and height in pixels, such as 1280x720.")
@click.option("--model", help="The engine's name of a model.")
@click.option("--input-reference", metavar="IMAGE", help="First frame: a file, a URL or sora://…")
@click.option(
    "--reference-fit",
    type=click.Choice(["cover", "contain", "stretch"]),
    default="cover",
    show_default=True,
    help="How the first frame is brought to the size.",
)
@click.option("--option", "options", multiple=True, metavar="NAME=VALUE", help="An engine extra.")
@delivery_options
@_paying_options
@shared_options
def generate_command(
    prompt: str,
    seconds: float | None,
    size: str | None,
    model: str | None,
    input_reference: str | None,
    reference_fit: Fit,
    options: tuple[str, ...],
    max_cost_usd: float | None,
    idempotency_key: str | None,
    **wishes: Any,
) -> None:
    """Make a video from PROMPT and print the path of its file."""
    extras = dict(_named(option) for option in options)
    session = Session()
    file = local_file(input_reference, Path.cwd()) if input_reference is not None else None
    if file is not None:
        file = file.resolve()
        session.allow(reading=[file.parent])
        input_reference = str(file)
    _make(
        session,
        Wishes(**wishes),
        lambda planner: planner.generate(
            LOCAL_OWNER,
            prompt=prompt,
            model=model,
            size=size,
            seconds=seconds,
            input_reference=input_reference,
            reference_fit=reference_fit,
            options=extras,
            max_cost_usd=max_cost_usd,
            idempotency_key=idempotency_key,
        ),
    )


@click.command("remix")
@click.argument("video_id")
@click.argument("prompt")
@delivery_options
@_paying_options
@shared_options
def remix_command(
    video_id: str,
    prompt: str,
    max_cost_usd: float | None,
    idempotency_key: str | None,
    **wishes: Any,
) -> None:
    """Make a finished video again, changed by PROMPT."""
    _make(
        Session(),
        Wishes(**wishes),
        lambda planner: planner.remix(
            LOCAL_OWNER,
            video_id=video_id,
            prompt=prompt,
            max_cost_usd=max_cost_usd,
            idempotency_key=idempotency_key,
        ),
    )


@click.command("extend")
@click.argument("video_id")
@click.argument("prompt")
@click.option("--seconds", type=float, help="How much longer, such as 4.")
@delivery_options
@_paying_options
@shared_options
def extend_command(
    video_id: str,
    prompt: str,
    seconds: float | None,
    max_cost_usd: float | None,
    idempotency_key: str | None,
    **wishes: Any,
) -> None:
    """Make a finished video longer by what PROMPT says."""
    _make(
        Session(),
        Wishes(**wishes),
        lambda planner: planner.extend(
            LOCAL_OWNER,
            video_id=video_id,
            prompt=prompt,
            seconds=seconds,
            max_cost_usd=max_cost_usd,
            idempotency_key=idempotency_key,
        ),
    )


@click.command("join")
@click.argument("video_ids", metavar="VIDEO_ID VIDEO_ID...", nargs=-1, required=True)
@click.option("--title", help="What the new video is called.")
@delivery_options
@shared_options
def join_command(video_ids: tuple[str, ...], title: str | None, **wishes: Any) -> None:
    """Join finished videos, in this order, into a new one."""
    _make(
        Session(),
        Wishes(**wishes),
        lambda planner: planner.join(LOCAL_OWNER, video_ids=video_ids, title=title),
    )


def _named(option: str) -> tuple[str, Any]:
    name, equals, value = option.partition("=")
    if not name or not equals:
        raise click.BadParameter(f"{option!r} is not NAME=VALUE.", param_hint="--option")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


def _make(session: Session, wishes: Wishes, make_plan: MakePlan) -> None:
    """Plan, ask if need be, start, follow, and hand over."""

    async def plan(videos: VideoService) -> Plan:
        return await make_plan(videos.plan)

    for note in session.stray_key_note:
        say(note)
    planned = session.run(plan, follow_jobs=False)
    if wishes.dry_run:
        _show(session, planned)
        return
    if planned.must_confirm and not wishes.yes:
        ask(cost(planned.estimate))
    delivery = Delivery(out=wishes.out, opens=wishes.opens, timeout=wishes.timeout)
    hand_over(session, lambda videos: start(videos, planned), delivery)


async def start(videos: VideoService, plan: Plan) -> Job:
    """Start what is planned, whole or not at all: what is in the ledger has to be told of."""
    job = plan.job
    with anyio.CancelScope(shield=True):
        job = await videos.start(plan)
    return job  # noqa: RET504  # from inside the scope, pyright would see a path without a value


def _show(session: Session, plan: Plan) -> None:
    from sora_mcp.server.present import planned  # brings the MCP SDK: slow to import

    fields = [f"  {name}: {printable(str(value))}" for name, value in plan.request.items()]
    if session.as_json:
        session.answer_json(planned(plan))
    else:
        click.echo(
            "\n".join([f"Would be sent to {plan.job.engine}:", *fields, cost(plan.estimate)])
        )
    if plan.warning is not None:
        say(plan.warning)


def ask(what: str) -> None:
    """Have the person agree to what something costs.

    Raises:
        SpendingRefused: They do not, or there is nobody to ask.
    """
    if not sys.stdin.isatty():
        raise SpendingRefused(
            f"{what} The operator wants to be asked before that "
            "(SORA_MCP_CONFIRM_ABOVE_USD), and there is nobody to ask. --yes answers it."
        )
    if not click.confirm(f"{what} Go ahead?", err=True):
        raise SpendingRefused("Nothing was sent, because you said no.")
