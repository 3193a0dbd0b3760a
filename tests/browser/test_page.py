"""The page in a real browser: it answers as the pipeline does, is accessible, and contacts no other server."""

import base64
import io
import json
import os
import re
import shlex
import shutil
import threading
from collections.abc import Callable, Iterator
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple

import numpy as np
import onnxruntime
import pandas as pd
import pytest
import torch
from axe_playwright_python.sync_playwright import Axe
from PIL import Image, ImageOps
from PIL.PngImagePlugin import PngInfo
from playwright.sync_api import Browser, Page, expect

from brushprint.core.tables import write_json
from brushprint.data.pixels import square
from brushprint.evaluation.thresholds import decide
from brushprint.models.model import Model
from brushprint.page.serve import server
from brushprint.predict import onnx_models
from brushprint.predict.answer import FACTS, answer, prepare
from brushprint.saliency.occlusion import as_maps, drops, scaled, windows
from tests.conftest import REPOSITORY, contents, copy_project, encoded, model_of, picture, share, snakemake
from tests.unit.saliency.test_occlusion import listen

# All tests share one server and one browser.
pytestmark = pytest.mark.xdist_group("page")


STALE = "exports/sample/demo/models/removed.onnx"


def build(finished: Path, project: Path) -> None:
    copy_project(finished, project)
    (project / STALE).parent.mkdir(parents=True)
    (project / STALE).write_bytes(b"of a variant that is no more")
    told = re.findall(r"^snakemake (.*)$", (REPOSITORY / "docs/how-to/publish-the-page.md").read_text(), re.MULTILINE)
    for arguments in told:
        snakemake(project, *shlex.split(arguments))


