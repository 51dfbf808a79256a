"""What the law says: cases, methods, rule packs, bids, prices, reviews, scores; pure functions of their arguments."""
