"""The report in a browser: with mouse and keyboard, on paper, and without JavaScript."""

import json
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page, expect

from brushprint.report.pdf import print_pdf
from brushprint.workflow.publish import differences
from tests.conftest import snakemake

pytestmark = pytest.mark.xdist_group("report_site")

REPORT = "results/sample/report/index.html"
WIDE, NARROW = {"width": 1400, "height": 900}, {"width": 390, "height": 844}
VARIANTS = ["simple-cnn", "cifake-32"]
# The size of A4 without the margins, in CSS pixels.
PAPER = {"width": 703, "height": 1010}


@pytest.fixture
def visit(browser: Browser, finished: Path) -> Iterator[Callable[..., Page]]:
    """A function that opens the report, which may request no other file and log no message or error."""
    address, asked, complaints, contexts = (finished / REPORT).as_uri(), set(), [], []

    def opened(anchor: str = "", **options: object) -> Page:
        context = browser.new_context(**{"viewport": WIDE} | options)
        contexts.append(context)
        page = context.new_page()
        page.on("request", lambda request: asked.add(request.url.partition("#")[0]))
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(address + anchor)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert {url for url in asked if not url.startswith("data:")} == {address}
    assert complaints == []


def test_every_image_loads_with_its_stated_width(visit):
    page = visit()
    page.evaluate("for (const image of document.images) image.loading = 'eager'")
    page.wait_for_function("[...document.images].every((image) => image.complete)")
    sizes = "[...document.images].map((image) => [image.naturalWidth, image.getAttribute('width')])"
    assert all(width == int(stated) > 0 for width, stated in page.evaluate(sizes))


@pytest.mark.parametrize("anchor", ["collection", "variants", "trust", "mistakes", *VARIANTS, "claims", "provenance"])
def test_a_link_to_a_section_scrolls_there_and_marks_it_in_the_contents(visit, anchor: str):
    page = visit(f"#{anchor}")
    marked = page.locator(".side [aria-current]")
    expect(marked).to_have_count(1)
    expect(marked).to_have_attribute("href", f"#{anchor}")
    expect(page.locator(f"[id='{anchor}'] > h2")).to_be_in_viewport()


def test_a_link_to_a_figure_scrolls_to_it(visit):
    page = visit("#cifake-32/regions")
    expect(page.locator("[id='cifake-32/regions'] img")).to_be_in_viewport()


def test_on_a_wide_screen_the_contents_stay_beside_the_text(visit):
    page = visit()
    expect(page.get_by_role("navigation")).to_have_count(1)
    page.get_by_role("navigation").get_by_role("link", name="cifake-32").click()
    expect(page.locator(".side [aria-current]")).to_have_text("cifake-32")
    expect(page.get_by_role("navigation").get_by_role("link", name="Collection")).to_be_in_viewport()


def test_on_a_narrow_screen_the_contents_are_a_menu_that_closes_when_used(visit):
    page = visit(viewport=NARROW)
    menu = page.get_by_role("navigation")
    expect(menu).to_have_count(1)
    expect(menu.get_by_role("link")).to_have_count(0)
    menu.get_by_text("Contents", exact=True).focus()
    page.keyboard.press("Enter")
    menu.get_by_role("link", name="Claims").click()
    expect(page.locator("#claims > h2")).to_be_in_viewport()
    expect(menu.get_by_role("link")).to_have_count(0)
    page.keyboard.press("Escape")
    assert page.evaluate("document.documentElement.scrollWidth") == NARROW["width"]


def test_the_first_tab_stop_skips_to_the_content(visit):
    page = visit()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()


def test_figures_enlarge_by_keyboard_one_after_another(visit):
    page = visit()
    buttons = page.locator("button.enlarge")
    dialog = page.get_by_role("dialog")
    buttons.nth(1).focus()
    page.keyboard.press("Enter")
    captions = page.locator("figcaption b").all_text_contents()
    assert buttons.count() == len(captions) > 40
    expect(dialog.locator("b")).to_have_text(captions[1])
    expect(dialog.get_by_role("status")).to_contain_text(f"figure 2 of {len(captions)}")
    page.keyboard.press("ArrowRight")
    expect(dialog.locator("b")).to_have_text(captions[2])
    for _ in range(3):
        page.keyboard.press("ArrowLeft")
    expect(dialog.locator("b")).to_have_text(captions[-1])
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(buttons.last).to_be_focused()


