"""How prompts are read: what becomes a shot, and what each shot shows."""

from operator import attrgetter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sora_mcp.engines.embedded import vocabulary
from sora_mcp.engines.embedded.figures.cast import role
from sora_mcp.engines.embedded.language import entries
from sora_mcp.engines.embedded.request import Extension, RenderRequest
from sora_mcp.engines.embedded.storyboard import Shot, storyboard


def shots(prompt: str, seconds: float = 4, **more: object) -> tuple[Shot, ...]:
    request = RenderRequest.model_validate(
        {"prompt": prompt, "width": 256, "height": 256, "seconds": seconds, **more}
        | {"output": "", "lock": ""}
    )
    return storyboard(request)


def names(shot: Shot) -> list[str]:
    return [figure.name for figure in shot.figures]


@pytest.mark.parametrize(
    ("words", "what", "expected"),
    [
        ("A wide shot of a lighthouse", "size", "wide"),
        ("A medium shot of a lighthouse", "size", "medium"),
        ("Extreme close-up of an eye of a cat", "size", "close"),
        ("The camera pans to the left over hills", "move", "pan left"),
        ("Tilting down from the sky to a house", "move", "tilt down"),
        ("Slow dolly in on a piano", "move", "dolly in"),
        ("The camera pulls back from a tree", "move", "dolly out"),
        ("Zoom out from a castle", "move", "zoom out"),
        ("Tracking shot of a running fox", "move", "track right"),
        ("A locked-off shot of a candle", "move", "static"),
        ("A road at golden hour", "look.light", "golden"),
        ("A neon alley", "look.light", "neon"),
        ("Moonlit dunes", "look.light", "night"),
        ("Rain falls on a city", "look.weather", "rain"),
        ("A blizzard in the mountains", "look.weather", "snow"),
        ("Autumn leaves in a park", "look.weather", "leaves"),
        ("Fireflies in a forest", "look.weather", "fireflies"),
        ("A desert highway", "setting", "road"),
        ("Waves on the open ocean", "setting", "sea"),
        ("A coral reef", "setting", "underwater"),
        ("Black and white portrait of a man", "look.grade", "monochrome"),
        ("A purple sky over the sea", "look.colours", ("8440b8",)),
    ],
)
def test_a_director_hears_what_a_word_asks_for(words: str, what: str, expected: object) -> None:
    assert attrgetter(what)(shots(words)[0]) == expected


@pytest.mark.parametrize(
    ("words", "figure"),
    [
        ("Two dogs in a meadow", {"name": "dog", "count": 2}),
        ("A flock of birds", {"name": "bird", "count": 5}),
        ("A calico cat", {"name": "cat", "coat": "calico"}),
        ("A teal coupe", {"name": "car", "colour": "1a9a98"}),
        ("A woman in a red dress", {"name": "woman", "colour": "cf2e2e"}),
        ("A parked truck", {"name": "truck", "still": True}),
    ],
)
def test_a_figure_looks_and_acts_as_its_words_say(words: str, figure: dict[str, object]) -> None:
    found = shots(words)[0].figures[0]

    assert {name: getattr(found, name) for name in figure} == figure


def test_a_prompt_names_who_acts_and_where() -> None:
    (shot,) = shots("A calico cat playing a piano on stage")

    assert (names(shot), shot.setting, shot.look.light) == (["cat", "piano"], "stage", "spotlight")


@pytest.mark.parametrize(
    ("words", "setting"),
    [
        ("An astronaut", "space"),
        ("A sailing boat", "sea"),
        ("A rose", "garden"),
        ("Entropy", "reverie"),
    ],
)
def test_a_prompt_that_names_no_place_plays_where_such_things_are(words: str, setting: str) -> None:
    assert shots(words)[0].setting == setting


def test_a_prompt_without_a_known_word_still_has_something_to_look_at() -> None:
    (shot,) = shots("Xyzzy plugh")

    assert names(shot) == ["orb"]


def test_what_is_refused_is_not_shown() -> None:
    (shot,) = shots("A street without rain and no cars")

    assert (shot.look.weather, names(shot)) == ("", [])


@pytest.mark.parametrize("prompt", ["猫がピアノを弾く", "🐱 🎹", "Un 🐈 et un piano"])
def test_signs_and_emoji_are_read_like_words(prompt: str) -> None:
    assert "cat" in names(shots(prompt)[0])


def test_several_sentences_become_several_shots_that_share_the_time() -> None:
    found = shots("A fox wakes. It runs through the snow. Close-up of its eyes.", 12)

    assert [shot.words for shot in found] == [
        "A fox wakes.",
        "It runs through the snow.",
        "Close-up of its eyes.",
    ]
    assert sum(shot.frames for shot in found) == 12 * 24
    assert all(shot.frames >= 1.5 * 24 for shot in found)


