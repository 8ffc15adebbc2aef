"""The services of the running process, as a dependency of routes."""

from typing import Annotated

from fastapi import Depends, Request

from api.services import Services


def services_of_request(request: Request) -> Services:
    return request.app.state.services


ServicesOf = Annotated[Services, Depends(services_of_request)]
