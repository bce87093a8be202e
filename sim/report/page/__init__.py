"""`igsim report`: one self-contained HTML file of one or several run folders.

Start with `write.write_report`. `folder` reads; `run_results`, `psa_results` and `other_results` say what was found,
`study` what was asked and how, `validation` and `cheers` what speaks for it; `parts` is what all of them are made of.
The template only sets them out, and escapes all text.
"""
