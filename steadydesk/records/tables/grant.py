"""The register of grants: who has what, since when, until when, approved by whom."""

from sqlalchemy import Column, Index, Table, Text

from steadydesk.records.tables.base import Document, Instant, metadata

grant_register = Table(
    "grant_register",
    metadata,
    Column("number", Text, primary_key=True),
    Column("request", Text, nullable=False),
    Column("line", Text, nullable=False),
    Column("step", Text, nullable=False),
    Column("holder", Text, nullable=False, index=True),
    Column("entitlement", Document, nullable=False),
    Column("state", Text, nullable=False, comment="A value of contracts.grant.GrantState."),
    Column("approved_by", Document, nullable=False),
    Column("granted_at", Instant, nullable=False),
    Column("expires_at", Instant),
    Column("revoked_at", Instant),
    Column("reason", Text),
)
Index("ix_grant_register_request", grant_register.c.request)
