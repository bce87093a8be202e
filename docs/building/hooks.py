"""What MkDocs calls while it builds the site; see `docs.building`."""

from __future__ import annotations

import re
from typing import Any

from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files

from docs.building import commands, entries, equations, executed, messages, tables

REFERENCE = {
    "reference/entries.md": entries.page,
    "reference/commands.md": commands.page,
    "reference/tables.md": tables.page,
    "reference/messages.md": messages.page,
}
# Pages link to files of the repository that are not pages; on the site these are given by name alone.
OUTSIDE = re.compile(r"\[([^\]]+)\]\((?:\.\./)+(?!docs/)([^)]+)\)")


def on_files(files: Files, config: Any) -> Files:
    """Play the commands of every page, and add the reference and the pictures to the files of the site."""
    for path, write in REFERENCE.items():
        files.append(File.generated(config, path, content=write()))
    for file in [file for file in files.documentation_pages() if file.src_uri not in REFERENCE]:
        name = file.src_uri.removesuffix(".md")
        try:
            played = executed.play(name, file.content_string)
        except executed.CommandError as error:
            raise PluginError(str(error)) from error
        file.content_string = played.markdown
        for picture, content in played.pictures.items():
            files.append(File.generated(config, f"{name}/{picture}", content=content))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Equations as MathML; links out of the site as names."""
    if page.file.src_uri not in REFERENCE:
        markdown = equations.with_equations(markdown)
    return OUTSIDE.sub(lambda link: f"`{link[2]}`" if link[2] in link[1] else f"{link[1]} (`{link[2]}`)", markdown)