@pytest.fixture(scope="module")
def project(finished: Path, tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A finished project whose page was built as docs/how-to/publish-the-page.md says."""
    return share("page", lambda project: build(finished, project), tmp_path_factory, worker_id)


@pytest.fixture(scope="module")
def demo(project: Path) -> Path:
    return project / "exports/sample/demo"


class Awake(NamedTuple):
    """A network that replaces the network of a variant, with the facts and the file that the page reads."""

    model: Model
    facts: dict
    file: Path

    def by_torch(self, content: bytes) -> float:
        """The probability of AI by the network itself."""
        return answer((self.logits(content) / self.facts["temperature"]).softmax(1)[0].numpy(), self.facts).ai

    def by_onnx(self, content: bytes) -> float:
        """The probability of AI by the page's ONNX file, in another runtime."""
        session = onnxruntime.InferenceSession(self.file)
        pictures = np.float32(prepare(content, self.facts)[None])
        return answer(session.run(["probabilities"], {"pictures": pictures})[0][0], self.facts).ai

    def logits(self, content: bytes) -> torch.Tensor:
        with torch.no_grad():
            return self.model.network(self.model.inputs(self.pixels(content)))

    def pixels(self, content: bytes) -> torch.Tensor:
        return torch.from_numpy(prepare(content, self.facts).copy()[None])


def parts(*names: tuple[str, ...]) -> dict[str, list[str]]:
    values = zip(*(("human" if of[0] == "human" else "ai", *of) for of in names), strict=True)
    return dict(zip(("class", "origin", "source", "style"), [[" ".join(of) for of in names], *values], strict=False))


# Networks that were trained for two epochs hardly depend on the picture. These networks, for 64 pixels a side, do.
OF_TWO_PARTS = [(source, style) for source in ("human", "latent_diffusion") for style in ("baroque", "realism")]
PUT_IN = {
    "simple-cnn": ("simple-cnn", "source_style", "lanczos", "imagenet", parts(*OF_TWO_PARTS)),
    "cifake-32": ("cifake", "origin", "nearest", "unit", {"class": ["ai", "human"], "origin": ["ai", "human"]}),
}


@pytest.fixture(scope="module")
def awake(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Awake]:
    """The networks in a copy of the page, by the variant that each of them replaces."""
    folder = tmp_path_factory.mktemp("awake") / "demo"
    shutil.copytree(demo, folder, copy_function=os.link)
    told = json.loads((folder / "models.json").read_text())
    found = {}
    for of in told["variants"]:
        architecture, task, resize, scaling, said = PUT_IN[of["name"]]
        torch.manual_seed(0)
        model = model_of(architecture, 64, said["class"], scaling=scaling)
        listen(model)
        of["facts"] |= {"task": task, "architecture": architecture, "classes": said["class"], "parts": said}
        of["facts"] |= {"image_size": 64, "resize": resize, "scaling": scaling, "temperature": 1.3}
        of["facts"]["band"] = {"low": 0.4, "high": 0.6}
        file = folder / of["file"]
        onnx_models.export(model, of["facts"], file)
        onnx_models.halve(file, file)
        found[of["name"]] = Awake(model, of["facts"], file)
    write_json(told, folder / "models.json")
    return found


@pytest.fixture(scope="module")
def address(awake: dict[str, Awake]) -> Iterator[str]:
    with server(awake["cifake-32"].file.parent.parent) as serving:
        threading.Thread(target=serving.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{serving.server_port}/"
        serving.shutdown()


@pytest.fixture
def visit(browser: Browser, address: str) -> Iterator[Callable[..., Page]]:
    """A function that opens the page in a browser with some settings; the page may contact only this one server."""
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


@pytest.fixture(scope="module")
def code(browser: Browser, address: str) -> Iterator[Page]:
    """The page, for tests that call its modules and change nothing in it."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(address)
    yield page
    context.close()


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


def about(project: Path) -> dict:
    return json.loads((project / "exports/sample/demo/models.json").read_text())


def noisy(size: tuple[int, int], seed: int = 0) -> Image.Image:
    """A picture with noise, so that each pixel matters."""
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


def workflow() -> PngInfo:
    """More text than some readers accept, as image generators write it."""
    text = PngInfo()
    text.add_text("workflow", "x" * 3_000_000, zip=True)
    return text


@cache
def files() -> dict[str, bytes]:
    """The contents of picture files in many formats and colour modes, by file name."""
    return {
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
        "workflow.png": encoded(noisy((70, 60)), "PNG", pnginfo=workflow()),
        "broken-exif.jpg": encoded(noisy((60, 70)), exif=b"Exif\0\0MM\0*\0\0\0\x08\0\x05\x01\x12"),
        "deep.png": encoded(Image.fromarray(np.asarray(noisy((60, 60)).convert("L")).astype(np.uint16) * 257), "PNG"),
    }


def test_each_kind_of_file_gets_the_answer_of_the_pipeline_and_of_another_runtime(
    awake: dict[str, Awake], page: Page
) -> None:
    found = {}
    for name, content in files().items():
        show(page, name, content)
        found[name] = shares(page)
    for variant, network in awake.items():
        for name, content in files().items():
            assert found[name][variant] == pytest.approx(network.by_torch(content), abs=1e-2), name
            assert found[name][variant] == pytest.approx(network.by_onnx(content), abs=1e-2), name
        assert np.ptp([shown[variant] for shown in found.values()]) > 0.05


INPUTS = """async ([content, facts]) => {
  const { decode, inputs } = await import(new URL("picture.js", location));
  const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
  return [...(await inputs(await decode(new Blob([bytes])), [facts])).values()].map((pixels) => [...pixels])[0];
}"""


def inputs(page: Page, content: bytes, facts: dict) -> np.ndarray:
    """The pixels that the page's own code gives a network."""
    found = page.evaluate(INPUTS, [base64.b64encode(content).decode(), facts])
    return np.array(found).reshape(facts["image_size"], facts["image_size"], 3)


def test_networks_see_the_same_pixels_as_in_the_pipeline(code: Page) -> None:
    for resize in ("nearest", "bicubic"):
        facts = {"image_size": 64, "resize": resize, "harmonise": None}
        for name, content in files().items():
            assert (inputs(code, content, facts) == prepare(content, facts)).all(), name


def test_harmonised_pictures_are_cropped_resized_and_encoded_as_in_the_pipeline(code: Page) -> None:
    for side, resize, encoding, quality in [
        (100, "lanczos", "jpeg", 90),
        (48, "bilinear", "jpeg", 40),
        (100, "nearest", "png", None),
    ]:
        harmonise = {"side": side, "resize": resize, "format": encoding, "quality": quality}
        facts = {"image_size": 64, "resize": "bicubic", "harmonise": harmonise}
        for name in ("coloured.jpg", "large.jpg", "transparent.png"):
            assert (inputs(code, files()[name], facts) == prepare(files()[name], facts)).all(), (harmonise, name)


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
def test_resizing_gives_the_same_bits_as_pillow(code: Page, resize: str, square: bool) -> None:
    generator = np.random.default_rng(0)
    how = Image.Resampling[resize.upper()]
    asked, wanted = [], []
    for _ in range(40):
        width, height, side = (int(value) for value in generator.integers(1, [90, 90, 40]))
        image = Image.fromarray(generator.integers(0, 256, (height, width, 3), dtype=np.uint8))
        fitted = ImageOps.fit(image, (side, side), how) if square else image.resize((side, side), how)
        asked.append([base64.b64encode(image.convert("RGBA").tobytes()).decode(), width, height, side, resize, square])
        wanted.append(np.asarray(fitted).ravel().tolist())
    assert code.evaluate(RESIZED, asked) == wanted


@pytest.mark.parametrize("view", ["crop", "crops-2x2", "crops-3x3"])
def test_crops_are_those_of_the_pipeline(code: Page, view: str) -> None:
    generator = np.random.default_rng(0)
    asked, wanted = [], []
    for _ in range(40):
        width, height, side = (int(value) for value in generator.integers(1, [90, 90, 20]))
        pixels = generator.integers(0, 256, (height, width, 3), dtype=np.uint8)
        image = Image.fromarray(pixels)
        rgba = base64.b64encode(image.convert("RGBA").tobytes()).decode()
        asked.append([rgba, width, height, 6 * side, view, False])
        wanted.append(square(image, 6 * side, view).ravel().tolist())
    assert code.evaluate(RESIZED, asked) == wanted


def test_a_picture_of_50_megapixels_is_read_in_stripes(awake: dict[str, Awake], page: Page) -> None:
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
    facts = awake["cifake-32"].facts
    assert (inputs(page, content, facts) == prepare(content, facts)).all()
    assert 0 < page.evaluate("window.most") <= 2**20
    show(page, "huge.jpg", content)
    assert "8000 × 6250 pixels" in page.inner_text("#caption")
    assert shares(page)["cifake-32"] == pytest.approx(awake["cifake-32"].by_torch(content), abs=1e-2)


def test_the_gallery_works_by_keyboard_and_shows_labels_after_the_answer(
    project: Path, awake: dict[str, Awake], page: Page
) -> None:
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
        expect(page.locator("#truth")).to_have_text(f"Its label: {told}.")
        content = (project / "exports/sample/demo" / of["file"]).read_bytes()
        assert shares(page)["cifake-32"] == pytest.approx(awake["cifake-32"].by_torch(content), abs=1e-2)
    show(page, "own.png", files()["plain.png"])
    assert page.inner_text("#truth") == ""
    assert page.locator("#pictures input:checked").count() == 0


def test_the_gallery_says_which_networks_were_trained_on_its_pictures(
    browser: Browser, address: str, project: Path, page: Page
) -> None:
    assert page.inner_text("#offer") == "or choose one that no network was trained on:"
    changed = about(project)
    changed["variants"][0]["fitted_to_tests"] = True
    with browser.new_context() as context:
        context.route("**/models.json", lambda route: route.fulfill(json=changed))
        other = context.new_page()
        other.goto(address)
        name = changed["variants"][0]["name"]
        told = f"or choose a test picture; after the tests, all of them were used to train {name}, too:"
        expect(other.locator("#offer")).to_have_text(told)


def test_the_networks_of_the_page_are_the_exported_ones(project: Path) -> None:
    for of in about(project)["variants"]:
        file = project / "exports/sample/demo" / of["file"]
        exported = project / f"exports/sample/onnx/{of['name']}-fp16.onnx"
        assert file.read_bytes() == exported.read_bytes()
        assert of["bytes"] == len(file.read_bytes())
        assert onnxruntime.InferenceSession(file).get_modelmeta().custom_metadata_map == {
            FACTS: json.dumps(of["facts"], sort_keys=True)
        }


def test_a_removed_variant_is_not_published(project: Path, demo: Path) -> None:
    assert not (project / STALE).exists()
    published = {str(file.relative_to(demo / "models")) for file in (demo / "models").iterdir()}
    assert published == {f"{of['name']}.onnx" for of in about(project)["variants"]}


def test_sources_and_styles_are_shown_if_the_task_includes_them(awake: dict[str, Awake], page: Page) -> None:
    content = files()["coloured.jpg"]
    show(page, "own.jpg", content)
    network = awake["simple-cnn"]
    said = answer((network.logits(content) / 1.3).softmax(1)[0].numpy(), network.facts)
    card = page.locator("[data-variant=simple-cnn]")
    assert card.locator("h4").all_inner_texts() == ["Origin", "Source", "Style"]
    told = dict(zip(card.locator("dt").all_inner_texts(), card.locator("dd").all_inner_texts(), strict=True))
    for name, probability in {**said.sources, **said.styles}.items():
        assert float(told[name.replace("_", " ")].split()[0]) / 100 == pytest.approx(probability, abs=1e-2)
    words = {"ai": "Calls it AI", "human": "Calls it human work", "unsure": "Unsure"}
    for variant, network in awake.items():
        verdict = decide(network.by_torch(content), network.facts["band"])
        assert page.inner_text(f"[data-variant={variant}] .verdict") == words[verdict]
    assert page.locator("[data-variant=cifake-32] h4").all_inner_texts() == ["Origin"]


def test_gallery_pictures_are_unchanged_test_pictures_of_the_archive(project: Path) -> None:
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


def test_a_picture_can_be_pasted_from_the_clipboard(awake: dict[str, Awake], visit: Callable[..., Page]) -> None:
    page = visit(permissions=["clipboard-read", "clipboard-write"])
    page.evaluate(
        """async (content) => {
          const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
          const file = new Blob([bytes], { type: "image/png" });
          await navigator.clipboard.write([new ClipboardItem({ "image/png": file })]);
        }""",
        base64.b64encode(files()["plain.png"]).decode(),
    )
    page.keyboard.press("Control+V")
    answered(page, "100 × 61 pixels")
    assert shares(page)["cifake-32"] == pytest.approx(awake["cifake-32"].by_torch(files()["plain.png"]), abs=1e-2)


def test_a_picture_can_be_dropped_anywhere_on_the_page(page: Page) -> None:
    dropped = page.evaluate_handle(
        """(content) => {
          const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
          const transfer = new DataTransfer();
          transfer.items.add(new File([bytes], "dropped.png", { type: "image/png" }));
          return transfer;
        }""",
        base64.b64encode(files()["plain.png"]).decode(),
    )
    page.dispatch_event("h1", "drop", {"dataTransfer": dropped})
    answered(page, "dropped.png")


def test_a_file_that_is_not_a_picture_is_reported_in_one_line_without_an_answer(page: Page) -> None:
    page.locator("#pictures label").first.click()
    expect(page.locator("#truth")).not_to_be_empty(timeout=30_000)
    others = {"photo.heic": encoded(noisy((60, 60)), "HEIF"), "scan.tif": encoded(noisy((60, 60)), "TIFF")}
    torn = files()["coloured.jpg"][:40]
    for name, content in (others | {"text": b"no picture", "nothing": b"", "torn": torn}).items():
        page.set_input_files("#file", {"name": name, "mimeType": "image/jpeg", "buffer": content})
        expect(page.locator("#trouble")).to_have_text(
            f"{name} is not a picture that this browser can open. If it is one, save it as PNG or JPEG."
        )
        expect(page.locator("#said")).to_have_text("No answer yet: choose a picture.")
        assert page.inner_text("#truth") == page.inner_text("#computed") == ""
        assert shares(page) == {}
        for old in ("#shown", "#where"):
            expect(page.locator(old)).to_be_hidden()
        show(page, "good.jpg", files()["coloured.jpg"])
        expect(page.locator("#trouble")).to_be_empty()
        assert set(shares(page)) == set(PUT_IN)
        expect(page.locator("#where")).to_be_visible()


def test_the_page_draws_the_same_map_as_the_package(awake: dict[str, Awake], page: Page) -> None:
    content = files()["coloured.jpg"]
    show(page, "looked-at.jpg", content)
    for variant, network in awake.items():
        page.select_option("#looker", variant)
        page.get_by_role("button", name="Draw the map").click()
        # Wait for the map of this variant, not of the one before.
        expect(page.locator("#explained")).to_contain_text(variant, timeout=60_000)
        hidden = windows(64, scaled(24, 64), scaled(6, 64))
        named = network.logits(content).argmax(1)
        [wanted] = as_maps(drops(network.model, network.pixels(content), named, hidden), hidden)
        found = page.evaluate("async () => [...(await import(new URL('where.js', location))).drawn]")
        assert np.abs(np.reshape(found, wanted.shape) - wanted).max() < 1e-2
        assert np.abs(wanted).max() > 0.02


def test_the_map_can_be_cancelled_by_keyboard_and_drawn_again(page: Page) -> None:
    show(page, "looked-at.png", files()["plain.png"])
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
    expect(page.locator("#progressed")).to_contain_text("The map is complete: 16 positions", timeout=60_000)
    page.fill("#opacity", "0.25")
    expect(page.locator("#map")).to_have_css("opacity", "0.25")


def test_a_stride_never_leaves_pixels_out(page: Page) -> None:
    show(page, "looked-at.png", files()["plain.png"])
    page.fill("#stride", "24")
    page.fill("#patch", "8")
    assert page.input_value("#stride") == "8"


def test_the_map_is_refined_from_every_fourth_place_to_all_places(code: Page) -> None:
    passes, filled = code.evaluate("""async () => {
      const { filled, passes } = await import(new URL("occlusion.js", location));
      return [passes(9), [...filled(Float32Array.from({ length: 81 }, (_, place) => place), 9, 4)]];
    }""")
    assert [len(of["places"]) for of in passes] == [9, 16, 56]
    assert sorted(place for of in passes for place in of["places"]) == list(range(81))
    rows, columns = np.divmod(passes[0]["places"], 9)
    assert set(rows) == set(columns) == {0, 4, 8}
    wanted = np.arange(81).reshape(9, 9)[::4, ::4].repeat(4, axis=0).repeat(4, axis=1)[:9, :9]
    assert np.reshape(filled, (9, 9)).tolist() == wanted.tolist()


def test_the_loaded_page_answers_offline(awake: dict[str, Awake], page: Page) -> None:
    page.context.set_offline(True)
    show(page, "own.png", files()["plain.png"])
    assert shares(page)["cifake-32"] == pytest.approx(awake["cifake-32"].by_torch(files()["plain.png"]), abs=1e-2)
    page.locator("#pictures label").nth(4).click()
    answered(page, "From the gallery")
    page.fill("#stride", "24")
    page.locator("#start").click()
    expect(page.locator("#progressed")).to_contain_text("The map is complete", timeout=60_000)


def test_a_network_that_cannot_be_loaded_is_reported_and_the_others_answer(browser: Browser, address: str) -> None:
    context = browser.new_context()
    context.route("**/models/simple-cnn.onnx", lambda route: route.abort())
    page = context.new_page()
    page.goto(address)
    line = "models/simple-cnn.onnx cannot be loaded: check the connection and try again."
    expect(page.locator("#trouble")).to_have_text(line, timeout=30_000)
    show(page, "own.png", files()["plain.png"])
    assert set(shares(page)) == {"cifake-32"}
    expect(page.locator("#trouble")).to_have_text(line)
    context.unroute("**/models/simple-cnn.onnx")
    show(page, "other.png", files()["plain.png"])
    assert set(shares(page)) == set(PUT_IN)
    context.close()


@pytest.mark.parametrize(
    ("missing", "told"),
    [
        ("worker.js", "see that all its files are on the server"),
        ("vendor/ort.wasm.min.mjs", "see that all its files are on the server"),
        ("models.json", "models.json cannot be loaded"),
    ],
)
def test_a_page_that_lacks_a_file_reports_that_it_could_not_start(
    browser: Browser, address: str, missing: str, told: str
) -> None:
    with browser.new_context() as context:
        context.route(f"**/{missing}", lambda route: route.fulfill(status=404))
        page = context.new_page()
        page.goto(address)
        expect(page.locator("#trouble")).to_contain_text(told)
        expect(page.locator("#starting")).to_contain_text("it could not start")


def test_a_page_without_a_server_reports_that_it_needs_one(browser: Browser, demo: Path) -> None:
    with browser.new_context() as context:
        page = context.new_page()
        page.goto((demo / "index.html").as_uri())
        expect(page.locator("#starting")).to_contain_text("needs a web server")


def test_the_starting_message_is_removed_once_the_page_has_started(page: Page) -> None:
    expect(page.locator("#starting")).to_have_count(0)


def test_a_worker_that_fails_later_is_reported_for_each_picture(browser: Browser, address: str) -> None:
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(address)
        expect(page.locator("html[data-ready]")).to_be_attached(timeout=30_000)
        page.workers[0].evaluate("() => { setTimeout(() => { throw new Error('out of memory'); }); }")
        for name in ("one.jpg", "two.jpg"):
            page.set_input_files("#file", {"name": name, "mimeType": "image/jpeg", "buffer": files()["large.jpg"]})
            expect(page.locator("#said")).to_have_text("No answer yet: choose a picture.")
            expect(page.locator("#trouble")).to_contain_text("or has failed: reload the page")


# A graphics card that fails every request for a device.
BROKEN_CARD = """() => {
  self.tried = 0;
  const requestAdapter = async (options) => {
    // The runtime, which asks too, has options.
    if (!options) self.tried += 1;
    return { info: {}, features: new Set(), limits: {}, requestDevice: () => Promise.reject(new Error("no device")) };
  };
  Object.defineProperty(navigator, "gpu", { value: { requestAdapter }, configurable: true });
}"""


TRIED = """(count) => new Promise((done) => {
  const look = () => (self.tried < count ? setTimeout(look, 50) : done());
  look();
})"""


def test_networks_continue_without_the_graphics_card_if_it_fails(page: Page) -> None:
    worker = page.workers[0]
    worker.evaluate(BROKEN_CARD)
    show(page, "own.png", files()["plain.png"])
    before = shares(page)
    worker.evaluate(TRIED, len(PUT_IN))
    show(page, "own.png", files()["plain.png"])
    assert shares(page) == before
    assert "WebGPU" not in page.inner_text("#computed")


def test_only_ticked_networks_answer(page: Page) -> None:
    show(page, "own.png", files()["plain.png"])
    page.get_by_role("checkbox", name="simple-cnn").uncheck()
    expect(page.locator(".card")).to_have_count(1)
    assert set(shares(page)) == {"cifake-32"}
    page.get_by_role("checkbox", name="cifake-32").uncheck()
    expect(page.locator("#said")).to_have_text("Tick a network to ask it.")
    expect(page.locator("#where")).to_be_hidden()


def test_each_network_shows_its_size_accuracy_baseline_and_limits(project: Path, page: Page) -> None:
    metrics, cards = (
        json.loads((project / "results/sample" / name).read_text())
        for name in ("variants/cifake-32/metrics.json", "cards.json")
    )
    chosen = page.locator(".choice:has([value=cifake-32])")
    expect(chosen.locator("ul")).to_be_hidden()
    assert "MB" in chosen.inner_text() and "For human or AI" in chosen.inner_text()
    chosen.get_by_text("Accuracy", exact=True).click()
    told = chosen.inner_text().replace("\xa0", " ")
    accuracy = metrics["test"]["accuracy"]
    interval = "{value:.1f} % ({low:.1f} % to {high:.1f} %)".format(**{name: 100 * of for name, of in accuracy.items()})
    assert interval in told
    assert f"always guessing the commonest class: {100 * metrics['test']['majority']:.1f} %" in told
    limits = page.inner_text("#limits")
    for section in cards["cifake-32"]:
        if section["heading"] in ("Out-of-scope uses", "False accusations and misses"):
            assert all(sentence in limits for sentence in section["sentences"])
    assert "synthetic sample" in page.inner_text("#synthetic").lower()
    assert "A score is not proof of authorship." in page.inner_text(".answers")


def test_each_card_states_the_thresholds_of_its_verdict(awake: dict[str, Awake], page: Page) -> None:
    expect(page.locator(".promise")).to_be_hidden()
    show(page, "own.png", files()["plain.png"])
    expect(page.locator(".promise")).to_contain_text("few human works are called AI and few AI works human")
    for card in page.locator(".card").all():
        told = card.locator(".cuts").inner_text().replace("\xa0", " ")
        assert told == "Called AI if the probability of AI is above 60.0 %. Called human if it is below 40.0 %."
        bar = card.locator("[data-of=ai]")
        assert [bar.evaluate(f"(bar) => bar.style.getPropertyValue('--{end}')") for end in ("low", "high")] == [
            "0.4",
            "0.6",
        ]


CARD = """async (band) => {
  const { card } = await import(new URL("cards.js", location));
  const facts = { band, parts: { origin: ["ai", "human"] } };
  const made = card({ name: "net", facts }, { said: "unsure", probabilities: [0.5, 0.5], ai: 0.5 });
  return [made.querySelector(".cuts").textContent, made.querySelector("[data-of=ai]").style.cssText];
}"""


def test_a_card_says_never_for_a_verdict_without_a_threshold(code: Page) -> None:
    told, style = code.evaluate(CARD, {"low": None, "high": 0.496})
    assert told.replace("\xa0", " ") == "Called AI if the probability of AI is above 49.6 %. Never called human."
    assert "--low" not in style and "--high: 0.496" in style


SAID = """async (asked) => {
  const { together, verdict } = await import(new URL("answer.js", location));
  return asked.map(([ais, band]) => together(ais.map((ai) => verdict(ai, band))).words);
}"""


def test_verdicts_are_in_plain_words_and_need_all_networks_to_agree(code: Page) -> None:
    band = {"low": 0.3, "high": 0.7}
    unsure = "Unsure: the networks cannot tell whether this is AI or human work."
    said = {
        "The network calls this AI.": ([0.8], band),
        "The networks call this human work.": ([0.1, 0.2], band),
        "Unsure: the network cannot tell whether this is AI or human work.": ([0.7], band),
        unsure: ([0.1, 0.5], band),
        "Unsure: the networks contradict each other.": ([0.1, 0.9], band),
    }
    assert code.evaluate(SAID, list(said.values())) == list(said)
    never = [([1.0, 1.0], {"low": 0.3, "high": None}), ([0.0, 0.0], {"low": None, "high": 0.7})]
    assert code.evaluate(SAID, never) == [unsure, unsure]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280], ids=["phone", "wide"])
