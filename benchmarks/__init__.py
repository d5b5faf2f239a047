"""What it costs: calls, seconds, memory and instructions, against the API's own limits."""
