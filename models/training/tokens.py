"""The tokenizer: byte pairs learnt from the grammar's captions and everyday words."""

import random
from collections.abc import Sequence

import numpy as np
import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers
from torch import Tensor

from models.training.captions import sample
from models.training.network import CONTEXT
from models.training.words import ATTRIBUTES, VOCABULARY
from reactor.demo.pictures import KINDS

UNKNOWN = "<unk>"


def learn(rng: random.Random) -> Tokenizer:
    """Return a tokenizer of at most 1,600 tokens; padding is token 0."""
    texts = [sample(rng, rng.choice(KINDS), tuple(ATTRIBUTES)).text for _ in range(60_000)]
    tokenizer = Tokenizer(models.BPE(unk_token=UNKNOWN))
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()])
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    alphabet = list("abcdefghijklmnopqrstuvwxyz0123456789")
    special = ["<pad>", UNKNOWN, "<s>", "</s>"]
    trainer = trainers.BpeTrainer(vocab_size=1600, special_tokens=special, initial_alphabet=alphabet)
    tokenizer.train_from_iterator(texts + list(VOCABULARY) * 50, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 2), ("</s>", 3)]
    )
    return tokenizer


def encode(tokenizer: Tokenizer, texts: Sequence[str]) -> Tensor:
    """Return token ids (N, 24), cut or padded."""
    rows = np.zeros((len(texts), CONTEXT), np.int64)
    for row, encoding in zip(rows, tokenizer.encode_batch(list(texts)), strict=True):
        ids = encoding.ids[:CONTEXT]
        row[: len(ids)] = ids
    return torch.from_numpy(rows)
