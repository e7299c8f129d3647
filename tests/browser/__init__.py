"""A real browser before the real house: journeys of people, and a look at every page."""