def test_an_enlarged_figure_fits_the_window_or_shows_all_its_pixels(visit):
    page = visit("#cifake-32/prototypes")
    page.locator("[id='cifake-32/prototypes'] button.enlarge").click()
    image, zoom = page.get_by_role("dialog").get_by_role("img"), page.get_by_role("button", name="Full pixels")
    expect(image).to_be_in_viewport(ratio=0.99)
    expect(image).to_have_attribute("alt", re.compile("^Prototypes of cifake-32"))
    zoom.click()
    expect(zoom).to_have_attribute("aria-pressed", "true")
    natural = image.evaluate("(image) => [image.naturalWidth, image.naturalHeight]")
    assert image.evaluate("(image) => [image.width, image.height]") == natural
    page.keyboard.press("z")
    expect(zoom).to_have_attribute("aria-pressed", "false")
    page.get_by_role("button", name="Close").click()
    expect(page.get_by_role("dialog")).to_have_count(0)


def column(rows: Locator, number: int) -> list[str]:
    """The first word of each row in a column."""
    return rows.evaluate_all(f"(rows) => rows.map((row) => row.cells[{number}].innerText.trim().split(/\\s/)[0])")


def test_a_table_sorts_by_numbers_in_both_directions_by_keyboard(visit):
    page = visit()
    page.get_by_text("Original files").click()
    table = page.locator("#trust details table").first
    rows, head = table.locator("tbody tr"), table.get_by_role("columnheader", name="balanced accuracy")
    before = rows.all_text_contents()
    head.get_by_role("button").focus()
    for direction, reverse in (("ascending", False), ("descending", True)):
        page.keyboard.press("Enter")
        expect(head).to_have_attribute("aria-sort", direction)
        numbers = [float(value) for value in column(rows, 3)]
        assert numbers == sorted(numbers, reverse=reverse)
        assert len(set(numbers)) > 3
    page.keyboard.press("Enter")
    assert head.get_attribute("aria-sort") is None
    assert rows.all_text_contents() == before


def test_equal_rows_keep_their_order_in_both_sort_directions(visit):
    page = visit()
    page.get_by_text("Original files").click()
    table = page.locator("#trust details table").first
    rows, sort = table.locator("tbody tr"), table.get_by_role("button", name="pictures")
    before = list(zip(column(rows, 2), rows.all_text_contents(), strict=True))
    for reverse in (False, True):
        sort.click()
        expected = sorted(before, key=lambda row: int(row[0].replace(",", "")), reverse=reverse)
        assert rows.all_text_contents() == [text for _, text in expected]


def test_sorting_keeps_totals_last_and_groups_together_under_their_names(visit):
    page = visit()
    counts = page.locator("#collection table").first
    counts.get_by_role("button", name="source").click()
    counts.get_by_role("button", name="source").click()
    assert column(counts.locator("tbody tr"), 0) == ["stable_diffusion", "latent_diffusion", "human", "total"]
    page.get_by_text("By source document and variant").click()
    table = page.locator("#claims table").last
    groups = "(table) => [...table.tBodies].map((body) => [...body.rows].map((row) => row.innerText))"
    before = table.evaluate(groups)
    table.get_by_role("button", name="value used").click()
    after = table.evaluate(groups)
    assert before != after
    assert [group[0] for group in before] == [group[0] for group in after]
    assert [sorted(group) for group in before] == [sorted(group) for group in after]


def test_source_documents_are_cited_by_authors_title_and_link(visit, finished: Path):
    claims = visit("#claims").locator("#claims")
    sources = json.loads((finished / "results/sample/claims.json").read_text())["sources"]
    cited = claims.locator("details > p").all_text_contents()
    assert cited == [f"{', '.join(source['authors'])}: {source['title']}" for source in sources.values()]
    links = claims.locator("a[href^=http]").evaluate_all("(links) => links.map((link) => link.href)")
    assert links == [source["link"] for source in sources.values() if source["link"]]
    text = claims.evaluate("(section) => section.textContent")
    for key, source in sources.items():
        assert text.count(source["short"]) > 1
        assert not re.search(rf"(?<![\d,.]){key}\b", text)


