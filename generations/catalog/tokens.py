"""What language-model tokens cost, in whole micro-dollars: the bound held before sending, and our own count.

Rates are micro-dollars per million tokens, as providers list them: `google/gemini-2.5-flash:input` and `:output`.
"""

from __future__ import annotations

from generations.catalog.base import Line, Rates

MILLION = 1_000_000

# A tokenizer never makes more than one token of a byte; the frame of a chat (roles, turns, start) is a few dozen.
OVERHEAD_TOKENS = 256
# Gemini cuts an image, scaled to at most 3072 x 3072, into tiles of 768 pixels and counts 258 tokens for each: 16
# tiles and an overview are 4,386. Other vision models count up to about 1,600. Nearly doubled, for models to come.
IMAGE_TOKENS_AT_MOST = 8_192

# Our own count, when an answer says nothing: about four bytes a token, and one tile an image (Gemini's own figures).
BYTES_PER_TOKEN = 4
IMAGE_TOKENS_USUAL = 258


def models(rates: Rates) -> list[str]:
    """The language models that have both an input and an output rate, in alphabetical order."""
    named = {key.removesuffix(":input") for key in rates if key.endswith(":input")}
    return sorted(name for name in named if f"{name}:output" in rates)


def most_prompt_tokens(texts: list[str], images: int) -> int:
    """No prompt of these texts and images has more tokens than this."""
    return sum(len(text.encode()) for text in texts) + OVERHEAD_TOKENS + images * IMAGE_TOKENS_AT_MOST


def usual_prompt_tokens(texts: list[str], images: int) -> int:
    """Our own count of a prompt's tokens; never above `most_prompt_tokens`."""
    return sum(text_tokens(text) for text in texts) + images * IMAGE_TOKENS_USUAL


def text_tokens(text: str) -> int:
    """Our own count of a text's tokens: a quarter of its bytes, rounded up."""
    return -(-len(text.encode()) // BYTES_PER_TOKEN)


def lines(model: str, prompt_tokens: int, output_tokens: int, rates: Rates) -> list[Line]:
    """Two lines that add up to the cost, which is rounded up once. Raises KeyError for a model that is not listed."""
    into, out = rates[f"{model}:input"], rates[f"{model}:output"]
    total = -(-(prompt_tokens * into + output_tokens * out) // MILLION)
    first = -(-prompt_tokens * into // MILLION)
    return [
        Line("Prompt and images, at most", prompt_tokens, "token", into, first, MILLION),
        Line("Answer, at most", output_tokens, "token", out, total - first, MILLION),
    ]


def cost(model: str, prompt_tokens: int, output_tokens: int, rates: Rates) -> int:
    """Micro-dollars of that many tokens, rounded up once."""
    return sum(line.amount for line in lines(model, prompt_tokens, output_tokens, rates))
