"""`python -m sim`, the same as the command `igsim`."""

from sim.cli import main

main()
