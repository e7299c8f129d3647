"""A model's form under somebody's hands: images dropped, pasted and moved, rules while one chooses, the keyboard."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.browser.people import Person
from tests.browser.watch import NARROW, WIDE, check_width

_EVENT = """
async (target, [kind, colors]) => {
  const carried = new DataTransfer();
  for (const [place, color] of colors.entries()) {
    const canvas = Object.assign(document.createElement("canvas"), { width: 320, height: 320 });
    const pen = canvas.getContext("2d");
    pen.fillStyle = color;
    pen.fillRect(0, 0, 320, 320);
    const bytes = await new Promise((done) => canvas.toBlob(done));
    carried.items.add(new File([bytes], `${color}.png`, { type: "image/png" }));
  }
  const about = { bubbles: true, cancelable: true };
  target.dispatchEvent(kind === "paste"
    ? new ClipboardEvent("paste", { ...about, clipboardData: carried })
    : new DragEvent("drop", { ...about, dataTransfer: carried }));
}
"""


def brings(target: Locator, kind: str, *colors: str) -> None:
    """Drops or pastes pictures of these colors onto something."""
    target.evaluate(_EVENT, [kind, list(colors)])


def stored(page: Page) -> Locator:
    return page.locator('.slot[data-state="stored"]')


def values(page: Page) -> list[str]:
    """What the slots of the list would send, in its order."""
    found: list[str] = page.locator('.slot input[type="text"]').evaluate_all(
        "(all) => all.map((one) => [one.name, one.value]).filter(([, value]) => value).map((pair) => pair.join('='))"
    )
    return found


def top_of(target: Locator) -> float:
    """Where something stands on its page, however far that is scrolled."""
    found: float = target.evaluate("(one) => one.getBoundingClientRect().top + scrollY")
    return found


def stand(page: Page, *names: str) -> None:
    """These pictures are stored, in this order; waits for it."""
    expect(stored(page).locator(".slot-note")).to_have_text([re.compile(rf"^{name}\.png") for name in names])


def first_of(page: Page, held: list[Route]) -> Route:
    """The first request that was held; waits for it: a page says that it asks before the request is heard of."""
    for _ in range(400):
        if held:
            return held[0]
        page.wait_for_timeout(50)
    raise AssertionError("nothing was asked for")


def test_images_are_dropped_moved_and_removed(person: Callable[..., Person]) -> None:
    olive = person("olive")
    page = olive.page
    olive.goes_to("/studio/veo-3.1-fast")
    brings(page.locator(".slots"), "drop", "red", "blue", "green")
    expect(stored(page)).to_have_count(2)
    expect(page.locator(".slots-said")).to_have_text("1 more did not fit: at most 2 images fit here.")
    stand(page, "red", "blue")
    red, blue = (value.partition("=")[2] for value in values(page))
    assert red.startswith("upl_")
    page.get_by_role("button", name="Move Image 2 up").press("Enter")
    assert values(page) == [f"imageUrls.0={blue}", f"imageUrls.1={red}"]
    expect(page.get_by_role("button", name="Move Image 1 up")).to_be_focused()
    stored(page).nth(1).locator(".slot-picture").drag_to(stored(page).nth(0), target_position={"x": 20, "y": 5})
    stand(page, "red", "blue")
    page.get_by_role("button", name="Remove Image 1").click()
    assert values(page) == [f"imageUrls.0={blue}"]
    expect(page.locator(".slot:visible")).to_have_count(2)
    expect(page.locator(".slot img")).to_have_count(1)


def test_a_press_waits_for_the_image_that_is_on_its_way(person: Callable[..., Person]) -> None:
    """Pasted while one writes; the upload shows how far it is, the press comes after it, once."""
    olive = person("olive")
    page = olive.page
    held: list[Route] = []
    page.route("**/studio/uploads", lambda route: held.append(route))
    olive.goes_to("/studio/wan-2.2-turbo")
    prompt = page.get_by_label("Prompt", exact=True)
    prompt.fill("A man in a black coat walks towards the camera")
    brings(prompt, "paste", "teal")
    expect(page.get_by_role("progressbar")).to_be_visible()
    prompt.press("Control+Enter")
    expect(page.get_by_role("button", name="Waiting for the upload…")).to_be_visible()
    assert page.url.endswith("/studio/wan-2.2-turbo")
    first_of(page, held).continue_()
    page.wait_for_url(re.compile(r"/generations/gen_"))
    assert len(held) == 1


def test_a_press_right_after_a_choice_waits_for_its_price(person: Callable[..., Person]) -> None:
    """What is agreed to is the price of what is chosen now, not the one that stood there before."""
    olive = person("olive")
    page = olive.page
    olive.goes_to("/studio/flux-kontext-pro")
    page.get_by_label("Prompt", exact=True).fill("A bowl of plums on a blue table")
    expect(page.locator(".buy")).not_to_have_attribute("aria-busy", "true")  # the price with the prompt has come
    expect(page.locator("#total")).to_contain_text("5 credits")
    held: list[Route] = []
    page.route("**/price", lambda route: held.append(route))
    page.get_by_role("group", name="How many").get_by_label("2", exact=True).check()
    page.get_by_label("Prompt", exact=True).press("Control+Enter")
    expect(page.get_by_role("button", name="Working out the price…")).to_be_visible()
    expect(page.locator("#price")).to_have_class(re.compile("htmx-request"))
    first_of(page, held).continue_()
    page.wait_for_url("**/history?batch=bat_*")
    expect(page.get_by_role("main")).to_contain_text("10 credits")


def test_what_is_no_image_is_said_before_it_is_sent(person: Callable[..., Person]) -> None:
    olive = person("olive")
    page = olive.page
    olive.goes_to("/studio/kling-2.5-turbo-pro")
    file = {"name": "notes.txt", "mimeType": "text/plain", "buffer": b"words"}
    page.locator('[name="image_url.file"]').set_input_files(file)  # type: ignore[arg-type]
    expect(page.locator(".slots-said").first).to_have_text("“notes.txt” cannot be used: it is no JPEG, PNG or WebP.")
    false = {"name": "false.png", "mimeType": "image/png", "buffer": b"no picture"}
    olive.watch.expected = (422,)
    page.locator('[name="image_url.file"]').set_input_files(false)  # type: ignore[arg-type]
    expect(page.locator(".slots-said").first).to_contain_text("“false.png” cannot be used:")
    assert values(page) == []


@pytest.mark.parametrize("width", [WIDE, NARROW], ids=["wide", "phone"])
def test_rules_are_told_while_one_chooses(person: Callable[..., Person], width: int) -> None:
    olive = person("olive", width=width)
    page = olive.page
    olive.goes_to("/studio/veo-3.1-fast")
    mode, ratio = page.get_by_role("group", name="Mode"), page.get_by_role("group", name="Aspect ratio")
    above = top_of(mode)
    mode.get_by_label("Text to video", exact=True).check()
    images = page.get_by_role("group", name=re.compile("^Images"))
    expect(images.get_by_role("textbox")).to_be_disabled()
    expect(page.locator("#h-imageUrls")).to_have_text("Images must be empty when Mode is Text to video.")
    if width == WIDE:  # where each reason takes one line, as the help does
        assert top_of(mode) == above, "nothing moves under the hand"
    ratio.get_by_label("9:16", exact=True).check()
    mode.get_by_label("Reference images", exact=True).check()
    expect(images.get_by_role("textbox")).to_be_enabled()
    expect(page.locator("#e-aspectRatio")).to_contain_text("Aspect ratio must be 16:9 when Mode is Reference images")
    expect(ratio.get_by_label("Auto")).to_be_disabled()
    expect(page.locator("#total")).to_have_text(re.compile("No price yet"))
    page.get_by_role("button", name="Use 16:9").click()
    expect(page.locator("#e-aspectRatio")).to_be_empty()
    expect(page.locator("#total")).to_contain_text("60 credits")
    check_width(page)


def test_the_first_thing_that_is_missing_gets_the_focus(person: Callable[..., Person]) -> None:
    olive = person("olive")
    page = olive.page
    olive.goes_to("/studio/kling-2.5-turbo-pro")
    page.keyboard.press("Control+Enter")
    prompt = page.get_by_label("Prompt", exact=True)
    expect(prompt).to_be_focused()
    expect(page.locator("#e-prompt")).to_have_text("Prompt is required")
    prompt.fill("A lighthouse at night")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#e-image_url")).to_have_text("First frame is required")
    expect(page.locator('[name="image_url.file"]')).to_be_focused()


def test_an_old_price_never_looks_like_the_new_one(person: Callable[..., Person]) -> None:
    olive = person("olive")
    page = olive.page
    held: list[Route] = []
    olive.goes_to("/studio/wan-2.5-i2v")
    box, agreed = page.locator(".buy"), page.locator("[name=agreed]")
    expect(agreed).to_have_value("500000")
    page.route("**/price", lambda route: held.append(route))
    page.get_by_role("group", name="Seconds").get_by_label("10", exact=True).check()
    expect(box).to_have_attribute("aria-busy", "true")
    expect(agreed).to_have_value("500000")
    page.wait_for_timeout(600)  # the press of a key and the request after it
    first_of(page, held).continue_()
    expect(agreed).to_have_value("1000000")
    expect(box).not_to_have_attribute("aria-busy", "true")
    page.unroute("**/price")


def test_what_was_typed_outlives_the_page(person: Callable[..., Person]) -> None:
    olive = person("olive")
    page = olive.page
    olive.goes_to("/studio/seedance-v1-pro")
    page.get_by_label("Prompt", exact=True).fill("A golden retriever in the surf")
    page.get_by_role("group", name="Resolution").get_by_label("480p", exact=True).check()
    page.locator('[name="image_url"]').fill("https://example.com/dog.webp")
    page.locator('[name="image_url"]').blur()
    olive.goes_to("/history")
    olive.goes_to("/studio/seedance-v1-pro")
    expect(page.get_by_text("What you typed here before is back.")).to_be_visible()
    expect(page.get_by_label("Prompt", exact=True)).to_have_value("A golden retriever in the surf")
    expect(page.locator('[name="image_url"]')).to_have_value("https://example.com/dog.webp")
    expect(page.locator("#total")).to_contain_text("14 credits")
    page.get_by_role("link", name="Start from the defaults").click()
    expect(page.get_by_label("Prompt", exact=True)).to_have_value("")
    page.reload()
    expect(page.get_by_label("Prompt", exact=True)).to_have_value("")


def test_another_model_takes_the_prompt_along(person: Callable[..., Person]) -> None:
    olive = person("olive")
    page = olive.page
    olive.goes_to("/studio/veo-3.1-fast")
    page.get_by_label("Prompt", exact=True).fill("A paper boat")
    page.get_by_text("Switch model").click()
    page.get_by_role("button", name=re.compile("^Kling 2.5 Turbo Pro")).click()
    page.wait_for_url("**/studio/kling-2.5-turbo-pro")
    expect(page.get_by_label("Prompt", exact=True)).to_have_value("A paper boat")
