"""How the documentation is built: commands are run, reference pages written from the code, equations made MathML.

`make docs` builds the site into `site/`; a command that fails, a broken link or a page that is in no menu ends it.

    hooks       what MkDocs calls
    executed    commands on a page, run in a folder of their own; their output and figures go onto the page
    equations   LaTeX to MathML, so that the site needs no script and no network
    entries     every scenario entry, from the schema
    commands    every command and option, from the command line itself
    tables      every file and column of a run folder, from runs
    messages    what is said of broken inputs, from the corpus of the tests
    results_pages  docs/results/, from run folders; `make results-pages` writes them, since they take minutes
"""
