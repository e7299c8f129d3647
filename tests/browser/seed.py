"""`python -m tests.browser.seed`, with the environment of a running house: people and things for its pages to show.

Everything of tests.tenancy.scene (a team with one of everything), and beside it a studio with a long history, a team
with nothing, and a person with second factors. Prints tests.browser.house.Seeded as JSON.
"""

from __future__ import annotations

import hashlib
import json
import sys
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import django

django.setup()

from allauth.mfa.models import Authenticator  # noqa: E402
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes  # noqa: E402
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret  # noqa: E402
from django.conf import settings  # noqa: E402
from django.db import connection, transaction  # noqa: E402

from accounts import addresses, invitation_links, keys, roles, teams  # noqa: E402
from accounts.actors import Actor  # noqa: E402
from accounts.models import AddressChange, Invitation, Membership, Role, Team, User  # noqa: E402
from billing import ledger  # noqa: E402
from generations import idempotency, intake, labels, outcomes, removals, shares  # noqa: E402
from generations.models import Generation, Output, Reason  # noqa: E402
from generations.sandbox import films, pictures  # noqa: E402
from tests.accounts.mfa.security_key import SecurityKey  # noqa: E402
from tests.browser import seed_desks  # noqa: E402
from tests.pages.conftest import delivered, doubted, started  # noqa: E402
from tests.tenancy import scene  # noqa: E402
from tests.world import PASSWORD, person  # noqa: E402

PROMPTS = (
    "A paper boat sails down a rainy street at night",
    "Morning fog lifts from a valley of terraced tea gardens",
    "A red fox trots over fresh snow, seen from a low drone",
    "Close shot of a potter's hands shaping a tall vase",
    "An old lighthouse in a storm, waves breaking over the rocks",
    "A hummingbird drinks from an orange lily in slow motion",
    "Two children fly a kite on a wide beach at dusk",
    "Steam rises from a bowl of ramen on a wooden counter",
)
VIDEO, IMAGE = "veo-3.1-fast", "flux-kontext-pro"
IN_THE_STUDIO = 30  # generations with outputs: more than two pages of the history


@dataclass
class Seed:
    ids: dict[str, str] = field(default_factory=dict)
    sessions: dict[str, str] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    password: str = PASSWORD
    key: str = ""


def main() -> None:
    seed = Seed()
    # The limiter would spread these over minutes.
    settings.PROVIDER_LIMITS = {name: {**of, "creates": 10_000} for name, of in settings.PROVIDER_LIMITS.items()}
    # Passwords as the house itself keeps them: a weaker one is made anew at a sign-in, which ends all other sessions.
    whole = transaction.atomic()
    whole._from_testcase = True  # type: ignore[attr-defined]  # our durable writes are inside, as in a test
    with whole:
        world = scene.make_scene()
        seed.ids = dict(world.home.ids)
        for name, caller in world.browsers.items():
            if caller.session:
                seed.sessions[name] = caller.session
        _links(seed)
        _studio(seed)
        _nobody_yet(seed)
        _with_factors(seed)
        seed_desks.fill(seed)
        _files()
    sys.stdout.write(json.dumps(seed.__dict__))


def _links(seed: Seed) -> None:
    """What stands in mails of the scene's team: an invitation, a change of address."""
    change = AddressChange.objects.get(uuid=uuid.UUID(seed.ids["address_change"]))
    seed.links["address_change"] = f"/address-changes/{addresses.token(change, addresses.Side.NEW)}"
    invitation = Invitation.objects.get(team__name=seed.ids["name"])
    seed.links["invitation"] = f"/invitations/{invitation_links.token(invitation)}"


def _signed_in(name: str, user: User) -> str:
    session = scene._browser(name, user, frozenset()).session
    assert session is not None
    return session


def _of(team: Team, user: User) -> Actor:
    place = Membership.objects.select_related("user").get(team=team, user=user)
    return Actor(team=team, permissions=roles.of_role(place.role), membership=place)


def _made(actor: Actor, slug: str, prompt: str, **more: Any) -> Generation:
    row, _ = intake.accept(
        actor=actor,
        request=intake.Request(model=slug, input={"prompt": prompt, **more}),
        render=lambda made: idempotency.Answer(201, {"id": made.public_id}, {}),
    )
    assert row is not None
    return row


