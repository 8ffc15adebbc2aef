"""The read side: views that API and portal answer from, through one predicate of visibility."""
