"""What a language model is told to make of an idea: pure, and always an input that its entry takes."""

from __future__ import annotations

import pytest

from generations import catalog, expansions
from project.errors import FieldError, Invalid


@pytest.mark.parametrize("target", [None, *expansions.targets()])
@pytest.mark.parametrize("style", ["", "x" * expansions.LONGEST_STYLE])
def test_every_target_gives_an_input_that_is_taken(target: str | None, style: str) -> None:
    given = {"prompt": "a dog", **({"target": target} if target else {}), **({"style": style} if style else {})}
    slug, data = expansions.ask(given)
    assert catalog.get(slug).validate(data)["prompt"] == "a dog"
    assert (style in data["system_prompt"]) is True


def test_the_instructions_speak_of_what_is_made() -> None:
    assert "makes a video." in expansions.instructions(target="veo-3.1-fast", style="")
    assert "movement" in expansions.instructions(target="video", style="")
    image = expansions.instructions(target="image", style=" film noir ")
    assert "makes an image." in image
    assert "Style: film noir." in image
    assert "movement" not in image
    assert "a video or an image" in expansions.instructions(target=None, style="")


def test_no_more_is_asked_for_than_the_target_takes() -> None:
    for slug in expansions.targets()[2:]:
        most = catalog.get(slug).json_schema()["properties"]["prompt"]["maxLength"]
        asked = min(most, expansions.LONGEST_PROMPT)
        assert f"at most {asked} characters" in expansions.instructions(target=slug, style="")


def test_writers_are_the_models_of_kind_text() -> None:
    assert list(expansions.writers()) == [expansions.VISION, expansions.TEXT]
    assert not set(expansions.targets()) & set(expansions.writers())


def test_own_instructions_replace_ours() -> None:
    own = {"prompt": "a", "system_prompt": "b"}
    assert expansions.ask(own) == (expansions.TEXT, own)
    for name in ("target", "style"):
        with pytest.raises(Invalid) as caught:
            expansions.ask({**own, name: "image"})
        assert [error.path for error in caught.value.errors] == [name]


def test_paths_are_those_of_the_call() -> None:
    told = {"input.prompt": "prompt", "input.model": "language_model", "input.image_urls.0": "image_urls.0"}
    told |= {"model": "model", "webhook_url": "webhook_url", "input": ""}
    for inside, outside in told.items():
        assert [error.path for error in expansions.told([FieldError(inside, "x")])] == [outside]