def _studio(seed: Seed) -> None:
    """Olive's studio with Max: a long history, some of it failed or in doubt, by pages and by a key."""
    olive, maxim = person("olive"), person("max")
    for user, name in ((olive, "Olive Ortega"), (maxim, "Max Lind")):
        User.objects.filter(pk=user.pk).update(name=name)
    team = teams.create(name="Northlight Studio", owner=olive)
    Membership.objects.create(team=team, user=maxim, role=Role.MEMBER)
    scene.bought(team, 100_000_000, 5_000_000, membership=Membership.objects.get(team=team, user=olive))
    row, seed.key = keys.issue(team=team, name="Render farm", scopes=list(roles.SCOPES), by=olive)
    program = Actor(team=team, permissions=roles.of_scopes(list(roles.SCOPES)), api_key=row)
    actors = (_of(team, olive), _of(team, maxim), program)
    in_doubt = doubted(_made(actors[0], VIDEO, "A whale breaches beside a small sailing boat"))
    failed = started(_made(actors[1], VIDEO, "A crowd in front of a burning stage"))
    outcomes.fail(generation_id=failed.pk, reason=Reason.CONTENT_REFUSED)
    canceled = _made(actors[0], IMAGE, "A poster for a film that is not made")
    outcomes.cancel(generation_id=canceled.pk, actor="test")
    made: list[Generation] = []
    for at in range(IN_THE_STUDIO):
        slug, prompt = (VIDEO if at % 3 == 0 else IMAGE), PROMPTS[at % len(PROMPTS)]
        done = delivered(_made(actors[at % 3], slug, prompt))
        made.append(done)
        seed.ids["video" if slug == VIDEO else "image"] = done.public_id
    seed.links["share"] = shares.link(
        shares.make(by=actors[0], generation=done, days=7, shows_inputs=True)
    ).removeprefix(settings.SITE_URL)
    labels.tag(actor=actors[0], generations=made[-3:], name="launch")
    labels.favour(actor=actors[0], generations=made[-5:])
    removals.remove(actor=actors[0], generations=made[:1])
    seed.ids["removed"] = made[0].public_id
    batch, _ = scene._batch(team, Membership.objects.get(team=team, user=olive), PROMPTS[6])
    seed.ids |= {"studio_batch": batch.public_id}
    seed.ids |= {"doubted": in_doubt.public_id, "failed": failed.public_id, "canceled": canceled.public_id}
    seed.ids |= {"studio_key": row.public_id, "studio_team": team.public_id}
    seed.sessions |= {"olive": _signed_in("olive", olive), "max": _signed_in("max", maxim)}


def _nobody_yet(seed: Seed) -> None:
    """Nora's team has nothing: no credit, no generation, no key."""
    nora = person("nora")
    team = teams.create(name="Nora's team", owner=nora)
    ledger.open_wallet(team)
    seed.sessions["nora"] = _signed_in("nora", nora)


def _with_factors(seed: Seed) -> None:
    """Fay has an app, recovery codes and a passkey."""
    fay = person("fay")
    team = teams.create(name="Fay's team", owner=fay)
    ledger.open_wallet(team)
    TOTP.activate(fay, generate_totp_secret())
    RecoveryCodes.activate(fay)
    asked = {"publicKey": {"user": {"id": "AA"}, "challenge": "AA"}}
    passkey = Authenticator.objects.create(
        user=fay, type="webauthn", data={"name": "Laptop", "credential": SecurityKey().make(asked)}
    )
    seed.ids["passkey_pk"] = str(passkey.pk)
    seed.sessions["fay"] = _signed_in("fay", fay)


def _files() -> None:
    """The files of the outputs: pictures by their prompt, one short clip for all videos. The rows hear their true
    length, which a frozen table allows only like this."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
    clip, _, _ = films.film(PROMPTS[0], 0, None, 480, 2, None)
    drawn: dict[str, tuple[bytes, bytes]] = {}
    for output in Output.objects.select_related("generation"):
        prompt = str(output.generation.input["prompt"])
        if prompt not in drawn:
            image = pictures.canvas(prompt, 0, (640, 360), None)
            image = pictures.write(pictures.caption(prompt, image.size), image)
            drawn[prompt] = pictures.encode(image, "png"), pictures.encode(image.resize((480, 270)), "webp")
        picture, preview = drawn[prompt]
        result = clip if output.kind == "video" else picture
        whole = {"bytes": len(result), "sha256": hashlib.sha256(result).hexdigest()}
        Output.objects.filter(pk=output.pk).update(**whole)
        for name, data in ((output.name, result), (output.preview, preview)):
            path = Path(settings.MEDIA_ROOT) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)


if __name__ == "__main__":
    main()
