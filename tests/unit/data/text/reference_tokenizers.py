#!/usr/bin/env python3
"""Makes tokenizers.json: small vocabularies, awkward texts, and the tokens that plain
implementations of BERT's and GPT-2's published rules cut them into.

Independent of attune. Needs Python 3.11 and the package regex (python3-regex):

    ./reference_tokenizers.py > tokenizers.json
"""
import collections
import json
import random
import sys
import unicodedata

import regex

SENTENCES = [
    "The sailors rode the breeze clear of the rocks.",
    "a stirring , funny and finally transporting re-imagining of beauty and the beast",
    "What's the weather like? I'll go, they've gone; we're here, she'd stay. I'm 42.5% sure!",
    "Le caf\u00e9 d\u00e9j\u00e0 vu na\u00efve co\u00f6perate \u00c5ngstr\u00f6m \u0130stanbul stra\u00dfe \u1e9e",
    "caf\u0065\u0301 with a combining accent, and q\u0323\u0307 with two",
    "\u4e2d\u6587\u5b57\u7b26 mixed \u4e2dwith\u6587 latin \u3072\u3089\u304c\u306a \u30ab\u30bf\u30ab\u30ca \ud55c\uad6d\uc5b4 \ud55c",
    "\u041f\u0440\u0438\u0432\u0435\u0442, \u043c\u0438\u0440! \u0419\u043e\u0433\u0430 \u0395\u03bb\u03bb\u03ac\u03b4\u03b1 \u039f\u0394\u039f\u03a3",
    "emoji \U0001f600\U0001f468\u200d\U0001f469\u200d\U0001f467 flags \U0001f1e9\U0001f1ea and \u2764\ufe0f",
    "tabs\tand\nnewlines\r\nand\u00a0no-break\u2003em\u3000ideographic\u2028line\u2029para\u0085nel",
    "control\u0000\u0001\u007f\u200b\u200e\ufeff\u00adsoft and \ufffd replacement \ue000 private",
    "punctuation: \u00ab\u00bb\u201c\u201d\u2026\u2014\u00bf\u00a1 $^`~+=<>| \u20ac\u00a3 \u00a7 \u00b6 #hash ##ing [CLS] <s>",
    "n\u00famero \u0662\u0663 \u2167 \u00bd \u00b2 \u0967\u0968 x\u00b2",
    "   leading and trailing   ",
    "",
    " ",
    "\n\n",
    "a" * 100 + " " + "b" * 101 + " c",
    "''s 'll ''''ve 'S don't DON'T 's",
    "\u0915\u094d\u0937\u093f \u0939\u093f\u0928\u094d\u0926\u0940 \u0e20\u0e32\u0e29\u0e32\u0e44\u0e17\u0e22 \u0639\u064e\u0631\u064e\u0628\u0650\u064a \u05e2\u05b4\u05d1\u05e8\u05b4\u05d9\u05ea",
    "\u037e greek question; \u1fef varia \u2126 ohm \u212a kelvin \u01c5 \ufb01 ligature \uf900 compat",
    "  double  spaces   three \t mixed \n end  ",
]


def texts():
    """The sentences, and random code points that were assigned long ago."""
    result = list(SENTENCES)
    draw = random.Random(20261121)
    pools = [(0x20, 0x7e), (0x20, 0x7e), (0x0, 0x17f), (0x300, 0x36f), (0x370, 0x52f),
             (0x590, 0x6ff), (0x900, 0x97f), (0x1100, 0x11ff), (0x1e00, 0x1fff),
             (0x2000, 0x22ff), (0x3000, 0x30ff), (0x4e00, 0x4fff), (0xac00, 0xacff),
             (0xf900, 0xfaff), (0x1f300, 0x1f5ff), (0x1d165, 0x1d1ad)]
    for _ in range(60):
        out = ""
        while len(out) < 40:
            low, high = draw.choice(pools)
            for _ in range(draw.randint(1, 6)):
                c = chr(draw.randint(low, high))
                if unicodedata.category(c) != "Cn":
                    out += c
            if draw.random() < 0.3:
                out += " "
        result.append(out)
    return result


# BERT: google-research/bert tokenization.py, with Hugging Face's reading of "control" (all of C*)
# and the lower case of each code point by itself.

def is_chinese(c):
    cp = ord(c)
    return any(low <= cp <= high for low, high in [
        (0x4E00, 0x9FFF), (0x3400, 0x4DBF), (0x20000, 0x2A6DF), (0x2A700, 0x2B73F),
        (0x2B740, 0x2B81F), (0x2B820, 0x2CEAF), (0xF900, 0xFAFF), (0x2F800, 0x2FA1F)])


def is_punctuation(c):
    cp = ord(c)
    return (33 <= cp <= 47 or 58 <= cp <= 64 or 91 <= cp <= 96 or 123 <= cp <= 126
            or unicodedata.category(c).startswith("P"))


