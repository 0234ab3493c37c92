"""The program's table of contents: every reaction there is."""

from reactor.config import Settings
from reactor.routing import Router, merge
from reactor.stages import actions, archive, classify, cover, embed, faces, keep, orders, stack, tidy, veto


def table_of_contents(settings: Settings) -> Router:
    """Return every reaction, in the order in which they are read."""
    labels = classify.router.with_concurrency(settings.classification.concurrency)
    reactions = [embed.router, labels, keep.router, archive.router, actions.router, orders.router, veto.router]
    reactions.append(tidy.router)
    if settings.stacks.enabled:
        reactions += [stack.router, cover.router]
    if settings.face_library() is not None:
        reactions.append(faces.router)
    return merge(reactions)
