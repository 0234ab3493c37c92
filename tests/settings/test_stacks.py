"""The numbers by which photos are stacked: each can be set, and what contradicts itself is refused at the start."""

from dataclasses import replace
from pathlib import Path

import pytest

from reactor.config import Settings, StackSettings, load_settings
from reactor.core.errors import StartError
from reactor.core.stack_policy import StackPolicy

pytestmark = pytest.mark.usefixtures("empty_place")

ALL = {
    "gap_seconds": ("gap_s", 4.5),
    "span_seconds": ("maximum_span_s", 60.0),
    "size": ("maximum_size", 12),
    "bracket_seconds": ("bracket_s", 1.0),
    "high": ("share", 0.8),
    "low": ("wide_share", 0.5),
    "high_clip": ("high_clip", 0.9),
    "low_clip": ("low_clip", 0.8),
    "phash_strict": ("near_phash", 4),
    "phash_loose": ("wide_phash", 12),
    "copy_share": ("copy_share", 0.95),
    "copy_phash": ("copy_phash", 3),
    "cover": ("cover", "first"),
    "extend_user_stacks": ("extend_user_stacks", True),
}


def test_without_a_word_the_rule_is_the_joint_one() -> None:
    assert load_settings().stack_policy() == StackPolicy()


def test_the_auto_stackers_rule_brings_its_own_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REACTOR_STACKS__RULE", "auto-stacker")
    policy = load_settings().stack_policy()
    assert (policy.rule, policy.high_clip, policy.low_clip) == ("auto-stacker", 0.94, 0.90)
    assert (policy.near_phash, policy.wide_phash) == (3, 5)


@pytest.mark.parametrize("setting", ALL)
def test_each_number_can_be_set(empty_place: Path, setting: str) -> None:
    name, value = ALL[setting]
    (empty_place / "reactor.yaml").write_text(f"stacks: {{{setting}: {value}}}\n")
    assert load_settings().stack_policy() == replace(StackPolicy(), **{name: value})  # type: ignore[arg-type]  # its fields


def test_no_number_of_the_policy_is_out_of_reach() -> None:
    reached = {name for name, _ in ALL.values()} | {"rule", "review_share"}
    assert reached == set(vars(StackPolicy()))
    assert {*ALL, "rule", "enabled", "quiet_seconds", "patience_seconds", "batch"} == set(StackSettings.model_fields)


def test_the_auto_stackers_variables_are_heard_in_either_rule(
    empty_place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (empty_place / "reactor.yaml").write_text("high_clip: 0.5\nstacks: {low_clip: 0.5, gap_seconds: 7}\n")
    for name, value in {"HIGH_CLIP": "0.95", "LOW_CLIP": "0.91", "PHASH_STRICT": "2", "PHASH_LOOSE": "8"}.items():
        monkeypatch.setenv(name, value)
    for rule in ("joint", "auto-stacker"):
        monkeypatch.setenv("REACTOR_STACKS__RULE", rule)
        policy = load_settings().stack_policy()
        assert (policy.rule, policy.gap_s, policy.share) == (rule, 7.0, StackPolicy().share)
        assert (policy.high_clip, policy.low_clip, policy.near_phash, policy.wide_phash) == (0.95, 0.91, 2, 8)


def test_no_stack_outgrows_a_limit_that_was_set_lower(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REACTOR_LIMITS__STACK_SIZE", "40")
    assert load_settings().stack_policy().maximum_size == 40


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("stacks: {low: 0.8}", r"low \(0.8\) is above high \(0.74\)"),
        ("stacks: {high_clip: 0.9, low_clip: 0.95}", r"LOW_CLIP \(0.95\) is above HIGH_CLIP \(0.9\)"),
        ("stacks: {rule: auto-stacker, high_clip: 0.85}", r"LOW_CLIP \(0.9\) is above HIGH_CLIP \(0.85\)"),
        ("stacks: {phash_loose: 5}", r"PHASH_LOOSE \(5\) is below PHASH_STRICT \(6\)"),
        ("stacks: {rule: auto-stacker, phash_strict: 6}", r"PHASH_LOOSE \(5\) is below PHASH_STRICT \(6\)"),
        ("stacks: {span_seconds: 5}", r"span_seconds \(5\) is below gap_seconds \(10\)"),
        ("stacks: {size: 101}", r"stacks.size \(101\) is above limits.stack_size \(100\)"),
        ("stacks: {size: 50}\nlimits: {stack_size: 40}", r"stacks.size \(50\) is above limits.stack_size \(40\)"),
        ("stacks: {high_clip: 0.9}\nreview: {stacks: 0.08}", "review.stacks is a share below stacks.high"),
        ("stacks: {rule: auto-stacker}\nreview: {stacks: 0.08}", "review.stacks is a share below stacks.high"),
        ("stacks: {rule: any}", "stacks.rule: Input should be 'joint' or 'auto-stacker'"),
        ("stacks: {cover: last}", "stacks.cover: Input should be 'best' or 'first'"),
    ],
)
def test_what_contradicts_itself_is_refused_in_a_sentence(empty_place: Path, text: str, said: str) -> None:
    (empty_place / "reactor.yaml").write_text(text)
    with pytest.raises(StartError, match=said):
        load_settings()


@pytest.mark.parametrize(
    ("setting", "values"),
    {
        "gap_seconds": (-1, 601),
        "span_seconds": (0, 1801),
        "size": (1, 1001),
        "bracket_seconds": (-1, 61),
        "high": (-0.1, 1.1),
        "low": (-0.1, 1.1),
        "high_clip": (-1.1, 1.1),
        "low_clip": (-1.1, 1.1),
        "phash_strict": (-1, 65),
        "phash_loose": (-1, 65),
        "copy_share": (0.79, 1.01),
        "copy_phash": (-1, 13),
    }.items(),
)
def test_what_is_out_of_range_is_refused(empty_place: Path, setting: str, values: tuple[float, float]) -> None:
    for value in values:
        (empty_place / "reactor.yaml").write_text(f"stacks: {{{setting}: {value}}}\n")
        with pytest.raises(StartError, match=rf"stacks\.{setting}: Input should be"):
            load_settings()


def test_every_setting_of_stacks_is_documented() -> None:
    text = (Path(__file__).resolve().parents[2] / "docs" / "stacks.md").read_text("utf-8")
    for name in StackSettings.model_fields:
        assert f"`{name}`" in text, name
    for name in ("HIGH_CLIP", "LOW_CLIP", "PHASH_STRICT", "PHASH_LOOSE"):
        assert f"`{name}`" in text, name
    assert Settings.model_fields.keys() >= {"high_clip", "low_clip", "phash_strict", "phash_loose"}
