"""How API, activities and CLI reach the processes: one client, signed commands, by the contracts' names."""
