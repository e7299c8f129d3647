from django.apps import AppConfig


class ProjectConfig(AppConfig):
    """The kernel: queue, clock, outbound client, health."""

    name = "project"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from project import checks, queue  # noqa: F401 - registers the checks; django_q needs its settings first

        queue.hide_from_admin()
