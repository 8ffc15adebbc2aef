"""`python -m steadydesk` is the `steadydesk` command."""

from steadydesk.cli import main

main()
