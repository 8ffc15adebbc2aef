"""One ITSM process per file; ``workflows.registry`` lists what the worker registers."""
