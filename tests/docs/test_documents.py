"""The documentation site, without dbt's part."""

import re
import shutil
from pathlib import Path

import pytest

from extract.config.paths import documents
from extract.report.documents import LINEAGE, write_documents


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    lineage = folder / "static_index.html"
    lineage.write_text("dbt's page")
    (folder / "docs").mkdir()
    (folder / "docs" / "old.html").write_text("of an earlier version")
    return write_documents(lineage, folder / "docs").parent


def test_every_document_is_a_page_and_the_old_site_is_gone(site: Path) -> None:
    names = {path.name for path in site.glob("*.html")}
    assert names == {"index.html", LINEAGE} | {f"{path.stem}.html" for path in documents()} - {
        "README.html"
    }
    assert (site / LINEAGE).read_text() == "dbt's page"
    for page in site.glob("*.html"):
        if page.name != LINEAGE:
            text = page.read_text(encoding="utf-8")
            assert set(re.findall('<li><a href="(.*?)"', text.partition("</nav>")[0])) == names


def links(site: Path) -> set[tuple[str, str, str]]:
    """Relative links and pictures of all pages: page, file, anchor. Each leads to something."""
    found = set()
    for page in set(site.glob("*.html")) - {site / LINEAGE}:
        text = page.read_text(encoding="utf-8")
        for target in re.findall('(?:href|src|srcset)="(.*?)"', text):
            if target.startswith(("http", f"{LINEAGE}#!")):
                continue
            name, _, anchor = target.partition("#")
            file = site / name if name else page
            assert file.is_file(), (page.name, target)
            if anchor:
                assert f'id="{anchor}"' in file.read_text(encoding="utf-8"), (page.name, target)
            found.add((page.name, name, anchor))
    return found


def test_links_lead_to_files_and_headings_that_exist(site: Path) -> None:
    found = links(site)
    assert any(anchor for *_, anchor in found)
    names = {name for _, name, _ in found}
    assert {"files/docs/postgres/setup.sql", "tables.html", "DECISIONLOG.html"} <= names


def test_files_of_the_same_name_are_two(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    readme = tmp_path / "README.md"
    readme.write_text("# Title\n\n[one](a/x.txt) [other](b/x.txt)\n")
    for name in "ab":
        (tmp_path / name).mkdir()
        (tmp_path / name / "x.txt").write_text(name)
    monkeypatch.setattr("extract.report.documents.documents", lambda: [readme])
    (tmp_path / "static_index.html").touch()
    site = write_documents(tmp_path / "static_index.html", tmp_path / "site").parent
    found = {name for _, name, _ in links(site) if name.startswith("files/")}
    assert {(site / name).read_text() for name in found} == {"a", "b"}


def test_without_pictures_as_in_a_wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copies = []
    for path in documents():
        copy = tmp_path / ("README.md" if path.name == "README.md" else f"docs/{path.name}")
        copy.parent.mkdir(exist_ok=True)
        copies.append(Path(shutil.copy(path, copy)))
    monkeypatch.setattr("extract.report.documents.documents", lambda: copies)
    (tmp_path / "static_index.html").touch()
    index = write_documents(tmp_path / "static_index.html", tmp_path / "site")
    assert not any(name.startswith("files/") for _, name, _ in links(index.parent))
    assert "<img" not in index.read_text(encoding="utf-8")


def test_the_diagram_has_every_table_once(site: Path) -> None:
    text = (site / "tables.html").read_text(encoding="utf-8")
    assert "erDiagram" not in text
    boxes = re.findall(rf'{LINEAGE}#!/model/model\.sportmonks\.([a-z_]+)"><rect', text)
    source = next(path for path in documents() if path.name == "tables.md").read_text()
    diagram = source.partition("```mermaid")[2].partition("```")[0]
    named = set(re.findall(r"^    ([a-z_]+) (?:[|o}{]+--|\{)", diagram, re.M))
    named |= set(re.findall(r"--[|o}{]+ ([a-z_]+) :", diagram))
    assert sorted(boxes) == sorted(named)
    places = re.findall('<rect x="(.*?)" y="(.*?)"', text)
    assert len(set(places)) == len(places) == len(boxes)
    assert text.count('<path d="M') == diagram.count(" : ")
