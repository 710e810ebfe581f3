"""The page in a real browser: figures, tables, keyboard, accessibility, print."""

import re
from itertools import pairwise

import pytest
from axe_playwright_python.sync_playwright import Axe

PAGES = pytest.mark.parametrize("page_of", ["page_path", "pair_path", "mixed_path"])
PHONE = 360


@PAGES
def test_it_opens_without_messages_or_requests(visit, request, page_of):
    path = request.getfixturevalue(page_of)
    page = visit(path)
    assert page.requests == [path.as_uri()]
    assert page.messages == []


@PAGES
@pytest.mark.parametrize("width", [PHONE, 1100])
def test_every_figure_is_visible_and_nothing_is_wider_than_the_page(
    visit, request, page_of, width
):
    page = visit(request.getfixturevalue(page_of), width=width)
    figures = page.locator("figure svg").all()
    assert len(figures) >= 10
    for figure in figures:
        box = figure.bounding_box()
        assert box["width"] > 100
        assert box["height"] > 40
        assert box["x"] + box["width"] <= width
        assert figure.locator("path").count() > 0
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_page_has_all_figures(visit, page_path):
    page = visit(page_path)
    titles = page.locator("svg title").all_text_contents()
    for title in (
        *("Expected score", "Difference to λ = 0"),
        *(f"Learning curves of fold {n}" for n in range(1, 6)),
        *("Predicted against actual", "Residuals over SalePrice"),
        *("Residuals over YearBuilt", "Residuals by Neighborhood"),
        *("Column importance", "Baselines"),
    ):
        assert titles.count(title) == 1, title


def column(page, name):
    """The cells of a column of the table of the largest errors, from the top down."""
    heads = page.locator("#largest-errors thead th").all_text_contents()
    place = heads.index(name) + 1
    return page.locator(
        f"#largest-errors tbody tr > :nth-child({place})"
    ).all_text_contents()


def test_a_table_sorts_by_click_and_back_again(visit, page_path):
    page = visit(page_path)
    before = column(page, "SalePrice")
    prices = sorted(before, key=lambda price: int(price.replace(",", "")))
    button = page.get_by_role("button", name="SalePrice", exact=True)
    button.click()
    assert column(page, "SalePrice") == prices
    assert page.locator("#largest-errors th[aria-sort=ascending]").count() == 1
    button.click()
    assert column(page, "SalePrice") == prices[::-1]
    page.get_by_role("button", name="Neighborhood").click()
    assert column(page, "Neighborhood") == sorted(column(page, "Neighborhood"))
    assert page.locator("#largest-errors th[aria-sort=descending]").count() == 0


def test_a_table_sorts_by_keyboard_alone(visit, page_path):
    page = visit(page_path)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent") == "YearBuilt":
            break
    page.keyboard.press("Enter")
    assert column(page, "YearBuilt") == sorted(column(page, "YearBuilt"))
    page.keyboard.press("Space")
    assert column(page, "YearBuilt") == sorted(column(page, "YearBuilt"), reverse=True)


@PAGES
def test_headings_and_landmarks_are_in_order(visit, request, page_of):
    page = visit(request.getfixturevalue(page_of))
    levels = page.eval_on_selector_all(
        "h1,h2,h3,h4,h5,h6", "found => found.map(h => Number(h.tagName[1]))"
    )
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(b - a <= 1 for a, b in pairwise(levels))
    for landmark in ("banner", "navigation", "main", "contentinfo"):
        assert page.get_by_role(landmark).count() == 1
    assert page.locator("html").get_attribute("lang") == "en"


@PAGES
@pytest.mark.parametrize(
    ("scheme", "width"),
    [("light", 1100), pytest.param("dark", PHONE, marks=pytest.mark.slow)],
)
def test_axe_finds_no_violation(visit, request, page_of, scheme, width):
    page = visit(request.getfixturevalue(page_of), scheme=scheme, width=width)
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


# Axe does not check texts and lines within SVG.
COLOURS = """() => {
  const own = {};
  for (const node of document.querySelectorAll("svg text, svg path")) {
    const style = getComputedStyle(node);
    const kind = node.getAttribute("class").split(" ")[0];
    const name = node.tagName;
    own[`${name} ${kind}`] = name === "text" ? style.fill : style.stroke;
  }
  return [getComputedStyle(document.body).backgroundColor, own];
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_figures_follow_the_colour_scheme_with_enough_contrast(
    visit, page_path, scheme
):
    page = visit(page_path, scheme=scheme)
    paper, colours = page.evaluate(COLOURS)
    assert (luminance(paper) > 0.5) == (scheme == "light")
    assert len(colours) > 12
    for kind, colour in colours.items():
        if colour == "none" or kind == "path grid":  # decoration needs none
            continue
        least = 4.5 if kind.startswith("text") else 3
        assert contrast(colour, paper) >= least, kind


def contrast(one, other):
    """WCAG 2's contrast ratio."""
    low, high = sorted([luminance(one), luminance(other)])
    return (high + 0.05) / (low + 0.05)


def luminance(colour):
    """WCAG 2's relative luminance of rgb(r, g, b)."""
    parts = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_printed_it_is_light_and_fits(visit, page_path):
    page = visit(page_path, scheme="dark", width=673)  # A4 less its margins
    page.emulate_media(media="print", color_scheme="dark")
    colour = page.evaluate("getComputedStyle(document.body).color")
    assert luminance(colour) < 0.1
    assert not page.get_by_role("navigation").is_visible()
    for table in page.locator("table").all():
        box = table.bounding_box()
        assert box["x"] + box["width"] <= 673


def ticks(page, figure):
    """The texts on the axes of a figure, in each run."""
    return [
        each.locator("text.tick").all_text_contents()
        for each in page.locator(f'svg:has(title:text-is("{figure}"))').all()
    ]


@pytest.mark.parametrize("figure", ["Expected score", "Learning curves of fold 1"])
def test_runs_side_by_side_share_their_axes(visit, pair_path, figure):
    first, second = ticks(visit(pair_path), figure)
    assert first == second
    assert len(first) >= 3


def test_on_a_phone_the_second_run_is_a_tap_away_in_every_section(visit, pair_path):
    page = visit(pair_path, width=390)
    names = page.locator("#summary .run h3").all_text_contents()
    for section in ("summary", "folds", "learning", "errors", "provenance"):
        first, second = page.locator(f"#{section} .run").all()
        first.get_by_role("link", name=names[1]).click()
        heading = second.locator("h3")
        assert heading.text_content() == names[1]
        assert 0 <= heading.bounding_box()["y"] < 800


@pytest.mark.parametrize("page_of", ["pair_path", "mixed_path"])
def test_on_a_phone_two_runs_fit_beside_each_other(visit, request, page_of):
    page = visit(request.getfixturevalue(page_of), width=390)
    table = page.get_by_role("group", name="The runs side by side")
    assert table.evaluate("node => node.scrollWidth <= node.clientWidth")
    for row in table.locator("tr").all():
        box = row.locator("td, th").last.bounding_box()
        assert box["x"] + box["width"] <= 390
