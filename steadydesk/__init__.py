"""Steadydesk's core: contracts, policies, records, connectors, configuration and the stack that runs them."""
