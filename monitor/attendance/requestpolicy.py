"""`[requests]`: who decides requests (申请审批), in which order, and how late one may be filed. Pure."""

from __future__ import annotations

from typing import Final, Literal, Self, TypeAlias, get_args

from pydantic import BaseModel, ConfigDict, Field, model_validator

RequestKind: TypeAlias = Literal["leave", "trip", "lieu", "outing", "cover", "correction", "return"]
"""请假, 出差, 调休, 外出, 顶岗, 补签, 销假."""
DecidingRole: TypeAlias = Literal["window_lead", "unit_head", "personnel", "supervision_head"]
REQUEST_KINDS: Final[tuple[RequestKind, ...]] = get_args(RequestKind)
RISING: Final[tuple[DecidingRole, ...]] = get_args(DecidingRole)
"""The lowest first: where nobody is there for a step, the next one up takes it."""


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ApprovalChain(_Strict):
    """A row of the table by which it is found who decides (审批权限): the first one that fits."""

    kinds: tuple[RequestKind, ...] = Field((), description="Of these requests; none: of all that are left.")
    up_to_days: float | None = Field(None, gt=0, description="Of so many working days at most; none: of any length.")
    roles: tuple[DecidingRole, ...] = Field(
        min_length=1, description="Who agrees, one after the other: roles of those who sign in, from below upwards."
    )

    @model_validator(mode="after")
    def _rising(self) -> Self:
        places = [RISING.index(role) for role in self.roles]
        if places != sorted(set(places)):
            raise ValueError(f"roles {', '.join(self.roles)}: name each once, in the order {', '.join(RISING)}")
        return self

    def fits(self, kind: str, days: float) -> bool:
        return (not self.kinds or kind in self.kinds) and (self.up_to_days is None or days <= self.up_to_days)


DEFAULT_CHAINS: Final = (
    ApprovalChain(kinds=("outing", "return"), roles=("window_lead",)),
    ApprovalChain(kinds=("correction",), roles=("window_lead", "personnel")),
    ApprovalChain(kinds=("cover",), roles=("unit_head", "personnel")),
    ApprovalChain(up_to_days=1, roles=("window_lead", "unit_head")),
    ApprovalChain(roles=("window_lead", "unit_head", "personnel")),
)
"""B06: the head of the unit agrees before anybody is away; B07: longer leave goes to the hall's office; B03: a
substitute is put on file there.
"""


class RequestPolicy(_Strict):
    """`[requests]`: requests on the console (请假、出差、调休、外出、顶岗、补签、销假)."""

    chains: tuple[ApprovalChain, ...] = Field(
        DEFAULT_CHAINS,
        min_length=1,
        description="Who decides which request, the first row that fits; the last row is for all that is left.",
    )
    late_days: int = Field(
        3,
        ge=0,
        description="So many working days after it began a request may still be filed (then a finding B04, B06);"
        " 0: only before. Corrections go by `checkin.correction_days`.",
    )

    @model_validator(mode="after")
    def _complete(self) -> Self:
        last = self.chains[-1]
        if last.kinds or last.up_to_days is not None:
            raise ValueError("chains: the last row has neither `kinds` nor `up_to_days`, so that each request fits one")
        return self

    def chain_of(self, kind: str, days: float) -> tuple[DecidingRole, ...]:
        """Who decides a request of this kind and so many working days, in order."""
        return next(chain.roles for chain in self.chains if chain.fits(kind, days))
