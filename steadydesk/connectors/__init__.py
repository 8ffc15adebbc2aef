"""Outside systems: one protocol, one file per kind; third parties add theirs by entry point."""
