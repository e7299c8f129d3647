"""The desk of costs."""
