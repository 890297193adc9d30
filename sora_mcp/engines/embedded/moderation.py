"""A stand-in for moderation: a short word list of what hosts of video models refuse.

It decides nothing about taste. It lets agents and tests meet a refusal as a host gives it, after
the request was taken: a job that has failed with the code `moderation_blocked`. The words are
matched whole and without regard to case, so harmless uses of them are refused as well.
"""

import re

BLOCKED = "Your request was blocked by our moderation system."
"""The sentence that OpenAI's API used for such a job."""

_SEXUAL = (
    "erotic", "hentai", "nsfw", "nude", "nudes", "nudity", "orgasm", "porn", "pornographic",
    "pornography", "rape", "sex", "sexual", "sexually", "striptease", "topless", "undressing",
)  # fmt: skip
_GORE = (
    "beheaded", "beheading", "decapitated", "decapitation", "disembowel", "disemboweled",
    "dismembered", "dismemberment", "gore", "mutilated", "mutilation", "self-harm", "suicide",
    "torture",
)  # fmt: skip
_REAL_PEOPLE = (
    "barack obama", "donald trump", "elon musk", "emmanuel macron", "joe biden", "kamala harris",
    "lionel messi", "narendra modi", "pope francis", "scarlett johansson", "taylor swift",
    "tom cruise", "vladimir putin", "volodymyr zelensky", "xi jinping",
)  # fmt: skip


def is_refused(prompt: str) -> bool:
    """Whether a host of video models would refuse to film this."""
    return _REFUSED.search(prompt) is not None


_REFUSED = re.compile(
    r"\b(?:"
    + "|".join(re.escape(term).replace(r"\ ", r"\s+") for term in (*_SEXUAL, *_GORE, *_REAL_PEOPLE))
    + r")\b",
    re.IGNORECASE,
)
