"""Immich Reactor: tags, stacks and faces for new photos, journalled and reversible."""
