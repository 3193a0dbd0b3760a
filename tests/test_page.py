"""The browser page in a real browser: it answers as the pipeline does, can be used by anyone, and asks nobody else."""

import base64
import io
import json
import os
import re
import shlex
import shutil
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import onnxruntime
import pandas as pd
import pytest
import torch
from axe_playwright_python.sync_playwright import Axe
from PIL import Image, ImageOps
from playwright.sync_api import Browser, Page, expect, sync_playwright

from brushprint import networks
from brushprint.answer import answer, prepare
from brushprint.occlusion import as_maps, drops, scaled, windows
from brushprint.serve import server
from tests.conftest import REPOSITORY, encoded, picture, share, snakemake

# All tests share one server and one browser.
pytestmark = pytest.mark.xdist_group("page")

VARIANTS = ("tapering-cnn", "cifake-32")
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


def build(finished: Path, project: Path) -> None:
    shutil.copytree(finished, project, symlinks=True)
    told = re.findall(r"^snakemake (.*)$", (REPOSITORY / "docs/page.md").read_text(), re.MULTILINE)
    for arguments in told:
        snakemake(project, *shlex.split(arguments))


@pytest.fixture(scope="module")
def project(finished: Path, tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A finished project whose page was built as docs/page.md says."""
    return share("page", lambda project: build(finished, project), tmp_path_factory, worker_id)


@pytest.fixture(scope="module")
def demo(project: Path) -> Path:
    return project / "exports/sample/demo"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("the page is tested in Chromium, which is not here")
    with sync_playwright() as playwright:
        # A user of containers has no sandbox.
        yield playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])


@pytest.fixture(scope="module")
def address(demo: Path) -> Iterator[str]:
    with server(demo) as serving:
        threading.Thread(target=serving.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{serving.server_port}/"
        serving.shutdown()


@pytest.fixture
def visit(browser: Browser, address: str) -> Iterator[Callable[..., Page]]:
    """Open the page in a browser of these settings; whatever the test does, it may ask this one server alone."""
    contexts, asked, mistakes = [], [], []

    def visit(**settings: object) -> Page:
        contexts.append(browser.new_context(**settings))
        contexts[-1].on("request", lambda request: asked.append(request.url))
        page = contexts[-1].new_page()
        page.on("pageerror", lambda error: mistakes.append(str(error)))
        page.goto(address)
        expect(page.locator("html[data-ready]")).to_be_attached(timeout=30_000)
        return page

    yield visit
    for context in contexts:
        context.close()
    assert [url for url in asked if not url.removeprefix("blob:").startswith(address)] == []
    assert mistakes == []


@pytest.fixture
def page(visit: Callable[..., Page]) -> Page:
    return visit()


def show(page: Page, name: str, content: bytes) -> None:
    """Choose a picture file, and wait until all networks have answered."""
    page.set_input_files("#file", {"name": name, "mimeType": "application/octet-stream", "buffer": content})
    answered(page, name)


def answered(page: Page, name: str) -> None:
    expect(page.locator("#caption")).to_contain_text(name, timeout=30_000)
    expect(page.locator("#said[data-said]")).to_be_visible(timeout=30_000)


def shares(page: Page) -> dict[str, float]:
    """The probability of AI that each card shows."""
    return {
        card.get_attribute("data-variant"): float(card.locator("[data-of=ai] dd").inner_text().split()[0]) / 100
        for card in page.locator(".card").all()
    }


def facts_of(project: Path, variant: str) -> dict:
    [found] = [of for of in about(project)["variants"] if of["name"] == variant]
    return found["facts"]


def about(project: Path) -> dict:
    return json.loads((project / "exports/sample/demo/models.json").read_text())


def model_of(project: Path, variant: str) -> networks.Model:
    return networks.load(project / f"results/sample/variants/{variant}/model.safetensors")


def by_torch(project: Path, variant: str, content: bytes) -> float:
    """The probability of AI by the network that was trained."""
    facts, model = facts_of(project, variant), model_of(project, variant)
    with torch.no_grad():
        logits = model.network(model.inputs(torch.from_numpy(prepare(content, facts)[None])))
    return answer((logits / facts["temperature"]).softmax(1)[0].numpy(), facts).ai


def by_onnx(project: Path, variant: str, content: bytes) -> float:
    """The probability of AI by the page's file, in another runtime."""
    facts = facts_of(project, variant)
    session = onnxruntime.InferenceSession(project / f"exports/sample/demo/models/{variant}.onnx")
    [probabilities] = session.run(["probabilities"], {"pictures": np.float32(prepare(content, facts)[None])})
    return answer(probabilities[0], facts).ai


def noisy(size: tuple[int, int], seed: int = 0) -> Image.Image:
    """A picture in which each pixel matters."""
    grain = np.random.default_rng(seed).normal(0, 25, (*size[::-1], 3))
    return Image.fromarray((np.asarray(picture(seed, size)) + grain).clip(0, 255).astype(np.uint8))


def with_alpha(image: Image.Image) -> Image.Image:
    opaque = np.random.default_rng(1).integers(0, 256, image.size[::-1], dtype=np.uint8)
    image.putalpha(Image.fromarray(opaque))
    return image


def turned() -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6
    return encoded(noisy((90, 60)), exif=exif)


FILES = {
    "turned.jpg": turned(),
    "coloured.jpg": encoded(noisy((120, 211)), quality=90),
    "progressive.jpg": encoded(noisy((77, 50)), progressive=True),
    "grey.jpg": encoded(noisy((64, 90)).convert("L")),
    "printed.jpg": encoded(noisy((64, 90)).convert("CMYK")),
    "large.jpg": encoded(noisy((2400, 1800)), quality=80),
    "plain.png": encoded(noisy((100, 61)), "PNG"),
    "transparent.png": encoded(with_alpha(noisy((100, 61))), "PNG"),
    "palette.png": encoded(noisy((100, 61)).quantize(64), "PNG", transparency=3),
    "two-colours.png": encoded(noisy((100, 61)).convert("1"), "PNG"),
    "lossy.webp": encoded(noisy((100, 61)), "WEBP"),
    "transparent.webp": encoded(with_alpha(noisy((100, 61))), "WEBP", lossless=True),
    "moving.gif": encoded(noisy((60, 60)), "GIF", save_all=True, append_images=[noisy((60, 60), 1)]),
    "plain.bmp": encoded(noisy((60, 60)), "BMP"),
    "small.avif": encoded(noisy((60, 60)), "AVIF"),
    "deep.png": encoded(Image.fromarray(np.asarray(noisy((60, 60)).convert("L")).astype(np.uint16) * 257), "PNG"),
}


def test_each_kind_of_file_is_answered_as_the_pipeline_and_another_runtime_answer_it(project: Path, page: Page) -> None:
    found = {}
    for name, content in FILES.items():
        show(page, name, content)
        found[name] = shares(page)
    for variant in VARIANTS:
        for name, content in FILES.items():
            assert found[name][variant] == pytest.approx(by_torch(project, variant, content), abs=1e-2), name
            assert found[name][variant] == pytest.approx(by_onnx(project, variant, content), abs=1e-2), name
        assert np.ptp([shown[variant] for shown in found.values()]) > 0.05


INPUTS = """async ([content, facts]) => {
  const { decode, inputs } = await import(new URL("picture.js", location));
  const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
  return [...(await inputs(await decode(new Blob([bytes])), [facts])).values()].map((pixels) => [...pixels])[0];
}"""


def inputs(page: Page, content: bytes, facts: dict) -> np.ndarray:
    """What the page's own code gives a network."""
    found = page.evaluate(INPUTS, [base64.b64encode(content).decode(), facts])
    return np.array(found).reshape(facts["image_size"], facts["image_size"], 3)


@pytest.mark.parametrize("resize", ["nearest", "bicubic"])
def test_networks_see_the_same_pixels_as_in_the_pipeline(page: Page, resize: str) -> None:
    facts = {"image_size": 64, "resize": resize, "harmonise": None}
    for name, content in FILES.items():
        apart = np.abs(inputs(page, content, facts) - prepare(content, facts).astype(int))
        assert apart.max() == 0, name


@pytest.mark.parametrize(
    "harmonise",
    [
        {"side": 100, "resize": "lanczos", "format": "jpeg", "quality": 90},
        {"side": 48, "resize": "bilinear", "format": "jpeg", "quality": 40},
        {"side": 100, "resize": "nearest", "format": "png", "quality": None},
    ],
    ids=lambda harmonise: f"{harmonise['format']} of {harmonise['side']}",
)
def test_harmonised_pictures_are_cut_resized_and_encoded_as_in_the_pipeline(page: Page, harmonise: dict) -> None:
    facts = {"image_size": 64, "resize": "bicubic", "harmonise": harmonise}
    for name in ("coloured.jpg", "large.jpg", "transparent.png"):
        apart = np.abs(inputs(page, FILES[name], facts) - prepare(FILES[name], facts).astype(int))
        assert apart.max() == 0, name


RESIZED = """async (asked) => {
  const { Resampler, middle } = await import(new URL("resample.js", location));
  return asked.map(([content, width, height, side, filter, square]) => {
    const pixels = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
    const resampler = new Resampler(width, height, side, filter, square ? middle(width, height) : undefined);
    const rows = 7;
    for (let top = 0; top < height; top += rows) {
      resampler.push(top, pixels.subarray(top * width * 4, (top + rows) * width * 4));
    }
    return [...resampler.finish()];
  });
}"""


@pytest.mark.parametrize("square", [False, True], ids=["stretched", "cut square"])
@pytest.mark.parametrize("resize", ["nearest", "bilinear", "bicubic", "lanczos"])
def test_resizing_is_pillows_to_the_bit(page: Page, resize: str, square: bool) -> None:
    generator = np.random.default_rng(0)
    how = Image.Resampling[resize.upper()]
    asked, wanted = [], []
    for _ in range(40):
        width, height, side = (int(value) for value in generator.integers(1, 120, 3))
        image = Image.fromarray(generator.integers(0, 256, (height, width, 3), dtype=np.uint8))
        fitted = ImageOps.fit(image, (side, side), how) if square else image.resize((side, side), how)
        asked.append([base64.b64encode(image.convert("RGBA").tobytes()).decode(), width, height, side, resize, square])
        wanted.append(np.asarray(fitted).ravel().tolist())
    assert page.evaluate(RESIZED, asked) == wanted


def test_a_picture_of_50_megapixels_is_read_in_stripes(project: Path, page: Page) -> None:
    content = encoded(picture(5, (8000, 6250)), quality=80)
    page.evaluate("""() => {
      const { prototype } = OffscreenCanvasRenderingContext2D;
      const read = prototype.getImageData;
      window.most = 0;
      prototype.getImageData = function (left, top, width, height) {
        window.most = Math.max(window.most, width * height);
        return read.call(this, left, top, width, height);
      };
    }""")
    facts = facts_of(project, "cifake-32")
    assert (inputs(page, content, facts) == prepare(content, facts)).all()
    assert 0 < page.evaluate("window.most") <= 2**20
    show(page, "huge.jpg", content)
    assert "8000 × 6250 pixels" in page.inner_text("#caption")
    assert shares(page)["cifake-32"] == pytest.approx(by_torch(project, "cifake-32", content), abs=1e-2)


def test_the_gallery_is_used_by_keyboard_and_tells_labels_after_the_answer(project: Path, page: Page) -> None:
    shown = about(project)["gallery"]
    assert len(shown) == 12
    assert pd.Series([of["source"] for of in shown]).value_counts().to_dict() == {
        "human": 4,
        "latent_diffusion": 4,
        "stable_diffusion": 4,
    }
    assert page.inner_text("#truth") == ""
    page.locator("#pictures input").first.focus()
    page.keyboard.press("Space")
    for index, of in enumerate(shown[:3]):
        if index:
            page.keyboard.press("ArrowRight")
        labels = ["AI" if of["origin"] == "ai" else "human", *([] if of["origin"] == "human" else [of["source"]])]
        told = ", ".join([*labels, of["style"]]).replace("_", " ")
        expect(page.locator("#truth")).to_have_text(f"It is labelled: {told}.")
        content = (project / "exports/sample/demo" / of["file"]).read_bytes()
        assert shares(page)["cifake-32"] == pytest.approx(by_torch(project, "cifake-32", content), abs=1e-2)
    show(page, "own.png", FILES["plain.png"])
    assert page.inner_text("#truth") == ""
    assert page.locator("#pictures input:checked").count() == 0


def test_pictures_of_the_gallery_are_test_pictures_as_they_are_in_the_archive(project: Path) -> None:
    catalogue = pd.read_parquet(project / "results/sample/catalogue.parquet").set_index("image_id")
    splits = [pd.read_parquet(project / f"results/sample/splits/{name}.parquet") for name in ("augmented", "balanced")]
    for of in about(project)["gallery"]:
        content = (project / "exports/sample/demo" / of["file"]).read_bytes()
        row = catalogue[catalogue["bytes"] == len(content)]
        opened = Image.open(io.BytesIO(content))
        assert (opened.width, opened.height) in set(zip(row["width"], row["height"], strict=True))
        assert (row["source"] == of["source"]).any()
        tested = [set(split.loc[split["partition"] == "test", "image_id"]) for split in splits]
        assert set(row.index) & set.intersection(*tested)


def test_a_picture_is_pasted_from_the_clipboard(project: Path, visit: Callable[..., Page]) -> None:
    page = visit(permissions=["clipboard-read", "clipboard-write"])
    page.evaluate(
        """async (content) => {
          const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
          const file = new Blob([bytes], { type: "image/png" });
          await navigator.clipboard.write([new ClipboardItem({ "image/png": file })]);
        }""",
        base64.b64encode(FILES["plain.png"]).decode(),
    )
    page.keyboard.press("Control+V")
    answered(page, "100 × 61 pixels")
    assert shares(page)["cifake-32"] == pytest.approx(by_torch(project, "cifake-32", FILES["plain.png"]), abs=1e-2)


def test_a_picture_is_dropped_anywhere_on_the_page(page: Page) -> None:
    dropped = page.evaluate_handle(
        """(content) => {
          const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
          const transfer = new DataTransfer();
          transfer.items.add(new File([bytes], "dropped.png", { type: "image/png" }));
          return transfer;
        }""",
        base64.b64encode(FILES["plain.png"]).decode(),
    )
    page.dispatch_event("h1", "drop", {"dataTransfer": dropped})
    answered(page, "dropped.png")


@pytest.mark.parametrize(
    "content",
    [b"no picture", b"", FILES["coloured.jpg"][:40], encoded(noisy((60, 60)), "TIFF")],
    ids=["text", "nothing", "a torn file", "TIFF, which only pipelines read"],
)
def test_what_is_no_picture_is_told_in_a_line_and_the_last_answer_stays(page: Page, content: bytes) -> None:
    show(page, "good.png", FILES["plain.png"])
    before = shares(page)
    page.set_input_files("#file", {"name": "bad.jpg", "mimeType": "image/jpeg", "buffer": content})
    expect(page.locator("#trouble")).to_have_text("bad.jpg is not a picture this browser can open.")
    assert shares(page) == before
    show(page, "good.jpg", FILES["coloured.jpg"])
    expect(page.locator("#trouble")).to_be_empty()


def test_the_map_is_that_of_the_package(project: Path, page: Page) -> None:
    content = FILES["coloured.jpg"]
    show(page, "looked-at.jpg", content)
    for variant in VARIANTS:
        page.select_option("#looker", variant)
        page.get_by_role("button", name="Draw the map").click()
        expect(page.locator("#progressed")).to_contain_text("The map is done", timeout=60_000)
        facts, model = facts_of(project, variant), model_of(project, variant)
        pixels = torch.from_numpy(prepare(content, facts)[None])
        with torch.no_grad():
            named = model.network(model.inputs(pixels)).argmax(1)
        hidden = windows(facts["image_size"], *(scaled(value, facts["image_size"]) for value in (24, 6)))
        [wanted] = as_maps(drops(model, pixels, named, hidden), hidden)
        found = page.evaluate("async () => [...(await import(new URL('where.js', location))).drawn]")
        assert np.abs(np.reshape(found, wanted.shape) - wanted).max() < 1e-2
        assert np.abs(wanted).max() > 0.02
        assert variant in page.inner_text("#explained")


def test_the_map_is_cancelled_by_keyboard_and_can_be_drawn_again(page: Page) -> None:
    show(page, "looked-at.png", FILES["plain.png"])
    page.fill("#patch", "8")
    page.fill("#stride", "2")
    page.locator("#start").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#cancel")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#progressed")).to_have_text("Cancelled.")
    expect(page.locator("#progress")).to_be_hidden()
    expect(page.locator("#start")).to_be_focused()
    page.fill("#patch", "64")
    page.fill("#stride", "24")
    page.keyboard.press("Tab")
    page.locator("#start").click()
    expect(page.locator("#progressed")).to_contain_text("The map is done: 16 places", timeout=60_000)
    page.fill("#opacity", "0.25")
    expect(page.locator("#map")).to_have_css("opacity", "0.25")


def test_a_stride_never_leaves_pixels_out(page: Page) -> None:
    show(page, "looked-at.png", FILES["plain.png"])
    page.fill("#stride", "24")
    page.fill("#patch", "8")
    assert page.input_value("#stride") == "8"


def test_the_map_refines_from_every_fourth_place_to_all(page: Page) -> None:
    passes, filled = page.evaluate("""async () => {
      const { filled, passes } = await import(new URL("occlusion.js", location));
      return [passes(9), [...filled(Float32Array.from({ length: 81 }, (_, place) => place), 9, 4)]];
    }""")
    assert [len(of["places"]) for of in passes] == [9, 16, 56]
    assert sorted(place for of in passes for place in of["places"]) == list(range(81))
    rows, columns = np.divmod(passes[0]["places"], 9)
    assert set(rows) == set(columns) == {0, 4, 8}
    wanted = np.arange(81).reshape(9, 9)[::4, ::4].repeat(4, axis=0).repeat(4, axis=1)[:9, :9]
    assert np.reshape(filled, (9, 9)).tolist() == wanted.tolist()


def test_once_loaded_it_answers_without_a_network(project: Path, page: Page) -> None:
    page.context.set_offline(True)
    show(page, "own.png", FILES["plain.png"])
    assert shares(page)["cifake-32"] == pytest.approx(by_torch(project, "cifake-32", FILES["plain.png"]), abs=1e-2)
    page.locator("#pictures label").nth(4).click()
    answered(page, "From the gallery")
    page.locator("#start").click()
    expect(page.locator("#progressed")).to_contain_text("The map is done", timeout=60_000)


def test_a_network_that_cannot_be_loaded_is_told_and_the_others_answer(browser: Browser, address: str) -> None:
    context = browser.new_context()
    context.route("**/models/tapering-cnn.onnx", lambda route: route.abort())
    page = context.new_page()
    page.goto(address)
    line = "models/tapering-cnn.onnx cannot be loaded: check the connection and try again."
    expect(page.locator("#trouble")).to_have_text(line, timeout=30_000)
    show(page, "own.png", FILES["plain.png"])
    assert set(shares(page)) == {"cifake-32"}
    expect(page.locator("#trouble")).to_have_text(line)
    context.unroute("**/models/tapering-cnn.onnx")
    show(page, "other.png", FILES["plain.png"])
    assert set(shares(page)) == set(VARIANTS)
    context.close()


def test_networks_are_ticked_and_not_ticked(page: Page) -> None:
    show(page, "own.png", FILES["plain.png"])
    page.get_by_role("checkbox", name="tapering-cnn").uncheck()
    expect(page.locator(".card")).to_have_count(1)
    assert set(shares(page)) == {"cifake-32"}
    page.get_by_role("checkbox", name="cifake-32").uncheck()
    expect(page.locator("#said")).to_have_text("Tick a network to ask it.")
    expect(page.locator("#where")).to_be_hidden()


def test_what_networks_cost_and_can_stands_beside_its_baseline_and_limits_are_told(project: Path, page: Page) -> None:
    metrics, cards = (
        json.loads((project / "results/sample" / name).read_text())
        for name in ("variants/cifake-32/metrics.json", "cards.json")
    )
    told = page.inner_text(".choice:has([value=cifake-32])")
    accuracy = metrics["test"]["accuracy"]
    interval = "{value:.1f} % ({low:.1f} % to {high:.1f} %)".format(**{name: 100 * of for name, of in accuracy.items()})
    assert interval in told
    assert f"always the most frequent class: {100 * metrics['test']['majority']:.1f} %" in told
    assert "MB" in told and "For human or AI" in told
    limits = page.inner_text("#limits")
    for section in cards["cifake-32"]:
        if section["heading"] in ("What it must not be used for", "Whom it wrongs"):
            assert all(sentence in limits for sentence in section["sentences"])
    assert "synthetic sample" in page.inner_text("#synthetic").lower()
    assert "A score is not proof of authorship." in page.inner_text(".answers")


SAID = """async (asked) => {
  const { together, verdict } = await import(new URL("answer.js", location));
  return asked.map(([ais, band]) => together(ais.map((ai) => verdict(ai, band))).words);
}"""


def test_verdicts_are_in_plain_words_and_only_given_by_all(page: Page) -> None:
    band = {"low": 0.3, "high": 0.7}
    unsure = "Unsure: the networks cannot tell whether this is AI or human work."
    said = {
        "The network takes this for AI.": ([0.8], band),
        "The networks take this for human work.": ([0.1, 0.2], band),
        "Unsure: the network cannot tell whether this is AI or human work.": ([0.7], band),
        unsure: ([0.1, 0.5], band),
        "Unsure: the networks contradict each other.": ([0.1, 0.9], band),
    }
    assert page.evaluate(SAID, list(said.values())) == list(said)
    never = [([1.0, 1.0], {"low": 0.3, "high": None}), ([0.0, 0.0], {"low": None, "high": 0.7})]
    assert page.evaluate(SAID, never) == [unsure, unsure]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280], ids=["phone", "wide"])
