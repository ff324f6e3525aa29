"""Short words for the store's contract."""

from dataclasses import replace

from motorcade.ports.store import Put, Query, Store
from tests.contract.rigs import THINGS


async def put(store: Store, sk: str, pk: str = "p", **data: object) -> None:
    await store.write([Put(THINGS, pk, sk, data)])


async def names(store: Store, query: Query) -> list[str]:
    """Sort keys over all pages."""
    found: list[str] = []
    while True:
        page = await store.query(THINGS, query)
        found += [item.sk for item in page.items]
        if page.next is None:
            return found
        query = replace(query, after=page.next)
