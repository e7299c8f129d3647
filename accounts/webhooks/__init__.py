"""Webhooks to customers: events written with their fact, endpoints and their secrets, deliveries and their tries."""
