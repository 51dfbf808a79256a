"""Who sees which event when: the expected table, read line by line against SESSION.md.

A row is an event (tests/session/rules/samples.py), a column a moment (moments.py), a letter a viewer:
o officer, c clerk, e engineer, g the agency's opener, p the purchaser's, s supervisor, a supplier A (whom the event is
about), b another supplier, m a member it is not about; ``-`` nobody.
"""

LETTERS = "ocegpsabm"

PUBLIC_TENDER = """
                                     receiving  lobby      opening    handed_on  evaluating ranked
person_added supplier                a          ocsa       ocgpsab    ocgpsab    ocgpsabm   ocgpsabm
person_added member                  ocs        ocs        ocs        oces       ocesm      ocesm
person_added supervisor              ocegpsabm  ocegpsabm  ocegpsabm  ocegpsabm  ocegpsabm  ocegpsabm
signed_in supplier                   a          ocsa       ocgpsab    ocgpsab    ocgpsabm   ocgpsabm
signed_in member                     ocs        ocs        ocs        oces       ocesm      ocesm
signed_in officer                    ocegpsabm  ocegpsabm  ocegpsabm  ocegpsabm  ocegpsabm  ocegpsabm
connected supplier                   a          ocsa       ocgpsab    ocgpsab    ocgpsabm   ocgpsabm
connected member                     ocs        ocs        ocs        oces       ocesm      ocesm
admitted supplier                    a          ocsa       ocgpsab    ocgpsab    ocgpsabm   ocgpsabm
invitation_issued supplier           a          ocsa       ocsa       ocsa       ocsa       ocsa
phase_entered receiving              ocegpsabm  ocegpsabm  ocegpsabm  ocegpsabm  ocegpsabm  ocegpsabm
phase_entered decrypting             ocegpsabm  ocegpsabm  ocegpsabm  ocegpsabm  ocegpsabm  ocegpsabm
phase_entered scoring                ocegpsm    ocegpsm    ocegpsm    ocegpsm    ocegpsm    ocegpsm
phase_entered quoting                ocegpsabm  ocegpsabm  ocegpsabm  ocegpsabm  ocegpsabm  ocegpsabm
window_opened decrypting             ocegpsab   ocegpsab   ocegpsab   ocegpsab   ocegpsabm  ocegpsabm
window_opened confirm                a          a          ocgpsab    ocgpsab    ocgpsabm   ocgpsabm
window_opened qualification          ocs        ocs        ocs        ocgps      ocgpsm     ocgpsm
window_opened scoring                ocs        ocs        ocs        ocs        ocsm       ocsm
window_opened quoting                ocs        ocs        ocs        ocsab      ocsabm     ocsabm
window_opened clarify                ocs        ocs        ocs        ocgpsa     ocsam      ocsam
window_opened talks                  ocsa       ocsa       ocsa       ocsa       ocsam      ocsam
window_opened resubmit               ocs        ocs        ocs        ocsab      ocsabm     ocsabm
gate_waived recording_runs           ocgpsab    ocgpsab    ocgpsab    ocgpsab    ocgpsabm   ocgpsabm
gate_waived place_held               ocgps      ocgps      ocgps      ocgps      ocgpsm     ocgpsm
muted_by_officer all                 ocegpsabm  ocegpsabm  ocegpsabm  ocegpsabm  ocegpsabm  ocegpsabm
muted_by_officer member              ocs        ocs        ocs        oces       ocesm      ocesm
message_posted all                   ocegpsab   ocegpsab   ocegpsab   ocegps     ocesm      ocesm
message_posted officer               ocs        ocs        ocs        ocs        ocs        ocs
message_posted committee             s          s          s          s          sm         sm
message_posted supplier              sa         sa         sa         sa         sa         sa
absent_marked member                 ocs        ocs        ocs        oces       ocesm      ocesm
source_started supplier              a          ocsa       ocgpsab    ocgpsa     ocgpsam    ocgpsam
source_started member                ocs        ocs        ocs        oces       ocesm      ocesm
source_started officer               ocegpsabm  ocegpsabm  ocegpsabm  ocegpsabm  ocegpsabm  ocegpsabm
segment_closed member                -          -          -          -          ocesm      ocesm
segment_closed supplier              -          ocsa       ocgpsab    -          ocgpsam    ocgpsam
document_issued opening_record       ocgpsb     ocgpsb     ocgpsab    ocgpsab    ocgpsabm   ocgpsabm
document_issued evaluation_report    sm         sm         sm         sm         sm         ocsm
document_issued score_sheet          s          s          s          s          sm         ocsm
document_issued bid_receipt          sa         sa         sa         sa         sa         sa
item_reviewed qualification          s          s          s          s          ocgpsm     ocgpsm
item_reviewed conformity             s          s          s          s          sm         ocsm
review_decided qualification         ocs        ocs        ocs        ocgps      ocgpsm     ocgpsm
review_decided conformity            ocs        ocs        ocs        ocs        ocsm       ocsm
person_seated member                 ocs        ocs        ocs        oces       ocesm      ocesm
person_seated engineer               ocegpsabm  ocegpsabm  ocegpsabm  ocegpsabm  ocegpsabm  ocegpsabm
holders_fixed quote                  ocs        ocs        ocs        ocsab      ocsabm     ocsabm
holders_fixed sheet                  ocs        ocs        ocs        ocs        ocsm       ocsm
case_opened                          ocegpsabm  ocegpsabm  ocegpsabm  ocegpsabm  ocegpsabm  ocegpsabm
committee_imported                   ocsm       ocsm       ocsm       ocesm      ocesm      ocesm
certificate_reset                    a          ocsa       ocsa       ocsa       ocsa       ocsa
identity_verified                    ocs        ocs        ocs        ocs        ocs        ocs
room_equipped                        ocegpsm    ocegpsm    ocegpsm    ocegpsm    ocegpsm    ocegpsm
supplier_registered                  a          ocsa       ocgpsab    ocgpsab    ocgpsabm   ocgpsabm
sign_in_refused                      a          ocsa       ocsa       ocsa       ocsa       ocsa
disconnected                         a          ocsa       ocgpsab    ocgpsab    ocgpsabm   ocgpsabm
kit_core_fixed                       ocgps      ocgps      ocgps      ocgps      ocgps      ocgps
opener_accepted                      ocgps      ocgps      ocgps      ocgps      ocgps      ocgps
holder_key_missing                   ocgps      ocgps      ocgps      ocgps      ocgps      ocgps
holder_key_back                      ocgps      ocgps      ocgps      ocgps      ocgps      ocgps
kit_issued                           ocegpsabm  ocegpsabm  ocegpsabm  ocegpsabm  ocegpsabm  ocegpsabm
bid_submitted                        a          a          ocgpsab    ocgpsab    ocgpsabm   ocgpsabm
bid_withdrawn                        a          a          ocgpsab    ocgpsab    ocgpsabm   ocgpsabm
bid_refused                          a          a          ocgpsa     ocgpsa     ocgpsa     ocgpsa
window_extended                      ocegpsab   ocegpsab   ocegpsab   ocegpsab   ocegpsabm  ocegpsabm
window_closed                        ocs        ocs        ocs        ocs        ocsm       ocsm
paused                               ocegpsabm  ocegpsabm  ocegpsabm  ocegpsabm  ocegpsabm  ocegpsabm
resumed                              ocegpsabm  ocegpsabm  ocegpsabm  ocegpsabm  ocegpsabm  ocegpsabm
outage_noted                         ocegpsabm  ocegpsabm  ocegpsabm  ocegpsabm  ocegpsabm  ocegpsabm
case_failed                          ocegpsabm  ocegpsabm  ocegpsabm  ocegpsabm  ocegpsabm  ocegpsabm
clock_checked                        ocs        ocs        ocs        ocs        ocs        ocs
removed                              b          ocsb       ocsb       ocsb       ocsb       ocsb
hand_raised                          a          ocsa       ocgpsab    ocgpsab    ocgpsabm   ocgpsabm
hand_lowered                         a          ocsa       ocgpsab    ocgpsab    ocgpsabm   ocgpsabm
room_locked                          ocs        ocs        ocs        ocs        ocs        ocs
incident_noted                       ocegps     ocegps     ocegpsab   oces       ocesm      ocesm
supervision_notice                   ocs        ocs        ocs        ocs        ocs        ocs
authorisation_filed                  a          ocsa       ocsa       ocsa       ocsa       ocsa
recording_started                    ocegpsab   ocegpsab   ocegpsab   ocegps     ocegpsm    ocegpsm
recording_stopped                    ocegpsab   ocegpsab   ocegpsab   ocegps     ocegpsm    ocegpsm
disk_noted                           oces       oces       oces       oces       oces       oces
authority_added                      ocegpsabm  ocegpsabm  ocegpsabm  ocegpsabm  ocegpsabm  ocegpsabm
time_stamps_noted                    oces       oces       oces       oces       oces       oces
source_lost                          -          -          -          -          ocesm      ocesm
source_restored                      -          ocsa       ocgpsab    -          ocgpsam    ocgpsam
document_signed                      -          -          -          -          sm         ocsm
document_stamped                     -          -          -          -          sm         ocsm
signature_refused                    -          -          -          -          sm         ocsm
deemed_agreed                        -          -          -          -          ocgpsabm   ocgpsabm
delivered                            -          ocs        ocs        ocgpsa     sam        ocsam
seen                                 -          ocs        ocs        ocgpsa     sam        ocsam
case_closed                          ocegpsabm  ocegpsabm  ocegpsabm  ocegpsabm  ocegpsabm  ocegpsabm
discipline_read                      ocegpsab   ocegpsab   ocegpsab   ocegpsab   ocegpsabm  ocegpsabm
bidder_list_published                ocgpsab    ocgpsab    ocgpsab    ocgpsab    ocgpsabm   ocgpsabm
recusal_raised                       ocgps      ocgps      ocgpsab    ocgpsab    ocgpsabm   ocgpsabm
recusal_ruled                        ocgps      ocgps      ocgpsab    ocgpsab    ocgpsabm   ocgpsabm
seal_matched                         a          a          ocgpsab    ocgpsab    ocgpsabm   ocgpsabm
seal_mismatch                        a          a          ocgpsab    ocgpsab    ocgpsabm   ocgpsabm
seal_mismatch_ruled                  a          a          ocgpsab    ocgpsab    ocgpsabm   ocgpsabm
seal_confirmed                       a          a          ocgpsab    ocgpsab    ocgpsabm   ocgpsabm
share_released                       a          a          ocgpsab    ocgpsab    ocgpsabm   ocgpsabm
supplier_key_released                a          a          ocgpsab    ocgpsab    ocgpsabm   ocgpsabm
bid_opened                           a          a          ocgpsab    ocgpsab    ocgpsabm   ocgpsabm
decryption_failed                    a          a          ocgpsab    ocgpsab    ocgpsabm   ocgpsabm
decryption_troubled                  a          a          ocgpsa     ocgpsa     ocgpsa     ocgpsa
failure_attributed                   a          a          ocgpsab    ocgpsab    ocgpsabm   ocgpsabm
backup_admitted                      a          a          ocgpsab    ocgpsab    ocgpsabm   ocgpsabm
backup_handed_in                     a          a          ocgpsab    ocgpsab    ocgpsabm   ocgpsabm
price_called                         a          a          ocgpsab    ocgpsab    ocgpsabm   ocgpsabm
price_read                           a          a          ocgpsab    ocgpsab    ocgpsabm   ocgpsabm
price_confirmed                      a          a          ocgpsab    ocgpsab    ocgpsabm   ocgpsabm
price_disputed                       a          a          ocgpsab    ocgpsab    ocgpsabm   ocgpsabm
objection_raised                     a          a          ocgpsab    ocgpsab    ocgpsabm   ocgpsabm
objection_answered                   ocs        ocs        ocs        ocs        ocgpsabm   ocgpsabm
objection_adjourned                  ocs        ocs        ocs        ocs        ocgpsabm   ocgpsabm
no_objection                         a          a          ocgpsab    ocgpsab    ocgpsabm   ocgpsabm
bids_handed_on                       s          s          s          ocgps      ocgpsm     ocgpsm
invalid_declared                     ocsa       ocsa       ocsa       ocgpsa     ocsam      ocsam
invalid_notified                     ocsa       ocsa       ocsa       ocgpsa     ocsam      ocsam
phone_locked                         oces       oces       oces       oces       ocesm      ocesm
place_policy_checked                 oces       oces       oces       oces       ocesm      ocesm
commitment_signed                    ocs        ocs        ocs        ocs        ocsm       ocsm
recusal_declared                     ocs        ocs        ocs        ocs        ocs        ocs
member_recusal_ruled                 ocs        ocs        ocs        ocs        ocs        ocs
member_replaced                      oces       oces       oces       oces       ocesm      ocesm
leader_vote_cast                     -          -          -          -          ocsm       ocsm
leader_elected                       ocs        ocs        ocs        ocs        ocsm       ocsm
leader_tied                          ocs        ocs        ocs        ocs        ocsm       ocsm
clarification_asked                  sa         sa         sa         ocgpsa     sam        ocsam
clarification_answered               -          -          -          ocgpsa     sam        ocsam
clarification_defaulted              -          -          -          ocgpsa     sam        ocsam
supplier_called                      ocsa       ocsa       ocsa       ocsa       ocsam      ocsam
talk_started                         ocsa       ocsa       ocsa       ocsa       ocsam      ocsam
talk_ended                           ocsa       ocsa       ocsa       ocsa       ocsam      ocsam
requirement_changed                  ocs        ocs        ocs        ocs        ocsm       ocsm
requirement_confirmed                ocs        ocs        ocs        ocs        ocsm       ocsm
response_resubmitted                 sa         sa         sa         sa         sam        ocsam
response_voted                       s          s          s          s          s          s
response_rechecked                   ocs        ocs        ocs        ocs        ocsm       ocsm
supplier_withdrew                    ocsa       ocsa       ocsa       ocsa       ocsam      ocsam
quote_sealed                         ocsa       ocsa       ocsa       ocsa       ocsam      ocsam
sealed_share_released                ocs        ocs        ocs        ocs        ocsm       ocsm
quotes_opened                        s          s          s          s          sm         ocsm
correction_found                     -          -          -          ocgpsa     sam        ocsam
prices_fixed                         s          s          s          s          sm         ocsm
reminded                             ocs        ocs        ocs        ocs        ocsm       ocsm
leader_set_aside                     ocs        ocs        ocs        ocs        ocsm       ocsm
officer_replaced                     ocegpsabm  ocegpsabm  ocegpsabm  ocegpsabm  ocegpsabm  ocegpsabm
low_price_doubted                    s          s          s          s          sm         ocsm
low_price_doubt_voted                s          s          s          s          s          s
low_price_doubt_ruled                ocs        ocs        ocs        ocs        ocsm       ocsm
low_price_triggered                  ocsa       ocsa       ocsa       ocsa       ocsam      ocsam
explanation_filed                    sa         sa         sa         sa         sam        ocsam
low_price_voted                      s          s          s          s          s          s
low_price_ruled                      ocs        ocs        ocs        ocs        ocsm       ocsm
sheet_sealed                         ocs        ocs        ocs        ocs        ocsm       ocsm
sheets_opened                        s          s          s          s          sm         ocsm
sheet_reopened                       s          s          s          s          sm         sm
totals_computed                      s          s          s          s          sm         ocsm
deviation_reasoned                   s          s          s          s          sm         ocsm
tie_resolved                         s          s          s          s          sm         ocsm
ranking_confirmed                    ocs        ocs        ocs        ocs        ocsm       ocsm
agency_checked                       ocs        ocs        ocs        ocs        ocsm       ocsm
re_check_asked                       ocs        ocs        ocs        ocs        ocsm       ocsm
re_check_answered                    ocs        ocs        ocs        ocs        ocsm       ocsm
dissent_filed                        s          s          s          s          sm         ocsm
"""
COMPETITIVE_CONSULTATION = """
                                     receiving  lobby      opening    handed_on  evaluating ranked
person_added supplier                a          ocsa       ocgpsam    ocgpsam    ocgpsam    ocgpsam
person_added member                  ocs        ocs        ocs        oces       ocesm      ocesm
person_added supervisor              ocegpsabm  ocegpsabm  ocegpsabm  ocegpsabm  ocegpsabm  ocegpsabm
signed_in supplier                   a          ocsa       ocgpsam    ocgpsam    ocgpsam    ocgpsam
signed_in member                     ocs        ocs        ocs        oces       ocesm      ocesm
signed_in officer                    ocegpsabm  ocegpsabm  ocegpsabm  ocegpsabm  ocegpsabm  ocegpsabm
connected supplier                   a          ocsa       ocgpsam    ocgpsam    ocgpsam    ocgpsam
connected member                     ocs        ocs        ocs        oces       ocesm      ocesm
admitted supplier                    a          ocsa       ocgpsam    ocgpsam    ocgpsam    ocgpsam
invitation_issued supplier           a          ocsa       ocsa       ocsa       ocsa       ocsa
phase_entered receiving              ocegpsabm  ocegpsabm  ocegpsabm  ocegpsabm  ocegpsabm  ocegpsabm
phase_entered decrypting             ocegpsabm  ocegpsabm  ocegpsabm  ocegpsabm  ocegpsabm  ocegpsabm
phase_entered scoring                ocegpsm    ocegpsm    ocegpsm    ocegpsm    ocegpsm    ocegpsm
phase_entered quoting                ocegpsabm  ocegpsabm  ocegpsabm  ocegpsabm  ocegpsabm  ocegpsabm
window_opened decrypting             ocegpsabm  ocegpsabm  ocegpsabm  ocegpsabm  ocegpsabm  ocegpsabm
window_opened confirm                a          a          ocgpsam    ocgpsam    ocgpsam    ocgpsam
window_opened qualification          ocs        ocs        ocs        ocs        ocsm       ocsm
window_opened scoring                ocs        ocs        ocs        ocs        ocsm       ocsm
window_opened quoting                ocs        ocs        ocs        ocsab      ocsabm     ocsabm
window_opened clarify                ocs        ocs        ocs        ocsa       ocsam      ocsam
window_opened talks                  ocsa       ocsa       ocsa       ocsa       ocsam      ocsam
window_opened resubmit               ocs        ocs        ocs        ocsab      ocsabm     ocsabm
gate_waived recording_runs           ocgpsabm   ocgpsabm   ocgpsabm   ocgpsabm   ocgpsabm   ocgpsabm
gate_waived place_held               ocgpsm     ocgpsm     ocgpsm     ocgpsm     ocgpsm     ocgpsm
muted_by_officer all                 ocegpsabm  ocegpsabm  ocegpsabm  ocegpsabm  ocegpsabm  ocegpsabm
muted_by_officer member              ocs        ocs        ocs        oces       ocesm      ocesm
message_posted all                   ocegpsabm  ocegpsabm  ocegpsabm  oces       ocesm      ocesm
message_posted officer               ocs        ocs        ocs        ocs        ocs        ocs
message_posted committee             s          s          s          s          sm         sm
message_posted supplier              sa         sa         sa         sa         sa         sa
absent_marked member                 ocs        ocs        ocs        oces       ocesm      ocesm
source_started supplier              a          ocsa       ocgpsam    ocgpsam    ocgpsam    ocgpsam
source_started member                ocs        ocs        ocs        oces       ocesm      ocesm
source_started officer               ocegpsabm  ocegpsabm  ocegpsabm  ocegpsabm  ocegpsabm  ocegpsabm
segment_closed member                -          -          -          -          ocesm      ocesm
segment_closed supplier              -          ocsa       ocgpsam    -          ocgpsam    ocgpsam
document_issued opening_record       ocgpsbm    ocgpsbm    ocgpsbm    ocgpsbm    ocgpsbm    ocgpsbm
document_issued evaluation_report    sm         sm         sm         sm         sm         ocsm
document_issued score_sheet          s          s          s          s          sm         ocsm
document_issued bid_receipt          sa         sa         sa         sa         sa         sa
item_reviewed qualification          s          s          s          s          sm         ocsm
item_reviewed conformity             s          s          s          s          sm         ocsm
review_decided qualification         ocs        ocs        ocs        ocs        ocsm       ocsm
review_decided conformity            ocs        ocs        ocs        ocs        ocsm       ocsm
person_seated member                 ocs        ocs        ocs        oces       ocesm      ocesm
person_seated engineer               ocegpsabm  ocegpsabm  ocegpsabm  ocegpsabm  ocegpsabm  ocegpsabm
holders_fixed quote                  ocs        ocs        ocs        ocsab      ocsabm     ocsabm
holders_fixed sheet                  ocs        ocs        ocs        ocs        ocsm       ocsm
case_opened                          ocegpsabm  ocegpsabm  ocegpsabm  ocegpsabm  ocegpsabm  ocegpsabm
committee_imported                   ocsm       ocsm       ocsm       ocesm      ocesm      ocesm
certificate_reset                    a          ocsa       ocsa       ocsa       ocsa       ocsa
identity_verified                    ocs        ocs        ocs        ocs        ocs        ocs
room_equipped                        ocegpsm    ocegpsm    ocegpsm    ocegpsm    ocegpsm    ocegpsm
supplier_registered                  a          ocsa       ocgpsam    ocgpsam    ocgpsam    ocgpsam
sign_in_refused                      a          ocsa       ocsa       ocsa       ocsa       ocsa
disconnected                         a          ocsa       ocgpsam    ocgpsam    ocgpsam    ocgpsam
kit_core_fixed                       ocgps      ocgps      ocgps      ocgps      ocgps      ocgps
opener_accepted                      ocgps      ocgps      ocgps      ocgps      ocgps      ocgps
holder_key_missing                   ocgps      ocgps      ocgps      ocgps      ocgps      ocgps
holder_key_back                      ocgps      ocgps      ocgps      ocgps      ocgps      ocgps
kit_issued                           ocegpsabm  ocegpsabm  ocegpsabm  ocegpsabm  ocegpsabm  ocegpsabm
bid_submitted                        a          a          ocgpsam    ocgpsam    ocgpsam    ocgpsam
bid_withdrawn                        a          a          ocgpsam    ocgpsam    ocgpsam    ocgpsam
bid_refused                          a          a          ocgpsa     ocgpsa     ocgpsa     ocgpsa
window_extended                      ocegpsabm  ocegpsabm  ocegpsabm  ocegpsabm  ocegpsabm  ocegpsabm
window_closed                        ocs        ocs        ocs        ocs        ocsm       ocsm
paused                               ocegpsabm  ocegpsabm  ocegpsabm  ocegpsabm  ocegpsabm  ocegpsabm
resumed                              ocegpsabm  ocegpsabm  ocegpsabm  ocegpsabm  ocegpsabm  ocegpsabm
outage_noted                         ocegpsabm  ocegpsabm  ocegpsabm  ocegpsabm  ocegpsabm  ocegpsabm
case_failed                          ocegpsabm  ocegpsabm  ocegpsabm  ocegpsabm  ocegpsabm  ocegpsabm
clock_checked                        ocs        ocs        ocs        ocs        ocs        ocs
removed                              b          ocsb       ocsb       ocsb       ocsb       ocsb
hand_raised                          a          ocsa       ocgpsam    ocgpsam    ocgpsam    ocgpsam
hand_lowered                         a          ocsa       ocgpsam    ocgpsam    ocgpsam    ocgpsam
room_locked                          ocs        ocs        ocs        ocs        ocs        ocs
incident_noted                       ocegps     ocegps     ocegps     oces       ocesm      ocesm
supervision_notice                   ocs        ocs        ocs        ocs        ocs        ocs
authorisation_filed                  a          ocsa       ocsa       ocsa       ocsa       ocsa
recording_started                    ocegpsabm  ocegpsabm  ocegpsabm  ocegpsm    ocegpsm    ocegpsm
recording_stopped                    ocegpsabm  ocegpsabm  ocegpsabm  ocegpsm    ocegpsm    ocegpsm
disk_noted                           oces       oces       oces       oces       oces       oces
authority_added                      ocegpsabm  ocegpsabm  ocegpsabm  ocegpsabm  ocegpsabm  ocegpsabm
time_stamps_noted                    oces       oces       oces       oces       oces       oces
source_lost                          -          -          -          -          ocesm      ocesm
source_restored                      -          ocsa       ocgpsam    -          ocgpsam    ocgpsam
document_signed                      -          -          -          -          sm         ocsm
document_stamped                     -          -          -          -          sm         ocsm
signature_refused                    -          -          -          -          sm         ocsm
deemed_agreed                        -          -          -          -          ocgpsbm    ocgpsbm
delivered                            -          ocs        ocs        sa         sam        ocsam
seen                                 -          ocs        ocs        sa         sam        ocsam
case_closed                          ocegpsabm  ocegpsabm  ocegpsabm  ocegpsabm  ocegpsabm  ocegpsabm
discipline_read                      ocegpsabm  ocegpsabm  ocegpsabm  ocegpsabm  ocegpsabm  ocegpsabm
bidder_list_published                ocgpsm     ocgpsm     ocgpsm     ocgpsm     ocgpsm     ocgpsm
recusal_raised                       ocgpsm     ocgpsm     ocgpsm     ocgpsm     ocgpsm     ocgpsm
recusal_ruled                        ocgpsm     ocgpsm     ocgpsm     ocgpsm     ocgpsm     ocgpsm
seal_matched                         a          a          ocgpsam    ocgpsam    ocgpsam    ocgpsam
seal_mismatch                        a          a          ocgpsam    ocgpsam    ocgpsam    ocgpsam
seal_mismatch_ruled                  a          a          ocgpsam    ocgpsam    ocgpsam    ocgpsam
seal_confirmed                       a          a          ocgpsam    ocgpsam    ocgpsam    ocgpsam
share_released                       a          a          ocgpsam    ocgpsam    ocgpsam    ocgpsam
supplier_key_released                a          a          ocgpsam    ocgpsam    ocgpsam    ocgpsam
bid_opened                           a          a          ocgpsam    ocgpsam    ocgpsam    ocgpsam
decryption_failed                    a          a          ocgpsam    ocgpsam    ocgpsam    ocgpsam
decryption_troubled                  a          a          ocgpsa     ocgpsa     ocgpsa     ocgpsa
failure_attributed                   a          a          ocgpsam    ocgpsam    ocgpsam    ocgpsam
backup_admitted                      a          a          ocgpsam    ocgpsam    ocgpsam    ocgpsam
backup_handed_in                     a          a          ocgpsam    ocgpsam    ocgpsam    ocgpsam
price_called                         a          a          ocgpsam    ocgpsam    ocgpsam    ocgpsam
price_read                           s          s          s          s          sm         ocsm
price_confirmed                      a          a          ocgpsam    ocgpsam    ocgpsam    ocgpsam
price_disputed                       a          a          ocgpsam    ocgpsam    ocgpsam    ocgpsam
objection_raised                     a          a          ocgpsam    ocgpsam    ocgpsam    ocgpsam
objection_answered                   ocs        ocs        ocs        ocs        ocgpsam    ocgpsam
objection_adjourned                  ocs        ocs        ocs        ocs        ocgpsam    ocgpsam
no_objection                         a          a          ocgpsam    ocgpsam    ocgpsam    ocgpsam
bids_handed_on                       s          s          s          s          sm         ocsm
invalid_declared                     ocsa       ocsa       ocsa       ocsa       ocsam      ocsam
invalid_notified                     ocsa       ocsa       ocsa       ocsa       ocsam      ocsam
phone_locked                         oces       oces       oces       oces       ocesm      ocesm
place_policy_checked                 oces       oces       oces       oces       ocesm      ocesm
commitment_signed                    ocs        ocs        ocs        ocs        ocsm       ocsm
recusal_declared                     ocs        ocs        ocs        ocs        ocs        ocs
member_recusal_ruled                 ocs        ocs        ocs        ocs        ocs        ocs
member_replaced                      oces       oces       oces       oces       ocesm      ocesm
leader_vote_cast                     -          -          -          -          ocsm       ocsm
leader_elected                       ocs        ocs        ocs        ocs        ocsm       ocsm
leader_tied                          ocs        ocs        ocs        ocs        ocsm       ocsm
clarification_asked                  sa         sa         sa         sa         sam        ocsam
clarification_answered               -          -          -          sa         sam        ocsam
clarification_defaulted              -          -          -          sa         sam        ocsam
supplier_called                      ocsa       ocsa       ocsa       ocsa       ocsam      ocsam
talk_started                         ocsa       ocsa       ocsa       ocsa       ocsam      ocsam
talk_ended                           ocsa       ocsa       ocsa       ocsa       ocsam      ocsam
requirement_changed                  ocs        ocs        ocs        ocs        ocsm       ocsm
requirement_confirmed                ocs        ocs        ocs        ocs        ocsabm     ocsabm
response_resubmitted                 sa         sa         sa         sa         sam        ocsam
response_voted                       s          s          s          s          s          s
response_rechecked                   ocs        ocs        ocs        ocs        ocsm       ocsm
supplier_withdrew                    ocsa       ocsa       ocsa       ocsa       ocsam      ocsam
quote_sealed                         ocsa       ocsa       ocsa       ocsa       ocsam      ocsam
sealed_share_released                ocs        ocs        ocs        ocs        ocsm       ocsm
quotes_opened                        s          s          s          s          sm         ocsm
correction_found                     -          -          -          sa         sam        ocsam
prices_fixed                         s          s          s          s          sm         ocsm
reminded                             ocs        ocs        ocs        ocs        ocsm       ocsm
leader_set_aside                     ocs        ocs        ocs        ocs        ocsm       ocsm
officer_replaced                     ocegpsabm  ocegpsabm  ocegpsabm  ocegpsabm  ocegpsabm  ocegpsabm
low_price_doubted                    s          s          s          s          sm         ocsm
low_price_doubt_voted                s          s          s          s          s          s
low_price_doubt_ruled                ocs        ocs        ocs        ocs        ocsm       ocsm
low_price_triggered                  ocsa       ocsa       ocsa       ocsa       ocsam      ocsam
explanation_filed                    sa         sa         sa         sa         sam        ocsam
low_price_voted                      s          s          s          s          s          s
low_price_ruled                      ocs        ocs        ocs        ocs        ocsm       ocsm
sheet_sealed                         ocs        ocs        ocs        ocs        ocsm       ocsm
sheets_opened                        s          s          s          s          sm         ocsm
sheet_reopened                       s          s          s          s          sm         sm
totals_computed                      s          s          s          s          sm         ocsm
deviation_reasoned                   s          s          s          s          sm         ocsm
tie_resolved                         s          s          s          s          sm         ocsm
ranking_confirmed                    ocs        ocs        ocs        ocs        ocsm       ocsm
agency_checked                       ocs        ocs        ocs        ocs        ocsm       ocsm
re_check_asked                       ocs        ocs        ocs        ocs        ocsm       ocsm
re_check_answered                    ocs        ocs        ocs        ocs        ocsm       ocsm
dissent_filed                        s          s          s          s          sm         ocsm
"""
