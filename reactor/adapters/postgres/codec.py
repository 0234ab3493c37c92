"""Core values to JSON columns and back; the only place that knows how the log and the journal spell them."""

from typing import Any

from pydantic import TypeAdapter

from reactor.core.changes import CHANGE_TYPES, STATE_TYPES, Change, State
from reactor.core.events import EVENT_TYPES, Event

_KINDS: dict[str, TypeAdapter[Any]] = {
    kind.__name__: TypeAdapter(kind) for kind in (*EVENT_TYPES, *CHANGE_TYPES, *STATE_TYPES)
}
_WRAPPED = TypeAdapter(dict[str, Any])


def dump_event(event: Event) -> str:
    """Return the JSON of an event; its kind stands in a column of its own."""
    return _dump(event)


def load_event(kind: str, payload: str) -> Event:
    """Return the event of a stored row; raises KeyError for a kind that this version does not know."""
    event: Event = _KINDS[kind].validate_json(payload)
    return event


def dump_change(change: Change) -> str:
    """Return the JSON of a change; its kind stands in a column of its own."""
    return _dump(change)


def load_change(kind: str, payload: str) -> Change:
    """Return the change of a stored row."""
    change: Change = _KINDS[kind].validate_json(payload)
    return change


def dump_state(state: State) -> str:
    """Return the JSON of a state; its kind travels inside, since two columns hold states."""
    return f'{{"kind": "{type(state).__name__}", "state": {_dump(state)}}}'


def load_state(payload: str) -> State:
    """Return the state of a stored column."""
    wrapped = _WRAPPED.validate_json(payload)
    state: State = _KINDS[wrapped["kind"]].validate_python(wrapped["state"])
    return state


def _dump(value: object) -> str:
    return _KINDS[type(value).__name__].dump_json(value).decode()