def test_axe_finds_nothing_and_nothing_is_wider_than_the_screen(
    visit: Callable[..., Page], scheme: str, width: int
) -> None:
    page = visit(color_scheme=scheme, viewport={"width": width, "height": 800})
    assert violations(page) == []
    page.locator("#pictures label").nth(1).click()
    answered(page, "From the gallery")
    page.locator("#start").click()
    expect(page.locator("#progressed")).to_contain_text("The map is done", timeout=60_000)
    page.set_input_files("#file", {"name": "bad.jpg", "mimeType": "image/jpeg", "buffer": b"no picture"})
    expect(page.locator("#trouble")).not_to_be_empty()
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def violations(page: Page) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [f"{rule['id']}: {node['html']}" for rule in found for node in rule["nodes"]]


class Elsewhere(BaseHTTPRequestHandler):
    """Lets anyone in, and counts."""

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        self.send_response(200)
        self.send_header("Access-Control-Allow-Origin", "*")
        self.send_header("Cross-Origin-Resource-Policy", "cross-origin")
        self.end_headers()

    do_POST = do_GET  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:
        """Tests are quiet."""


@pytest.fixture
def elsewhere() -> Iterator[ThreadingHTTPServer]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Elsewhere) as serving:
        serving.asked = []
        threading.Thread(target=serving.serve_forever, daemon=True).start()
        yield serving
        serving.shutdown()


