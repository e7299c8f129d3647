from django.apps import AppConfig


class GenerationsConfig(AppConfig):
    """The product."""

    name = "generations"
    default_auto_field = "django.db.models.BigAutoField"
