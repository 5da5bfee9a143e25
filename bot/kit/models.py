"""Field helpers shared by every table."""

from __future__ import annotations

from enum import Enum
from typing import Any

from sqlalchemy import JSON, Column
from sqlmodel import Field

from bot.kit.db import UtcDateTime, str_enum


def moment(*, nullable: bool = False, index: bool = False) -> Any:
    """A column that holds an aware moment in UTC."""
    if nullable:
        return Field(default=None, sa_column=Column(UtcDateTime, nullable=True, index=index))
    return Field(sa_column=Column(UtcDateTime, nullable=False, index=index))


def state_of(kind: type[Enum], default: Enum, *, index: bool = False) -> Any:
    """A column that holds one of the states in `kind`."""
    return Field(default=default, sa_column=Column(str_enum(kind), nullable=False, index=index))


def document(default: type[dict[str, Any]] | type[list[Any]] = dict) -> Any:
    """A column that holds JSON."""
    return Field(default_factory=default, sa_column=Column(JSON, nullable=False))
