"""The docs name only what there is: commands, options, topics, metrics, keys, files, make targets."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from monitor.ingest.decode import Message, decode, split_topic
from monitor.model import CHANNELS, Rejected
from monitor.ops.recorded import RECORDED
from monitor.settings import Policy, Settings

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))
import docs_tables  # noqa: E402 - a script, not part of the package

PAGES = docs_tables.pages()
CODE = re.compile(r"`(jiancha [^`]+)`")
FENCED = re.compile(r"```(?:sh|toml|)\n(.*?)```", re.DOTALL)
EMPTY_SHELL = {"$(date +%s%N)": "1", "$(date -Iseconds)": "2026-03-04T09:30:00+08:00"}


def page_id(page: Path) -> str:
    return str(page.relative_to(ROOT))


def command_lines(text: str) -> Iterator[list[str]]:
    """The words after `jiancha` wherever the text shows its use."""
    lines = [line for block in FENCED.findall(text) for line in block.splitlines()]
    used = [found[1] for line in lines if (found := re.search(r"(?:^|[\s/])(jiancha (?!:).*)$", line.split(" #")[0]))]
    for use in [*CODE.findall(text), *used]:
        words = shlex.split(use.split("|")[0])[1:]
        if words and words[0].isascii() and not words[0].startswith("FILE"):
            yield words


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_each_table_is_what_the_code_says(page: Path) -> None:
    text = page.read_text()
    assert docs_tables.filled(text) == text, "run: make docs"


def test_each_table_stands_in_some_page() -> None:
    shown = {found["name"] for page in PAGES for found in docs_tables.MARK.finditer(page.read_text())}
    assert shown == set(docs_tables.TABLES)


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_each_command_and_option_exists(page: Path) -> None:
    known = dict(docs_tables.commands())
    wrong = []
    for words in command_lines(page.read_text()):
        words = words[2:] if words[0] == "--config" else words
        if not words or words[0] in ("…", "--version"):
            continue
        name = next((n for n in (" ".join(words[:3]), " ".join(words[:2]), words[0]) if n in known), None)
        options = {w.split("=")[0] for w in words if w.startswith("-")}
        if name is None or not options <= {
            opt for param in known[name].params for opt in (*param.opts, *param.secondary_opts)
        } | {"--help"}:
            wrong.append(" ".join(words))
    assert wrong == []


def test_the_check_of_commands_sees_what_it_should() -> None:
    text = "`jiancha cards list`\n```sh\nX=1 jiancha run\n.venv/bin/jiancha --version\n```\n"
    assert list(command_lines(text)) == [["cards", "list"], ["run"], ["--version"]]


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_each_topic_is_one_of_ours(page: Path) -> None:
    topics = re.findall(r"jiancha/v1/([a-z0-9{}-]+)/([a-z]+)", page.read_text())
    assert {channel for _, channel in topics} <= set(CHANNELS)


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_each_metric_is_one_of_ours(page: Path) -> None:
    known = docs_tables.metrics()
    text = page.read_text()
    for recorded in RECORDED:  # Prometheus' own, named after the metric that they are worked out from
        text = text.replace(recorded.name, "")
    for name in re.findall(r"\bjiancha_[a-z_]+", text):
        assert re.sub(r"_(bucket|sum|count)$", "", name) in known, name


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_each_key_and_variable_is_one_of_ours(page: Path) -> None:
    text = page.read_text()
    sections = {name: field.annotation for name, field in Settings.model_fields.items()}
    for section, key in re.findall(r"\bJIANCHA_([A-Z]+)__([A-Z_]+?)(?:_FILE)?\b", text):
        model = sections[section.lower()]
        *below, last = key.lower().split("__")
        for name in below:
            model = model.model_fields[name].annotation
        assert last in model.model_fields, f"{section}__{key}"
    for section, key in re.findall(r"`policy\.([a-z]+)\.([a-z_]+)`", text):
        assert key in Policy.model_fields[section].annotation.model_fields, f"policy.{section}.{key}"


def headings(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub names them."""
    text = re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.DOTALL | re.MULTILINE)
    made: set[str] = set()
    for title in re.findall(r"^#+ (.*)$", text, re.MULTILINE):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", title).strip().lower()
        slug = re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")
        made.add(next(name for name in (slug, *(f"{slug}-{n}" for n in range(1, 99))) if name not in made))
    return made


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_each_link_leads_to_a_file_and_its_heading(page: Path) -> None:
    wrong = []
    for target, anchor in re.findall(r"\]\((?!https?:|mailto:)([^)#\s]*)(?:#([^)\s]*))?\)", page.read_text()):
        there = (page.parent / target) if target else page
        if not there.exists() or (anchor and there.suffix == ".md" and anchor not in headings(there)):
            wrong.append(f"{target}#{anchor}")
    assert wrong == []


def test_a_heading_is_found_by_the_name_that_links_give_it(tmp_path: Path) -> None:
    page = tmp_path / "x.md"
    page.write_text("# One · 一\n## Was it `told`?\n```\n# no heading\n```\n## 6. 一\n## 6. 一\n")
    assert headings(page) == {"one--一", "was-it-told", "6-一", "6-一-1"}


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_each_make_target_and_shipped_file_exists(page: Path) -> None:
    text = page.read_text()
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"^make ([a-z-]+)", text, re.MULTILINE)) <= targets
    for path in re.findall(r"\b((?:config|docs|scripts)/[\w./-]+\.\w+)", text):
        assert (ROOT / path).exists(), path


@pytest.mark.parametrize("name", ["README.md", "README.zh-CN.md"])
def test_each_message_that_the_readme_publishes_keeps_the_contract(name: str) -> None:
    lines = [line for line in (ROOT / name).read_text().splitlines() if line.startswith("mosquitto_pub ")]
    assert len(lines) >= 6
    for line in lines:
        for command, value in EMPTY_SHELL.items():
            line = line.replace(command, value)
        words = shlex.split(line)
        options = dict(zip(words[1:], words[2:], strict=False))
        device, channel = split_topic(options["-t"])
        assert options["-u"] == device
        assert options["-q"] == "1"
        assert ("-r" in words) == (channel == "status")
        message = Message(
            device=device,
            channel=channel,
            payload=options["-m"].encode(),
            received=datetime(2026, 3, 4, 1, 30, 1, tzinfo=UTC),
        )
        said = decode(message)
        assert not isinstance(said, Rejected), f"{line}: {said}"


def test_both_readmes_publish_the_same() -> None:
    def published(name: str) -> list[str]:
        lines = (ROOT / name).read_text().splitlines()
        return [line for line in lines if line.startswith(("mosquitto_pub", "curl", "jiancha", "make"))]

    assert published("README.md") == published("README.zh-CN.md")


def test_the_decision_on_renamed_libraries_is_told() -> None:
    told = [(ROOT / name).read_text() for name in ("README.md", "README.zh-CN.md")]
    told.append((ROOT / "docs" / "adr" / "0001-layout-and-libraries.md").read_text())
    for old in ("asyncio-mqtt", "face-recognition", "opencv-python"):
        assert all(old in text for text in told), old