def test_a_second_has_room_for_one_shot_that_says_everything() -> None:
    (shot,) = shots("A fox wakes. It runs. It jumps. It sleeps.", 1)

    assert shot.words == "A fox wakes. It runs. It jumps. It sleeps."


def test_a_shot_that_names_nobody_goes_on_with_who_was_there() -> None:
    first, second = shots("A calico cat sits on a stage. It looks up.", 8)

    assert second.figures[0].coat == "calico"
    assert second.setting == first.setting


def test_someone_who_comes_again_looks_the_same() -> None:
    first, second = shots("A red car on a highway. The car stops.", 8)

    assert first.figures[0].colour == second.figures[0].colour
    assert first.figures[0].variant == second.figures[0].variant


def test_a_new_place_leaves_behind_who_was_in_the_old_one() -> None:
    _, second = shots("A fox in a forest. Waves break in the ocean.", 8)

    assert (names(second), second.setting) == ([], "sea")


@pytest.mark.parametrize(
    "prompt",
    [
        "Camera: slow dolly in\nLighting: blue hour\nA house on a hill.",
        "A house on a hill. Slow dolly in. Blue hour.",
        "Shot 1: A house on a hill, slow dolly in, at blue hour.",
    ],
)
def test_instructions_shape_a_shot_and_are_none_themselves(prompt: str) -> None:
    (shot,) = shots(prompt, 8)

    assert (shot.move, shot.look.light, names(shot)) == ("dolly in", "dusk", ["house"])


def test_the_same_request_gives_the_same_storyboard_and_another_seed_another() -> None:
    assert shots("A boat at sea", seed=1) == shots("A boat at sea", seed=1)
    assert shots("A boat at sea", seed=1) != shots("A boat at sea", seed=2)


def test_a_remix_keeps_the_shots_and_changes_the_look_and_the_words() -> None:
    prompt = "A red car on a highway. It stops at the beach."
    before = shots(prompt, 8)
    after = shots(prompt, 8, changes=("a snowy night, vintage film",))

    def kept(shot: Shot) -> tuple[object, ...]:
        return (shot.size, shot.move, shot.setting, shot.frames, shot.seed, names(shot))

    assert [kept(shot) for shot in after] == [kept(shot) for shot in before]
    for shot in after:
        assert (shot.look.light, shot.look.weather, shot.look.grade) == ("night", "snow", "vintage")
        assert shot.words.endswith(" — a snowy night, vintage film")


def test_a_remix_can_recolour_and_replace_who_acts() -> None:
    (shot,) = shots("A red car on a highway", changes=("make it green", "at dusk"))
    assert (names(shot), shot.figures[0].colour) == (["car"], "3f9a4a")

    (shot,) = shots("A cat on a stage", changes=("a black dog instead",))
    assert (names(shot), shot.figures[0].colour) == (["dog"], "25262b")


def test_an_extension_goes_on_with_the_last_shot_under_its_own_words() -> None:
    prompt = "A city at dawn. A boat sails on the sea, panning left."
    first, last, more, again = shots(
        prompt,
        8,
        extensions=(
            Extension(prompt="A storm comes up", seconds=2.5),
            Extension(prompt="The rain stops", seconds=4),
        ),
    )

    assert (more.words, more.frames, more.elapsed) == ("A storm comes up", 60, last.frames)
    assert (more.setting, more.move, more.pace, more.seed) == (
        (last.setting, last.move, last.pace, last.seed)
    )
    assert (last.look.light, more.look.light, more.look.weather) == ("sunrise", "storm", "rain")
    assert (again.elapsed, again.look.weather) == (last.frames + 60, "")
    assert first.elapsed == last.elapsed == 0


def test_an_extension_that_changes_nothing_shows_the_same_picture() -> None:
    shot, more = shots("A boat at sea", extensions=(Extension(prompt="It sails on", seconds=4),))

    assert more.same_picture(shot)


@pytest.mark.parametrize("figure", entries(vocabulary.FIGURES))
def test_every_figure_has_a_home_and_a_drawing_of_its_own(figure: str) -> None:
    assert figure in vocabulary.HOMES
    assert figure == "orb" or role(figure) != role("orb")


@settings(deadline=None)
@given(
    st.text(min_size=1, max_size=300),
    st.floats(min_value=1, max_value=20),
    st.integers(min_value=-(2**31), max_value=2**31),
)
def test_any_text_of_any_length_fills_its_time(prompt: str, seconds: float, seed: int) -> None:
    found = shots(prompt, seconds, seed=seed)

    assert sum(shot.frames for shot in found) == round(seconds * 24)
    assert all(shot.frames >= 1 for shot in found)


def test_a_prompt_of_32000_characters_is_read_in_no_time() -> None:
    found = shots("a fox, a boat; a castle. " * 1280, 20)

    assert sum(shot.frames for shot in found) == 480
