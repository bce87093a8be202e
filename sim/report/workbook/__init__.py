"""Excel: the workbook of a run folder, and a scenario's parameters to a sheet and back.

`sheets` holds the conventions of every sheet (text is never a formula, numbers are numbers); `run_workbook` writes a
run; `parameters` writes the sheet of a scenario, `changes` reads an edited one, `toml_edit` puts changes into its
file.
"""
