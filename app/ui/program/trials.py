"""What a trial decryption found, as the pages show it."""

from app.ca.certificates import Fitness
from app.session.bid_trial import Trial
from app.ui.bids.models import TrialView


def trial_view(trial: Trial) -> TrialView:
    """``lasts`` is False for a certificate that will have expired at the opening."""
    return TrialView(holder=trial.holder, expires=trial.expires, lasts=trial.fitness is not Fitness.BEFORE_OPENING)
