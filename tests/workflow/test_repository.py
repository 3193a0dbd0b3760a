"""Facts that the repository states in two places agree."""

import json
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import jsonschema
import pytest
import yaml

from brushprint.cli import reference
from brushprint.models.recipe import Augmentation, Recipe
from brushprint.settings.json_schema import json_schema
from tests.conftest import REPOSITORY, add_line, environment, run


def settings() -> dict:
    files = ("config/config.yaml", "config/recipes.yaml")
    return {key: value for file in files for key, value in yaml.safe_load((REPOSITORY / file).read_text()).items()}


def test_environment_yml_has_the_pins_of_the_lock() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    direct = [re.match(r"([\w-]+)(\[.*\])?", dependency) for dependency in project["dependencies"]]
    environment = yaml.safe_load((REPOSITORY / "environment.yml").read_text())["dependencies"]
    pins = dict(pin.split("==") for pin in environment[-1]["pip"] if "==" in pin)
    exported = run(REPOSITORY, *("uv", "export", "--locked", "--quiet", "--no-dev", "--no-hashes", "--no-emit-project"))
    locked = {}
    for name, version, marker in re.findall(r"^([\w-]+)==(\S+)(?: ; (.*))?$", exported, re.MULTILINE):
        if "python_full_version >= '3.12'" not in marker:
            locked[name] = version
    assert "python=3.11" in environment
    assert pins == {match[0]: locked[match[1]] for match in direct}


def test_the_stored_schema_for_editors_is_up_to_date() -> None:
    stored = json.loads((REPOSITORY / "workflow/schemas/config.schema.json").read_text())
    assert stored == json_schema(), "run `make generated`"


@pytest.mark.parametrize(
    "file",
    sorted({*(REPOSITORY / "config").glob("*.yaml")} - {REPOSITORY / "config/claims.yaml"}),
    ids=lambda file: file.name,
)
def test_a_shipped_settings_file_is_valid_under_the_schema(file: Path) -> None:
    jsonschema.validate(yaml.safe_load(file.read_text()), json_schema())


def keys(schema: dict, node: dict) -> set[str]:
    node = next((option for option in node.get("anyOf", []) if "$ref" in option), node)
    node = schema["$defs"][node["$ref"].rsplit("/", 1)[1]] if "$ref" in node else node
    entries = [option for entry in node.get("patternProperties", {}).values() for option in entry["anyOf"]]
    inner = [*node.get("properties", {}).values(), *entries]
    inner += [node["items"]] if "items" in node else []
    return set(node.get("properties", {})).union(*(keys(schema, child) for child in inner))


def test_every_setting_is_explained() -> None:
    whole = json_schema()
    explained = (REPOSITORY / "docs/reference/settings.md").read_text()
    assert [key for key in sorted(keys(whole, whole)) if not re.search(rf"\b{key}\b", explained)] == []


@pytest.mark.parametrize("page", ["settings", "commands", "results"])
def test_the_generated_reference_pages_are_up_to_date(page: str) -> None:
    name = f"docs/reference/{page}.md"
    assert (REPOSITORY / name).read_text() == reference.pages(REPOSITORY)[name], "run `make generated`"


def test_the_overlay_that_no_command_of_the_documentation_uses_is_valid() -> None:
    run(REPOSITORY, *["snakemake", "-n", "--quiet", "all", "--configfile", "config/human-ai-artwork.yaml"])


def declared_rules() -> dict[str, tuple[str | None, str]]:
    """By the name of each rule: the rule whose script and threads it uses (or None), and the text of the rule."""
    found = {}
    start = re.compile(r"^ *(?:use rule (\w+) as (\w+) with|(?:rule|checkpoint) (\w+)):$", re.MULTILINE)
    for file in (REPOSITORY / "workflow/rules").glob("*.smk"):
        _, *parts = start.split(file.read_text())
        for base, derived, name, body in zip(parts[::4], parts[1::4], parts[2::4], parts[3::4], strict=True):
            found[derived or name] = (base, body)
    return found


