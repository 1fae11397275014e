"""The contract of search on its two engines, both real."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator

import pytest

from services.knowledge import bootstrap
from services.knowledge.index.elasticsearch import ElasticsearchIndex
from services.knowledge.index.port import SearchUnavailable
from services.knowledge.index.postgres import PostgresIndex
from services.knowledge.index.testing import LIBRARY, SYNONYMS, SearchIndexContract
from services.knowledge.index.words import Synonyms
from shared.events.read_model import ReadModel
from shared.service.settings import AdminSettings


@pytest.fixture(scope="session")
def knowledge_url(stack: object, contract_databases: dict[str, str], read_model_admin_url: str) -> str:
    bootstrap.migrate(AdminSettings(None, read_model_admin_url))
    return stack.database_url("knowledge", contract_databases["read_models"])  # type: ignore[attr-defined]


@pytest.fixture(scope="session")
def elasticsearch_url() -> Iterator[str]:
    """ELASTICSEARCH_URL, else a container where Docker answers; in CI one of them has to be there."""
    if url := os.environ.get("ELASTICSEARCH_URL"):
        yield url
        return
    try:
        from testcontainers.elasticsearch import ElasticSearchContainer

        container = ElasticSearchContainer("docker.elastic.co/elasticsearch/elasticsearch:9.0.4", mem_limit="1g")
        container.start()
    except Exception as error:
        missing = f"ELASTICSEARCH_URL is not set and Docker does not answer: {error}"
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)
    yield container.get_url()
    container.stop()


class TestPostgres(SearchIndexContract):
    @pytest.fixture
    def index(self, knowledge_url: str) -> Iterator[PostgresIndex]:
        read_model = ReadModel(knowledge_url, bootstrap.SCHEMA)
        with read_model.transaction() as connection:
            connection.execute("truncate article_search, search_words")
        yield PostgresIndex(read_model, lambda: SYNONYMS)
        read_model.close()


class TestElasticsearch(SearchIndexContract):
    @pytest.fixture
    def index(self, elasticsearch_url: str) -> Iterator[ElasticsearchIndex]:
        index = ElasticsearchIndex(elasticsearch_url, lambda: SYNONYMS, f"test-{uuid.uuid4().hex[:8]}")
        index.swap(index.create())
        yield index
        index.drop()
        index.close()

    def test_it_is_ready_until_the_synonyms_change(self, elasticsearch_url: str) -> None:
        known = [SYNONYMS]
        index = ElasticsearchIndex(elasticsearch_url, lambda: known[0], f"test-{uuid.uuid4().hex[:8]}")
        assert not index.ready()
        index.swap(index.create())
        assert index.ready()
        known[0] = Synonyms.parse("bill, invoice")
        assert not index.ready()
        index.put(LIBRARY)
        index.refresh()
        assert index.search("bill").total == 0
        anew = index.create()
        index.put_into(anew, LIBRARY)
        index.swap(anew)
        assert index.ready()
        assert [hit.slug for hit in index.search("bill").hits] == ["invoices"]
        index.drop()
        index.close()

    def test_nothing_is_made_by_writing(self, elasticsearch_url: str) -> None:
        index = ElasticsearchIndex(elasticsearch_url, lambda: SYNONYMS, f"test-{uuid.uuid4().hex[:8]}")
        with pytest.raises(SearchUnavailable):
            index.put(LIBRARY)
        index.close()

    def test_an_address_where_nobody_listens_is_unavailable(self, free_port: int) -> None:
        index = ElasticsearchIndex(f"http://127.0.0.1:{free_port}", lambda: SYNONYMS)
        with pytest.raises(SearchUnavailable):
            index.search("password")
        index.close()
