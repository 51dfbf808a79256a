"""The worker that needs nothing but an interpreter does all that the usual one does: the same tests, run on it.

Slow only because they are many: ``test_worker32.py``, ``test_skf_token.py`` and ``test_pkcs11_sm2.py`` run that worker
every time.
"""

import sys

import pytest

from tests.ca.test_pkcs11_token import (  # noqa: F401  tests and what they need
    begin,
    faulty,
    faulty_module,
    soft,
    test_a_broken_neighbour_hides_nobody,
    test_a_label_that_is_not_utf8_hinders_nothing,
    test_a_module_that_crashes_takes_nobody_along,
    test_a_module_that_prints_spoils_no_answer,
    test_a_token_that_hangs_is_given_up,
    test_cancelled_on_the_device,
    test_key_that_wants_the_pin_each_time,
    test_last_try_needs_a_second_yes,
    test_last_try_not_confirmed_is_not_used,
    test_locked_token_is_left_alone,
    test_pin_on_the_device,
    test_pulled_out_between_and_during_acts,
    test_pulled_out_while_the_pin_is_typed,
    test_unattended_pin_never_costs_the_last_try,
)
from tests.ca.test_worker import (  # noqa: F401
    test_anonymous_blob_opens_and_a_damaged_one_says_one_thing,
    test_broken_and_missing_modules_hide_nothing,
    test_cancel_is_final_for_the_act_only,
    test_forget_logs_out,
    test_killed_worker_is_replaced,
    test_refused_pin_is_never_sent_twice,
    test_signs_and_opens_with_one_pin,
    test_token_is_described_without_a_pin,
    test_token_pulled_and_back_between_two_acts_asks_for_the_pin,
    test_token_pulled_out_and_put_back,
    test_token_put_back_needs_nobody_to_look,
    test_twenty_acts_at_once_ask_once,
    test_worker_killed_or_hung_in_mid_act_fails_the_act_and_heals,
    test_wrong_pin_is_asked_again_with_the_new_state,
)

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def _standard_library_only(monkeypatch: pytest.MonkeyPatch) -> None:
    command = [sys.executable, "-S", "-m", "app.ca.token_worker", "--ctypes"]
    monkeypatch.setattr("app.ca.worker.worker_command", lambda: command)
