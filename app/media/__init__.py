"""Sound and picture (音视频): sources, publisher, subscriber, router, recorder. Knows nothing of cases."""
