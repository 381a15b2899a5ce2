"""Other libraries' retrievers as they ship, asked over a pipe; runs in their own environment.

Reads one JSON request a line and answers with one line:

    {"build": NAME, "ids": […], "texts": […]} → {"seconds"} or {"missing": reason}
    {"ask": NAME, "text": …}                  → {"found": [id…], "seconds", "cpu_seconds"}
    {"split": […], "size", "overlap"}         → {"chunks": [[[start, end]…]…]}
    {"versions": true}                        → {distribution: version}
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

K = 10
DIMENSIONS = 512
os.environ.update(
    ANONYMIZED_TELEMETRY="False",
    HAYSTACK_TELEMETRY_ENABLED="False",
    ORT_DISABLE_TELEMETRY="1",
    LANGSMITH_TRACING="false",
    DO_NOT_TRACK="1",
)

Ask = Callable[[str], list[str]]


def langchain_documents(ids: Sequence[str], texts: Sequence[str]) -> list[Any]:
    """The corpus as LangChain documents."""
    from langchain_core.documents import Document

    return [
        Document(page_content=text, metadata={"id": ident})
        for ident, text in zip(ids, texts, strict=True)
    ]


def asking(retriever: Any) -> Ask:
    """The ids that a LangChain retriever finds."""
    return lambda text: [d.metadata["id"] for d in retriever.invoke(text)][:K]


def langchain_bm25(ids: Sequence[str], texts: Sequence[str]) -> Ask:
    """BM25Retriever as it ships: words between spaces."""
    return asking(default_bm25(tuple(ids), tuple(texts)))


@cache
def default_bm25(ids: tuple[str, ...], texts: tuple[str, ...]) -> Any:
    """The retriever that the ensemble shares."""
    from langchain_community.retrievers import BM25Retriever

    return BM25Retriever.from_documents(langchain_documents(ids, texts), k=K)


def langchain_jieba(ids: Sequence[str], texts: Sequence[str]) -> Ask:
    """BM25Retriever with jieba words, the usual advice for Chinese."""
    import jieba
    from langchain_community.retrievers import BM25Retriever

    jieba.setLogLevel(60)
    return asking(
        BM25Retriever.from_documents(
            langchain_documents(ids, texts), k=K, preprocess_func=jieba.lcut
        )
    )


@cache
def chroma_retriever(ids: tuple[str, ...], texts: tuple[str, ...]) -> Any:
    """Chroma over LSA vectors: characters and pairs, TF-IDF, 512 dimensions."""
    from langchain_chroma import Chroma
    from langchain_core.embeddings import Embeddings
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import Normalizer

    model = make_pipeline(
        TfidfVectorizer(analyzer="char", ngram_range=(1, 2), min_df=2, max_features=60_000),
        TruncatedSVD(DIMENSIONS, random_state=0, n_iter=3),
        Normalizer(copy=False),
    ).fit(texts)

    class Lsa(Embeddings):
        """Latent semantic vectors, which need no download."""

        def embed_documents(self, texts: list[str]) -> list[list[float]]:
            return [list(map(float, vector)) for vector in model.transform(texts)]

        def embed_query(self, text: str) -> list[float]:
            return self.embed_documents([text])[0]

    store = Chroma("corpus", Lsa(), persist_directory=tempfile.mkdtemp())
    documents = langchain_documents(ids, texts)
    for start in range(0, len(documents), 5000):
        store.add_documents(documents[start : start + 5000])
    return store.as_retriever(search_kwargs={"k": K})


def langchain_chroma(ids: Sequence[str], texts: Sequence[str]) -> Ask:
    """Chroma alone."""
    return asking(chroma_retriever(tuple(ids), tuple(texts)))


def langchain_ensemble(ids: Sequence[str], texts: Sequence[str]) -> Ask:
    """EnsembleRetriever of the two above as its documentation has it: default BM25, Chroma, ½."""
    from langchain_classic.retrievers import EnsembleRetriever

    parts = [
        default_bm25(tuple(ids), tuple(texts)),
        chroma_retriever(tuple(ids), tuple(texts)),
    ]
    return asking(EnsembleRetriever(retrievers=parts, weights=[0.5, 0.5]))


def llama_index(ids: Sequence[str], texts: Sequence[str]) -> Ask:
    """LlamaIndex BM25Retriever as it ships."""
    from llama_index.core.schema import TextNode
    from llama_index.retrievers.bm25 import BM25Retriever

    nodes = [TextNode(text=text, id_=ident) for ident, text in zip(ids, texts, strict=True)]
    retriever = BM25Retriever.from_defaults(nodes=nodes, similarity_top_k=K)
    return lambda text: [found.node.node_id for found in retriever.retrieve(text)]


def haystack(ids: Sequence[str], texts: Sequence[str]) -> Ask:
    """Haystack's in-memory BM25 as it ships."""
    from haystack import Document
    from haystack.components.retrievers.in_memory import InMemoryBM25Retriever
    from haystack.document_stores.in_memory import InMemoryDocumentStore

    store = InMemoryDocumentStore()
    store.write_documents(
        [Document(id=ident, content=text) for ident, text in zip(ids, texts, strict=True)]
    )
    retriever = InMemoryBM25Retriever(store, top_k=K)
    return lambda text: [found.id for found in retriever.run(query=text)["documents"]]


