"""What a node computes and why."""