def test_the_page_is_accessible_and_nothing_is_wider_than_the_screen(
    visit: Callable[..., Page], scheme: str, width: int
) -> None:
    page = visit(color_scheme=scheme, viewport={"width": width, "height": 800})
    assert violations(page) == []
    page.locator("#pictures label").nth(1).click()
    answered(page, "From the gallery")
    page.fill("#stride", "24")
    page.locator("#start").click()
    expect(page.locator("#progressed")).to_contain_text("The map is complete", timeout=60_000)
    page.locator(".choice summary").first.click()
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.set_input_files("#file", {"name": "bad.jpg", "mimeType": "image/jpeg", "buffer": b"no picture"})
    expect(page.locator("#trouble")).not_to_be_empty()
    assert violations(page) == []


def violations(page: Page) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [f"{rule['id']}: {node['html']}" for rule in found for node in rule["nodes"]]


class Elsewhere(BaseHTTPRequestHandler):
    """Answers every request, and records its path."""

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        self.send_response(200)
        self.send_header("Access-Control-Allow-Origin", "*")
        self.send_header("Cross-Origin-Resource-Policy", "cross-origin")
        self.end_headers()

    do_POST = do_GET  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing."""


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
# A worker starts another worker from an address, as the runtime starts its threads.
NESTED = """(address) => new Promise((done) => {
  const made = new Worker(new URL("probe.js", address), { type: "module" });
  made.onmessage = ({ data }) => done(data);
})"""


def reach_out(page: Page, address: str, url: str) -> list[str]:
    """Try every way to contact another server; return the outcomes of the ways that report one."""
    for name, attribute in [("img", "src"), ("script", "src"), ("link", "href"), ("iframe", "src")]:
        page.evaluate(INSERT, [name, attribute, f"{url}/{name}"])
    page.evaluate("(url) => navigator.sendBeacon(url)", f"{url}/beacon")
    worker = page.workers[0]
    found = [who.evaluate(FETCH, f"{url}/fetch") for who in (page, worker)]
    return [*found, worker.evaluate(NESTED, address)]


def test_neither_the_page_nor_a_worker_can_contact_another_server(
    browser: Browser, address: str, awake: dict[str, Awake], elsewhere: ThreadingHTTPServer
) -> None:
    url = f"http://127.0.0.1:{elsewhere.server_port}"
    probe = awake["cifake-32"].file.parent.parent / "probe.js"
    probe.write_text(f"postMessage(await ({FETCH})('{url}/nested'));")
    try:
        for bypass in (False, True):
            context = browser.new_context(bypass_csp=bypass)
            page = context.new_page()
            page.goto(address)
            expect(page.locator("html[data-ready]")).to_be_attached(timeout=30_000)
            found = reach_out(page, address, url)
            context.close()
            # Without the policy, every request would succeed, because the server answers all requests.
            assert (set(found), bool(elsewhere.asked)) == ({"reached" if bypass else "refused"}, bypass)
    finally:
        probe.unlink()


def test_the_page_uses_threads_if_the_server_allows_them(page: Page) -> None:
    show(page, "own.png", files()["plain.png"])
    assert page.evaluate("crossOriginIsolated")
    assert f"on {min(4, os.cpu_count())} thread" in page.inner_text("#computed")


def test_a_built_page_is_not_built_again_and_is_not_part_of_the_results(finished: Path, project: Path) -> None:
    for target in ("demo", "all"):
        assert "Nothing to be done" in snakemake(project, "-n", target)
    assert contents(project) == contents(finished)
