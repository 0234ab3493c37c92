"""Claim, run the reaction, carry out its changes, settle."""
