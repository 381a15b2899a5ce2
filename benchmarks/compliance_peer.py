"""Times pyahocorasick in a Python that has it: words and texts come in, figures go out, as JSON.

    python compliance_peer.py ROUNDS < {"words": [...], "texts": [...]}

Answers ``null`` where the package is absent, else its version and the processor and clock seconds
of one text, the best of the rounds.
"""

import json
import sys
import time


def main() -> None:
    given = json.load(sys.stdin)
    try:
        import ahocorasick
    except ImportError:
        print("null")
        return
    from importlib.metadata import version

    automaton = ahocorasick.Automaton()
    for index, word in enumerate(given["words"]):
        automaton.add_word(word, index)
    automaton.make_automaton()
    texts = given["texts"]
    processor, clock = [], []
    for _ in range(int(sys.argv[1]) + 1):
        started, at = time.process_time(), time.perf_counter()
        for text in texts:
            list(automaton.iter(text))
        processor.append(time.process_time() - started)
        clock.append(time.perf_counter() - at)
    best = [min(seconds) / len(texts) for seconds in (processor, clock)]
    print(json.dumps([version("pyahocorasick"), *best]))


if __name__ == "__main__":
    main()
