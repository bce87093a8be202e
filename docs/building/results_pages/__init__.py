"""The results pages: scenarios played, and what came of them told in tables, figures and sentences.

    python -m docs.building.results_pages                    every page of docs/results/
    python -m docs.building.results_pages structure          one of them

`settings` says what is played, `plays` plays it through the public interface and leaves run folders, `words` and
`worth` make sentences of their numbers, `across` of those of several settings, `pages` the pages; `markdown` sets
them out and `stamp` says of which scenarios and of which model a page was made, so that a stale one is noticed.
Nothing here holds a result: every number on a page is read from a run folder.
"""
