"""What is said of inputs that cannot be used, from the corpus of broken inputs that the tests go through."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ABOUT = """
Written from the broken inputs that the tests try one by one. Every message names the place, the value found and what
is allowed; all faults of an input are named at once; exit status is 2, and nothing is written. `{here}` stands for
the folder of the file, `{scenarios}` for that of the shipped scenarios.
"""
HEADINGS = {
    "cohort": "Cohorts of real patients",
    "psa_table": "Tables of costs and QALYs",
    "run_folder": "Run folders",
    "options": "Command lines",
}


def page() -> str:
    """Every fault of the corpus with its message, by kind of input."""
    lines = ["# Error messages", ABOUT]
    lines += _section("Scenarios", ROOT / "tests" / "scenario" / "faults", lambda path: path.with_suffix(".txt"))
    corpus = ROOT / "tests" / "bad_input" / "corpus"
    for folder in sorted(path for path in corpus.iterdir() if path.is_dir()):
        heading = HEADINGS.get(folder.name, folder.name.replace("_", " ").capitalize())
        lines += _section(heading, folder, lambda path: path.with_name(f"{path.name}.txt"))
    return "\n".join(lines)


def _section(heading: str, folder: Path, message_of) -> list[str]:
    lines = [f"## {heading}", ""]
    for path in sorted(folder.iterdir()):
        message = message_of(path)
        if path.suffix == ".txt" or not message.is_file():
            continue
        words = path.name.split(".")[0].replace("-", " ")
        lines += [f"**{words}**", "", "```text", message.read_text(encoding="utf-8").strip(), "```", ""]
    return lines
