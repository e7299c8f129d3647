"""Addresses of the pages about teams, members and invitations."""

from __future__ import annotations

from django.urls import path

from accounts import views_invitations, views_members, views_teams

urlpatterns = [
    path("team", views_members.team, name="team"),
    path("team/members/<str:public_id>/role", views_members.change_role, name="member_role"),
    path("team/members/<str:public_id>/remove", views_members.remove, name="member_remove"),
    path("team/leave", views_members.leave, name="team_leave"),
    path("team/invitations", views_invitations.invite, name="invite"),
    path("team/invitations/<str:public_id>/resend", views_invitations.resend, name="invitation_resend"),
    path("team/invitations/<str:public_id>/withdraw", views_invitations.withdraw, name="invitation_withdraw"),
    path("team/settings", views_teams.settings, name="team_settings"),
    path("team/rename", views_teams.rename, name="team_rename"),
    path("team/second-factor", views_teams.second_factor, name="team_second_factor"),
    path("team/hand-over", views_teams.hand_over, name="team_hand_over"),
    path("team/close", views_teams.close, name="team_close"),
    path("teams/new", views_teams.new_team, name="team_new"),
    path("teams/switch", views_teams.switch_team, name="team_switch"),
    path("teams/<str:public_id>/go", views_teams.go, name="team_go"),
    path("invitations/<str:token>", views_invitations.invitation, name="invitation"),
]