def clean(text):
    out = []
    for c in text:
        if ord(c) in (0, 0xfffd):
            continue
        if c in "\t\n\r" or unicodedata.category(c) == "Zs":
            out.append(" ")
        elif not unicodedata.category(c).startswith("C"):
            out.append(c)
    return "".join(out)


def bert_words(text, lower, strip, chinese):
    text = clean(text)
    if chinese:
        text = "".join(f" {c} " if is_chinese(c) else c for c in text)
    words = []
    for word in text.split():
        if strip:
            word = unicodedata.normalize("NFD", word)
            word = "".join(c for c in word if unicodedata.category(c) != "Mn")
        if lower:
            word = "".join(c.lower() for c in word)
        piece = ""
        for c in word:
            if is_punctuation(c):
                if piece:
                    words.append(piece)
                words.append(c)
                piece = ""
            else:
                piece += c
        if piece:
            words.append(piece)
    return words


def wordpiece(word, vocabulary):
    if len(word) > 100:
        return ["[UNK]"]
    pieces, start = [], 0
    while start < len(word):
        end = len(word)
        while end > start:
            piece = ("##" if start else "") + word[start:end]
            if piece in vocabulary:
                break
            end -= 1
        if end == start:
            return ["[UNK]"]
        pieces.append(piece)
        start = end
    return pieces


def bert_vocabulary():
    counts = collections.Counter()
    for text in SENTENCES[:8] + SENTENCES[10:12] + SENTENCES[18:20]:
        for lower in (True, False):
            for word in bert_words(text, lower, lower, True):
                for start in range(len(word)):
                    for end in range(start + 1, min(len(word), start + 6) + 1):
                        counts[("##" if start else "") + word[start:end]] += 1
    pieces = sorted(piece for piece in counts if len(piece.removeprefix("##")) == 1)
    pieces += sorted(p for p, n in counts.items() if n > 3 and p not in set(pieces))
    return ["[PAD]", "[unused0]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"] + pieces


# GPT-2: openai/gpt-2 encoder.py.

PATTERN = regex.compile(
    r"""'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+""")


def byte_characters():
    own = list(range(33, 127)) + list(range(161, 173)) + list(range(174, 256))
    table, substitute = {}, 0
    for byte in range(256):
        if byte in own:
            table[byte] = chr(byte)
        else:
            table[byte] = chr(256 + substitute)
            substitute += 1
    return table


CHARACTERS = byte_characters()


def spelled(word):
    return [CHARACTERS[byte] for byte in word.encode()]


def joined(pieces, pair):
    out, i = [], 0
    while i < len(pieces):
        if i + 1 < len(pieces) and (pieces[i], pieces[i + 1]) == pair:
            out.append(pieces[i] + pieces[i + 1])
            i += 2
        else:
            out.append(pieces[i])
            i += 1
    return out


def bpe(word, ranks):
    pieces = spelled(word)
    while len(pieces) > 1:
        pair = min(zip(pieces, pieces[1:]), key=lambda p: ranks.get(p, 1 << 30))
        if pair not in ranks:
            break
        pieces = joined(pieces, pair)
    return pieces


def train_bpe(count):
    words = collections.Counter()
    for text in SENTENCES:
        for word in PATTERN.findall(text):
            words[tuple(spelled(word))] += 1
    merges = []
    for _ in range(count):
        pairs = collections.Counter()
        for pieces, n in words.items():
            for pair in zip(pieces, pieces[1:]):
                pairs[pair] += n
        best = min(pairs, key=lambda p: (-pairs[p], p))
        merges.append(best)
        words = collections.Counter({tuple(joined(p, best)): n for p, n in words.items()})
    return merges


def main():
    vocabulary = bert_vocabulary()
    ids = {piece: i for i, piece in enumerate(vocabulary)}
    merges = train_bpe(150)
    bpe_vocabulary = ["<s>", "<pad>", "</s>", "<unk>"] + [CHARACTERS[b] for b in range(256)]
    bpe_vocabulary += list(dict.fromkeys(a + b for a, b in merges)) + ["<mask>"]
    bpe_ids = {piece: i for i, piece in enumerate(bpe_vocabulary)}
    ranks = {pair: rank for rank, pair in enumerate(merges)}
    cases = []
    for text in texts():
        def cut(lower, strip, chinese):
            return [ids[p] for w in bert_words(text, lower, strip, chinese)
                    for p in wordpiece(w, ids)]
        words = PATTERN.findall(text)
        cases.append({
            "text": text,
            "bert_words": bert_words(text, True, True, True),
            "uncased": cut(True, True, True),
            "cased": cut(False, False, True),
            "no_chinese": cut(True, False, False),
            "gpt2_words": words,
            "bpe": [bpe_ids[p] for w in words for p in bpe(w, ranks)],
        })
    json.dump({"unicode": unicodedata.unidata_version, "wordpiece": vocabulary,
               "bpe": bpe_vocabulary, "merges": [f"{a} {b}" for a, b in merges],
               "cases": cases}, sys.stdout, ensure_ascii=True, separators=(",", ":"))
    print()


main()
