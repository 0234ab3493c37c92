"""The only code that is given writing clients."""