@pytest.mark.parametrize("profile", ["slurm"])
def test_the_cluster_profile_lists_the_rules_that_use_all_cores_and_those_of_networks(profile: str) -> None:
    stated = yaml.safe_load((REPOSITORY / f"profiles/{profile}/config.yaml").read_text())
    bodies = {rule: body for rule, (_, body) in declared_rules().items()}
    inherited = {rule: base for rule, (base, _) in declared_rules().items() if base}
    threaded = {rule for rule, body in bodies.items() if "threads: ALL_CORES" in bodies[inherited.get(rule, rule)]}
    assert set(stated["set-threads"]) == threaded
    networks = {
        rule
        for rule in bodies
        if re.search(r"\*\*PLAN\.(gpu|process_resources)", bodies[rule] + bodies[inherited.get(rule, rule)])
    }
    assert set(stated["set-resources"]) == networks


def test_dvc_declares_each_variant() -> None:
    stored = yaml.safe_load((REPOSITORY / "dvc.yaml").read_text())
    results = f"results/{settings()['collection']['name']}"
    variants = list(settings()["variants"])
    assert {name: artifact["path"] for name, artifact in stored["artifacts"].items()} == {
        name: f"{results}/variants/{name}/model.safetensors" for name in variants
    }
    plots = {title: spec for plot in stored["plots"] for title, spec in plot.items()}
    trained = [name for name in variants if name != "encoder-origin"]
    assert list(plots["Learning curves"]["y"]) == [f"{results}/variants/{name}/history.csv" for name in trained]
    assert list(plots["ROC curve"]["y"]) == [f"{results}/variants/{name}/roc.csv" for name in variants]
    assert [title for title in plots if "confusion" in title] == [f"{name} confusion" for name in variants]
    assert stored["metrics"] == [f"{results}/metrics.json"]


def test_the_diagram_of_rules_in_the_docs_is_up_to_date() -> None:
    drawn = re.search(r"```mermaid\n(.*?)```", (REPOSITORY / "docs/reference/rules.md").read_text(), re.DOTALL)[1]
    edges = {
        (start, end)
        for start, ends in re.findall(r"^  (\w+) --> (.*)$", drawn, re.MULTILINE)
        for end in ends.split(" & ")
    }
    # The collection has no results, because Snakemake would draw the outcome of a checkpoint that has run. One variant
    # uses augmented copies, so that their rules are drawn.
    changed = ("collection={name: none}", "variants={tapering-cnn: {split: augmented}}")
    graph = run(REPOSITORY, "snakemake", "--config", *changed, "--rulegraph", "mermaid-js")
    names = dict(re.findall(r"(id\d+)\[(\w+)\]", graph))
    found = {(names[start], names[end]) for start, end in re.findall(r"(id\d+) --> (id\d+)", graph)}
    assert edges == {(start, end) for start, end in found if end not in ("provenance", "checksums")}


# These rules differ in the figures that they draw; one script draws them all.
DRAWING = {"examples", "copies_examples", "corrupted_examples", "collection_figures", "figures"}


def test_every_rule_has_a_script_of_its_name_and_a_log() -> None:
    rules = declared_rules()
    scripts = {file.stem for file in (REPOSITORY / "workflow/scripts").glob("*.py")}
    script_of = {name: "figures" if name in DRAWING else base or name for name, (base, _) in rules.items()}
    assert set(script_of.values()) == scripts
    for name, (base, body) in rules.items():
        # A rule that uses another one (`use rule`) inherits its script, and therefore its code.
        assert (f'"../scripts/{script_of[name]}.py"' in body) == (base is None), name
        stated = body if "params:" in body else rules[base][1]
        assert re.search(rf"params:\s+\*code\(\"{script_of[name]}\"\)", stated), name
        assert len(re.findall(r'log:\s+f".*?\.log"', body)) == 1, name