@pytest.fixture
def mistakes(finished: Path) -> pd.DataFrame:
    table = pd.read_parquet(finished / "results/sample/mistakes.parquet")
    wrong = [[answer for answer in row if answer["label"] != answer["predicted"]] for row in table["answers"]]
    # The tiny collection has fewer mistakes than the report can show.
    assert table["thumbnail"].notna().all()
    return table.assign(wrong_answers=wrong)


def files(page: Page) -> list[str]:
    """The files of the pictures that are visible."""
    cards = page.locator(".mistake:not([hidden])")
    return cards.evaluate_all("(cards) => cards.map((card) => card.querySelector('small').textContent)")


def test_the_report_shows_the_mistakes_of_the_table_each_with_one_thumbnail(visit, mistakes):
    page = visit("#mistakes")
    assert files(page) == mistakes["path"].tolist()
    expect(page.locator("#mistakes").get_by_role("status")).to_have_text(f"{len(mistakes)} of {len(mistakes)} shown")
    expect(page.locator("#mistakes img")).to_have_count(len(mistakes))
    for answer in mistakes["wrong_answers"][0]:
        words = f"{answer['variant']} predicted {answer['predicted']}, {100 * answer['probability']:.0f}%"
        expect(page.locator(".mistake").first).to_contain_text(words)


def test_the_mistakes_can_be_filtered_by_words_and_choices(visit, mistakes):
    page = visit("#mistakes")
    form, status = page.get_by_role("search"), page.locator("#mistakes").get_by_role("status")
    style, variant = mistakes["style"][0], VARIANTS[0]
    form.get_by_role("combobox", name="Style").select_option(style)
    of_style = mistakes[mistakes["style"] == style]
    assert files(page) == of_style["path"].tolist()
    expect(status).to_have_text(f"{len(of_style)} of the {len(mistakes)} pictures here match")
    form.get_by_role("combobox", name="Wrong in").select_option(variant)
    in_variant = of_style["wrong_answers"].map(lambda answers: variant in [answer["variant"] for answer in answers])
    assert files(page) == of_style.loc[in_variant, "path"].tolist()
    form.get_by_role("button", name="Clear").click()
    expect(status).to_have_text(f"{len(mistakes)} of {len(mistakes)} shown")
    form.get_by_role("combobox", name="Wrong by").select_option("2")
    assert files(page) == mistakes.loc[mistakes["wrong"] >= 2, "path"].tolist()
    form.get_by_role("button", name="Clear").click()
    for label, part in (("Origin", "origin"), ("Source", "source")):
        form.get_by_role("combobox", name=label).select_option(mistakes[part].iloc[-1])
        assert files(page) == mistakes.loc[mistakes[part] == mistakes[part].iloc[-1], "path"].tolist()
        form.get_by_role("button", name="Clear").click()
    form.get_by_role("searchbox").fill(Path(mistakes["path"][3]).name.upper())
    assert mistakes["path"][3] in files(page)
    form.get_by_role("searchbox").fill("latent diffusion test/")
    wanted = mistakes["path"].str.contains("test/") & (mistakes["source"] == "latent_diffusion")
    assert files(page) == mistakes.loc[wanted, "path"].tolist()
    form.get_by_role("searchbox").fill("no such picture")
    assert files(page) == []
    expect(page.get_by_text("No picture here matches")).to_be_visible()
    expect(status).to_have_text(f"0 of the {len(mistakes)} pictures here match")