SYSTEMS: dict[str, Callable[[Sequence[str], Sequence[str]], Ask]] = {
    "LangChain BM25": langchain_bm25,
    "LangChain BM25 + jieba": langchain_jieba,
    "LangChain Chroma LSA-512": langchain_chroma,
    "LangChain Ensemble": langchain_ensemble,
    "LlamaIndex BM25": llama_index,
    "Haystack BM25": haystack,
}


def split(texts: Sequence[str], size: int, overlap: int) -> list[list[list[int]]]:
    """Where the chunks of LangChain's recursive splitter stand in each text."""
    from langchain_text_splitters import RecursiveCharacterTextSplitter

    splitter = RecursiveCharacterTextSplitter(
        chunk_size=size, chunk_overlap=overlap, add_start_index=True
    )
    return [
        [
            [d.metadata["start_index"], d.metadata["start_index"] + len(d.page_content)]
            for d in splitter.create_documents([text])
        ]
        for text in texts
    ]


def answer(request: dict[str, Any], built: dict[str, Ask]) -> dict[str, Any]:
    """The reply to one request."""
    if "split" in request:
        return {"chunks": split(request["split"], request["size"], request["overlap"])}
    if "versions" in request:
        names = ("langchain-core", "langchain-community", "langchain-classic", "langchain-chroma",
                 "chromadb", "jieba", "rank-bm25", "llama-index-retrievers-bm25", "haystack-ai",
                 "scikit-learn")  # fmt: skip
        return {name: importlib.metadata.version(name) for name in names}
    clock, processor = time.perf_counter(), time.process_time()
    found = None
    if "build" in request:
        built[request["build"]] = SYSTEMS[request["build"]](request["ids"], request["texts"])
    else:
        found = built[request["ask"]](request["text"])
    return {
        "found": found,
        "seconds": time.perf_counter() - clock,
        "cpu_seconds": time.process_time() - processor,
    }


def main() -> None:
    """Answers until the pipe closes; what a library prints goes to standard error."""
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    built: dict[str, Ask] = {}
    for line in sys.stdin:
        try:
            reply = answer(json.loads(line), built)
        except ImportError as error:
            reply = {"missing": f"not installed: {error.name}"}
        except importlib.metadata.PackageNotFoundError as error:
            reply = {"missing": f"not installed: {error}"}
        except MemoryError:
            reply = {"missing": "out of memory"}
        except Exception as error:
            reply = {"missing": f"{type(error).__name__}: {error}"[:200]}
        print(json.dumps(reply), file=replies, flush=True)


if __name__ == "__main__":
    main()
