"""What can be said of a page."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Place:
    """One page in one state.

    name    of its pictures
    route   the address's line in the table; None for what is at no address, as a missing page
    path    how it is opened; {…} are ids and links that the seed made
    who     who is signed in, "" for nobody (tests.browser.seed: owner … viewer of a team with one of everything,
            olive and max of a studio with a long history, nora of a team with nothing, fay with second factors,
            root of staff)
    state   full, empty, error, or another word for what it shows
    status  of the answer
    """

    name: str
    route: str | None
    path: str
    who: str = "owner"
    state: str = "full"
    status: int = 200

    def __str__(self) -> str:
        return f"{self.name}-{self.state}"
