"""`brushprint verify` checks whether a commit gives these results, byte for byte."""

from pathlib import Path

from brushprint.workflow.publish import differences
from tests.conftest import contents, run


def test_a_run_of_this_commit_elsewhere_on_one_core_gives_the_same_bytes(project: Path) -> None:
    said = run(project, "brushprint", "verify")
    assert said.endswith(f"\n{len(contents(project))} files are identical, byte for byte\n")
    assert not list((project / "scratch").glob("verify-*"))


def test_differences_from_the_results_of_this_commit_are_listed(tmp_path: Path) -> None:
    for name, content in {
        "here/a": "1",
        "here/b": "1",
        "there/b": "2",
        "there/c": "1",
        "here/d": "",
        "there/d": "",
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content)
    assert [line.removeprefix(f"{tmp_path}/") for line in differences(tmp_path / "here", tmp_path / "there")] == [
        "here/c: this commit produces it, but it is missing here",
        "here/a: this commit does not produce it",
        "here/b: this commit produces other bytes",
    ]
