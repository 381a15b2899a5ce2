"""The one door to a model: everything that leaves for an endpoint, and everything that returns.

prompts ──▶ pseudonyms ──▶ ChatModel ──▶ Wire ═══▶ endpoint (OpenAI protocol)
                               ▲            └─ the guard reads the outgoing bytes
                          structured: ladder, validation, one repair
"""

import os

# Tracing would send prompts to a third party; no configuration of the host may turn it on here.
for _switch in ("LANGSMITH_TRACING", "LANGCHAIN_TRACING_V2", "LANGCHAIN_TRACING"):
    os.environ[_switch] = "false"
