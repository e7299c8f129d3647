"""What people put on generations to find them again: favourites of a person, tags of a team."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower, Now, Trim

from accounts.models import Membership, Team
from generations.models.generation import Generation


class Favourite(models.Model):
    """A generation that one member marked. Others of the team do not see it."""

    team = models.ForeignKey(Team, models.CASCADE, related_name="+")
    membership = models.ForeignKey(Membership, models.CASCADE, related_name="favourites")
    generation = models.ForeignKey(Generation, models.CASCADE, related_name="favourites")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["membership", "generation"], name="favourite_once")]

    def __str__(self) -> str:
        return f"{self.generation_id} of member {self.membership_id}"


class Tag(models.Model):
    """A word of a team, of 1 to 40 characters; its case does not tell two apart."""

    LONGEST = 40

    team = models.ForeignKey(Team, models.CASCADE, related_name="tags")
    name = models.CharField(max_length=LONGEST)
    created_by = models.CharField(max_length=80)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint("team", Lower("name"), name="tag_name_once"),
            models.UniqueConstraint(fields=["id", "team"], name="tag_in_team"),
            models.CheckConstraint(condition=Q(name=Trim("name")) & ~Q(name=""), name="tag_name_is_a_word"),
        ]

    def __str__(self) -> str:
        return self.name


class Tagging(models.Model):
    """A tag on a generation."""

    team = models.ForeignKey(Team, models.CASCADE, related_name="+")
    tag = models.ForeignKey(Tag, models.CASCADE, related_name="taggings")
    generation = models.ForeignKey(Generation, models.CASCADE, related_name="taggings")
    created_by = models.CharField(max_length=80)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tag", "generation"], name="tagging_once")]

    def __str__(self) -> str:
        return f"{self.tag_id} on {self.generation_id}"
