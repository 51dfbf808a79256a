"""The room's rules, pure: what happened is an event, what is true is their fold, what may be done is decide."""
