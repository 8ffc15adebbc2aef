"""The page behind each problem's type."""

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from api.problems import PREFIX, refusals
from api.security import public
from steadydesk.errors import Refusal, UnknownRecord, all_refusals

router = APIRouter(prefix=PREFIX.rstrip("/"), tags=["problems"], dependencies=[Depends(public)])


class ProblemType(BaseModel):
    """One kind of refusal, and what to do about it."""

    type: str
    title: str
    status: int
    explanation: str


@router.get("")
async def list_problem_types() -> list[ProblemType]:
    """Every type of problem that the API answers with."""
    return [_described(refusal) for refusal in all_refusals()]


@router.get("/{slug}", responses=refusals(UnknownRecord))
async def read_problem_type(slug: str) -> ProblemType:
    """One of them: what it means, and what to do about it."""
    for refusal in all_refusals():
        if refusal.slug() == slug:
            return _described(refusal)
    raise UnknownRecord("There is no such type of problem.")


def _described(refusal: type[Refusal]) -> ProblemType:
    return ProblemType(
        type=PREFIX + refusal.slug(),
        title=refusal.title,
        status=refusal.status,
        explanation=refusal.explanation(),
    )
