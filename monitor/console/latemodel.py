"""Models of bodies and answers that are made ready when they are first used, as routes are (`lateroute`).

A daemon has two hundred of them, and a day asks for few: validators and serializers of all would be some megabytes.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class LateModel(BaseModel):
    """To be derived from. A declaration that is wrong is told by its first use, or by the description of the API.

    Requests are threads: pydantic makes a model in one of them while the others wait (since 2.14).
    """

    model_config = ConfigDict(defer_build=True)
