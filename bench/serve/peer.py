"""Runs Debian's mta-sts-daemon as it is, its internal cache filled beforehand: peer.py POLICIES ARGUMENTS..."""
import sys
import time

from postfix_mta_sts_resolver import daemon, internal_cache
from postfix_mta_sts_resolver.base_cache import CacheEntry

policies = int(sys.argv.pop(1))


class FilledCache(internal_cache.InternalLRUCache):
    async def setup(self):
        for key in range(policies):
            body = {"version": "STSv1", "mode": "enforce", "max_age": 604800, "mx": ["mx%d.d%d.example" % (one, key) for one in (1, 2)]}
            await self.set("d%d.example" % key, CacheEntry(time.time(), "1", body))


internal_cache.InternalLRUCache = FilledCache
daemon.main()
