"""The page as people see it: in a real browser, in light and dark, by keyboard, on paper and on a narrow screen."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

from tcpgoon.report.html import html
from tcpgoon.results import Outcome
from tests.conftest import find_program
from tests.example import example
from tests.report.pages import each, hostile, large

pytestmark = pytest.mark.requires("chromium")

PAGES: dict[str, Callable[[], Outcome]] = {
    "large": lambda: large(20_000),
    "hostile": hostile,
    "several": lambda: each(6, example()),
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    # The sandbox needs user namespaces, which root in a container has not; what is opened are our own files.
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=find_program("chromium"), args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("pages")
    for name, make in PAGES.items():
        (folder / f"{name}.html").write_text(html(make()), "utf-8")
    return {name: folder / f"{name}.html" for name in PAGES}


Scheme = Literal["light", "dark"]


@contextmanager
def opened(browser: Browser, path: Path, scheme: Scheme = "light", width: int = 1200) -> Iterator[Page]:
    """The page; in the end it has said nothing on the console, and asked for nothing but itself."""
    context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 800})
    page, said, asked = context.new_page(), list[str](), list[str]()
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("dialog", lambda dialog: said.append(dialog.message))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(path.as_uri())
    yield page
    assert said == []
    assert [url for url in asked if url != "data:,"] == [path.as_uri()]
    context.close()


@pytest.mark.parametrize("name", PAGES)
def test_it_says_nothing_on_the_console_and_asks_for_nothing(
    browser: Browser, files: dict[str, Path], name: str
) -> None:
    with opened(browser, files[name]) as page:
        assert page.evaluate("document.scripts.length") == 0
        assert page.evaluate("[...document.styleSheets].length") == 1


def test_its_policy_forbids_scripts_styles_and_requests(browser: Browser, files: dict[str, Path]) -> None:
    """Should somebody's words ever come to be elements, they are inert all the same."""
    source = files["large"].read_text()
    injected = (
        '<script>document.title="owned"</script><img src="http://127.0.0.1:9/x"><p style="color:red" id="p">x</p>'
    )
    bad = files["large"].with_name("injected.html")
    bad.write_text(source.replace('<main id="main"', f'{injected}<main id="main"', 1))
    context = browser.new_context()
    page, asked = context.new_page(), list[str]()
    page.on("requestfinished", lambda request: asked.append(request.url))
    page.goto(bad.as_uri())

    assert "owned" not in page.title()
    assert page.evaluate("getComputedStyle(document.getElementById('p')).color") != "rgb(255, 0, 0)"
    assert [url for url in asked if url.startswith("http")] == []
    context.close()


def test_a_hostile_banner_is_text(browser: Browser, files: dict[str, Path]) -> None:
    with opened(browser, files["hostile"]) as page:
        assert page.title() == "FAIL: localhost:80 – tcpgoon"
        assert page.locator("img, script, iframe").count() == 0
        assert page.get_by_text("document.title='owned'").count() > 3
        assert not re.search("[\0\x1b\u202e\u2066]", page.content())


def test_the_numbers_are_those_of_the_result(browser: Browser, files: dict[str, Path]) -> None:
    run = large(20_000)
    with opened(browser, files["large"]) as page:
        shown: list[list[str]] = page.eval_on_selector_all("data", "all => all.map(d => [d.dataset.field, d.value])")
        tile = page.locator(".tiles > div").first.inner_text()

    assert ["metrics.lost", str(run.metrics.lost)] in shown
    assert run.metrics.establishment
    assert ["metrics.establishment.p99_s", str(run.metrics.establishment.p99_s)] in shown
    assert tile == f"of 20,000 established\n{run.established:,}"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing(browser: Browser, files: dict[str, Path], name: str, scheme: Scheme) -> None:
    """Contrast of all text, names of all that is reached, headings in order, landmarks."""
    with opened(browser, files[name], scheme) as page:
        page.eval_on_selector_all("details", "all => all.forEach(d => d.open = true)")
        found: list[dict[str, Any]] = Axe().run(page).response["violations"]

    assert [(one["id"], [node["html"][:200] for node in one["nodes"][:3]]) for one in found] == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_colours_of_the_scheme(browser: Browser, files: dict[str, Path], scheme: Scheme) -> None:
    with opened(browser, files["large"], scheme) as page:
        paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
        label = page.evaluate("getComputedStyle(document.querySelector('svg.plot text')).fill")
        page.emulate_media(media="print")
        printed = page.evaluate("getComputedStyle(document.body).backgroundColor")

    assert (paper, printed) == ("rgb(255, 255, 255)" if scheme == "light" else "rgb(18, 22, 28)", "rgb(255, 255, 255)")
    assert contrast(label, paper) >= 4.5


def test_every_series_has_its_colour(browser: Browser, files: dict[str, Path]) -> None:
    with opened(browser, files["large"]) as page:
        fills = page.eval_on_selector_all(".wide .series path", "all => all.map(p => getComputedStyle(p).fill)")
        keys = page.eval_on_selector_all(".wide .key", "all => all.map(k => getComputedStyle(k).backgroundColor)")

    assert fills == keys
    assert len(set(fills)) == 4


def contrast(one: str, other: str) -> float:
    """As WCAG defines it."""
    high, low = sorted(map(luminance, (one, other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def luminance(colour: str) -> float:
    parts = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_by_keyboard_all_is_reached_in_its_order(browser: Browser, files: dict[str, Path]) -> None:
    with opened(browser, files["several"]) as page:
        page.evaluate("document.querySelectorAll('[tabindex=\"0\"], a, summary').forEach((e, i) => e.dataset.n = i)")
        stops = page.evaluate(
            "[...document.querySelectorAll('[tabindex=\"0\"], a, summary')]"
            ".filter(e => e.checkVisibility()).map(e => e.dataset.n)"
        )
        seen = []
        for _ in stops:
            page.keyboard.press("Tab")
            seen.append(page.evaluate("document.activeElement.dataset.n"))
        assert seen == stops
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.dataset.n") not in stops[1:]  # it is left at its end


def test_the_first_tab_skips_to_the_report_and_enter_opens_the_numbers(
    browser: Browser, files: dict[str, Path]
) -> None:
    with opened(browser, files["large"]) as page:
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.getBoundingClientRect().left") == 0
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.id") == "main"
        page.locator("summary").first.focus()
        page.keyboard.press("Enter")
        assert page.locator("details table").first.is_visible()


@pytest.mark.parametrize("name", PAGES)
def test_on_a_narrow_screen_the_page_does_not_scroll_sideways(
    browser: Browser, files: dict[str, Path], name: str
) -> None:
    with opened(browser, files[name], width=320) as page:
        page.eval_on_selector_all("details", "all => all.forEach(d => d.open = true)")
        assert page.evaluate("document.documentElement.scrollWidth") == 320


@pytest.mark.parametrize("name", PAGES)
def test_it_is_printed(browser: Browser, files: dict[str, Path], name: str) -> None:
    with opened(browser, files[name], "dark") as page:
        paper = page.pdf(format="A4")
        page.emulate_media(media="print")
        assert page.locator("details:visible").count() == 0
        assert page.locator("h1").is_visible()

    assert paper.startswith(b"%PDF-")
    assert 1 <= len(re.findall(rb"/Type\s*/Page\b", paper)) < 30
