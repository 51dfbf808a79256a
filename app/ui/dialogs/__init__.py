"""Questions to the person: each an object with named endings, awaited through async_bridge.ask."""
