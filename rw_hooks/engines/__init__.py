"""What runs publications durably."""