def test_the_recipes_are_the_published_ones() -> None:
    ours = {name for name, values in settings()["recipes"].items() if "encoder" in values} | {"lite0-finetuned"}
    recipes = {name: Recipe(**values) for name, values in settings()["recipes"].items() if name not in ours}
    published = {
        name: (recipe.architecture, recipe.image_size, recipe.epochs, recipe.batch_size)
        for name, recipe in recipes.items()
    }
    assert published == {
        "tapering-cnn": ("tapering-cnn", 256, 50, 64),
        "resnet50-finetuned": ("torchvision/resnet50", 224, 20, 32),
        "resnet50-class-weights": ("torchvision/resnet50", 224, 20, 32),
        "efficientnet-b0": ("torchvision/efficientnet_b0", 224, 20, 32),
        "efficientnet-b0-imagenet": ("torchvision/efficientnet_b0", 224, 20, 32),
        "simple-cnn": ("simple-cnn", 32, 10, 64),
        "resnet18-frozen": ("torchvision/resnet18", 32, 10, 64),
        "resnet18-aggressive": ("torchvision/resnet18", 32, 10, 64),
        "resnet18-augmented": ("torchvision/resnet18", 32, 10, 64),
        "resnet18-224": ("torchvision/resnet18", 224, 10, 64),
        "conv3": ("conv3", 128, 20, 64),
        "cifake-32": ("cifake", 32, 15, 64),
        "cifake-128": ("cifake", 128, 10, 64),
    }
    twenty = {"simple-cnn", "resnet18-frozen", "resnet18-aggressive", "resnet18-augmented", "resnet18-224"}
    assert {name for name, recipe in recipes.items() if recipe.optimizer == "sgd"} == twenty
    assert {recipes[name].momentum for name in twenty} == {0.9}
    assert {recipes[name].patience for name in twenty} == {3}
    finetuned = {name for name, recipe in recipes.items() if recipe.fine_tuning}
    assert finetuned == {name for name, recipe in recipes.items() if recipe.loss == "binary-cross-entropy"}
    assert finetuned == {name for name in recipes if name.startswith(("resnet50", "efficientnet"))}
    pretrained = {name for name, recipe in recipes.items() if recipe.pretrained}
    assert pretrained == finetuned | twenty - {"simple-cnn"}
    assert (recipes["conv3"].dropout, recipes["conv3"].learning_rate) == (0.42, 0.005)
    assert recipes["conv3"].weight_decay > 0
    assert {recipes[name].resize for name in ("cifake-32", "cifake-128")} == {"nearest"}
    assert {name for name, recipe in recipes.items() if recipe.augmentation != Augmentation()} == {
        "resnet18-aggressive",
        "resnet18-augmented",
        "resnet18-224",
    }
    assert recipes["resnet18-224"].augmentation == recipes["resnet18-augmented"].augmentation
    assert {name for name, recipe in recipes.items() if recipe.class_weights} == {"resnet50-class-weights"}


def test_the_default_variants_have_the_task_and_split_of_their_study() -> None:
    variants = {name: (of["task"], of["split"], of["recipe"]) for name, of in settings()["variants"].items()}
    assert variants == {
        "tapering-cnn": ("origin", "natural", "tapering-cnn"),
        "resnet50-finetuned": ("origin", "augmented", "resnet50-finetuned"),
        "efficientnet-b0": ("origin", "augmented", "efficientnet-b0"),
        "simple-cnn": ("origin_style", "per-class", "simple-cnn"),
        "resnet18-frozen": ("origin_style", "per-class", "resnet18-frozen"),
        "resnet18-aggressive": ("origin_style", "per-class", "resnet18-aggressive"),
        "resnet18-augmented": ("origin_style", "per-class", "resnet18-augmented"),
        "resnet18-224": ("origin_style", "per-class", "resnet18-224"),
        "conv3-origin": ("origin", "natural", "conv3"),
        "conv3-source": ("source", "natural", "conv3"),
        "conv3-folder": ("folder", "natural", "conv3"),
        "cifake-32": ("origin", "balanced", "cifake-32"),
        "cifake-128": ("origin", "balanced", "cifake-128"),
        "encoder-origin": ("origin", "natural", "encoder-lite0"),
    }


@pytest.mark.parametrize("search_path", [None, "other/src"], ids=["no search path", "search path of the other"])
def test_a_checkout_runs_its_own_package_in_the_environment_of_another(
    project: Path, tmp_path: Path, search_path: str | None
) -> None:
    """The environment belongs to this repository, not to the checkout that runs."""
    shutil.copytree(project, tmp_path / "other", symlinks=True)
    add_line("src/brushprint/data/catalogue.py", '\nPath("imported").write_text(__file__)\n')(project)
    variables = environment(project)
    del variables["PYTHONPATH"]
    if search_path:
        variables["PYTHONPATH"] = str(tmp_path / search_path)
    command = [sys.executable, "-m", "snakemake", "--cores", "1", "results/sample/catalogue.parquet"]
    done = subprocess.run(command, cwd=project, env=variables, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert re.search(r"^ *\d+%  catalogue \(", done.stderr, re.MULTILINE)
    assert (project / "imported").read_text() == str(project / "src/brushprint/data/catalogue.py")