@pytest.mark.parametrize("variant", ["", VARIANTS[1]])
def test_the_mistakes_can_be_ordered_by_the_probability_of_the_wrong_predictions(visit, mistakes, variant: str):
    page = visit("#mistakes")
    form = page.get_by_role("search")
    form.get_by_role("combobox", name="Wrong in").select_option(variant)
    sure = {
        path: max(chances)
        for path, answers in zip(mistakes["path"], mistakes["wrong_answers"], strict=True)
        if (chances := [answer["probability"] for answer in answers if answer["variant"] == variant or not variant])
    }
    for order, sign in (("surest", -1), ("least", 1)):
        form.get_by_role("combobox", name="Order").select_option(order)
        ranked = [sign * round(sure[path], 4) for path in files(page)]
        assert len(ranked) == len(sure)
        assert ranked == sorted(ranked)
    first = page.locator(".mistake:not([hidden]) .surest").first
    expect(first).to_contain_text(f"{100 * min(sure.values()):.0f}%")
    expect(first).to_contain_text(variant)


@pytest.mark.parametrize(("viewport", "scheme"), [(WIDE, "light"), (NARROW, "dark")], ids=["wide", "narrow"])
def test_the_page_is_accessible(visit, viewport: dict, scheme: str):
    page = visit(viewport=viewport, color_scheme=scheme)
    page.evaluate("for (const part of document.querySelectorAll('main details')) part.open = true")
    result = Axe().run(page, options={"resultTypes": ["violations"]})
    assert result.violations_count == 0, result.generate_report()
    page.locator("button.enlarge").first.click()
    result = Axe().run(page, context="dialog", options={"resultTypes": ["violations"]})
    assert result.violations_count == 0, result.generate_report()


def test_without_javascript_all_content_is_there_and_no_control_that_would_not_work(visit, mistakes):
    page = visit("#cifake-32", java_script_enabled=False)
    expect(page.locator("[id='cifake-32'] > h2")).to_be_in_viewport()
    expect(page.locator(".mistake")).to_have_count(len(mistakes))
    expect(page.locator(".mistake").last).to_be_visible()
    expect(page.get_by_role("search")).to_have_count(0)
    expect(page.get_by_role("button")).to_have_count(0)
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.get_by_role("navigation").get_by_role("link", name="Claims").click()
    expect(page.locator("#claims > h2")).to_be_in_viewport()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_paper_all_sections_are_open_and_nothing_is_cut_off(visit, scheme: str):
    page = visit(viewport=PAPER, color_scheme=scheme, java_script_enabled=False)
    page.emulate_media(media="print")
    expect(page.get_by_role("navigation")).to_have_count(0)
    expect(page.get_by_text("Skip to content")).to_be_hidden()
    inside = "(parts) => parts.filter((part) => part.lastElementChild.getBoundingClientRect().height < 5).length"
    assert page.locator("main details").count() > 20
    assert page.locator("main details").evaluate_all(inside) == 0
    beyond = f"(all) => all.filter((one) => one.getBoundingClientRect().right > {PAPER['width'] + 1}).length"
    assert page.locator("table, figure, img, pre, p, li").evaluate_all(beyond) == 0
    tall = f"(all) => all.filter((one) => one.getBoundingClientRect().height > {PAPER['height']}).length"
    assert page.locator("figure").evaluate_all(tall) == 0
    colours = "(links) => [...new Set(links.map((link) => getComputedStyle(link).color))]"
    assert page.locator("main a").evaluate_all(colours) == ["rgb(28, 28, 30)"]
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"


@pytest.mark.usefixtures("browser")
def test_the_pdf_is_made_on_request_and_has_the_same_bytes_wherever_the_report_is(
    finished: Path, project: Path, tmp_path: Path
):
    target = project / "exports/sample/report.pdf"
    assert not target.exists()
    snakemake(project, "pdf")
    pdf = target.read_bytes()
    assert pdf.startswith(b"%PDF-") and pdf.rstrip().endswith(b"%%EOF")
    assert set(re.findall(rb"/(?:Creation|Mod)Date \((.*?)\)", pdf)) == {b"D:19700101000000+00'00'"}
    assert b"file://" not in pdf
    page = tmp_path / "elsewhere.html"
    shutil.copy(project / REPORT, page)
    print_pdf(page, tmp_path / "other.pdf")
    assert (tmp_path / "other.pdf").read_bytes() == pdf
    # The PDF is not a result: the results of a commit are the same with and without it.
    assert differences(project / "results/sample", finished / "results/sample") == []
