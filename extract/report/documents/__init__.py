"""The documentation site: the project's documents, the diagram of the tables, and dbt's lineage."""

import re
import shutil
from itertools import pairwise
from pathlib import Path
from posixpath import normpath

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

from extract.config.paths import documents
from extract.report.documents.diagram import draw
from extract.report.templates import template_environment

# The name of dbt's page on the site. models/overview.md links back from it.
LINEAGE = "lineage.html"
_ABSOLUTE = re.compile("[a-z]+:|#|//")


def write_documents(lineage: Path, folder: Path) -> Path:
    """Writes the site into a folder, which is replaced.

    Args:
        lineage: the page that `dbt docs generate --static` has written.
        folder: where to write.

    Returns:
        The first page.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    shutil.copy(lineage, folder / LINEAGE)
    sources = documents()
    pages = {
        path: "index.html" if path.name == "README.md" else f"{path.stem}.html" for path in sources
    }
    environment = template_environment("extract.report.documents")
    template = environment.get_template("page.html")
    titles = {}
    bodies = {}
    for path, name in pages.items():
        titles[name], bodies[name] = _render(path, pages, folder)
    style = (Path(__file__).parent / "page.css").read_text(encoding="utf-8")
    for name, body in bodies.items():
        page = template.render(
            titles=titles,
            current=name,
            lineage=LINEAGE,
            body=body,
            style=Markup(style),  # noqa: S704
        )
        (folder / name).write_text(page, encoding="utf-8")
    return folder / "index.html"


def _render(path: Path, pages: dict[Path, str], folder: Path) -> tuple[str, Markup]:
    """The title of a document, and the document as HTML."""
    # Our own documents: HTML in them is markup.
    markdown = MarkdownIt("commonmark", {"html": True}).enable("table")
    tokens = markdown.parse(path.read_text(encoding="utf-8"))
    _name_headings(tokens)
    for token in tokens:
        for child in token.children or ():
            for name in ("href", "src"):
                target = child.attrGet(name)
                if target and not _ABSOLUTE.match(str(target)):
                    if address := _address(str(target), path, pages, folder):
                        child.attrSet(name, address)
                    else:
                        # The text without a link, or instead of the picture.
                        del child.attrs[name]
                        child.type = "text" if name == "src" else child.type
        if token.type == "html_block":
            token.content = _with_addresses(token.content, path, pages, folder)
        if token.type == "fence" and token.info == "mermaid":
            token.type, token.content = "html_block", draw(token.content, LINEAGE)
    title = tokens[1].content
    html = markdown.renderer.render(tokens, markdown.options, {})
    # Wide tables and the diagram scroll inside the page.
    html = html.replace("<table>", '<div class="scroll" tabindex="0"><table>')
    html = html.replace("</table>", "</table></div>")
    return title, Markup(html)  # noqa: S704 - our own documents


def _name_headings(tokens: list[Token]) -> None:
    """Gives headings the ids that GitHub gives them, which links use."""
    seen: dict[str, int] = {}
    for token, text in pairwise(tokens):
        if token.type == "heading_open":
            words = re.sub(r"[^\w\- ]", "", text.content.lower()).replace(" ", "-")
            number = seen.get(words, 0)
            seen[words] = number + 1
            token.attrSet("id", f"{words}-{number}" if number else words)


def _with_addresses(html: str, path: Path, pages: dict[Path, str], folder: Path) -> str:
    """HTML with addresses of the site; nothing if one of its pictures is missing."""
    for target in set(re.findall('(?:src|srcset)="(.*?)"', html)):
        if not _ABSOLUTE.match(target):
            address = _address(target, path, pages, folder)
            if not address:
                return ""
            html = html.replace(f'"{target}"', f'"{address}"')
    return html


def _address(target: str, path: Path, pages: dict[Path, str], folder: Path) -> str | None:
    """The address on the site of what a document links to. Files that are no document are copied.

    Returns:
        The address; None for a folder, and for a file that does not exist, such as a picture in a
        wheel.
    """
    place, _, anchor = target.partition("#")
    file = Path(normpath(path.parent / place))
    if file in pages:
        return f"{pages[file]}#{anchor}" if anchor else pages[file]
    root = next(iter(pages)).parent
    if not file.is_file() or not file.is_relative_to(root):
        return None
    # With its folder: files of two folders may have the same name.
    copied = folder / "files" / file.relative_to(root)
    copied.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(file, copied)
    return copied.relative_to(folder).as_posix()
