"""Alerts: what is watched, who is told, and their desk."""
