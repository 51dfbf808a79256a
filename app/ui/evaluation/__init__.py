"""The evaluation room: reviews, committee, talks, quotes, the desk of an expert, summary, report."""
