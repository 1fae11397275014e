import pytest

from shared.events.store.memory import MemoryEventStore
from shared.events.testing import EventStoreContract


class TestMemoryEventStore(EventStoreContract):
    @pytest.fixture
    def store(self) -> MemoryEventStore:
        return MemoryEventStore()
