from tests.store.conftest import postgres, server, sqlite, store, url

__all__ = ["postgres", "server", "sqlite", "store", "url"]
