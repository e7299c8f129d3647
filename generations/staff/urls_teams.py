"""Addresses of the desk of teams and of duties, under /admin/."""

from __future__ import annotations

from django.urls import URLPattern, path

from generations.staff import views_duties, views_team_acts, views_teams, views_viewing

urlpatterns: list[URLPattern] = [
    path("teams", views_teams.teams, name="staff_teams"),
    path("teams.csv", views_teams.teams_csv, name="staff_teams_csv"),
    path("teams/view/end", views_viewing.end, name="staff_view_end"),
    path("teams/adjustments/<str:public_id>", views_team_acts.adjustment, name="staff_adjustment"),
    path("teams/generations/<str:public_id>", views_teams.generation, name="staff_generation"),
    path("teams/<str:public_id>", views_teams.team, name="staff_team"),
    path("teams/<str:public_id>/statement", views_teams.statement, name="staff_team_statement"),
    path("teams/<str:public_id>/tables/<str:name>.csv", views_teams.table_csv, name="staff_team_csv"),
    path("teams/<str:public_id>/grant", views_team_acts.grant, name="staff_grant"),
    path("teams/<str:public_id>/adjust", views_team_acts.adjust, name="staff_adjust"),
    path("teams/<str:public_id>/view", views_viewing.begin, name="staff_view"),
    path("teams/<str:public_id>/act/<str:name>", views_team_acts.act, name="staff_act"),
    path("duties", views_duties.people, name="staff_duties"),
    path("duties.csv", views_duties.people_csv, name="staff_duties_csv"),
    path("duties/<int:pk>", views_duties.person, name="staff_person"),
]
