"""Stands in for the outside systems of the demo organisation, so that what is ordered there is carried out."""