FETCH = "(url) => fetch(url).then(() => 'reached', () => 'refused')"
INSERT = """([name, attribute, url]) => new Promise((done) => {
  const made = document.createElement(name);
  if (name === "link") made.rel = "stylesheet";
  made.onload = made.onerror = () => done();
  made[attribute] = url;
  document.body.append(made);
  setTimeout(done, 500);
})"""
# A worker that a worker starts from an address, as the runtime starts its threads.
NESTED = """(address) => new Promise((done) => {
  const made = new Worker(new URL("probe.js", address), { type: "module" });
  made.onmessage = ({ data }) => done(data);
})"""


def reach_out(page: Page, address: str, url: str) -> list[str]:
    """Try to ask another server in every way; returns how it went where that is told."""
    for name, attribute in [("img", "src"), ("script", "src"), ("link", "href"), ("iframe", "src")]:
        page.evaluate(INSERT, [name, attribute, f"{url}/{name}"])
    page.evaluate("(url) => navigator.sendBeacon(url)", f"{url}/beacon")
    [worker] = page.workers
    found = [who.evaluate(FETCH, f"{url}/fetch") for who in (page, worker)]
    return [*found, worker.evaluate(NESTED, address)]


def test_neither_the_page_nor_a_worker_can_ask_another_server(
    browser: Browser, address: str, demo: Path, elsewhere: ThreadingHTTPServer
) -> None:
    url = f"http://127.0.0.1:{elsewhere.server_port}"
    probe = demo / "probe.js"
    probe.write_text(f"postMessage(await ({FETCH})('{url}/nested'));")
    try:
        for bypass in (False, True):
            context = browser.new_context(bypass_csp=bypass)
            page = context.new_page()
            page.goto(address)
            expect(page.locator("html[data-ready]")).to_be_attached(timeout=30_000)
            found = reach_out(page, address, url)
            context.close()
            # Without the policy all would be let out: the server answers whoever asks.
            assert (set(found), bool(elsewhere.asked)) == ({"reached" if bypass else "refused"}, bypass)
    finally:
        probe.unlink()


def test_the_page_has_threads_where_the_server_allows_them(page: Page) -> None:
    show(page, "own.png", FILES["plain.png"])
    assert page.evaluate("crossOriginIsolated")
    assert f"on {min(4, os.cpu_count())} thread" in page.inner_text("#computed")
