from tests.store.conftest import postgres, server

__all__ = ["postgres", "server"]
