"""What leaves the house: one guard over every outbound connection, and the exchange that passes it."""
