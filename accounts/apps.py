from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Who you are and whose it is."""

    name = "accounts"
    default_auto_field = "django.db.models.BigAutoField"
