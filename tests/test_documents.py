"""What the documents say exists, and what exists is documented."""

from __future__ import annotations

import re
from pathlib import Path

from click.testing import CliRunner

from t3actors.cli.exits import Exit
from t3actors.cli.verbs import VERBS, main
from t3actors.collect.modbus import profile_page
from t3actors.collect.modbus.profiles import profiles
from t3actors.events import CATALOGUE, LogEvent
from t3actors.watch.catalogue import event_modules, page

SAID_BY_THE_SYSTEM = {"Name or service not known"}
ROOT = Path(__file__).parent.parent
SOURCES = "\n".join(
    path.read_text("utf-8") for path in (ROOT / "t3actors").rglob("*.py") if path.parent.name != "events"
)


def text(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


def test_the_page_of_log_events_is_the_catalogue() -> None:
    assert text("docs/log-events.md") == page(), "python -m t3actors.watch.catalogue > docs/log-events.md"


def test_the_page_of_profiles_is_made_from_their_data_files() -> None:
    made = "python -m t3actors.collect.modbus.profile_page > docs/profiles.md"
    assert text("docs/profiles.md") == profile_page.page(), made


def test_every_profile_is_named_in_the_sample() -> None:
    sample = text("config/t3-panels.toml")
    assert [name for name in profiles() if f'"{name}"' not in sample] == []


def test_every_event_of_the_catalogue_is_logged_somewhere() -> None:
    names = {
        value.name: name
        for module in event_modules()
        for name, value in vars(module).items()
        if isinstance(value, LogEvent)
    }
    words = set(re.findall(r"\w+", SOURCES))
    unused = [name for name in CATALOGUE if names[name] not in words]
    assert unused == []


def test_every_verb_is_in_the_help_and_in_the_operating_page() -> None:
    told = CliRunner().invoke(main, ["--help"]).output
    for verb in VERBS:
        assert verb in told
        assert f"t3actors {verb}" in text("README.md") + text("docs/operating.md"), verb


def test_every_exit_code_is_in_the_operating_page() -> None:
    for code in Exit:
        assert f"| {code.value} |" in text("docs/operating.md"), code


def test_every_reason_of_the_operating_page_is_said_in_these_words() -> None:
    table = text("docs/operating.md").split("| reason says |")[1].split("\n\n")[0]
    reasons = re.findall(r"^\| ([^|]+) \|", table, re.MULTILINE)
    assert len(reasons) >= 5
    assert [reason for reason in reasons if reason not in {"---", *SAID_BY_THE_SYSTEM} and reason not in SOURCES] == []


def test_the_picture_is_the_same_in_the_readme_and_the_architecture() -> None:
    picture = text("README.md").split("```")[1]
    assert picture in text("docs/architecture.md")
    for name in ("DeviceActor", "ChangeDetector", "DatabaseWriter"):
        assert name in text("t3actors/pipeline.py")


def test_every_link_of_the_documents_leads_somewhere() -> None:
    for page_path in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]:
        for target in re.findall(r"\]\((?!http)([^)#]+)\)", page_path.read_text("utf-8")):
            assert (page_path.parent / target).exists(), f"{page_path.name} -> {target}"


def anchors(page_path: Path) -> set[str]:
    """As GitHub makes them of the headings."""
    headings = re.findall(r"^#+ (.+)$", page_path.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_link_to_a_section_leads_to_its_heading() -> None:
    for page_path in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]:
        for target, section in re.findall(r"\]\((?!http)([^)#]*)#([^)]+)\)", page_path.read_text("utf-8")):
            there = page_path.parent / target if target else page_path
            assert section in anchors(there), f"{page_path.name} -> {target}#{section}"


def test_every_section_of_the_operating_page_can_be_found_from_its_head() -> None:
    page_path = ROOT / "docs" / "operating.md"
    head = page_path.read_text("utf-8").split("\n## ")[0]
    linked = set(re.findall(r"\]\(#([^)]+)\)", head))
    assert anchors(page_path) - linked == {"operating"}


def test_decisions_are_numbered_and_each_says_its_own_number() -> None:
    pages = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    assert [int(page_path.name[:4]) for page_path in pages] == list(range(1, len(pages) + 1))
    for number, page_path in enumerate(pages, 1):
        assert page_path.read_text("utf-8").startswith(f"# {number}. "), page_path


def test_the_readme_has_exactly_two_set_up_commands() -> None:
    commands = re.findall(r"^python3 -m venv .*$", text("README.md"), re.MULTILINE)
    assert commands == [
        "python3 -m venv .venv && .venv/bin/pip install . && .venv/bin/t3actors demo",
        "python3 -m venv .venv && .venv/bin/pip install -e '.[test]' && .venv/bin/python -m pytest -n auto --dist worksteal",
    ]
