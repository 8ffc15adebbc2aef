"""Puts the portal into the application: its frame, its files, its pages."""

from fastapi import FastAPI

from api.portal import assets
from api.portal.frame import Frame
from api.portal.routes import ROUTERS


def add_portal(app: FastAPI) -> None:
    app.add_middleware(Frame)
    for router in (assets.router, *ROUTERS):
        app.include_router(router)
